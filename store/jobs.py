"""Jobs: opened once, changed by keyed transitions, read as people see them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypedDict, Unpack
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import literal, null, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.brief import Plan, Proposal
from domain.errors import NotFound
from domain.job import (
    CREATE_SKILL,
    EVALUATE_SKILL,
    Evaluates,
    JobEvent,
    JobOptions,
    JobStatus,
    Origin,
    Phase,
    StartJob,
)
from domain.prompt import HitlType
from store import events, outbox
from store.base import CleanJson, Json
from store.tables import Job


class Change(TypedDict, total=False):
    """The columns a transition may set."""

    status: JobStatus
    current_phase: Phase
    hitl_type: HitlType | None
    progress_percent: int
    progress_message: str
    task_description_refined: str
    budget: Json
    proposal: Json
    assignee: str | None
    error: str | None
    error_stack: str | None
    draft_path: str
    final_path: str | None
    promoted: bool
    validation_passed: bool | None
    validation_score: float
    parked_at: datetime | None
    started_at: datetime
    completed_at: datetime


async def open_job(session: AsyncSession, start: StartJob) -> bool:
    """Create the row of a job; False when it was there already (a retried activity, or a known idempotency key)."""
    row = insert(Job).values(
        job_id=start.job_id,
        user_id=start.user_id,
        job_type=EVALUATE_SKILL if start.evaluates else CREATE_SKILL,
        status=JobStatus.PENDING,
        task_description=start.task_description,
        options=_options(start),
        sources=[source.model_dump(mode="json") for source in start.sources],
        origin=start.origin.model_dump(mode="json") if start.origin else null(),
        result={},
    )
    created = await session.execute(row.on_conflict_do_nothing().returning(Job.job_id))
    return created.first() is not None


def _options(start: StartJob) -> Json:
    """How the job runs; what it evaluates is asked for as well, and lies with it."""
    options: Json = start.options.model_dump(mode="json")
    return {**options, "evaluates": start.evaluates.model_dump(mode="json")} if start.evaluates else options


async def locked(session: AsyncSession, job_id: UUID) -> Job:
    """The row, locked until the transaction ends. Raises NotFound.

    Not against rows that only refer to the job (answers in the audit, model calls): those never wait for it. Who locks
    a prompt too locks the job first, so that nobody waits for each other.
    """
    job = await session.get(Job, job_id, with_for_update={"key_share": True}, populate_existing=True)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    return job


async def change(
    session: AsyncSession,
    job_id: UUID,
    key: str,
    kind: str,
    message: str,
    data: dict[str, JsonValue] | None = None,
    **columns: Unpack[Change],
) -> bool:
    """Make one transition and tell of it, once: a second call with the same `key` changes nothing and returns False.

    A job that has ended stays so: a step that comes late (its attempt hung, or the job was cancelled beside it) changes
    nothing either. Progress never falls, whatever a loop says. The message is shown as the job's progress too, unless
    `columns` say otherwise.
    """
    return await change_locked(session, await locked(session, job_id), key, kind, message, data, **columns)


async def change_locked(
    session: AsyncSession,
    job: Job,
    key: str,
    kind: str,
    message: str,
    data: dict[str, JsonValue] | None = None,
    **columns: Unpack[Change],
) -> bool:
    """The same, for a row that this transaction has locked already."""
    late = JobStatus(job.status).final and not columns.get("status", JobStatus(job.status)).final
    percent = max(job.progress_percent, columns.pop("progress_percent", 0))
    progress = columns.pop("progress_message", message)
    after = columns.get("status", job.status), columns.get("current_phase", job.current_phase), percent
    if late or not await events.append(session, job, events.Told(key, kind, message, data or {}, *after)):
        return False
    for column, value in columns.items():
        setattr(job, column, value)
    job.progress_percent = percent
    job.progress_message = progress or job.progress_message
    job.updated_at = datetime.now(UTC)
    if session.info.get("notify"):
        await outbox.put(session, job, key, kind, data or {})
    return True


async def merge_result(session: AsyncSession, job_id: UUID, **fields: JsonValue) -> None:
    """Fill fields of the job's result; the others stay."""
    await session.execute(
        update(Job).where(Job.job_id == job_id).values(result=Job.result.op("||")(literal(fields, CleanJson)))
    )


async def keep_plan(session: AsyncSession, job_id: UUID, plan: Plan) -> None:
    """Store the plan that now holds."""
    await session.execute(update(Job).where(Job.job_id == job_id).values(plan=plan.model_dump(mode="json")))


async def origin_of(session: AsyncSession, job_id: UUID) -> Origin | None:
    """What the job goes on from, if it does."""
    origin = await session.scalar(select(Job.origin).where(Job.job_id == job_id))
    return Origin.model_validate(origin) if origin else None


def evaluates(job: Job) -> Evaluates | None:
    """The published version that the job tries again, if it does."""
    asked = job.options.get("evaluates")
    return Evaluates.model_validate(asked) if asked else None


async def is_evaluation(session: AsyncSession, job_id: UUID) -> bool:
    """Whether the job tries a published version again."""
    return await session.scalar(select(Job.job_type).where(Job.job_id == job_id)) == EVALUATE_SKILL


async def agent_model_of(session: AsyncSession, job_id: UUID) -> str:
    """The model that this job wants for its agent; empty: the configured one."""
    return await session.scalar(select(Job.options["evaluates"]["model"].astext).where(Job.job_id == job_id)) or ""


async def plan_of(session: AsyncSession, job_id: UUID) -> Plan:
    """The plan that now holds. Raises NotFound before there is one."""
    plan = await session.scalar(select(Job.plan).where(Job.job_id == job_id))
    if plan is None:
        raise NotFound(f"Job {job_id} has no plan yet.")
    return Plan.model_validate(plan)


async def keep_proposal(session: AsyncSession, job_id: UUID, proposal: Proposal | Mapping[str, object]) -> None:
    """Store the name and description as they are now proposed, with what rules have against them."""
    known = Proposal.model_validate(proposal).model_dump(mode="json")
    await session.execute(update(Job).where(Job.job_id == job_id).values(proposal=known))


async def proposal_of(session: AsyncSession, job_id: UUID) -> Proposal | None:
    """The name and description as they are now proposed; None while nobody has proposed any."""
    proposal = await session.scalar(select(Job.proposal).where(Job.job_id == job_id))
    return None if proposal is None else Proposal.model_validate(proposal)


async def assign(session: AsyncSession, job_id: UUID, assignee: str | None, by: str) -> bool:
    """Hand a job's prompts to a person or to `group:<name>` (None: back to its owner); False when it was so already."""
    job = await locked(session, job_id)
    if job.assignee == assignee:
        return False
    message = f"{by} assigned the job to {assignee}" if assignee else f"{by} gave the job back to {job.user_id}"
    told: dict[str, JsonValue] = {"assignee": assignee, "before": job.assignee, "by": by}
    key = f"assigned:{job.last_seq}"  # the same hand-over may well happen again later
    return await change(
        session, job_id, key, "assigned", message, told, assignee=assignee, progress_message=job.progress_message
    )


async def get(session: AsyncSession, job_id: UUID) -> Job | None:
    """The row, or None while the workflow has not opened it yet."""
    return await session.get(Job, job_id)


async def opened(session: AsyncSession, job_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these jobs that have a row."""
    return set(await session.scalars(select(Job.job_id).where(Job.job_id.in_(job_ids))))


async def options_of(session: AsyncSession, job_id: UUID) -> JobOptions:
    """How the job runs now."""
    found = (await session.execute(select(Job.options, Job.budget).where(Job.job_id == job_id))).first()
    return effective(*found) if found else JobOptions()


def effective(options: Json, budget: Json | None) -> JobOptions:
    """The options as they were asked for, which stay as they are, under the budget that people raised since."""
    return JobOptions.model_validate({**options, "budget": budget} if budget else options)


async def page(
    session: AsyncSession,
    *,
    status: JobStatus | None = None,
    user_id: str | None = None,
    words: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Job]:
    """Jobs, newest first, after the position `before`; `words` must occur in the task description."""
    query = select(Job).order_by(Job.created_at.desc(), Job.job_id.desc()).limit(limit)
    if status is not None:
        query = query.where(Job.status == status)
    if user_id is not None:
        query = query.where(Job.user_id == user_id)
    if words:
        pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(or_(Job.task_description.ilike(pattern), Job.task_description_refined.ilike(pattern)))
    if before is not None:
        query = query.where(tuple_(Job.created_at, Job.job_id) < before)
    return list(await session.scalars(query))


async def unfinished(session: AsyncSession, after: UUID | None = None, limit: int = 500) -> list[UUID]:
    """Jobs that have not ended, in the order of their ids, from behind `after` on."""
    final = [status for status in JobStatus if status.final]
    query = select(Job.job_id).where(Job.status.not_in(final)).order_by(Job.job_id).limit(limit)
    return list(await session.scalars(query if after is None else query.where(Job.job_id > after)))


async def present_state(session: AsyncSession, job_id: UUID) -> JobEvent | None:
    """The first frame of a stream: how the job stands now, under the `seq` of its last event."""
    job = await get(session, job_id)
    if job is None:
        return None
    return JobEvent(
        seq=job.last_seq,
        type="state",
        status=JobStatus(job.status),
        phase=Phase(job.current_phase) if job.current_phase else None,
        progress=job.progress_percent,
        message=job.progress_message,
        data={"hitl_type": job.hitl_type, "error": job.error},
        created_at=job.updated_at,
    )
