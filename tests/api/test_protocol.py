"""The answer protocol in every bad moment: nothing typed is lost, nothing is applied twice (`architecture.md`).

What the workflow does is done here by calling its steps, so that each moment can be chosen; `tests/chaos` has the rest.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from activities.people import prompt_key
from activities.records import DatabaseRecords
from api.redelivery import redeliver
from domain.job import AuditEntry, AuditLog, JobStatus
from domain.prompt import AnswerSignal, HitlType, InteractionView, PromptStatus
from store import prompts
from store.session import Database
from tests.api.conftest import Opened
from tests.support.rows import kinds, row_of
from workflows import messages as m

ANSWERS = {"q1": "customer records", "q2": "d"}
NOW = timedelta(0)


def body(prompt: UUID, words: str = "customer records", **more: object) -> dict[str, object]:
    return {"interaction_id": str(prompt), "action": "proceed", "answers": {**ANSWERS, "q1": words}, **more}


async def send(client: httpx.AsyncClient, job: UUID, sent: dict[str, object], who: str = "ada") -> httpx.Response:
    return await client.post(f"/api/v1/hitl/{job}/response", json=sent, headers={"X-User-Id": who})


async def log(client: httpx.AsyncClient, job: UUID) -> list[AuditEntry]:
    """The audit as anybody can read it."""
    return AuditLog.model_validate((await client.get(f"/api/v1/jobs/{job}/audit")).json()).entries


async def outcomes(client: httpx.AsyncClient, job: UUID) -> list[str]:
    return [entry.outcome for entry in await log(client, job)]


async def said(client: httpx.AsyncClient, job: UUID) -> set[str]:
    """Everything that anybody typed for the first question."""
    return {str(entry.body["answers"]["q1"]) for entry in await log(client, job) if "answers" in entry.body}  # type: ignore[index, call-overload]


async def draft_of(database: Database, prompt: UUID, who: str) -> dict[str, object] | None:
    async with database.transaction() as session:
        kept = await prompts.draft(session, prompt, who)
    return kept.model_dump(exclude_none=True) if kept else None


async def prompts_of(client: httpx.AsyncClient, job: UUID) -> list[InteractionView]:
    listed = (await client.get(f"/api/v1/jobs/{job}/interactions")).json()["interactions"]
    return [InteractionView.model_validate(one) for one in listed]


def delivery(job: UUID, prompt: UUID, number: int = 1) -> m.Offered:
    """The signal that the api sends, as the workflow hands it to the step."""
    signal = AnswerSignal(interaction_id=prompt)
    return m.Offered(job_id=job, interaction_id=prompt, signal=signal, number=number)


@pytest.fixture
def records(database: Database) -> DatabaseRecords:
    return DatabaseRecords(database)


@pytest.fixture
async def job(opened: Opened) -> UUID:
    """A job with a row and no workflow: what is signalled to it reaches nobody unless a test delivers it."""
    return await opened()


@pytest.fixture(autouse=True)
def reachable(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The prompts that were signalled. Temporal is stood in for: it takes every signal, and tests deliver them."""
    signalled: list[UUID] = []

    async def take(_: object, __: UUID, interaction_id: UUID) -> None:
        signalled.append(interaction_id)

    monkeypatch.setattr("api.temporal.Temporal.answer", take)
    return signalled


async def test_an_answer_before_its_prompt_opened_is_on_record_and_can_be_sent_again(
    client: httpx.AsyncClient, job: UUID, asked: Opened
) -> None:
    early = await send(client, job, body(prompt_key(job, HitlType.CLARIFY, 1)))
    assert (early.status_code, early.json()["code"]) == (409, "answer_conflict")
    assert "nothing is asked now" in early.json()["detail"]
    assert await said(client, job) == {"customer records"}
    assert (await send(client, job, body(await asked(job)))).status_code == 202
    assert await outcomes(client, job) == ["conflict", "accepted"]


async def test_an_answer_to_a_job_that_no_worker_has_opened_is_a_conflict(client: httpx.AsyncClient) -> None:
    started = await client.post("/api/v1/skills", json={"task_description": "Handle all user data"})
    job = UUID(started.json()["job_id"])
    early = await send(client, job, body(uuid4()))
    assert (early.status_code, early.json()["code"]) == (409, "answer_conflict")
    assert await log(client, job) == []


async def test_the_loser_hears_who_when_and_what_and_keeps_every_word(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database
) -> None:
    prompt = await asked(job)
    await send(client, job, body(prompt))
    late = await send(client, job, body(prompt, "all of it", feedback="and quickly"), who="bob")
    assert late.status_code == 409
    standing = late.json()["standing"]
    assert (standing["responded_by"], standing["action"], standing["status"]) == ("ada", "proceed", "responded")
    assert standing["responded_at"][:10] in late.json()["detail"]
    assert await draft_of(database, prompt, "bob") == {
        "answers": {"q1": "all of it", "q2": "d"},
        "feedback": "and quickly",
    }
    lost = (await log(client, job))[-1]
    assert (lost.person, lost.outcome, lost.channel) == ("bob", "conflict", "api")
    assert lost.body["feedback"] == "and quickly"
    assert lost.note == late.json()["detail"]


async def test_a_prompt_that_was_closed_without_an_answer_says_so(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database
) -> None:
    prompt = await asked(job)
    async with database.transaction() as session:
        await prompts.close_open(session, job, PromptStatus.TIMEOUT)
    late = await send(client, job, body(prompt))
    assert late.status_code == 409
    assert "timeout without an answer" in late.json()["detail"]
    assert await draft_of(database, prompt, "ada") == {"answers": ANSWERS}


async def test_twice_is_the_same_person_with_the_same_words_and_nothing_else(
    client: httpx.AsyncClient, job: UUID, asked: Opened, reachable: list[UUID]
) -> None:
    prompt = await asked(job)
    statuses = [
        (await send(client, job, body(prompt))).status_code,
        (await send(client, job, body(prompt))).status_code,
        (await send(client, job, body(prompt, "other words"))).status_code,
        (await send(client, job, body(prompt), who="bob")).status_code,
    ]
    assert statuses == [202, 200, 409, 409]
    assert await outcomes(client, job) == ["accepted", "repeated", "conflict", "conflict"]
    assert reachable == [prompt]


async def test_an_answer_to_the_wrong_round_leaves_the_open_one_alone(
    client: httpx.AsyncClient, job: UUID, asked: Opened
) -> None:
    first = await asked(job)
    await send(client, job, body(first))
    second = await asked(job, number=2)
    stale = await send(client, job, body(first, "meant for round two"), who="bob")
    assert stale.status_code == 409
    assert stale.json()["standing"]["interaction_id"] == str(first)
    assert (await client.get(f"/api/v1/hitl/{job}/prompt")).json()["interaction_id"] == str(second)
    assert "meant for round two" in await said(client, job)


async def test_another_jobs_prompt_cannot_be_answered_through_this_job(
    client: httpx.AsyncClient, job: UUID, opened: Opened, asked: Opened, database: Database
) -> None:
    other = await opened()
    prompt = await asked(other)
    crossed = await send(client, job, body(prompt))
    assert crossed.status_code == 409
    assert (await client.get(f"/api/v1/hitl/{other}/prompt")).json()["interaction_id"] == str(prompt)
    assert (await outcomes(client, job), await outcomes(client, other)) == (["conflict"], [])
    assert await draft_of(database, prompt, "ada") is None


async def test_of_people_in_the_same_millisecond_one_wins_and_all_are_heard(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database, reachable: list[UUID]
) -> None:
    for number in range(1, 21):
        prompt = await asked(job, number=number)
        people = [f"person-{n}" for n in range(5)]
        sent = [send(client, job, body(prompt, f"{who} in {number}"), who) for who in people]
        answers = dict(zip(people, await asyncio.gather(*sent), strict=True))
        [winner] = [who for who, response in answers.items() if response.status_code == 202]
        for who in set(people) - {winner}:
            assert answers[who].status_code == 409
            assert answers[who].json()["standing"]["responded_by"] == winner
            assert await draft_of(database, prompt, who) == {"answers": {"q1": f"{who} in {number}", "q2": "d"}}
    assert Counter(await outcomes(client, job)) == {"accepted": 20, "conflict": 80}
    assert len(await said(client, job)) == 100
    assert len(set(reachable)) == 20, "each is told; under load one may be told again"


async def test_a_signal_that_comes_twice_is_applied_once(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database, records: DatabaseRecords
) -> None:
    prompt = await asked(job)
    await send(client, job, body(prompt))
    taken = await asyncio.gather(*(records.take_answer(delivery(job, prompt, n)) for n in (1, 2, 3)))
    assert {one.action for one in taken} == {"proceed"}
    assert (await kinds(database, job)).count("answered") == 1
    assert await outcomes(client, job) == ["accepted", "applied"]


async def test_after_the_end_answers_are_gone_but_on_record(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database, records: DatabaseRecords
) -> None:
    answered = await asked(job)
    await send(client, job, body(answered))
    await records.take_answer(delivery(job, answered))
    late = await asked(job, number=2)
    await records.finish(m.Ending(job_id=job, status=JobStatus.CANCELLED, by="bob", reason="enough"))
    gone = await send(client, job, body(late, "too late"))
    assert (gone.status_code, gone.json()["code"]) == (410, "job_ended")
    assert (await send(client, job, body(answered))).status_code == 200
    assert await outcomes(client, job) == ["accepted", "applied", "ended", "repeated"]
    assert await draft_of(database, late, "ada") == {"answers": {"q1": "too late", "q2": "d"}}


async def test_an_answer_that_reached_nobody_is_visible_to_its_author(
    app: FastAPI, client: httpx.AsyncClient, job: UUID, asked: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the real Temporal has no such workflow
    prompt = await asked(job)
    assert (await send(client, job, body(prompt))).status_code == 410
    [shown] = await prompts_of(client, job)
    assert shown.undeliverable and shown.responded_by == "ada"
    assert await outcomes(client, job) == ["accepted", "ended"]
    assert await redeliver(app.state.services, age=NOW) == 0


async def test_an_answer_that_was_applied_all_the_same_is_no_lost_one(
    client: httpx.AsyncClient, job: UUID, asked: Opened, records: DatabaseRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's signal let the workflow take it; it went to its end before ours came."""
    prompt = await asked(job)

    async def too_fast(self: object, job_id: UUID, interaction_id: UUID) -> None:
        await records.take_answer(delivery(job_id, interaction_id))
        monkeypatch.undo()
        await client._transport.app.state.services.temporal.answer(job_id, interaction_id)  # type: ignore[attr-defined]

    monkeypatch.setattr("api.temporal.Temporal.answer", too_fast)
    assert (await send(client, job, body(prompt))).status_code == 202
    [shown] = await prompts_of(client, job)
    assert shown.undeliverable is None and shown.delivered_at is not None
    assert await outcomes(client, job) == ["accepted", "applied"]


async def test_approve_and_cancel_in_the_same_moment_end_in_one_of_two_clear_ways(
    client: httpx.AsyncClient, opened: Opened, asked: Opened, database: Database, records: DatabaseRecords
) -> None:
    seen: Counter[int] = Counter()
    for number in range(24):
        job = await opened()
        prompt = await asked(job)
        ending = m.Ending(job_id=job, status=JobStatus.CANCELLED, by="bob", reason="no")

        async def approve(job: UUID = job, prompt: UUID = prompt) -> httpx.Response:
            response = await send(client, job, body(prompt))
            if response.status_code == 202:
                await records.take_answer(delivery(job, prompt))
            return response

        async def cancel(ending: m.Ending = ending, pause: float = number % 8 / 400) -> None:
            await asyncio.sleep(pause)  # so that the two meet in all of their moments
            await records.finish(ending)

        response, _ = await asyncio.gather(approve(), cancel())
        seen[response.status_code] += 1
        row, [shown], told = await row_of(database, job), await prompts_of(client, job), await outcomes(client, job)
        assert (row.status, row.hitl_type) == ("cancelled", None), "a job that has ended stays so"
        if response.status_code == 202:
            assert shown.responded_by == "ada"
            assert ("applied" in told) != bool(shown.undeliverable), "applied, or shown as lost: never both or neither"
        else:
            assert response.status_code in (409, 410)
            assert shown.status is PromptStatus.CANCELLED and told == [
                {409: "conflict", 410: "ended"}[response.status_code]
            ]
    assert len(seen) > 1, "the two never met"


async def test_a_database_that_breaks_in_the_middle_costs_no_answer_and_doubles_none(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database
) -> None:
    broke = 0
    for number in range(1, 13):
        prompt = await asked(job, number=number)
        stop = asyncio.Event()
        breaking = asyncio.create_task(cut_connections(database, stop))
        while (response := await send(client, job, body(prompt, f"words {number}"))).status_code == 503:
            broke += 1
        stop.set()
        await breaking
        assert response.status_code in (200, 202)
    assert broke, "nothing broke, so nothing was shown"
    assert Counter(await outcomes(client, job))["accepted"] == 12
    assert await said(client, job) == {f"words {number}" for number in range(1, 13)}


async def test_a_draft_for_a_prompt_that_closed_meanwhile_says_who_answered_and_is_kept(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database
) -> None:
    prompt = await asked(job)
    await send(client, job, body(prompt))
    for path in (f"/api/v1/hitl/{job}/draft", f"/api/v1/hitl/{job}/draft?interaction_id={prompt}"):
        late = await client.patch(path, json={"answers": {"q1": path}}, headers={"X-User-Id": "bob"})
        assert (late.status_code, late.json()["standing"]["responded_by"]) == (409, "ada")
        assert await draft_of(database, prompt, "bob") == {"answers": {"q1": path}}


async def test_a_draft_never_slips_into_the_next_round(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database
) -> None:
    first = await asked(job)
    await send(client, job, body(first))
    second = await asked(job, number=2)
    part = {"answers": {"q1": "for the first"}, "content": "text", "reason": "why"}
    late = await client.patch(f"/api/v1/hitl/{job}/draft?interaction_id={first}", json=part)
    named = await client.patch(f"/api/v1/hitl/{job}/draft", json=part | {"interaction_id": str(first)})
    elsewhere = await client.patch(f"/api/v1/hitl/{job}/draft?interaction_id={uuid4()}", json=part)
    assert (late.status_code, named.status_code, elsewhere.status_code) == (409, 409, 409)
    assert await draft_of(database, first, "local") == part
    assert await draft_of(database, second, "local") is None


async def test_an_invalid_answer_leaves_its_valid_part_and_its_whole_text_on_record(
    client: httpx.AsyncClient, job: UUID, asked: Opened, database: Database
) -> None:
    prompt = await asked(job)
    wrong = body(prompt, feedback="by the way", answers={"q1": "records", "q2": {"no": "choice"}})
    refused = await send(client, job, wrong)
    assert list(refused.json()["errors"]) == ["answers.q2"]
    assert await draft_of(database, prompt, "ada") == {"answers": {"q1": "records"}, "feedback": "by the way"}
    [entry] = await log(client, job)
    assert (entry.outcome, entry.body["answers"]) == ("invalid", {"q1": "records", "q2": {"no": "choice"}})


async def test_the_audit_tells_the_command_line_from_other_programs(
    client: httpx.AsyncClient, job: UUID, asked: Opened
) -> None:
    prompt = await asked(job)
    headers = {"User-Agent": "skill-fleet-cli"}
    await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt), headers=headers)
    assert [entry.channel for entry in await log(client, job)] == ["cli"]


async def cut_connections(database: Database, stop: asyncio.Event) -> None:
    """End the api's connections again and again, as a failing server does."""
    ending = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skill-fleet-api'")
    while not stop.is_set():
        async with database.transaction() as session:
            await session.execute(ending)
        await asyncio.sleep(0.015)
