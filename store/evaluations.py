"""What published versions were found to be worth: one row an evaluation, kept when its job is gone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.evaluation import Comparison, Numbers
from domain.evidence.report import EvaluationReport, EvaluationSummary, Material, Models
from domain.job import EVALUATE_SKILL, JobResult, JobStatus
from domain.shape import Shape
from domain.skill import SkillStatus
from store import calls, evidence, jobs, proof, revisions
from store.evidence_tables import Evaluation
from store.library_tables import Skill
from store.tables import Job, StepResult, TddWorkflowState

JUDGING = "judging"
"""How the labels of the judge's calls begin (activities/evaluator.py)."""

OWN = ("evaluation_id", "name", "version", "digest", "model", "reason", "verdict", "job_id", "created_at")
"""What a glance at an evaluation takes from its row; the rest is in the report."""

AGAIN_AFTER = timedelta(days=7)
"""A scheduled evaluation that came to nothing is tried again after this: no night pays for what failed the last."""


class Due(Shape):
    """A skill whose newest evaluation is of another agent model; `since`: when that one was made."""

    name: str
    version: str
    since: datetime


class Written(Shape):
    """What the names of a report's files are made of."""

    evaluation_id: UUID
    name: str
    version: str
    reason: str
    model: str


async def keep(session: AsyncSession, evaluation_id: UUID, report: EvaluationReport) -> EvaluationReport:
    """Keep a report on a published version and return what stands: the first one under its id (a retried activity)."""
    row = insert(Evaluation).values(
        evaluation_id=evaluation_id,
        name=report.name,
        version=report.version,
        digest=report.digest,
        model=report.models.agent,
        reason=report.reason,
        verdict=report.verdict,
        job_id=report.job_id,
        report=report.model_dump(mode="json", by_alias=True),
        created_at=report.made_at,
    )
    await session.execute(row.on_conflict_do_nothing())
    return report_of(await session.get_one(Evaluation, evaluation_id))


async def get(session: AsyncSession, evaluation_id: UUID) -> EvaluationReport | None:
    """The report kept under this id."""
    row = await session.get(Evaluation, evaluation_id)
    return report_of(row) if row else None


async def newest(
    session: AsyncSession, name: str, version: str | None = None, model: str | None = None
) -> Evaluation | None:
    """The newest evaluation of a skill: of this version and this agent model, where they are named."""
    query = select(Evaluation).where(Evaluation.name == name)
    if version is not None:
        query = query.where(Evaluation.version == version)
    if model is not None:
        query = query.where(Evaluation.model == model)
    newest_first = query.order_by(Evaluation.created_at.desc(), Evaluation.evaluation_id)
    return (await session.scalars(newest_first.limit(1))).first()


async def listed(session: AsyncSession, name: str, limit: int = 100) -> list[EvaluationSummary]:
    """All evaluations of a skill, newest first. Of each report only what a glance shows: it holds every run as well."""
    own = [getattr(Evaluation, column) for column in OWN]
    query = select(*own, *(Evaluation.report[part].label(part) for part in ("why", "status", "numbers")))
    newest_first = query.order_by(Evaluation.created_at.desc(), Evaluation.evaluation_id)
    rows = await session.execute(newest_first.where(Evaluation.name == name).limit(limit))
    return [_glance(row, row.why, row.status, Numbers.model_validate(row.numbers or {})) for row in rows]


async def due(session: AsyncSession, model: str, now: datetime, limit: int) -> list[Due]:
    """Active skills whose present version was last evaluated with another agent model, longest ago first.

    Left out: what was never evaluated (a library that was imported costs nothing until somebody asks), what is being
    evaluated, and what was tried with this very model within AGAIN_AFTER.
    """
    latest = (
        select(Evaluation.name, Evaluation.version, Evaluation.model, Evaluation.created_at)
        .ext(distinct_on(Evaluation.name, Evaluation.version))
        .order_by(Evaluation.name, Evaluation.version, Evaluation.created_at.desc(), Evaluation.evaluation_id)
        .subquery()
    )
    asked = Job.options["evaluates"]
    under_way = Job.status.not_in([status for status in JobStatus if status.final])
    tried = (asked["model"].astext == model) & (Job.created_at > now - AGAIN_AFTER)
    busy = select(Job.job_id).where(
        Job.job_type == EVALUATE_SKILL, asked["name"].astext == Skill.name, under_way | tried
    )
    query = (
        select(Skill.name, Skill.version, latest.c.created_at)
        .join(latest, (latest.c.name == Skill.name) & (latest.c.version == Skill.version))
        .where(Skill.status == SkillStatus.ACTIVE, latest.c.model != model, ~busy.exists())
        .order_by(latest.c.created_at, Skill.name)
        .limit(limit)
    )
    return [Due(name=name, version=version, since=since) for name, version, since in await session.execute(query)]


async def written(session: AsyncSession) -> list[Written]:
    """Every report that has files of its own: of each version the publication's, and the newest of each model."""
    own = case((Evaluation.reason == "publication", ""), else_=Evaluation.model)
    newest_first = (Evaluation.name, Evaluation.version, own, Evaluation.created_at.desc(), Evaluation.evaluation_id)
    query = select(
        Evaluation.evaluation_id, Evaluation.name, Evaluation.version, Evaluation.reason, Evaluation.model
    ).ext(distinct_on(Evaluation.name, Evaluation.version, own))
    rows = await session.execute(query.order_by(*newest_first))
    return [Written.model_validate(row, from_attributes=True) for row in rows]


async def material(session: AsyncSession, job_id: UUID, revision: int) -> Material:
    """All that the record says of one revision of a job, its runs and trials those of its very bytes, as the gate of
    promotions counts them. Raises NotFound without that revision."""
    known = await revisions.summary(session, job_id, revision)
    row = await jobs.get(session, job_id)
    result = JobResult.model_validate(row.result if row else {})
    state = await session.get(TddWorkflowState, job_id)
    found = await proof.of_revision(session, job_id, revision)
    return Material(
        job_id=job_id,
        revision=revision,
        digest=known.digest,
        text=found.text,
        models=Models(
            agent=await jobs.agent_model_of(session, job_id),
            author="" if known.by_person else known.made_by,
            judge=await _judge(session, job_id),
        ),
        profile=result.evidence.profile if result.evidence else "",
        cases=found.cases,
        runs=found.runs,
        rationalizations=await evidence.rationalizations_of(session, job_id),
        triggers=found.triggers,
        comparisons=[Comparison.model_validate(each) for each in state.comparisons] if state else [],
        usage=await calls.usage(session, job_id),
    )


def report_of(row: Evaluation) -> EvaluationReport:
    """The report of a row."""
    return EvaluationReport.model_validate(row.report)


def summary(row: Evaluation) -> EvaluationSummary:
    """A row at a glance."""
    report = report_of(row)
    return _glance(row, report.why, report.status, report.numbers or Numbers())


def _glance(row: Evaluation | Row[Any], why: list[str], status: str, found: Numbers) -> EvaluationSummary:
    own = {column: getattr(row, column) for column in OWN}
    sums = found.model_dump(include={"cases", "without", "with_", "delta", "interval"})
    return EvaluationSummary.model_validate({**own, **sums, "why": why, "status": status})


async def _judge(session: AsyncSession, job_id: UUID) -> str:
    """Who judged, as far as the ledger still knows."""
    query = select(func.max(StepResult.model)).where(StepResult.job_id == job_id, StepResult.label.startswith(JUDGING))
    return await session.scalar(query) or ""
