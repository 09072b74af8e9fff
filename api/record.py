"""Routes of a job's record: what was asked, what was written, how it was proven, what it cost."""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from api.dependencies import JobToRead, ServicesDep
from api.described import problems
from api.origins import listed
from api.reading import KnownJob
from domain.compare.diff import DiffRow, folded, side_by_side, unified
from domain.compare.section_changes import SectionChange, changed_sections
from domain.errors import NotFound
from domain.evaluation import EvaluationView
from domain.evidence.case_checks import flags, leaks
from domain.evidence.policy import Policy
from domain.evidence.profile import QUICK, profile_named
from domain.job import JobResult
from domain.job_usage import JobUsage
from domain.library.package import MAX_PATH
from domain.prompt import InteractionView
from domain.shape import StrictShape
from domain.skill import SKILL_FILE, RevisionSummary, RevisionView, SkillFileEntry
from store import evidence, job_usage, jobs, prompts, proof, revisions, tdd
from store.proof import Proof
from store.session import Session

MOST_ROWS = 5_000
"""Rows of a comparison in one answer; the unified diff has them all."""

MOST_COMPARED = 2_500_000
"""Characters of both texts together that are compared side by side; larger files are only said to be too large."""

MOST_CONTEXT = 100

router = APIRouter(prefix="/jobs/{job_id}", tags=["record"], responses=problems(404, 503))

Number = Annotated[int, Path(ge=1, le=1_000_000, description="Number of the revision, from 1.")]


class Interactions(StrictShape):
    """Every prompt of a job, oldest first."""

    interactions: list[InteractionView]


class Revisions(StrictShape):
    """Every revision of a job's skill, oldest first."""

    revisions: list[RevisionSummary]


class FeedbackAnswered(StrictShape):
    """What a revision was asked to do, and what it says it did; the two texts beside show whether it did."""

    revision: int
    feedback: str
    changes: list[str]


class RevisionDiff(StrictShape):
    """What changed from revision `against` (0: nothing written yet) to revision `n`.

    `diff`: unified, empty when nothing changed. `rows`: side by side, unchanged stretches folded; `rows_left_out`
    counts those beyond the first 5,000. `sections`: by heading. `feedback`: of all revisions after `against` up to `n`.
    """

    n: int
    against: int
    diff: str
    rows: list[DiffRow] = []
    rows_left_out: int = 0
    sections: list[SectionChange] = []
    feedback: list[FeedbackAnswered] = []


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
        await _known(session, job, n)
        return await revisions.view(session, job.job_id, n)


@router.get("/revisions/{n}/diff", summary="What a revision changed")
async def read_diff(
    job: JobToRead,
    n: Number,
    parts: ServicesDep,
    against: Annotated[
        int | None, Query(ge=0, le=1_000_000, description="Any other revision, 0 for nothing; default: the one before.")
    ] = None,
    context: Annotated[int, Query(ge=0, le=MOST_CONTEXT, description="Unchanged lines around a change.")] = 3,
    file: Annotated[str, Query(max_length=MAX_PATH, description="Which of the files.")] = SKILL_FILE,
) -> RevisionDiff:
    """Two revisions of the SKILL.md, or of another file, compared: as text, side by side with the words that changed,
    by section, and what your feedback changed."""
    other = n - 1 if against is None else against
    async with parts.database.transaction() as session:
        history = await _known(session, job, n, other)
        if file == SKILL_FILE:
            after = await revisions.content(session, job.job_id, n)
            before = await revisions.content(session, job.job_id, other) if other else ""
        else:
            before, after = await _texts(session, job, file, other, n)
    return await asyncio.to_thread(_compared, n, other, before, after, _answered(history, other, n), context)


@router.get("/evaluation", summary="Evidence")
async def read_evaluation(job: JobToRead, parts: ServicesDep) -> EvaluationView:
    """The cases, every run with and without the skill word for word, and what they add up to."""
    async with parts.database.transaction() as session:
        return await evaluation_of(session, job, parts.policy)


@router.get("/usage", summary="Cost")
async def read_usage(job: JobToRead, parts: ServicesDep) -> JobUsage:
    """Model calls, tokens, money and seconds: as a whole, by step, by model, and what the budget still allows. `usd` is
    null when a price is unknown; an answer that was used again counts once."""
    async with parts.database.transaction() as session:
        return await job_usage.in_parts(session, job.job_id)


async def evaluation_of(session: Session, job: KnownJob, policy: Policy) -> EvaluationView:
    """The experiment of a job; evidence, numbers and checklist are those of the revision that holds.

    All of it is counted from the rows; only the profile, which says how many runs were planned, the evaluator told.
    """
    return (await experiment_of(session, job.job_id, policy))[0]


async def experiment_of(
    session: Session, job_id: UUID, policy: Policy, files: Sequence[SkillFileEntry] = ()
) -> tuple[EvaluationView, Proof]:
    """The same with the proof it is told from. `files`: those of the revision that holds, if they were read already."""
    row = await jobs.get(session, job_id)
    result = JobResult.model_validate(row.result if row else {})
    profile = result.evidence.profile if result.evidence else ""
    plan = profile_named(profile) or QUICK
    _row = await evidence.held(session, job_id)
    found = await proof.of_revision(session, job_id, result.revision, files)
    known = await tdd.known_of(session, job_id, result.revision or 0, plan, policy, found)
    view = EvaluationView(
        job_id=job_id,
        cases=known.cases,
        runs=known.runs,
        evidence=found.shown(policy, profile=profile),
        rationalizations=known.rationalizations,
        tdd=await tdd.state_of(session, job_id, known),
        numbers=found.numbers(profile),
        flags=[*flags(known.cases, found.runs, judge=plan.judge), *leaks(found.text, known.cases)],
        triggers=known.triggers,
        comparisons=known.comparisons,
    )
    return view, found


async def _known(session: Session, job: KnownJob, *wanted: int) -> list[RevisionSummary]:
    """All revisions, these among them. Raises NotFound, naming the revision; 0 always is."""
    history = await revisions.history(session, job.job_id)
    numbers = [known.n for known in history]
    for n in wanted:
        if n and n not in numbers:
            raise NotFound(
                f"The job has no revision {n}; {listed(numbers)}. See GET /api/v1/jobs/{job.job_id}/revisions."
            )
    return history


async def _texts(session: Session, job: KnownJob, path: str, *wanted: int) -> list[str]:
    """A file as text in each of these revisions, empty where there is none. Raises NotFound when no revision has it."""
    found = [await revisions.file(session, job.job_id, n, path) for n in wanted]
    if not any(found):
        raise NotFound(f"Neither revision has a file {path[:80]!r}. See GET /api/v1/jobs/{job.job_id}/revisions.")
    return [entry.data.decode("utf-8", "replace") if entry else "" for entry in found]


def _answered(history: list[RevisionSummary], other: int, n: int) -> list[FeedbackAnswered]:
    return [
        FeedbackAnswered(revision=known.n, feedback=known.feedback, changes=known.changes)
        for known in history
        if known.feedback and min(other, n) < known.n <= max(other, n)
    ]


def _compared(
    n: int, other: int, before: str, after: str, answered: list[FeedbackAnswered], context: int
) -> RevisionDiff:
    """The comparison; takes up to a second of computing for the largest texts."""
    small = len(before) + len(after) <= MOST_COMPARED
    rows = folded(side_by_side(before, after), context) if small else []
    return RevisionDiff(
        n=n,
        against=other,
        diff=unified(before, after, f"revision {other}", f"revision {n}", context),
        rows=rows[:MOST_ROWS],
        rows_left_out=max(len(rows) - MOST_ROWS, 0),
        sections=changed_sections(before, after),
        feedback=answered,
    )
