"""What a change of a published skill came to, and how rows and files of the library were found. Shapes only."""

from domain.shape import Shape


class SkillChanged(Shape):
    """What a change came to. `version` is what agents read now; of a yanked skill it was the last.

    `required_by`: skills in use that require one that was yanked now, by name; they miss it.
    """

    name: str
    path: str
    version: str
    status: str
    required_by: list[str] = []


class Difference(Shape):
    """One thing on which rows and files do not agree. `mended`: what was done; `next_step`: what a person must do."""

    code: str
    path: str
    message: str
    mended: str = ""
    next_step: str = ""


class LibraryReport(Shape):
    """How the library was found. `open`: differences that still stand; `dropped`: how many more there were."""

    skills: int = 0
    folders: int = 0
    differences: list[Difference] = []
    dropped: int = 0
    repaired: bool = False

    @property
    def open(self) -> list[Difference]:
        """Those that nobody has mended."""
        return [each for each in self.differences if not each.mended]
