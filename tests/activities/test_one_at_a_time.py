"""One question at a time: as many rounds as are allowed, until nothing is open or the person wants to get on."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue

from activities.author import ModelAuthor
from activities.models import Models
from activities.programs.language_model import ModelSpec
from activities.shelves import Shelves
from domain.prompt import YOU_DECIDE
from domain.taxonomy import parse_taxonomy
from store import understanding
from store.session import Database
from tests.activities.conftest import Run
from tests.activities.test_author import author_of
from tests.activities.test_rounds import answered, complete
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from tests.support.rows import make_job
from worker import specs
from workflows import messages as m


@pytest.fixture
def author(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelAuthor:
    provider.when(field="ready").answer(False)
    return author_of(database, tmp_path / "library", provider)


async def a_round(
    author: ModelAuthor, database: Database, run: Run, job: UUID, number: int, value: JsonValue = "an answer"
) -> bool:
    """One round: its question asked and answered; whether that is enough."""
    if number == 1:
        made = await run(author.ask_questions, m.ForJob(job_id=job))
    else:
        made = await run(author.ask_deeper, m.Deeper(job_id=job, round=number - 1))
    assert made.questions == 1
    async with database.transaction() as session:
        questions = await understanding.questions_of(session, job)
    await answered(database, job, questions, {questions[0].id: value}, number)
    return await complete(author, run, job)


async def test_three_rounds_have_three_single_questions(author: ModelAuthor, database: Database, run: Run) -> None:
    job = await make_job(database, one_at_a_time=True, max_rounds=3)
    assert [await a_round(author, database, run, job, number) for number in (1, 2, 3)] == [False, False, True]
    async with database.transaction() as session:
        asked = (await understanding.view(session, job)).questions
    assert [question.round for question in asked] == [1, 2, 3]
    assert len({question.text for question in asked}) == 3


async def test_the_models_word_counts_from_the_second_question_on(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(field="ready").answer(True)
    job = await make_job(database, one_at_a_time=True, max_rounds=9)
    assert [await a_round(author, database, run, job, number) for number in (1, 2)] == [False, True]


async def test_one_question_left_to_the_model_is_no_wish_to_get_on_but_two_are(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database, one_at_a_time=True, max_rounds=9)
    given = (YOU_DECIDE, "an answer", YOU_DECIDE, YOU_DECIDE)
    ended = [await a_round(author, database, run, job, number, value) for number, value in enumerate(given, 1)]
    assert ended == [False, False, False, True]


async def test_nobody_is_asked_where_no_questions_are_allowed(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database, one_at_a_time=True, max_questions=0)
    assert (await run(author.ask_questions, m.ForJob(job_id=job))).questions == 0


async def test_a_small_model_asks_two_as_a_batch_would(
    database: Database, run: Run, tmp_path: Path, provider: LocalProvider
) -> None:
    shelves = Shelves(tmp_path / "library")
    small = {
        role: ModelSpec(spec.model, spec.api_base, spec.api_key, spec.timeout, small_local=True)
        for role, spec in specs(settings_for(provider, tmp_path / "library")).items()
    }
    author = ModelAuthor(database, Models(database, small, 4), parse_taxonomy(shelves.prepare()), shelves)
    provider.when(field="ready").answer(False)
    job = await make_job(database, one_at_a_time=True, max_rounds=9)
    assert [await a_round(author, database, run, job, number) for number in (1, 2)] == [False, True]
