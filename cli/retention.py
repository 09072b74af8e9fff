"""`retention`: what is too old, and what of it went. Must not decide anything: the worker's settings do."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cli.client import Api
from cli.output import Output
from cli.problems import CliError
from cli.run import run_of
from domain.retention import Found, Gone, Mode, RetentionView
from domain.shape import StrictShape

TITLES = ("Kind", "Older than", "Jobs", "Rows", "Oldest", "Gone", "For example")

PAUSE = 0.5
"""Seconds between two looks at a night that was begun."""

LOOKS = 240
"""Looks before it is left to itself: two minutes."""

SAYS = {
    Mode.ON: "retention is on: what is listed goes, up to what one night can do",
    Mode.DRY_RUN: "a dry run: only idempotency keys go. Set SKILL_FLEET_RETENTION=on for the worker to let the rest go",
    Mode.OFF: "retention is off: nothing goes",
}


class Nothing(StrictShape):
    """Body of `POST /retention`."""


def retention(
    ctx: typer.Context,
    now: Annotated[bool, typer.Option("--now", help="Begin a night at once, and wait for its end.")] = False,
) -> None:
    """Show what is too old. It goes each night if the worker's setting says so."""
    run = run_of(ctx)
    with run.api() as api:
        view = _night(api) if now else api.get("/retention", RetentionView)
    if run.out.json_wanted:
        run.out.document(view)
        return
    _show(run.out, view)


def _night(api: Api) -> RetentionView:
    """A night from its beginning to its end. Raises CliError when it takes longer than we wait."""
    before = api.get("/retention", RetentionView)
    api.post("/retention", Nothing(), RetentionView)
    for _ in range(LOOKS):
        view = api.get("/retention", RetentionView)
        if view.run != before.run and not view.running:
            return view
        api.pause(PAUSE)
    raise CliError(
        "The night has not ended yet.",
        why="it waits for a worker, or there is much to do; it goes on by itself",
        next_step="skill-fleet retention",
    )


def _show(out: Output, view: RetentionView) -> None:
    if view.report is not None:
        survey = view.report.survey
        gone = {one.kind: one for one in view.report.gone}
        out.rows(TITLES, [_row(found, gone.get(found.kind)) for found in survey.found])
        out.say(f"as of {survey.at:%Y-%m-%d %H:%M} UTC; {SAYS[survey.mode]}")
        _trouble(out, view.report.gone)
    if view.error:
        out.say(f"the last night failed: {view.error}")
    out.say(_next(view))


def _row(found: Found, gone: Gone | None) -> tuple[str, ...]:
    return (
        str(found.kind),
        f"{found.days} d",
        str(found.jobs),
        str(found.rows),
        f"{found.oldest:%Y-%m-%d}" if found.oldest else "-",
        "-" if gone is None else str(max(gone.rows, gone.jobs)),
        ", ".join(str(job) for job in found.examples[:1]) or "-",
    )


def _trouble(out: Output, gone: Sequence[Gone]) -> None:
    for one in gone:
        if one.error:
            out.say(f"{one.kind}: stopped, the rest goes the next night: {one.error}")
        elif one.more:
            out.say(f"{one.kind}: there is more than one night can do; the rest goes the next nights")
        if one.kept:
            out.say(f"{one.kind}: {one.kept} could not go; the worker's log says why")


def _next(view: RetentionView) -> str:
    if not view.scheduled:
        return "nothing is scheduled yet: a worker does that when it starts"
    if view.running:
        return "a night is under way"
    if view.paused:
        return "the schedule is paused: no night begins by itself"
    return f"the next night: {view.next_run:%Y-%m-%d %H:%M} UTC" if view.next_run else "no night is planned"
