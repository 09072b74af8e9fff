"""`skills install`, `skills update`: published skills into the folders that agents read.

First everything is fetched and verified; then, alone in the place, compared with what lies there; only then is anything
written.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cli.agents import Agent, folders
from cli.client import Api
from cli.fetching import Fetched, Order, fetch, warnings
from cli.lock import Lock, Locked, Place
from cli.output import Output
from cli.placing import Found, found_at, put, target
from cli.problems import CliError, UsageProblem
from cli.run import Run, run_of
from domain.shape import StrictShape
from domain.skill import SkillStatus

Project = Annotated[bool, typer.Option("--project", help="For the project in this folder; without it for your home.")]
Folder = Annotated[Path | None, typer.Option("--dir", metavar="DIR", help="For the project in that folder.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what was changed by hand, or came from elsewhere.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


class Done(StrictShape):
    """What became of one skill: `new`, `updated`, `unchanged`; `folders` are absolute."""

    name: str
    version: str
    status: SkillStatus
    outcome: str
    folders: list[str]
    warning: str | None = None


class Report(StrictShape):
    """What `install` and `update` print with --json."""

    dry_run: bool
    lock: str
    skills: list[Done]


class Ready(StrictShape):
    """A skill that may be written: what is to come, and what lies in each place."""

    fetched: Fetched
    agents: list[Agent]
    places: list[tuple[str, Path, Found]]

    @property
    def outcome(self) -> str:
        """In one word, over all places."""
        found = {state for _, _, state in self.places}
        return "unchanged" if found == {Found.SAME} else "new" if found <= {Found.NOTHING, Found.SAME} else "updated"


def install(
    ctx: typer.Context,
    skills: Annotated[list[str], typer.Argument(metavar="NAME[@VERSION]…", help="Published skills.")],
    agent: Annotated[
        list[Agent] | None, typer.Option("--agent", "-a", help="Who is to read them; may be given again.")
    ] = None,
    project: Project = False,
    folder: Folder = None,
    force: Force = False,
    dry_run: DryRun = False,
) -> None:
    """Install published skills, and what they require, where agents read them."""
    run = run_of(ctx)
    place = place_of(project, folder)
    agents = agent or [Agent.UNIVERSAL]
    with run.api() as api:
        fetched = fetched_all(api, skills)
    with alone(place, dry_run=dry_run):
        finish(run, place, compared(place, fetched, agents, force=force), dry_run=dry_run)


def update(
    ctx: typer.Context,
    skills: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="Default: all.")] = None,
    project: Project = False,
    folder: Folder = None,
    force: Force = False,
    dry_run: DryRun = False,
) -> None:
    """Bring installed skills to their newest versions."""
    run = run_of(ctx)
    place = place_of(project, folder)
    lock = place.read()
    unknown = [name for name in skills or () if name not in lock.skills]
    if unknown:
        raise UsageProblem(f"{unknown[0]} is not installed here.", next_step="skill-fleet skills installed")
    names = skills or [name for name, skill in lock.skills.items() if skill.asked]
    others = list(dict.fromkeys(agent for name in names for agent in lock.skills[name].agents))
    with run.api() as api:
        fetched = fetched_all(api, names) if names else []
    with alone(place, dry_run=dry_run):
        gone = lock.skills.keys() - place.read().skills.keys()
        still = [one for one in fetched if one.release.name not in gone]
        finish(run, place, compared(place, still, (), force=force, new_ones=others), dry_run=dry_run)


def place_of(project: bool, folder: Path | None) -> Place:
    """Where skills are installed. Raises CliError for a folder that is none."""
    return Place(folder or (Path() if project else None))


def alone(place: Place, *, dry_run: bool) -> AbstractContextManager[None]:
    """Nobody else writes there meanwhile; whoever only looks waits for nobody and needs to write nothing."""
    return nullcontext() if dry_run else place.alone()


def fetched_all(api: Api, words: Sequence[str]) -> list[Fetched]:
    """What is named and what it requires, verified. Raises CliError."""
    order = Order(api, words)
    return [fetch(api, release, asked=order.asked(release)) for release in order.releases()]


def compared(
    place: Place, fetched: Sequence[Fetched], agents: Sequence[Agent], *, force: bool, new_ones: Sequence[Agent] = ()
) -> list[Ready]:
    """Everything beside what lies there. Raises CliError before anything is written.

    `agents` get all of it, besides those that have it; `new_ones` get what is not installed yet.
    """
    lock = place.read()
    ready = [_ready(place, lock, one, agents, new_ones) for one in fetched]
    changed = [path for one in ready for _, path, state in one.places if state is Found.CHANGED]
    if changed and not force:
        raise CliError(
            f"{changed[0]} was changed by hand, or came from elsewhere.",
            why=f"{len(changed)} such folder{'' if len(changed) == 1 else 's'}; nothing was installed",
            next_step="keep a copy of it, then run it again with --force",
        )
    return ready


def finish(run: Run, place: Place, ready: Sequence[Ready], *, dry_run: bool) -> None:
    """Write, record each skill as it is written, and tell."""
    lock = place.read()
    for one in () if dry_run else ready:
        for _, path, state in one.places:
            if state is not Found.SAME:
                put(path, one.fetched.files)
        lock = lock.having(one.fetched.release.name, _locked(one, lock, run.api_url))
        place.write(lock)
    told = warnings([one.fetched.release for one in ready])
    done = [
        Done(
            name=one.fetched.release.name,
            version=one.fetched.release.version,
            status=one.fetched.release.status,
            outcome=one.outcome,
            folders=[str(path) for _, path, _ in one.places],
            warning=told.get(one.fetched.release.name),
        )
        for one in ready
    ]
    _tell(run.out, Report(dry_run=dry_run, lock=str(place.file), skills=done))


def _ready(place: Place, lock: Lock, fetched: Fetched, agents: Sequence[Agent], new_ones: Sequence[Agent]) -> Ready:
    """Agents that had the skill keep it: one version of a skill for all of a place."""
    name = fetched.release.name
    locked = lock.skills.get(name)
    everyone = list(dict.fromkeys([*(locked.agents if locked else new_ones), *agents]))
    places = []
    for folder in folders(everyone, project=place.project):
        path = target(place, folder, name)
        places.append((f"{folder}/{name}", path, found_at(path, fetched.sums, locked)))
    return Ready(fetched=fetched, agents=everyone, places=places)


def _locked(ready: Ready, lock: Lock, source: str) -> Locked:
    release = ready.fetched.release
    before = lock.skills.get(release.name)
    return Locked(
        version=release.version,
        digest=release.digest,
        archive=ready.fetched.archive,
        source=source,
        agents=ready.agents,
        folders=[folder for folder, _, _ in ready.places],
        files=ready.fetched.sums,
        requires=release.requires,
        asked=ready.fetched.asked or (before is not None and before.asked),
    )


def _tell(out: Output, report: Report) -> None:
    if out.json_wanted:
        out.document(report)
        return
    for skill in report.skills:
        out.line(f"{skill.name} {skill.version}: {skill.outcome}")
        for folder in skill.folders:
            out.line(f"  {folder}")
        if skill.warning:
            out.say(f"warning: {skill.warning}")
    out.say("a dry run: nothing was written" if report.dry_run else f"recorded in {report.lock}")
