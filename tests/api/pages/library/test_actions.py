"""What is done to a skill on its page, with forms alone and a real worker behind; what is refused says why."""

from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import httpx
import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from activities.publishing import Publisher
from activities.shelves import Shelves
from store.session import Database
from tests.api.conftest import application, served
from tests.api.pages.by_hand import HTML, page, send
from tests.support.fleet import Fleet
from tests.support.wanted import NAME, PLACE, publish, told, wanted

PAGE = f"/library/{PLACE}"


@pytest.fixture
async def client(fleet: Fleet, database_url: str, temporal: WorkflowEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """The page on the fleet's library, which holds one skill of two versions."""
    publisher = Publisher(fleet.database, Shelves(fleet.library))
    await publish(publisher, wanted())
    await publish(publisher, wanted("1.1.0", "Two.", token="two"))
    app = application(database_url, temporal.client.service_client.config.target_host, fleet.library)
    async with served(app) as client:
        client.headers["X-User-Id"] = "bob"
        yield client


async def act(client: httpx.AsyncClient, action: str, **given: str) -> httpx.Response:
    _, fields = await page(client, f"{PAGE}?tab={'evidence' if action == 'evaluate' else 'manage'}")
    return await send(client, f"{PAGE}/{action}", fields, **given)


async def test_out_of_use_withdrawn_and_back(client: httpx.AsyncClient, database: Database, fleet: Fleet) -> None:
    for status in ("deprecated", "yanked", "active"):
        sent = await act(client, "status", status=status, reason=f"because <i>{status}")
        assert (sent.status_code, sent.headers["Location"]) == (303, f"{PAGE}?tab=manage")
        assert (await told(database, Shelves(fleet.library)))[0] == status
        text, _ = await page(client, sent.headers["Location"])
        assert f"because &lt;i&gt;{status}" in text
        assert "by bob" in text


async def test_back_to_an_earlier_version(client: httpx.AsyncClient, database: Database, fleet: Fleet) -> None:
    sent = await act(client, "rollback", version="1.0.0", reason="the new one is worse")
    assert sent.status_code == 303
    assert (await told(database, Shelves(fleet.library)))[:3] == ("active", "1.0.0", "1.0.0")
    text, _ = await page(client, f"{PAGE}?tab=versions")
    assert "<strong>1.0.0</strong> <span" in text


@pytest.mark.parametrize(
    ("action", "given", "status", "said"),
    [
        ("status", {"status": "yanked", "reason": ""}, 422, "Say why"),
        ("status", {"status": "draft", "reason": "why"}, 422, "status"),
        ("status", {"status": "deprecated", "reason": "kept <b>", "replaced_by": "nothing"}, 409, "nothing"),
        ("rollback", {"version": "9.0.0", "reason": "kept <b>"}, 404, "9.0.0"),
        ("evaluate", {"model": "no model <b>"}, 422, "<li>Model: "),
        ("evaluate", {"model": "openai/x", "version": "9.0.0"}, 404, "9.0.0"),
    ],
)
async def test_a_refusal_says_why_and_keeps_what_was_typed(
    client: httpx.AsyncClient,
    database: Database,
    fleet: Fleet,
    action: str,
    given: dict[str, str],
    status: int,
    said: str,
) -> None:
    refused = await act(client, action, **given)
    assert refused.status_code == status
    problem = refused.text.partition('role="alert" tabindex')[2].partition("</div>")[0]
    assert said in problem
    assert "GET /api" not in problem
    for text in (text for text in given.values() if "<b>" in text):
        assert text.replace("<", "&lt;").replace(">", "&gt;") in refused.text
    assert (await told(database, Shelves(fleet.library)))[:2] == ("active", "1.1.0")


@pytest.mark.parametrize("action", ["status", "rollback", "evaluate"])
async def test_a_form_that_is_none_of_ours_does_nothing(
    client: httpx.AsyncClient, database: Database, fleet: Fleet, action: str
) -> None:
    await page(client, PAGE)
    body = {"token": "x" * 43, "status": "yanked", "version": "1.0.0", "reason": "a foreign one"}
    foreign = await client.post(f"{PAGE}/{action}", data=body, headers=HTML)
    assert foreign.status_code == 403
    cross = await client.post(f"{PAGE}/{action}", data=body, headers={**HTML, "Origin": "https://evil.example"})
    assert cross.status_code == 403
    assert (await told(database, Shelves(fleet.library)))[:2] == ("active", "1.1.0")


@pytest.mark.parametrize("action", ["status", "rollback", "evaluate"])
async def test_nothing_can_be_done_to_no_skill(client: httpx.AsyncClient, action: str) -> None:
    _, fields = await page(client, f"{PAGE}?tab=evidence")
    given = {"status": "yanked", "version": "1.0.0", "reason": "why"}
    assert (await send(client, f"/library/general/nothing/{action}", fields, **given)).status_code == 404


async def test_another_trial_is_a_job_and_a_form_that_is_sent_twice_starts_one(
    client: httpx.AsyncClient, fleet: Fleet
) -> None:
    _, fields = await page(client, f"{PAGE}?tab=evidence")
    first = await send(client, f"{PAGE}/evaluate", fields, model="openai/stand-in")
    again = await send(client, f"{PAGE}/evaluate", fields, model="openai/stand-in")
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    text, _ = await page(client, first.headers["Location"])
    assert f"Evaluate {NAME} 1.1.0 again with openai/stand-in" in text
    job = first.headers["Location"].rpartition("/")[2]
    with suppress(WorkflowFailureError):  # how it ends is told elsewhere; it must not run on into the next test
        await fleet.client.get_workflow_handle(f"evaluate-skill:{job}").result()


async def test_a_skill_is_improved_by_a_new_job_from_its_own_text(client: httpx.AsyncClient, fleet: Fleet) -> None:
    job = await fleet.start(auto_approve=True, promote=True)
    await fleet.outcome(job)
    name = (await fleet.job(job)).result.skill_name
    path = (await client.get(f"/api/v1/skills/{name}")).json()["path"]
    text, fields = await page(client, f"/library/{path}")
    assert f'action="/jobs/{job}/go-on"' in text
    sent = await send(client, f"/jobs/{job}/go-on", fields, task_description="")
    assert sent.status_code == 303
    new = UUID(sent.headers["Location"].rpartition("/")[2])
    await fleet.outcome(new)
    begun = await fleet.job(new)
    assert begun.origin is not None
    assert begun.origin.job_id == job
    text, _ = await page(client, PAGE)  # of no job: there is nothing to go on from
    assert "/go-on" not in text
