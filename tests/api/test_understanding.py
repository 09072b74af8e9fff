"""What a job looked up, asked and understood, over HTTP."""

import httpx

from domain.brief import Decision, Understanding, UnderstandingView
from domain.research import Hit, OpenPoint, Research
from store import understanding
from store.session import Database
from tests.api.conftest import Opened
from tests.support.rows import QUESTIONS

LOOKED_UP = [Research(query="user data", where="library", hits=[Hit(name="data/user-data", score=0.7, near=True)])]
KNOWN = Understanding(
    summary="User data is kept.",
    user_goals=["keep it"],
    readiness=0.5,
    complete=False,
    unknown=[OpenPoint(point="Who reads it?", changes="It decides what is left out.")],
)


async def test_all_of_it_is_read_by_round(client: httpx.AsyncClient, opened: Opened, database: Database) -> None:
    job = await opened()
    async with database.transaction() as session:
        await understanding.keep_research(session, job, LOOKED_UP)
        await understanding.keep_questions(session, job, QUESTIONS[:1], 1)
        await understanding.keep_questions(session, job, QUESTIONS[1:], 2)
        await understanding.keep_decisions(session, job, [Decision(question=QUESTIONS[0].text, answer="kids")])
        await understanding.keep_understanding(session, job, KNOWN)

    response = await client.get(f"/api/v1/jobs/{job}/understanding")

    found = UnderstandingView.model_validate_json(response.content)
    assert found.research == LOOKED_UP
    assert [(item.round, item.text) for item in found.questions] == [(1, "Who reads them?"), (2, "Which tone?")]
    assert found.answers == [Decision(question="Who reads them?", answer="kids")]
    assert (found.summary, found.readiness, found.complete) == ("User data is kept.", 0.5, False)
    assert found.unknown == KNOWN.unknown


async def test_before_anything_is_known_it_is_empty_and_nothing_is_written(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    response = await client.get(f"/api/v1/jobs/{job}/understanding")
    assert UnderstandingView.model_validate_json(response.content) == UnderstandingView()


async def test_a_round_that_is_open_before_the_first_summary_has_no_readiness(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS)
    found = (await client.get(f"/api/v1/jobs/{job}/understanding")).json()
    assert (found["readiness"], found["complete"], len(found["questions"])) == (None, False, 2)


async def test_of_a_job_that_is_not_there_nothing_is_told(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/jobs/00000000-0000-4000-8000-000000000000/understanding")
    assert response.status_code == 404
