"""`skills versions` and `skills diff`: what a skill was, version by version, and what changed."""

from typing import Annotated

import typer

from cli.diff import beside
from cli.run import run_of
from cli.skills import SkillPath
from domain.library.views import VersionDiff, VersionList
from domain.skill import SkillStatus

ANYWHERE = "-"
"""Stands for the shelf in an address when only a name was given."""


def versions(ctx: typer.Context, skill: SkillPath) -> None:
    """List the versions of a skill, newest first. The one that agents read now is marked."""
    run = run_of(ctx)
    with run.api() as api:
        found = api.get(f"/skills/{whole_path(skill)}/versions", VersionList)
    if run.out.json_wanted:
        run.out.document(found)
        return
    if found.warning:
        run.out.say(f"warning: {found.warning}")
    run.out.rows(
        ("Version", "Now", "Published", "By", "Digest", "Changes"),
        [
            (
                one.version,
                "*" if one.current and found.status is not SkillStatus.YANKED else "",
                f"{one.published_at:%Y-%m-%d %H:%M}",
                one.published_by,
                one.digest[:12],
                one.changelog.strip().partition("\n")[0],
            )
            for one in found.versions
        ],
    )


def diff_versions(
    ctx: typer.Context,
    skill: SkillPath,
    before: Annotated[
        str | None, typer.Argument(metavar="[A]", help="The older version; default: the one before B.")
    ] = None,
    after: Annotated[
        str, typer.Argument(metavar="[B]", help="The newer one; default: the one agents read.")
    ] = "current",
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="SKILL.md, old and new beside each other.")
    ] = False,
    context: Annotated[int, typer.Option(min=0, max=100, help="Unchanged lines around a change.")] = 3,
) -> None:
    """Show what changed between two versions of a skill."""
    run = run_of(ctx)
    with run.api() as api:
        path = f"/skills/{whole_path(skill)}/versions/{after}/diff"
        found = api.get(path, VersionDiff, against=before, context=context)
    if run.out.json_wanted:
        run.out.document(found)
        return
    if found.warning:
        run.out.say(f"warning: {found.warning}")
    same = "" if found.files else ": the same"
    run.out.line(f"{found.name} {found.version} against {found.against or 'nothing'}{same}")
    for file in found.files:
        run.out.line(f"{file.change} {file.path}")
    if side_by_side:
        beside(run.out, found.rows, found.rows_left_out)
    else:
        run.out.diff(found.diff)


def whole_path(skill: str) -> str:
    """`category/name` of what was typed."""
    asked = skill.strip("/")
    return asked if "/" in asked else f"{ANYWHERE}/{asked}"
