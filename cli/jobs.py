"""`jobs`, `show`, `cancel`, `retry`, `reopen`: look at jobs and steer them."""

from typing import Annotated
from uuid import UUID

import typer

from cli import checklist, record, steering, traces, understood, usage
from cli.client import Api
from cli.desk import Desk
from cli.output import Output
from cli.overview import LABEL_WIDTH, SMALL_NOTICE, is_small, models_of, next_step, overview
from cli.problems import UsageProblem
from cli.run import Run, run_of
from domain.evaluation import Evidence
from domain.job import JobPage, JobStatus, JobStatusView, JobView
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
        ("Job", "Status", "Phase", "Done %", "Skill", "Task"),
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


def show(
    ctx: typer.Context,
    job: JobId,
    whole: Annotated[bool, typer.Option("--record", help="All of it: prompts, answers, revisions, events.")] = False,
    tests: Annotated[bool, typer.Option("--checklist", help="The checklist of the tests, and each case.")] = False,
    understanding: Annotated[
        bool, typer.Option("--understanding", help="What was looked up, asked and understood, and what is open.")
    ] = False,
    cost: Annotated[bool, typer.Option("--usage", help="What it cost: by step, by model, and what is left.")] = False,
    trace: Annotated[
        str | None,
        typer.Option("--trace", metavar="STEP", help="What models thought and answered: in a step, or in `all`."),
    ] = None,
) -> None:
    """Show where a job stands. Who wrote it, how it was proven, and what to do next."""
    run = run_of(ctx)
    views = {"--record": whole, "--checklist": tests, "--understanding": understanding, "--usage": cost}
    _one_view([*(name for name, wanted in views.items() if wanted), *(["--trace"] if trace is not None else [])])
    with run.api() as api:
        if whole:
            record.show(run.out, record.of(api, job))
        elif tests:
            checklist.show(run.out, api, job)
        elif understanding:
            understood.show(run.out, api, job)
        elif cost:
            usage.show(run.out, api, job)
        elif trace is not None:
            traces.show(run.out, api, job, trace)
        else:
            _overview(run.out, api, api.get(f"/jobs/{job}", JobView))


def _one_view(wanted: list[str]) -> None:
    """Raises UsageProblem when more than one view of a job is asked for: what is printed is one document."""
    if len(wanted) > 1:
        raise UsageProblem(
            f"`show` gives one view at a time, and {' and '.join(wanted)} are {len(wanted)}.",
            why="what it prints is one page, and with --json one document",
            next_step=f"skill-fleet show JOB {wanted[0]}, then the next",
        )


def _overview(out: Output, api: Api, view: JobView) -> None:
    evidence = view.result.evidence
    if evidence is None or evidence.status == "none":
        measured = checklist.evaluation(api, view.job_id)
        evidence = measured.evidence if measured else evidence
    small = is_small(models_of(view.result))
    if out.json_wanted:
        told = {
            "evidence": evidence,
            "small_model": small,
            "notice": SMALL_NOTICE if small else None,
            "next": next_step(view, promoted=view.promoted),
        }
        out.document(ShownJob.model_validate({**dict(view), **told}))
        return
    result = view.result.model_copy(update={"evidence": evidence})
    for line in overview(view.model_copy(update={"result": result})):
        out.line(line, hang=LABEL_WIDTH)


def cancel(
    ctx: typer.Context,
    job: JobId,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept in the record.")] = None,
) -> None:
    """Cancel a job. The model call in flight is aborted, and what was written is kept."""
    run = run_of(ctx)
    with run.api() as api:
        why = (reason or _asked_why(run.desk(api, job))).strip()
        if not why:
            raise UsageProblem(
                "A job is cancelled with a reason.", why="the record keeps it", next_step="--reason TEXT"
            )
        view = steering.cancel(api, job, why)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"{'cancelled' if view.status is JobStatus.CANCELLED else 'is being cancelled'} {job}")


def _asked_why(desk: Desk | None) -> str:
    return desk.reader.read("Why is it cancelled? > ") if desk is not None else ""


def retry(ctx: typer.Context, job: JobId) -> None:
    """Let a job go on after its problem was mended."""
    _sent(run_of(ctx), job, "retry", "goes on")


def reopen(ctx: typer.Context, job: JobId) -> None:
    """Ask a parked prompt again. It gets a new time limit and new reminders."""
    _sent(run_of(ctx), job, "reopen", "asks again")


def _sent(run: Run, job: UUID, verb: str, done: str) -> None:
    with run.api() as api:
        view = api.post(f"/jobs/{job}/{verb}", Nothing(), JobStatusView)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"{done} {job}")
    run.out.say(f"stay with it: skill-fleet watch {job}")
