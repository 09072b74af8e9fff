"""The audit: every answer in the order it came, with what it was about, and nobody can change it afterwards."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.prompt import HitlType
from store import audit
from store.session import Database
from tests.support.rows import audited, make_job, make_prompt


async def note(
    database: Database, job: UUID, outcome: audit.Outcome, prompt: UUID | None = None, key: str | None = None
) -> None:
    async with database.transaction() as session:
        body = {"action": "proceed", "feedback": "„so“ <b>"}
        await audit.note(session, job, prompt, "ada", "api", outcome, "proceed", body, "d", "because", key=key)


async def test_entries_come_in_order_with_the_prompt_and_the_revision_they_were_about(database: Database) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job, HitlType.PREVIEW, data={"content": "x"}, revision=3, digest="d3")
    await note(database, job, "invalid", prompt)
    await note(database, job, "accepted", prompt)
    first, second = await audited(database, job)
    assert (first.outcome, second.outcome) == ("invalid", "accepted")
    assert first.number < second.number
    assert first.received_at <= second.received_at
    assert (first.hitl_type, first.revision, first.revision_digest) == (HitlType.PREVIEW, 3, "d3")
    assert (first.person, first.channel, first.action, first.digest, first.note) == (
        "ada",
        "api",
        "proceed",
        "d",
        "because",
    )
    assert first.body == {"action": "proceed", "feedback": "„so“ <b>"}


async def test_an_answer_to_a_prompt_that_never_was_or_to_none_is_on_record_too(database: Database) -> None:
    job, nowhere = await make_job(database), uuid4()
    await note(database, job, "conflict", nowhere)
    await note(database, job, "ended")
    entries = await audited(database, job)
    assert [(one.interaction_id, one.hitl_type, one.revision) for one in entries] == [
        (nowhere, None, None),
        (None, None, None),
    ]


async def test_under_one_key_the_first_entry_stands_and_without_one_every_entry_counts(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    for outcome in ("accepted", "repeated"):
        await note(database, job, outcome, key="signal:1")
        await note(database, job, outcome)
    await note(database, other, "accepted", key="signal:1")
    assert [entry.outcome for entry in await audited(database, job)] == ["accepted", "accepted", "repeated"]
    assert len(await audited(database, other)) == 1


async def test_a_job_that_was_never_answered_has_an_empty_audit(database: Database) -> None:
    assert await audited(database, await make_job(database)) == []


@pytest.mark.parametrize("table", ["hitl_answers", "job_events"])
@pytest.mark.parametrize("change", ["UPDATE {} SET job_id = job_id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nobody_changes_or_removes_what_people_did(database: Database, table: str, change: str) -> None:
    job = await make_job(database)
    await note(database, job, "accepted")
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        async with database.transaction() as session:
            await session.execute(text(change.format(table)))
    assert len(await audited(database, job)) == 1
