"""Versions of skills: MAJOR.MINOR.PATCH of semantic versioning 2.0.0, without pre-releases or build names."""

import re
from enum import StrEnum
from functools import total_ordering

from domain.shape import Shape

_FORM = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")


class Bump(StrEnum):
    """Which number rises."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


@total_ordering
class Version(Shape):
    """One version; they are ordered as numbers, not as text."""

    major: int = 1
    minor: int = 0
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> "Version | None":
        """The version that a text is, or None."""
        found = _FORM.fullmatch(text)
        return cls(major=int(found[1]), minor=int(found[2]), patch=int(found[3])) if found else None

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.major}.{self.minor}.{self.patch}"

    def __lt__(self, other: "Version") -> bool:
        """Whether it is older."""
        return (self.major, self.minor, self.patch) < (other.major, other.minor, other.patch)

    def after(self, bump: Bump) -> "Version":
        """The next version when this number rises."""
        if bump is Bump.MAJOR:
            return Version(major=self.major + 1)
        if bump is Bump.MINOR:
            return Version(major=self.major, minor=self.minor + 1)
        return Version(major=self.major, minor=self.minor, patch=self.patch + 1)


FIRST = Version()
"""1.0.0, of a skill that is published for the first time."""
