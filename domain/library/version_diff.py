"""What changed between two versions of a skill, file by file. Bounded work, as that of `domain/compare/diff.py`."""

from collections.abc import Mapping, Sequence

from domain.compare.diff import folded, side_by_side, unified
from domain.compare.section_changes import changed_sections
from domain.library.views import FileChange, VersionDiff
from domain.skill import METADATA_FILE, SKILL_FILE, SkillFileEntry

MOST_ROWS = 5_000
"""Rows of a comparison side by side in one answer; the unified diff has them all."""

MOST_FILES = 50
"""Files whose texts are compared; of further ones it is only said that they differ."""


def compared(
    name: str,
    after: tuple[str, Sequence[SkillFileEntry]],
    before: tuple[str, Sequence[SkillFileEntry]] | None,
    context: int = 3,
) -> VersionDiff:
    """Two versions, each with its files; `before` None: there was nothing. Takes seconds for the largest ones."""
    (version, new_files), (other, old_files) = after, before or ("nothing", [])
    new, old = _by_path(new_files), _by_path(old_files)
    differing = [path for path in sorted({*new, *old}, key=_order) if new.get(path) != old.get(path)]
    files = [
        _changed(path, old.get(path), new.get(path), (other, version), context if n < MOST_FILES else None)
        for n, path in enumerate(differing)
    ]
    texts = tuple(_text(side.get(SKILL_FILE, b"")) or "" for side in (old, new))
    rows = folded(side_by_side(*texts), context)
    return VersionDiff(
        name=name,
        version=version,
        against=before[0] if before else None,
        diff="\n".join(file.diff for file in files if file.diff),
        files=files,
        rows=rows[:MOST_ROWS],
        rows_left_out=max(len(rows) - MOST_ROWS, 0),
        sections=changed_sections(*texts),
    )


def _by_path(files: Sequence[SkillFileEntry]) -> Mapping[str, bytes]:
    """Without the generated file, which differs always."""
    return {file.path: file.data for file in files if file.path != METADATA_FILE}


def _order(path: str) -> tuple[bool, str]:
    return path != SKILL_FILE, path


def _changed(
    path: str, old: bytes | None, new: bytes | None, versions: tuple[str, str], context: int | None
) -> FileChange:
    before, after = _text(old or b""), _text(new or b"")
    told = None
    if context is not None and before is not None and after is not None:
        told = unified(before, after, f"{versions[0]}/{path}", f"{versions[1]}/{path}", context)
    return FileChange(path=path, change="added" if old is None else "removed" if new is None else "changed", diff=told)


def _text(data: bytes) -> str | None:
    """The text of a file, None when it is none."""
    try:
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None
