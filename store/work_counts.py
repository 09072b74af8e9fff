"""What is counted of the work in a window of time: grouped queries, whose answers stay small however many jobs ran."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Float,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute

from domain.evaluation import Arm
from domain.job import JobStatus
from domain.prompt import PromptStatus
from domain.work import CallTally, EventTally, MeasuredTally, Publishing, WaitTally, WorkCounts
from store.evidence_tables import Evaluation
from store.library_tables import SkillVersion
from store.prompts import Channel
from store.session import Session
from store.tables import EvaluationRun, HitlInteraction, Job, JobEvent, StepResult

NOT_PUBLISHED = "promotion_failed"
"""The event that tells of a publication that was refused, or failed."""

_FINAL = [status for status in JobStatus if status.final]
_ENDED_AT = func.coalesce(Job.completed_at, Job.updated_at)


async def counted(session: Session, since: datetime, until: datetime) -> WorkCounts:
    """All counts of `since` ≤ t < `until`."""
    window = (since, until)
    return WorkCounts(
        by_status=await _by_status(session, window),
        open_before=await _open_before(session, since),
        events=await _events(session, window),
        waits=await _waits(session, window),
        calls=[*await _calls(session, window), *await _removed_calls(session, window)],
        measured=await _measured(session, window),
        publishing=await _publishing(session, window),
    )


Window = tuple[datetime, datetime]
Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None] | ColumnElement[Any]


def _inside(moment: Moment, window: Window) -> ColumnElement[bool]:
    return and_(moment >= window[0], moment < window[1])


def _day(moment: Moment) -> ColumnElement[Any]:
    return cast(func.timezone("UTC", moment), Date).label("day")


async def _by_status(session: Session, window: Window) -> dict[JobStatus, int]:
    query = select(Job.status, func.count()).where(_inside(Job.created_at, window)).group_by(Job.status)
    return {JobStatus(status): number for status, number in (await session.execute(query)).all()}


async def _open_before(session: Session, since: datetime) -> int:
    query = select(func.count()).select_from(Job).where(Job.created_at < since, Job.status.not_in(_FINAL))
    return await session.scalar(query) or 0


async def _events(session: Session, window: Window) -> list[EventTally]:
    begun, ended = _day(Job.created_at), _day(Job.completed_at)
    accepted = select(begun, func.count()).where(_inside(Job.created_at, window)).group_by(begun)
    over = (
        select(ended, Job.status, func.count())
        .where(_inside(Job.completed_at, window), Job.status.in_(_FINAL))
        .group_by(ended, Job.status)
    )
    told = [EventTally(day=day, jobs=number) for day, number in (await session.execute(accepted)).all()]
    rows = (await session.execute(over)).all()
    return [*told, *(EventTally(day=day, ended=JobStatus(status), jobs=number) for day, status, number in rows)]


async def _waits(session: Session, window: Window) -> list[WaitTally]:
    """Prompts that answered themselves are no waits."""
    by_person = (HitlInteraction.status == PromptStatus.RESPONDED) & (HitlInteraction.channel != Channel.AUTO)
    answered = and_(by_person, _inside(HitlInteraction.responded_at, window))
    waiting = HitlInteraction.status == PromptStatus.PENDING
    seconds = func.extract("epoch", HitlInteraction.responded_at - HitlInteraction.created_at)
    query = (
        select(
            HitlInteraction.interaction_type,
            func.count().filter(answered),
            func.percentile_cont(0.5).within_group(cast(seconds, Float)).filter(answered),
            func.percentile_cont(0.9).within_group(cast(seconds, Float)).filter(answered),
            func.count().filter(waiting),
            func.min(HitlInteraction.created_at).filter(waiting),
        )
        .where(or_(answered, waiting))
        .group_by(HitlInteraction.interaction_type)
    )
    return [
        WaitTally(kind=kind, n=n, median=median, p90=p90, open=still, oldest=oldest)
        for kind, n, median, p90, still, oldest in (await session.execute(query)).all()
    ]


async def _calls(session: Session, window: Window) -> list[CallTally]:
    """The ledger has one row for each answer, however often it was used again."""
    day = _day(StepResult.created_at)
    query = (
        select(
            StepResult.model,
            day,
            func.count(),
            func.sum(StepResult.input_tokens),
            func.sum(StepResult.output_tokens),
            func.coalesce(func.sum(StepResult.usd), 0.0),
            func.count().filter(StepResult.usd.is_(None)),
        )
        .where(_inside(StepResult.created_at, window))
        .group_by(StepResult.model, day)
    )
    return _tallied((await session.execute(query)).all())


async def _removed_calls(session: Session, window: Window) -> list[CallTally]:
    """Calls whose rows retention has removed: their sums are with their job, without a day of their own."""
    day, past = _day(_ENDED_AT), Job.past_usage
    usd = cast(past["usd"].astext, Float)
    number = cast(past["calls"].astext, Integer)
    models = past["models"].label("models")
    query = (
        select(
            models,
            day,
            func.sum(number),
            func.sum(cast(past["input_tokens"].astext, Integer)),
            func.sum(cast(past["output_tokens"].astext, Integer)),
            func.coalesce(func.sum(usd), 0.0),
            func.sum(case((usd.is_(None), number), else_=0)),
        )
        .where(past.is_not(None), _inside(_ENDED_AT, window))
        .group_by(models, day)
    )
    rows = (await session.execute(query)).all()
    return _tallied((", ".join(names or []), *rest) for names, *rest in rows)


def _tallied(rows: Iterable[Any]) -> list[CallTally]:
    names = ("model", "day", "calls", "input_tokens", "output_tokens", "usd", "unpriced")
    return [CallTally.model_validate(dict(zip(names, row, strict=True))) for row in rows]


async def _measured(session: Session, window: Window) -> list[MeasuredTally]:
    """Each measurement once: the evaluations, and drafts that were measured and have none."""
    each = union_all(_evaluations(window), _drafts(window)).subquery("each")
    columns = each.c
    query = select(
        columns.model,
        columns.day,
        func.count(),
        func.sum(columns.cases),
        func.sum(columns.without * columns.cases),
        func.sum(columns.with_ * columns.cases),
    ).where(columns.cases > 0, columns.without.is_not(None), columns.with_.is_not(None))
    names = ("model", "day", "measured", "cases", "without", "with_")
    rows = await session.execute(query.group_by(columns.model, columns.day))
    return [MeasuredTally.model_validate(dict(zip(names, row, strict=True))) for row in rows]


def _evaluations(window: Window) -> Select[Any]:
    found = Evaluation.report["numbers"]
    return select(
        Evaluation.model.label("model"),
        _day(Evaluation.created_at),
        *_rates(found, "cases"),
    ).where(_inside(Evaluation.created_at, window))


def _drafts(window: Window) -> Select[Any]:
    """Of several jobs with the same bytes the last one: a job that goes on from another takes its runs over."""
    digest = func.coalesce(Job.result["digest"].astext, cast(Job.job_id, Text))
    agent = (
        select(EvaluationRun.detail["model"].astext)
        .where(EvaluationRun.job_id == Job.job_id, EvaluationRun.arm == Arm.WITH)
        .limit(1)
        .scalar_subquery()
    )
    evaluated = exists().where(or_(Evaluation.job_id == Job.job_id, Evaluation.digest == Job.result["digest"].astext))
    found = Job.result["evidence"]
    return (
        select(func.coalesce(agent, "").label("model"), _day(Job.completed_at), *_rates(found, "n"))
        .ext(distinct_on(digest))
        .where(_inside(Job.completed_at, window), found["without"].astext.is_not(None), ~evaluated)
        .order_by(digest, Job.completed_at.desc())
    )


def _rates(found: Any, cases: str) -> tuple[ColumnElement[Any], ...]:  # noqa: ANN401 - a path into a document
    return (
        cast(found[cases].astext, Integer).label("cases"),
        cast(found["without"].astext, Float).label("without"),
        cast(found["with"].astext, Float).label("with_"),
    )


async def _publishing(session: Session, window: Window) -> Publishing:
    versions = select(func.count(), func.count(SkillVersion.forced_reason)).where(
        SkillVersion.job_id.is_not(None), _inside(SkillVersion.created_at, window)
    )
    published, forced = (await session.execute(versions)).one()
    told = (JobEvent.type == NOT_PUBLISHED) & _inside(JobEvent.created_at, window)
    refused = await session.scalar(select(func.count(JobEvent.job_id.distinct())).where(told))
    return Publishing(published=published, forced=forced, refused=refused or 0)
