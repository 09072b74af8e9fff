"""Traces and costs over HTTP: page by page, by step, and what was sent only for those who act for the job."""

from uuid import UUID, uuid4

import httpx
import pytest

from domain.job_usage import JobUsage
from domain.model_call import Trace, TracePage
from store import calls
from store.session import Database
from tests.api.conftest import Opened
from tests.support.rows import a_call

SENT = [{"role": "user", "content": "the whole request"}]


@pytest.fixture
async def traced(opened: Opened, database: Database) -> UUID:
    """Ada's job with five calls, kept in full."""
    job = await opened(user="ada")
    for number in range(5):
        key = f"{'plan' if number < 3 else 'write/1'}/{number}"
        call = a_call(key, outputs=[f"answer {number}"], input_tokens=10, output_tokens=2, usd=0.25, latency=2.0)
        async with database.transaction() as session:
            await calls.keep(session, job, call, Trace(reasoning=f"thought {number}", messages=SENT))
    return job


async def read(client: httpx.AsyncClient, job: UUID, user: str = "ada", **query: str | int) -> TracePage:
    response = await client.get(f"/api/v1/jobs/{job}/traces", params=query, headers={"X-User-Id": user})
    assert response.status_code == 200, response.text
    return TracePage.model_validate_json(response.content)


async def test_calls_are_read_page_by_page_with_what_was_thought_and_answered(
    client: httpx.AsyncClient, traced: UUID
) -> None:
    first = await read(client, traced, limit=3)
    assert first.next_cursor is not None
    second = await read(client, traced, limit=3, cursor=first.next_cursor)
    assert second.next_cursor is None
    both = [*first.traces, *second.traces]
    assert [trace.reasoning for trace in both] == [f"thought {n}" for n in range(5)]
    assert [trace.outputs for trace in both] == [[f"answer {n}"] for n in range(5)]
    assert (both[0].step, both[0].model, both[0].seconds, both[0].usd) == ("plan", "openai/a", 2.0, 0.25)


async def test_one_step_is_read_alone(client: httpx.AsyncClient, traced: UUID) -> None:
    assert [trace.key for trace in (await read(client, traced, step="write/1")).traces] == ["write/1/3", "write/1/4"]
    assert (await read(client, traced, step="writ")).traces == []


@pytest.mark.parametrize(("user", "sees"), [("ada", True), ("local", True), ("mallory", False)])
async def test_what_was_sent_is_for_those_who_act_for_the_job(
    client: httpx.AsyncClient, traced: UUID, user: str, sees: bool
) -> None:
    found = await read(client, traced, user=user)
    assert {trace.messages is not None for trace in found.traces} == {sees}
    assert all(trace.reasoning for trace in found.traces)


@pytest.mark.parametrize(
    "query", ["cursor=nothing", "cursor=MjAyNiB4", "limit=0", "limit=201", "step=%00", "cursor=MjAyNi0wMS0wMSB4"]
)
async def test_what_cannot_be_meant_is_refused(client: httpx.AsyncClient, traced: UUID, query: str) -> None:
    response = await client.get(f"/api/v1/jobs/{traced}/traces?{query}")
    assert response.status_code == 422, response.text
    assert query.partition("=")[0] in response.text


async def test_a_job_that_is_not_there_has_neither(client: httpx.AsyncClient) -> None:
    for what in ("traces", "usage"):
        assert (await client.get(f"/api/v1/jobs/{uuid4()}/{what}")).status_code == 404


async def test_usage_keeps_its_sums_and_tells_the_parts(client: httpx.AsyncClient, traced: UUID) -> None:
    response = await client.get(f"/api/v1/jobs/{traced}/usage")
    body = response.json()
    sums = {name: body[name] for name in ("calls", "input_tokens", "output_tokens", "usd", "models")}
    assert sums == {"calls": 5, "input_tokens": 50, "output_tokens": 10, "usd": 1.25, "models": ["openai/a"]}
    found = JobUsage.model_validate(body)
    assert [(part.step, part.calls, part.usd) for part in found.by_step] == [("plan", 3, 0.75), ("write", 2, 0.5)]
    assert found.seconds == 10.0 and found.budget is None and found.left is None
