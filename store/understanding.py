"""What a job asked and learned, put together as the brief that the author model gets."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.brief import AskedQuestion, Brief, Decision, Understanding, UnderstandingView
from domain.errors import NotFound
from domain.job import Source
from domain.passages import SOURCE_CHARACTERS, Text, chosen
from domain.prompt import Question
from domain.research import OpenPoint, Research
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
    row.still_unknown = [point.model_dump() for point in known.unknown]


async def keep_research(session: AsyncSession, job_id: UUID, research: Sequence[Research]) -> None:
    """Store what was looked up before the first question."""
    row = await _state(session, job_id)
    row.research_performed = [one.model_dump() for one in research]


async def view(session: AsyncSession, job_id: UUID) -> UnderstandingView:
    """All that a job looked up, asked and learned; empty before it has."""
    row = await session.get(DeepUnderstandingState, job_id)
    if row is None:
        return UnderstandingView()
    known = _known(row) or Understanding(summary="", complete=False)
    return UnderstandingView(
        research=_research(row),
        questions=[AskedQuestion.model_validate(item) for item in row.questions_asked],
        answers=[Decision.model_validate(answer) for answer in row.answers],
        readiness=row.readiness_score,
        **known.model_dump(exclude={"readiness"}),
    )


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
        research=_research(row) if row else [],
    )


async def texts(session: AsyncSession, job_id: UUID) -> list[Text]:
    """All sources of a job, whole: those that came with the request, then those that were sent in before."""
    job = await session.get_one(Job, job_id)
    return await _texts(session, [Source.model_validate(source) for source in job.sources])


async def _sources(session: AsyncSession, job: Job) -> list[Source]:
    """Those that came with the request as they are; of those sent in before the passages that fit the task best, as
    many as a model may be told of. By the task as it was asked for, so that every step is told the same."""
    given = [Source.model_validate(source) for source in job.sources]
    if all(source.source_id is None for source in given):
        return given
    return chosen(job.task_description, await _texts(session, given), SOURCE_CHARACTERS)


async def _texts(session: AsyncSession, given: Sequence[Source]) -> list[Text]:
    found = [Text(source.name, source.content) for source in given if source.source_id is None]
    for source in given:
        if source.source_id is not None:
            found += [Text(one.name, one.content) for one in await uploads.texts(session, source.source_id)]
    return found


def _research(row: DeepUnderstandingState) -> list[Research]:
    return [Research.model_validate(item) for item in row.research_performed]


def _known(row: DeepUnderstandingState | None) -> Understanding | None:
    if row is None or row.understanding_summary is None:
        return None
    return Understanding(
        summary=row.understanding_summary,
        user_problem=row.user_problem or "",
        user_goals=row.user_goals,
        readiness=row.readiness_score or 0.0,
        complete=row.complete,
        unknown=[OpenPoint.model_validate(item) for item in row.still_unknown],
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
