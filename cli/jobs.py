"""`jobs`, `show`, `inbox`, `cancel`, `retry`: look at jobs and steer them."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import typer

from cli.overview import SMALL_NOTICE, is_small, models_of, next_step, overview
from cli.problems import ApiProblem
from cli.run import run_of
from domain.evaluation import EvaluationView, Evidence
from domain.job import JobPage, JobStatus, JobStatusView, JobView, PendingPage
from domain.shape import StrictShape

JobId = Annotated[UUID, typer.Argument(metavar="JOB", help="The job's id.")]


class ShownJob(JobView):
    """What `show --json` prints: the job, and what a person is told beside it."""

    evidence: Evidence | None = None
    small_model: bool = False
    notice: str | None = None
    next: str = ""


class Nothing(StrictShape):
    """An empty body."""


def jobs(
    ctx: typer.Context,
    status: Annotated[JobStatus | None, typer.Option(help="Only jobs in this state.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Only jobs whose task contains this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most jobs.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on from `next_cursor` of the last page.")] = None,
) -> None:
    """List jobs, newest first."""
    run = run_of(ctx)
    with run.api() as api:
        page = api.get("/jobs", JobPage, status=status, q=q, limit=limit, cursor=cursor)
    if run.out.json_wanted:
        run.out.document(page)
        return
    run.out.rows(
        ("Job", "Status", "Phase", "%", "Skill", "Task"),
        [
            (
                str(job.job_id),
                f"{job.status}{' published' if job.promoted else ''}",
                str(job.current_phase or "-"),
                str(job.progress_percent),
                job.skill_name or "-",
                job.task_description,
            )
            for job in page.jobs
        ],
    )
    if not page.jobs:
        run.out.say("no jobs; start one: skill-fleet create TASK")
    if page.next_cursor:
        run.out.say(f"more: skill-fleet jobs --cursor {page.next_cursor}")


def show(ctx: typer.Context, job: JobId) -> None:
    """Show where a job stands, who wrote it, how it was proven, and what to do next."""
    run = run_of(ctx)
    with run.api() as api:
        view = api.get(f"/jobs/{job}", JobView)
        evidence = view.result.evidence
        if evidence is None or evidence.status == "none":
            try:
                evidence = api.get(f"/jobs/{job}/evaluation", EvaluationView).evidence
            except ApiProblem as problem:
                if problem.status != HTTPStatus.NOT_FOUND:
                    raise
    small = is_small(models_of(view.result))
    if run.out.json_wanted:
        told = {
            "evidence": evidence,
            "small_model": small,
            "notice": SMALL_NOTICE if small else None,
            "next": next_step(view, promoted=view.promoted),
        }
        run.out.document(ShownJob.model_validate({**dict(view), **told}))
        return
    measured = view.result.model_copy(update={"evidence": evidence})
    for line in overview(view.model_copy(update={"result": measured})):
        run.out.line(line)


def inbox(ctx: typer.Context) -> None:
    """List what waits for an answer, oldest due first."""
    run = run_of(ctx)
    with run.api() as api:
        page = api.get("/jobs/pending", PendingPage)
    if run.out.json_wanted:
        run.out.document(page)
        return
    run.out.rows(
        ("Job", "Asks", "Since", "Due", "Task"),
        [
            (
                str(item.job_id),
                item.hitl_type,
                f"{item.opened_at:%Y-%m-%d %H:%M}",
                f"{item.timeout_at:%Y-%m-%d %H:%M}" if item.timeout_at else "-",
                item.task_description,
            )
            for item in page.items
        ],
    )
    run.out.say("answer with: skill-fleet answer JOB" if page.items else "nothing waits for an answer")


def cancel(
    ctx: typer.Context, job: JobId, reason: Annotated[str, typer.Option(help="Why; it is kept in the record.")]
) -> None:
    """Cancel a job; the model call in flight is aborted."""
    run = run_of(ctx)
    with run.api() as api:
        view = api.post(f"/jobs/{job}/cancel", CancelReason(reason=reason), JobStatusView)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"{'cancelled' if view.status is JobStatus.CANCELLED else 'is being cancelled'} {job}")


class CancelReason(StrictShape):
    """Body of `POST /jobs/{id}/cancel`; who asks is in the header."""

    reason: str


def retry(ctx: typer.Context, job: JobId) -> None:
    """Let a job go on after the problem that it waits for was mended."""
    run = run_of(ctx)
    with run.api() as api:
        view = api.post(f"/jobs/{job}/retry", Nothing(), JobStatusView)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"goes on {job}")
    run.out.say(f"stay with it: skill-fleet watch {job}")
