"""What a job asked and learned, put together as the brief that the author model gets."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.brief import Brief, Decision, Understanding
from domain.errors import NotFound
from domain.job import Source
from domain.prompt import Question
from store.tables import DeepUnderstandingState, Job


async def keep_questions(session: AsyncSession, job_id: UUID, questions: list[Question]) -> None:
    """Store the questions of the round that is about to be asked."""
    row = await _state(session, job_id)
    row.questions_asked = [question.model_dump(mode="json") for question in questions]


async def questions_of(session: AsyncSession, job_id: UUID) -> list[Question]:
    """The questions of the round that is open or about to open."""
    asked = await session.scalar(
        select(DeepUnderstandingState.questions_asked).where(DeepUnderstandingState.job_id == job_id)
    )
    return [Question.model_validate(question) for question in asked or []]


async def keep_decisions(session: AsyncSession, job_id: UUID, decisions: list[Decision]) -> None:
    """Store what people decided, word for word."""
    row = await _state(session, job_id)
    row.answers = [decision.model_dump() for decision in decisions]


async def keep_understanding(session: AsyncSession, job_id: UUID, known: Understanding) -> None:
    """Store what the answers add up to."""
    row = await _state(session, job_id)
    row.understanding_summary = known.summary
    row.user_problem = known.user_problem
    row.user_goals = list(known.user_goals)
    row.readiness_score = min(1.0, max(0.0, known.readiness))
    row.complete = True


async def brief_of(session: AsyncSession, job_id: UUID) -> Brief:
    """All that the author model may know of a job. Raises NotFound."""
    job = await session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    row = await session.get(DeepUnderstandingState, job_id)
    return Brief(
        task=job.task_description,
        refined=job.task_description_refined or "",
        sources=[Source.model_validate(source) for source in job.sources],
        decisions=[Decision.model_validate(answer) for answer in row.answers] if row else [],
        understanding=_known(row),
    )


def _known(row: DeepUnderstandingState | None) -> Understanding | None:
    if row is None or row.understanding_summary is None:
        return None
    return Understanding(
        summary=row.understanding_summary,
        user_problem=row.user_problem or "",
        user_goals=row.user_goals,
        readiness=row.readiness_score or 0.0,
    )


async def _state(session: AsyncSession, job_id: UUID) -> DeepUnderstandingState:
    empty = insert(DeepUnderstandingState).values(
        job_id=job_id, questions_asked=[], answers=[], user_goals=[], complete=False
    )
    await session.execute(empty.on_conflict_do_nothing())
    return await session.get_one(DeepUnderstandingState, job_id, with_for_update=True)
