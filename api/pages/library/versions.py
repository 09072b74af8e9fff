"""Every version of a skill, and what one changed against another."""

from fastapi import Response

from api.dependencies import Services
from api.pages.library.skill_view import SkillPage, Wanted
from api.pages.rendering import DiffLine, diff_lines
from api.versions import NOW, list_versions, read_version_diff
from domain.library.views import FileChange, SkillView, VersionDiff, VersionList, VersionSummary
from domain.shape import Shape


class Row(Shape):
    """One version, and the number of the one before it; none before the first."""

    version: VersionSummary
    before: str = ""


class VersionsView(SkillPage):
    """All versions, newest first."""

    rows: list[Row]


class Changed(Shape):
    """One file that differs, line by line; no lines for what is no text."""

    file: FileChange
    lines: list[DiffLine]


class DiffView(SkillPage):
    """Two versions compared. `numbers`: all there are, to choose others."""

    diff: VersionDiff
    files: list[Changed]
    numbers: list[str]


async def versions_view(parts: Services, fields: dict[str, object], skill: SkillView) -> VersionsView:
    """All versions."""
    known = (await _all(parts, skill)).versions
    before = [version.version for version in known[1:]]
    rows = [Row(version=version, before=older) for version, older in zip(known, [*before, ""], strict=True)]
    return VersionsView.model_validate({**fields, "rows": rows})


async def diff_view(parts: Services, fields: dict[str, object], skill: SkillView, wanted: Wanted) -> DiffView:
    """One version against another. Raises NotFound."""
    number = wanted.version or NOW[0]
    diff = await read_version_diff(skill.category, skill.name, number, parts, Response(), against=wanted.against)
    files = [Changed(file=file, lines=diff_lines(file.diff or "")) for file in diff.files]
    numbers = [version.version for version in (await _all(parts, skill)).versions]
    return DiffView.model_validate({**fields, "diff": diff, "files": files, "numbers": numbers})


async def _all(parts: Services, skill: SkillView) -> VersionList:
    return await list_versions(skill.category, skill.name, parts, Response())
