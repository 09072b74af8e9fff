"""What a job asked and learned, put together as the brief that the author model gets."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.brief import Brief, Decision, Understanding
from domain.errors import NotFound
from domain.job import Source
from domain.passages import SOURCE_CHARACTERS, Text, chosen
from domain.prompt import Question
from store import revisions, uploads
from store.base import Json, columns_of
from store.tables import DeepUnderstandingState, Job

ROUND = "round"
"""Kept with each question: the round that it belongs to."""


async def keep_questions(session: AsyncSession, job_id: UUID, questions: list[Question], number: int = 1) -> None:
    """Store the questions of a round that is about to be asked; `number` counts all rounds of a job from 1."""
    row = await _state(session, job_id)
    others = [item for item in row.questions_asked if _round(item) != number]
    row.questions_asked = [*others, *({**question.model_dump(mode="json"), ROUND: number} for question in questions)]


async def questions_of(session: AsyncSession, job_id: UUID) -> list[Question]:
    """The questions of the newest round: the one that is open or about to open."""
    asked = await _asked(session, job_id)
    newest = max(map(_round, asked), default=0)
    return [Question.model_validate(item) for item in asked if _round(item) == newest]


async def rounds_asked(session: AsyncSession, job_id: UUID) -> int:
    """In how many rounds questions were written."""
    return len({_round(item) for item in await _asked(session, job_id)})


async def keep_decisions(session: AsyncSession, job_id: UUID, decisions: list[Decision]) -> None:
    """Add what people decided, word for word; the answer that a question got last is the one that counts."""
    row = await _state(session, job_id)
    known = {decision["question"]: decision for decision in row.answers}
    row.answers = list((known | {decision.question: decision.model_dump() for decision in decisions}).values())


async def keep_understanding(session: AsyncSession, job_id: UUID, known: Understanding) -> None:
    """Store what the answers add up to."""
    row = await _state(session, job_id)
    row.understanding_summary = known.summary
    row.user_problem = known.user_problem
    row.user_goals = list(known.user_goals)
    row.readiness_score = min(1.0, max(0.0, known.readiness))
    row.complete = known.complete


async def copy(session: AsyncSession, of: UUID, to: UUID) -> None:
    """Give a job all that another one asked and learned."""
    row = await session.get(DeepUnderstandingState, of)
    if row is None:
        return
    taken_over = insert(DeepUnderstandingState).values({**columns_of(row), "job_id": to})
    await session.execute(taken_over.on_conflict_do_nothing())


async def brief_of(session: AsyncSession, job_id: UUID) -> Brief:
    """All that the author model may know of a job. Raises NotFound."""
    job = await session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    row = await session.get(DeepUnderstandingState, job_id)
    return Brief(
        task=job.task_description,
        refined=job.task_description_refined or "",
        sources=await _sources(session, job),
        decisions=[Decision.model_validate(answer) for answer in row.answers] if row else [],
        understanding=_known(row),
        feedback=await revisions.feedback_of(session, job_id),
    )


async def _sources(session: AsyncSession, job: Job) -> list[Source]:
    """Those that came with the request as they are; of those sent in before the passages that fit the task best, as
    many as a model may be told of. By the task as it was asked for, so that every step is told the same."""
    given = [Source.model_validate(source) for source in job.sources]
    named = [source.source_id for source in given if source.source_id is not None]
    if not named:
        return given
    texts = [Text(source.name, source.content) for source in given if source.source_id is None]
    texts += [text for upload_id in named for text in await uploads.texts(session, upload_id)]
    return chosen(job.task_description, texts, SOURCE_CHARACTERS)


def _known(row: DeepUnderstandingState | None) -> Understanding | None:
    if row is None or row.understanding_summary is None:
        return None
    return Understanding(
        summary=row.understanding_summary,
        user_problem=row.user_problem or "",
        user_goals=row.user_goals,
        readiness=row.readiness_score or 0.0,
        complete=row.complete,
    )


async def _asked(session: AsyncSession, job_id: UUID) -> list[Json]:
    query = select(DeepUnderstandingState.questions_asked).where(DeepUnderstandingState.job_id == job_id)
    return await session.scalar(query) or []


def _round(item: Json) -> int:
    """Rows of the first release have one round and no number."""
    return int(item.get(ROUND, 1))


async def _state(session: AsyncSession, job_id: UUID) -> DeepUnderstandingState:
    empty = insert(DeepUnderstandingState).values(
        job_id=job_id, questions_asked=[], answers=[], user_goals=[], complete=False
    )
    await session.execute(empty.on_conflict_do_nothing())
    return await session.get_one(DeepUnderstandingState, job_id, with_for_update=True)
