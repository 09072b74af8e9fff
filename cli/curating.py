"""`skills rollback|undo|deprecate|yank|restore|alias`: what a person does to a published skill; all is on record."""

from typing import Annotated, Literal

import typer

from cli.problems import UsageProblem
from cli.run import run_of
from domain.library.curation import SkillChanged
from domain.shape import StrictShape

SkillPath = Annotated[str, typer.Argument(metavar="SKILL", help="`name`, or `category/name`.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes on record.", show_default=False)]
Instead = Annotated[str | None, typer.Option("--replaced-by", metavar="SKILL", help="What to use instead.")]


class Rollback(StrictShape):
    """Body of `POST /skills/{path}/rollback`."""

    version: str | None = None
    reason: str


class Status(StrictShape):
    """Body of `POST /skills/{path}/status`."""

    status: Literal["deprecated", "yanked", "active"]
    reason: str
    replaced_by: str | None = None


class Alias(StrictShape):
    """Body of `PUT /skills/aliases/{alias}`."""

    name: str


def rollback(
    ctx: typer.Context,
    skill: SkillPath,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="What agents shall read again.")],
    reason: Reason,
) -> None:
    """Make agents read an earlier version again."""
    _post(ctx, f"/skills/{skill}/rollback", Rollback(version=version, reason=reason))


def undo(ctx: typer.Context, skill: SkillPath, reason: Reason) -> None:
    """Undo the last promotion: the version before, or none if it was the first."""
    _post(ctx, f"/skills/{skill}/rollback", Rollback(reason=reason))


def deprecate(ctx: typer.Context, skill: SkillPath, reason: Reason, replaced_by: Instead = None) -> None:
    """Mark a skill as out of use; it stays where it is, with the note."""
    _post(ctx, f"/skills/{skill}/status", Status(status="deprecated", reason=reason, replaced_by=replaced_by))


def yank(ctx: typer.Context, skill: SkillPath, reason: Reason, replaced_by: Instead = None) -> None:
    """Withdraw a skill from folder and lists; its versions stay readable."""
    _post(ctx, f"/skills/{skill}/status", Status(status="yanked", reason=reason, replaced_by=replaced_by))


def restore(ctx: typer.Context, skill: SkillPath, reason: Reason) -> None:
    """Bring a skill back that was deprecated or yanked."""
    _post(ctx, f"/skills/{skill}/status", Status(status="active", reason=reason))


def alias(
    ctx: typer.Context,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The other name.")],
    skill: Annotated[str | None, typer.Argument(metavar="SKILL", help="The skill that it means.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the name away.")] = False,
) -> None:
    """Give a skill another name, or take it away."""
    if remove == (skill is not None):
        raise UsageProblem(
            "Say which skill it means, or --remove.",
            why="another name means one skill",
            next_step=f"skill-fleet skills alias {alias} SKILL",
        )
    run = run_of(ctx)
    with run.api() as api:
        if skill is None:
            done = api.delete(f"/skills/aliases/{alias}", SkillChanged)
        else:
            done = api.put(f"/skills/aliases/{alias}", Alias(name=skill), SkillChanged)
    if run.out.json_wanted:
        run.out.document(done)
        return
    run.out.line(f"{alias} {'means' if skill else 'no longer means'} {done.path}")


def _post(ctx: typer.Context, route: str, body: StrictShape) -> None:
    run = run_of(ctx)
    with run.api() as api:
        done = api.post(route, body, SkillChanged)
    if run.out.json_wanted:
        run.out.document(done)
    elif done.status == "yanked":
        run.out.line(f"{done.path} is withdrawn; its versions stay readable")
        if done.required_by:
            run.out.say(
                f"warning: {', '.join(done.required_by)} {_still(done.required_by)} it; bring it back with "
                f"`skill-fleet skills restore {done.name} --reason TEXT`, or drop the requirement"
            )
    else:
        run.out.line(f"{done.path} {done.version} ({done.status})")


def _still(names: list[str]) -> str:
    return "still requires" if len(names) == 1 else "still require"
