"""Rounds of questions: another one only for who answers, as long as rounds are left, and never the same again."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue

from activities.author import ModelAuthor
from activities.rounds import decisions, rounds_of
from domain.prompt import YOU_DECIDE, Answer, HitlType, Question, QuestionsData
from store import understanding
from store.session import Database
from store.tables import HitlInteraction
from tests.activities.conftest import Run
from tests.activities.test_author import author_of
from tests.support.generic import generic
from tests.support.provider import LocalProvider
from tests.support.rows import QUESTIONS, claim, make_job, make_prompt
from workflows import messages as m

LEFT_OPEN: dict[str, JsonValue] = {"q1": YOU_DECIDE, "q2": YOU_DECIDE}


@pytest.fixture
def author(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelAuthor:
    """An author whose model is the stand-in, and finds that something is still open."""
    provider.when(field="ready").answer(False)
    return author_of(database, tmp_path / "library", provider)


async def asked(
    author: ModelAuthor, database: Database, run: Run, job: UUID, answers: dict[str, JsonValue] | None = None
) -> list[Question]:
    """The first round: its questions, answered."""
    await run(author.ask_questions, m.ForJob(job_id=job))
    async with database.transaction() as session:
        questions = await understanding.questions_of(session, job)
    given = answers or {question.id: f"the answer {question.id}" for question in questions}
    await answered(database, job, questions, given)
    return questions


async def answered(
    database: Database, job: UUID, questions: list[Question], given: dict[str, JsonValue], number: int = 1
) -> None:
    kind = HitlType.CLARIFY if number == 1 else HitlType.DEEP_UNDERSTANDING
    data = QuestionsData(questions=questions).model_dump(mode="json")
    prompt = await make_prompt(database, job, kind, number=number, data=data)
    assert await claim(database, prompt, Answer(action="proceed", answers=given))


async def complete(author: ModelAuthor, run: Run, job: UUID) -> bool:
    return (await run(author.summarize, m.ForJob(job_id=job))).complete


async def test_who_answers_is_asked_deeper_while_something_is_open(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database)
    await asked(author, database, run, job)
    assert not await complete(author, run, job)
    async with database.transaction() as session:
        known = (await understanding.brief_of(session, job)).understanding
    assert known is not None
    assert (known.complete, known.readiness < 1) == (False, True)


async def test_who_leaves_everything_to_the_model_is_not_asked_deeper(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database, max_questions=2)
    await asked(author, database, run, job, LEFT_OPEN)
    assert await complete(author, run, job)


async def test_a_model_that_finds_nothing_open_ends_the_questions(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(field="ready").answer(True)
    job = await make_job(database)
    await asked(author, database, run, job)
    assert await complete(author, run, job)


async def test_the_rounds_that_a_person_allows_are_the_most(author: ModelAuthor, database: Database, run: Run) -> None:
    job = await make_job(database, max_rounds=1)
    await asked(author, database, run, job)
    assert await complete(author, run, job)


async def test_nobody_who_was_not_asked_is_asked_deeper(author: ModelAuthor, database: Database, run: Run) -> None:
    assert await complete(author, run, await make_job(database, auto_approve=True))


async def test_a_later_round_repeats_nothing_and_is_stored_beside_the_first(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await make_job(database, max_questions=2)
    first = await asked(author, database, run, job, {"q1": "for the board", "q2": YOU_DECIDE})
    again: JsonValue = [{"text": question.text, "type": "text", "options": [], "why": ""} for question in first]
    new: JsonValue = {"text": "How long may the board's copy be?", "type": "text", "options": [], "why": ""}
    assert isinstance(again, list)
    provider.when(contains="asked before", field="questions").answer([*again, new])
    deeper = m.Deeper(job_id=job, round=1)
    made = await run(author.ask_deeper, deeper)
    paid = len(provider.calls())
    assert made.questions == 1
    async with database.transaction() as session:
        questions = await understanding.questions_of(session, job)
        assert await understanding.rounds_asked(session, job) == 2
    assert [(item.id, item.text) for item in questions] == [("q2_1", "How long may the board's copy be?")]
    assert await run(author.ask_deeper, deeper) == made
    assert len(provider.calls()) == paid
    await answered(database, job, questions, {"q2_1": "one page"}, 2)
    async with database.transaction() as session:
        rounds = await rounds_of(session, job)
    assert [(len(round_.questions), round_.decided) for round_ in rounds] == [(2, 1), (1, 1)]


@pytest.mark.parametrize("full", [True, False])
async def test_a_model_without_an_idea_asks_only_what_was_never_asked(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider, full: bool
) -> None:
    job = await make_job(database)
    first = await asked(author, database, run, job)
    provider.when().answer(generic(full=full))
    assert not await complete(author, run, job)
    deeper = (await run(author.ask_deeper, m.Deeper(job_id=job, round=1))).questions
    async with database.transaction() as session:
        now = await understanding.questions_of(session, job)
        assert await understanding.rounds_asked(session, job) == 2
    assert len(now) == deeper > 0
    assert not {item.text for item in now} & {item.text for item in first}


def given(answers: dict[str, object]) -> HitlInteraction:
    data = {"questions": [question.model_dump(mode="json") for question in QUESTIONS]}
    return HitlInteraction(
        interaction_type="clarify", prompt_data=data, response_data={"action": "proceed", "answers": answers}
    )


@pytest.mark.parametrize(
    ("answers", "decided"),
    [
        ({"who": "customers", "tone": "dry"}, ["customers", "Dry and short"]),
        ({"who": "customers", "tone": YOU_DECIDE}, ["customers"]),
        ({"who": "", "tone": None}, []),
        ({"who": YOU_DECIDE, "tone": YOU_DECIDE}, []),
        ({"tone": "my own", "nobody asked": "x"}, ["my own"]),
        ({"who": False}, ["no"]),
    ],
)
def test_decisions_are_peoples_words_and_leave_out_what_was_left_to_the_model(
    answers: dict[str, object], decided: list[str]
) -> None:
    assert [decision.answer for decision in decisions(given(answers))] == decided


@pytest.mark.parametrize("response", [{"action": "proceed"}, None])
def test_a_prompt_without_questions_decides_nothing(response: dict[str, object] | None) -> None:
    row = HitlInteraction(interaction_type="confirm", prompt_data={"summary": "x"}, response_data=response)
    assert decisions(row) == []
