"""Routes of a job's record: what was asked, what was written, how it was proven, what it cost."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.dependencies import JobToRead, ServicesDep
from api.described import problems
from api.reading import KnownJob
from domain.diff import unified
from domain.evaluation import EvaluationView
from domain.grading import summarize
from domain.job import JobResult, Usage
from domain.prompt import InteractionView
from domain.shape import StrictShape
from domain.skill import RevisionSummary, RevisionView
from store import calls, evidence, jobs, prompts, revisions
from store.session import Session

router = APIRouter(prefix="/jobs/{job_id}", tags=["record"], responses=problems(404, 503))


Number = Annotated[int, Path(ge=1, le=1_000_000, description="Number of the revision, from 1.")]


class Interactions(StrictShape):
    """Every prompt of a job, oldest first."""

    interactions: list[InteractionView]


class Revisions(StrictShape):
    """Every revision of a job's skill, oldest first."""

    revisions: list[RevisionSummary]


class RevisionDiff(StrictShape):
    """What revision `n` changed since `against`, as a unified diff; empty when nothing did."""

    n: int
    against: int
    diff: str


@router.get("/interactions", summary="Prompts and answers")
async def list_interactions(job: JobToRead, parts: ServicesDep) -> Interactions:
    """Every prompt with its answer: who, when, over which channel."""
    async with parts.database.transaction() as session:
        return Interactions(interactions=await prompts.history(session, job.job_id))


@router.get("/revisions", summary="Revisions")
async def list_revisions(job: JobToRead, parts: ServicesDep) -> Revisions:
    """Every revision: who or which model made it, and why."""
    async with parts.database.transaction() as session:
        return Revisions(revisions=await revisions.history(session, job.job_id))


@router.get("/revisions/{n}", summary="One revision")
async def read_revision(job: JobToRead, n: Number, parts: ServicesDep) -> RevisionView:
    """A revision with its text."""
    async with parts.database.transaction() as session:
        return await revisions.view(session, job.job_id, n)


@router.get("/revisions/{n}/diff", summary="What a revision changed")
async def read_diff(
    job: JobToRead,
    n: Number,
    parts: ServicesDep,
    against: Annotated[int | None, Query(ge=1, description="Default: the one before.")] = None,
) -> RevisionDiff:
    """A unified diff of the SKILL.md."""
    other = against if against is not None else max(n - 1, 1)
    async with parts.database.transaction() as session:
        after = await revisions.content(session, job.job_id, n)
        before = await revisions.content(session, job.job_id, other)
    return RevisionDiff(n=n, against=other, diff=unified(before, after, f"revision {other}", f"revision {n}"))


@router.get("/evaluation", summary="Evidence")
async def read_evaluation(job: JobToRead, parts: ServicesDep) -> EvaluationView:
    """The cases, every run with and without the skill word for word, and what they add up to."""
    async with parts.database.transaction() as session:
        return await evaluation_of(session, job)


@router.get("/usage", summary="Cost")
async def read_usage(job: JobToRead, parts: ServicesDep) -> Usage:
    """Model calls, tokens and money; `usd` is null when a price is unknown."""
    async with parts.database.transaction() as session:
        return await calls.usage(session, job.job_id)


async def evaluation_of(session: Session, job: KnownJob) -> EvaluationView:
    """The experiment of a job; the evidence is that of the revision that holds."""
    runs = await evidence.runs_of(session, job.job_id)
    row = await jobs.get(session, job.job_id)
    held = JobResult.model_validate(row.result if row else {}).revision
    return EvaluationView(
        job_id=job.job_id,
        cases=await evidence.cases_of(session, job.job_id),
        runs=runs,
        evidence=summarize([run for run in runs if run.revision in (None, 0, held)]),
        rationalizations=await evidence.rationalizations_of(session, job.job_id),
        tdd=await evidence.tdd_of(session, job.job_id),
    )
