"""`skills installed`, `skills outdated`, `skills uninstall`: what lies here, compared with disk and library."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.client import Api
from cli.install import DryRun, Folder, Force, Project, alone, place_of
from cli.lock import Lock, Locked, Place
from cli.placing import sums, take_away
from cli.problems import ApiProblem, CliError, UsageProblem
from cli.run import run_of
from domain.library.dependencies import requirement
from domain.library.release import Release
from domain.shape import StrictShape

GONE = 404


class Installed(StrictShape):
    """One installed skill. `state`: `ok`, `changed` or `missing` here; `latest` and `status` are the library's."""

    name: str
    version: str
    state: str
    agents: list[str]
    folders: list[str]
    latest: str | None = None
    status: str | None = None


class InstalledList(StrictShape):
    """What `installed` and `outdated` print with --json."""

    skills: list[Installed]


class Removed(StrictShape):
    """What `uninstall` prints with --json; paths are absolute. `unused`: came with a skill and nothing needs it now."""

    dry_run: bool
    folders: list[str]
    unused: list[str] = []


def installed(ctx: typer.Context, project: Project = False, folder: Folder = None) -> None:
    """List the skills that were installed here, and whether they are as they came."""
    run = run_of(ctx)
    place = place_of(project, folder)
    found = [_installed(place, name, skill) for name, skill in place.read().skills.items()]
    if run.out.json_wanted:
        run.out.document(InstalledList(skills=found))
        return
    rows = [(one.name, one.version, one.state, ", ".join(one.agents)) for one in found]
    run.out.rows(("Skill", "Version", "State", "Agents"), rows)
    if not found:
        run.out.say("nothing is installed here; skill-fleet skills install NAME")


def outdated(ctx: typer.Context, project: Project = False, folder: Folder = None) -> None:
    """List the installed skills that have a newer version, or are out of use."""
    run = run_of(ctx)
    place = place_of(project, folder)
    with run.api() as api:
        found = [_compared(api, place, name, skill) for name, skill in place.read().skills.items()]
    behind = [one for one in found if one.latest != one.version or one.status != "active"]
    if run.out.json_wanted:
        run.out.document(InstalledList(skills=behind))
        return
    rows = [(one.name, one.version, one.latest or "-", one.status or "not in the library") for one in behind]
    run.out.rows(("Skill", "Installed", "Latest", "Status"), rows)
    if not behind:
        run.out.say("all is up to date")


def uninstall(
    ctx: typer.Context,
    skills: Annotated[list[str], typer.Argument(metavar="NAME…", help="Installed skills.")],
    project: Project = False,
    folder: Folder = None,
    force: Force = False,
    dry_run: DryRun = False,
    with_unused: Annotated[
        bool, typer.Option("--with-unused", help="Also what came with a skill, and nothing needs any more.")
    ] = False,
) -> None:
    """Remove installed skills from the folders they were installed into."""
    run = run_of(ctx)
    place = place_of(project, folder)
    with alone(place, dry_run=dry_run):
        lock = place.read()
        unused = _unused(lock, skills)
        names = [*skills, *unused] if with_unused else skills
        removed = _removed(place, names, force=force, dry_run=dry_run)
    left = [] if with_unused else unused
    if run.out.json_wanted:
        run.out.document(Removed(dry_run=dry_run, folders=[str(path) for path in removed], unused=left))
        return
    for path in removed:
        run.out.line(f"{'would remove' if dry_run else 'removed'} {path}")
    if left:
        run.out.say(_say_unused(left, place, dry_run=dry_run))


def _say_unused(left: Sequence[str], place: Place, *, dry_run: bool) -> str:
    where = f" --dir {place.root}" if place.project else ""
    came = "came with what was removed, and nothing needs" if not dry_run else "came with it, and nothing would need"
    remove = "add --with-unused" if dry_run else f"skill-fleet skills uninstall {' '.join(left)}{where}"
    return f"{', '.join(left)} {came} {'it' if len(left) == 1 else 'them'} any more; to remove: {remove}"


def _unused(lock: Lock, going: Sequence[str]) -> list[str]:
    """What came with the skills that go, and no skill that stays needs. In the order of the record."""
    staying = {name: skill for name, skill in lock.skills.items() if name not in going}
    needed = _reached(staying, [name for name, skill in staying.items() if skill.asked])
    brought = _reached(lock.skills, going)
    return [name for name, skill in staying.items() if not skill.asked and name in brought and name not in needed]


def _reached(skills: Mapping[str, Locked], names: Sequence[str]) -> set[str]:
    """These skills and all that they require, as far as it is installed."""
    found, waiting = set[str](), [*names]
    while waiting:
        name = waiting.pop()
        if name in skills and name not in found:
            found.add(name)
            waiting += _names(skills[name].requires)
    return found


def _removed(place: Place, skills: Sequence[str], *, force: bool, dry_run: bool) -> list[Path]:
    """Take them away, each off the record as it goes. Gives the folders; raises CliError before anything is removed."""
    lock = place.read()
    for name in skills:
        _removable(place, lock, name, skills, force=force)
    removed = [path for name in skills for path in _paths(place, lock.skills[name])]
    for name in () if dry_run else skills:
        for path in _paths(place, lock.skills[name]):
            take_away(path)
        lock = lock.without(name)
        place.write(lock)
    return removed


def _installed(place: Place, name: str, skill: Locked) -> Installed:
    states = {_state(path, skill) for path in _paths(place, skill)}
    worst = next((state for state in ("missing", "changed") if state in states), "ok")
    return Installed(name=name, version=skill.version, state=worst, agents=[*skill.agents], folders=skill.folders)


def _compared(api: Api, place: Place, name: str, skill: Locked) -> Installed:
    try:
        release = api.get(f"/releases/{name}", Release)
    except ApiProblem as error:
        if error.status != GONE:
            raise
        return _installed(place, name, skill)
    return _installed(place, name, skill).model_copy(update={"latest": release.latest, "status": str(release.status)})


def _state(path: Path, skill: Locked) -> str:
    if not path.exists() and not path.is_symlink():
        return "missing"
    return "ok" if sums(path) == skill.files else "changed"


def _paths(place: Place, skill: Locked) -> list[Path]:
    """Where it lies. Raises CliError for a lock file that names a folder outside of the place."""
    found = [place.root / folder for folder in skill.folders]
    outside = [path for path in found if not _inside(place, path)]
    if outside:
        raise CliError(f"{place.file} names {outside[0]}, which is outside.", next_step="mend the lock file")
    return found


def _inside(place: Place, path: Path) -> bool:
    """By its words and, in a project, by where its links lead."""
    plain = ".." not in path.parts and path != place.root and path.is_relative_to(place.root)
    return plain and (not place.project or path.parent.resolve().is_relative_to(place.root))


def _removable(place: Place, lock: Lock, name: str, others: Sequence[str], *, force: bool) -> None:
    skill = lock.skills.get(name)
    if skill is None:
        raise UsageProblem(f"{name} is not installed here.", next_step="skill-fleet skills installed")
    needing = [other for other, one in lock.skills.items() if other not in others and name in _names(one.requires)]
    if needing and not force:
        raise CliError(f"{needing[0]} requires {name}.", next_step=f"remove both, or {name} alone with --force")
    changed = [path for path in _paths(place, skill) if _state(path, skill) == "changed"]
    if changed and not force:
        raise CliError(f"{changed[0]} was changed by hand.", next_step="keep a copy of it, then use --force")


def _names(words: Sequence[str]) -> set[str]:
    return {found.name for word in words if (found := requirement(word))}
