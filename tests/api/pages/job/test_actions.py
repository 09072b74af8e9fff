"""What is done to a job on its page, with forms alone: go on from a revision, assign, cancel."""

import re
from uuid import UUID

import httpx
import pytest

from domain.job import JobStatus
from domain.prompt import HitlType
from store import jobs
from store.session import Database
from tests.api.conftest import Opened
from tests.api.pages.by_hand import HTML, page, send
from tests.support.fleet import Fleet


def latest_of(text: str) -> str:
    found = re.search(r'name="from_revision" value="(\d+)"', text)
    assert found is not None
    return found[1]


async def test_an_ended_job_goes_on_as_a_new_one_that_takes_its_task_along(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    job = await fleet.start(max_questions=0)
    await fleet.prompt(job, HitlType.PREVIEW)
    assert "Go on from this revision" not in (await page(client, f"/jobs/{job}"))[0]
    _, fields = await page(client, f"/jobs/{job}")
    await send(client, f"/jobs/{job}/cancel", fields, reason="we <bought> one")
    await fleet.outcome(job)
    text, fields = await page(client, f"/jobs/{job}")
    assert "cancelled by local: we &lt;bought&gt; one" in text
    first = await send(client, f"/jobs/{job}/go-on", fields, task_description="")
    again = await send(client, f"/jobs/{job}/go-on", fields, task_description="")
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    new = UUID(first.headers["Location"].rpartition("/")[2])
    await fleet.prompt(new, HitlType.PREVIEW)
    view = await fleet.job(new)
    assert view.origin is not None
    assert (view.origin.job_id, str(view.origin.revision)) == (job, latest_of(text))
    assert view.task_description == (await fleet.job(job)).task_description
    assert f'href="/jobs/{job}"' in (await page(client, f"/jobs/{new}"))[0]


async def test_an_earlier_revision_can_be_gone_on_from_with_another_task(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    job = await fleet.start(auto_approve=True)
    await fleet.outcome(job)
    text, fields = await page(client, f"/jobs/{job}/revisions/1")
    assert latest_of(text) == "1"
    task = "Write release notes for people who pay"
    sent = await send(client, f"/jobs/{job}/go-on", fields, task_description=task)
    new = UUID(sent.headers["Location"].rpartition("/")[2])
    await fleet.answer(new, HitlType.PREVIEW)  # another task is looked at by a person, whatever the first job said
    await fleet.outcome(new)
    view = await fleet.job(new)
    assert view.origin is not None and (view.origin.revision, view.task_description) == (1, task)


async def test_a_refused_task_to_go_on_with_is_kept(fleet: Fleet, client: httpx.AsyncClient) -> None:
    job = await fleet.start(auto_approve=True)
    await fleet.outcome(job)
    _, fields = await page(client, f"/jobs/{job}")
    refused = await send(client, f"/jobs/{job}/go-on", fields, task_description="two <words>")
    assert refused.status_code == 422
    assert "At least 3 words" in refused.text and "two &lt;words&gt;</textarea>" in refused.text


async def test_a_running_job_cannot_be_gone_on_from(client: httpx.AsyncClient, opened: Opened) -> None:
    job = await opened()
    _, fields = await page(client, f"/jobs/{job}")
    refused = await send(client, f"/jobs/{job}/go-on", fields, from_revision="1")
    assert refused.status_code == 409
    assert "only from an ended one" in refused.text and "POST /api" not in refused.text


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED])
async def test_a_job_that_wrote_nothing_can_be_asked_for_again(
    client: httpx.AsyncClient, opened: Opened, status: JobStatus
) -> None:
    text, _ = await page(client, f"/jobs/{await opened(status=status, task='Handle <user> data & more')}")
    again = re.search(r'href="(/\?task=[^"]+)"', text)
    assert again is not None
    assert "Handle &lt;user&gt; data &amp; more</textarea>" in (await page(client, again[1]))[0]


async def test_a_job_is_assigned_to_a_person_a_group_and_nobody(
    client: httpx.AsyncClient, opened: Opened, asked: Opened, database: Database
) -> None:
    job = await opened()
    await asked(job)
    await client.put("/api/v1/groups/reviewers", json={"members": ["ada"]})
    text, fields = await page(client, f"/jobs/{job}")
    assert '<option value="group:reviewers">' in text
    for name, told in (("ada", "assigned to ada"), ("group:reviewers", "assigned to reviewers (a group)")):
        assert (await send(client, f"/jobs/{job}/assign", fields, assignee=f" {name} ")).status_code == 303
        assert told in (await page(client, f"/jobs/{job}"))[0]
    assert (await send(client, f"/jobs/{job}/assign", fields, assignee="")).status_code == 303
    async with database.transaction() as session:
        row = await jobs.get(session, job)
        assert row is not None and row.assignee is None


async def test_an_unknown_group_is_named_and_what_was_typed_is_kept(client: httpx.AsyncClient, opened: Opened) -> None:
    job = await opened()
    _, fields = await page(client, f"/jobs/{job}")
    refused = await send(client, f"/jobs/{job}/assign", fields, assignee="group:<nobody>")
    assert refused.status_code == 422
    assert "There is no such group" in refused.text and 'value="group:&lt;nobody&gt;"' in refused.text
    assert '<details id="assign" open>' in refused.text


async def test_a_job_of_somebody_else_is_not_assigned_away(client: httpx.AsyncClient, opened: Opened) -> None:
    theirs = await opened(user="bob")
    client.cookies.set("skill_fleet_user", "ada")
    text, fields = await page(client, f"/jobs/{theirs}")
    assert "Assign the job" not in text
    assert (await send(client, f"/jobs/{theirs}/assign", fields, assignee="ada")).status_code == 404


async def test_a_reason_to_cancel_is_kept_while_the_database_is_away(
    client: httpx.AsyncClient, cut_off: httpx.AsyncClient, opened: Opened
) -> None:
    job = await opened()
    _, fields = await page(client, f"/jobs/{job}")
    cut_off.cookies.update(client.cookies)
    response = await cut_off.post(f"/jobs/{job}/cancel", data={**fields.hidden, "reason": "too <late>"}, headers=HTML)
    assert response.status_code == 503
    assert "too &lt;late&gt;" in response.text and "Send it again" in response.text
