"""`onboard` and `skills mount|unmount|mounted`: the set of skills that a person's agents are served."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import Api
from cli.desk import Desk
from cli.exits import ExitCode
from cli.output import Output
from cli.run import run_of
from domain.library.profiles import Mounted, MountList, Onboarded, RoleList, RoleView
from domain.shape import StrictShape
from domain.text import counted

SkillName = Annotated[str, typer.Argument(metavar="SKILL", help="Its name, or another name of it.")]

NEXT = ("put them where agents read them: skill-fleet skills install NAME", "or serve them: skill-fleet mcp")


class RoleRequest(StrictShape):
    """Body of `POST /users/me/onboard`."""

    role: str


class Nothing(StrictShape):
    """Body of a PUT that needs none."""


def onboard(
    ctx: typer.Context,
    role: Annotated[str | None, typer.Argument(help="What you do; asked for when it is left out.")] = None,
) -> None:
    """Begin in a role: mount its starting set of skills. Again changes nothing more."""
    run = run_of(ctx)
    with run.api() as api:
        chosen = role or _asked(api, run.out, run.desk(api))
        done = api.post("/users/me/onboard", RoleRequest(role=chosen), Onboarded)
    if run.out.json_wanted:
        run.out.document(done)
        return
    _show(run.out, done)
    _beside(run.out, done)
    run.out.say(f"{counted(len(done.added), 'skill')} added as {done.role}")
    for step in NEXT if done.mounts else ("publish skills first: skill-fleet create TASK",):
        run.out.say(f"next: {step}")


def mount(ctx: typer.Context, skill: SkillName) -> None:
    """Mount a skill: your agents are served it."""
    run = run_of(ctx)
    with run.api() as api:
        found = api.put(f"/users/me/mounts/{quote(skill, safe='')}", Nothing(), Mounted)
    _tell(run.out, found)
    _beside(run.out, found)


def unmount(ctx: typer.Context, skill: SkillName) -> None:
    """Take a skill out of your set."""
    run = run_of(ctx)
    with run.api() as api:
        found = api.delete(f"/users/me/mounts/{quote(skill, safe='')}", MountList)
    _tell(run.out, found)


def mounted(ctx: typer.Context) -> None:
    """List the skills you have mounted."""
    run = run_of(ctx)
    with run.api() as api:
        found = api.get("/users/me/mounts", MountList)
    _tell(run.out, found)


def _beside(out: Output, done: Mounted) -> None:
    """What came along, and what could not."""
    for told in done.required:
        out.say(f"with it: {told}")
    for told in done.missing:
        out.say(f"missing: {told}")


def _tell(out: Output, found: MountList) -> None:
    if out.json_wanted:
        out.document(found)
        return
    _show(out, found)
    if not found.mounts:
        out.say("nothing is mounted; begin in a role: skill-fleet onboard")


def _show(out: Output, found: MountList) -> None:
    out.rows(
        ("Skill", "Version", "Role", "Description"),
        [(one.name, one.version, one.role or "-", one.description) for one in found.mounts],
    )
    for one in found.mounts:
        if one.notice:
            out.say(f"warning: {one.notice}")


def _asked(api: Api, out: Output, desk: Desk | None) -> str:
    """The role that a person picks from the list; without one to ask, the list, and exit code 2."""
    roles = api.get("/profiles", RoleList).roles
    if out.json_wanted:
        out.document(RoleList(roles=roles))
        raise typer.Exit(ExitCode.USAGE)
    for number, role in enumerate(roles, 1):
        out.line(f"{number}) {role.name} — {role.title}: {role.description} ({counted(len(role.skills), 'skill')})")
    if desk is None:
        out.say("next: skill-fleet onboard ROLE")
        raise typer.Exit(ExitCode.USAGE)
    return _picked(desk, roles)


def _picked(desk: Desk, roles: list[RoleView]) -> str:
    while True:
        given = desk.ask("  [a number or a name] > ").strip().casefold()
        if given.isdecimal() and 1 <= int(given) <= len(roles):
            return roles[int(given) - 1].name
        meant = [role.name for role in roles if given and role.name.startswith(given)]
        if len(meant) == 1:
            return meant[0]
        desk.say([f"choose one of: {', '.join(role.name for role in roles)}"])
