"""What a job asked and learned: the brief grows with it, and people's words arrive as they were said."""

from uuid import uuid4

import pytest

from domain.brief import Brief, Decision, Understanding
from domain.errors import NotFound
from domain.job import Source, StartJob
from store import jobs, revisions, understanding
from store.session import Database
from store.tables import DeepUnderstandingState
from tests.support.rows import QUESTIONS, make_job, new_revision

SAID = [Decision(question="Who reads them?", answer="kids & „Ältere“ <all>")]
KNOWN = Understanding(summary="notes", user_problem="too long", user_goals=["short", "clear"], readiness=0.8)


async def test_the_brief_of_a_new_job_is_the_request_alone(database: Database) -> None:
    job = await make_job(database, task="Write notes")
    async with database.transaction() as session:
        assert await understanding.brief_of(session, job) == Brief(task="Write notes")
        assert await understanding.questions_of(session, job) == []


async def test_there_is_no_brief_of_a_job_that_is_not_there(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as session:
            await understanding.brief_of(session, uuid4())


async def test_the_brief_has_the_sources_the_decisions_and_what_was_understood(database: Database) -> None:
    source = Source(name="notes.md", content="as it was")
    start = StartJob(job_id=uuid4(), user_id="ada", task_description="Write notes", sources=[source])
    async with database.transaction() as session:
        await jobs.open_job(session, start)
        await jobs.change(session, start.job_id, "r", "refined", "", task_description_refined="Write short notes")
        await understanding.keep_decisions(session, start.job_id, SAID)
        await understanding.keep_understanding(session, start.job_id, KNOWN)
    async with database.transaction() as session:
        brief = await understanding.brief_of(session, start.job_id)
    assert brief == Brief(
        task="Write notes", refined="Write short notes", sources=[source], decisions=SAID, understanding=KNOWN
    )


async def test_writing_a_round_again_replaces_its_questions_and_keeps_what_was_decided(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS)
        await understanding.keep_decisions(session, job, SAID)
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS[:1])
    async with database.transaction() as session:
        assert await understanding.questions_of(session, job) == QUESTIONS[:1]
        assert (await understanding.brief_of(session, job)).decisions == SAID


@pytest.mark.parametrize(("claimed", "kept"), [(-1.0, 0.0), (0.4, 0.4), (9.0, 1.0)])
async def test_a_models_claim_of_readiness_is_kept_between_none_and_all(
    database: Database, claimed: float, kept: float
) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await understanding.keep_understanding(session, job, KNOWN.model_copy(update={"readiness": claimed}))
    async with database.transaction() as session:
        known = (await understanding.brief_of(session, job)).understanding
    assert known is not None
    assert known.readiness == kept


async def test_each_round_has_its_own_questions_and_the_newest_are_asked(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        assert await understanding.rounds_asked(session, job) == 0
        await understanding.keep_questions(session, job, QUESTIONS)
    for _ in range(2):  # the second time is a retry
        async with database.transaction() as session:
            await understanding.keep_questions(session, job, QUESTIONS[1:], 2)
    async with database.transaction() as session:
        await understanding.keep_understanding(session, job, KNOWN)
    async with database.transaction() as session:
        assert await understanding.questions_of(session, job) == QUESTIONS[1:]
        assert await understanding.rounds_asked(session, job) == 2


async def test_questions_that_the_first_release_kept_are_the_first_round(database: Database) -> None:
    job = await make_job(database)
    plain = [question.model_dump(mode="json") for question in QUESTIONS]
    async with database.transaction() as session:
        session.add(DeepUnderstandingState(job_id=job, questions_asked=plain, answers=[], user_goals=[]))
    async with database.transaction() as session:
        assert await understanding.questions_of(session, job) == QUESTIONS
        assert await understanding.rounds_asked(session, job) == 1


async def test_decisions_of_later_rounds_are_added_and_a_retry_adds_none_twice(database: Database) -> None:
    job = await make_job(database)
    later = [Decision(question="Which tone?", answer="dry")]
    for said in (SAID, later, later):
        async with database.transaction() as session:
            await understanding.keep_decisions(session, job, said)
    async with database.transaction() as session:
        assert (await understanding.brief_of(session, job)).decisions == [*SAID, *later]


async def test_of_two_answers_to_one_question_the_last_counts(database: Database) -> None:
    job = await make_job(database)
    changed = Decision(question=SAID[0].question, answer="adults")
    for said in (SAID, [changed]):
        async with database.transaction() as session:
            await understanding.keep_decisions(session, job, said)
    async with database.transaction() as session:
        assert (await understanding.brief_of(session, job)).decisions == [changed]


async def test_whether_another_round_is_worth_asking_is_kept(database: Database) -> None:
    job = await make_job(database)
    for complete in (False, True):
        async with database.transaction() as session:
            known = KNOWN.model_copy(update={"complete": complete})
            await understanding.keep_understanding(session, job, known)
        async with database.transaction() as session:
            assert (await understanding.brief_of(session, job)).understanding == known


async def test_the_brief_has_the_feedback_of_every_round_oldest_first(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        for number, feedback in ((3, "and clearer"), (1, None), (2, "shorter")):
            await revisions.keep(session, job, new_revision(number, feedback=feedback))
    async with database.transaction() as session:
        assert (await understanding.brief_of(session, job)).feedback == ["shorter", "and clearer"]
