"""`skills …`: what the library holds, one skill, and the words of a search."""

from typing import Annotated

import typer

from cli.run import run_of
from domain.skill import SkillDetail

SkillPath = Annotated[str, typer.Argument(metavar="SKILL", help="`name`, or `category/name`.")]


def show_skill(ctx: typer.Context, skill: SkillPath) -> None:
    """Show one skill of the library."""
    run = run_of(ctx)
    with run.api() as api:
        found = api.get(f"/skills/{skill}", SkillDetail)
    if run.out.json_wanted:
        run.out.document(found)
        return
    run.out.line(f"{found.path} {found.version} ({found.status})")
    run.out.line(found.description)
    run.out.raw(found.content)
