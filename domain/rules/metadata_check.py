"""Whether a folder's `metadata.json` still says what its other files say: it is generated at publication, never edited.

What rows say is compared by `skill-fleet library check`; here only the files are known.
"""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from domain.errors import SkillFileError
from domain.library.metadata import REQUIRES, TAGS, SkillMetadata, words_of
from domain.rules.rule import Rule
from domain.skill import METADATA_FILE, Finding, Frontmatter, Severity, SkillFileEntry
from domain.skill_file import SkillFile, digest, frontmatter_of

LONGEST_SHOWN = 80

FOREIGN = Rule(
    code="metadata-file-foreign",
    severity=Severity.INFO,
    about="A metadata.json that no library generated, or a later release.",
    fix="Keep what matters in the frontmatter: publishing replaces the file.",
)
STALE = Rule(
    code="metadata-file-stale",
    severity=Severity.WARNING,
    about="The generated metadata.json says something else than the skill's files.",
    fix="Publish the skill again; the file is generated, never edited.",
)
RULES = (FOREIGN, STALE)


def metadata_file(skill: SkillFile, files: Sequence[SkillFileEntry]) -> Iterator[Finding]:
    """One finding for each field in which `metadata.json` differs from the other files; none without the file."""
    found = next((entry for entry in files if entry.path == METADATA_FILE), None)
    if found is None:
        return
    try:
        metadata = SkillMetadata.model_validate_json(found.data)
        front = frontmatter_of(skill)
    except ValidationError:
        yield FOREIGN.found("This metadata.json is not one that the library generates.", file=METADATA_FILE)
        return
    except SkillFileError:
        return
    for field, value in {**_told(front), "digest": digest(files)}.items():
        stated = getattr(metadata, field)
        if stated != value:
            message = f"metadata.json says {field} is {_shown(stated)}, the files say {_shown(value)}."
            yield STALE.found(message, file=METADATA_FILE, field=field)


def _told(front: Frontmatter) -> dict[str, object]:
    return {
        "name": front.name,
        "description": front.description,
        "license": front.license,
        "compatibility": front.compatibility,
        "allowed_tools": front.allowed_tools,
        TAGS: words_of(front, TAGS),
        REQUIRES: words_of(front, REQUIRES),
    }


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
