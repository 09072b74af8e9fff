"""`inbox`: what waits for a person, across all jobs."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.due import due, long
from cli.inbox_feed import pages
from cli.output import Output
from cli.run import run_of
from domain.job import PendingItem, PendingPage, StoppedJob
from domain.prompt import HitlType

TITLES = ("Job", "Asks", "Due", "Waits", "For", "Looking", "Task")


def inbox(
    ctx: typer.Context,
    mine: Annotated[bool, typer.Option("--mine", help="For you, a group of yours, or yours and for nobody.")] = False,
    assignee: Annotated[str | None, typer.Option(metavar="WHO", help="For this person, or group:NAME.")] = None,
    kind: Annotated[HitlType | None, typer.Option(help="Only prompts of this kind.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and tell of what changes.")] = False,
) -> None:
    """List what waits for an answer. Oldest due first; also jobs that a problem has stopped."""
    run = run_of(ctx)
    given = {"mine": "true" if mine else None, "assignee": assignee, "kind": kind}
    conditions = {name: str(value) for name, value in given.items() if value is not None}
    with run.api() as api:
        if not watch:
            _show(run.out, api.get("/jobs/pending", PendingPage, **conditions))
            return
        for page in pages(api, conditions):
            if not run.out.json_wanted:
                run.out.say(f"{datetime.now():%H:%M:%S}")
            _show(run.out, page)


def _show(out: Output, page: PendingPage) -> None:
    if out.json_wanted:
        out.document(page)
        return
    now = datetime.now(UTC)
    rows = [*(_asks(item, now) for item in page.items), *(_stopped(job, now) for job in page.problems)]
    if rows:
        out.rows(TITLES, rows)
    if page.items:
        out.say("answer with: skill-fleet answer JOB")
    if page.problems:
        out.say("when a problem is mended: skill-fleet retry JOB")
    if not rows:
        out.say("nothing waits for an answer")


def _asks(item: PendingItem, now: datetime) -> tuple[str, ...]:
    return (
        str(item.job_id),
        item.hitl_type,
        f"{due(item.timeout_at, now)}{', parked' if item.parked_at else ''}",
        long(now - item.opened_at),
        item.assignee or item.user_id or "-",
        ", ".join(item.watching) or "-",
        item.task_description,
    )


def _stopped(job: StoppedJob, now: datetime) -> tuple[str, ...]:
    return (
        str(job.job_id),
        "problem",
        "-",
        long(now - job.parked_at) if job.parked_at else "-",
        job.assignee or job.user_id or "-",
        "-",
        job.error,
    )
