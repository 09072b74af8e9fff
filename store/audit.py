"""The audit: every answer as it came in, and what became of it. Append-only: the database refuses to change it."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.job import AuditEntry
from domain.prompt import HitlType
from store.tables import HitlAnswer, HitlInteraction

Outcome = Literal["accepted", "repeated", "invalid", "conflict", "ended", "applied"]
"""What became of an answer; the words are explained at `AuditEntry`."""


async def note(
    session: AsyncSession,
    job_id: UUID,
    interaction_id: UUID | None,
    person: str,
    channel: str,
    outcome: Outcome,
    action: str,
    body: Mapping[str, JsonValue],
    digest: str,
    note: str | None = None,
    *,
    key: str | None = None,
) -> None:
    """Append one entry. A retried caller passes a `key`: of all entries of a job under one key the first stands.

    `body` is the answer as it was sent, `digest` that of the answer and its author, `note` a sentence for people.
    """
    row = insert(HitlAnswer).values(
        job_id=job_id,
        interaction_id=interaction_id,
        person=person,
        channel=channel,
        outcome=outcome,
        action=action,
        body=dict(body),
        digest=digest,
        note=note,
        entry_key=key,
    )
    await session.execute(row.on_conflict_do_nothing())


async def note_claimed(
    session: AsyncSession, prompt: HitlInteraction, outcome: Literal["applied", "ended"], why: str | None = None
) -> None:
    """What became of the answer that a prompt was claimed with; told once. `why`: a sentence for people."""
    given = prompt.response_data or {}
    await note(
        session,
        prompt.job_id,
        prompt.interaction_id,
        prompt.responded_by or "",
        prompt.channel or "",
        outcome,
        str(given.get("action", "")),
        given,
        prompt.answer_digest or "",
        why,
        key=f"{outcome}:{prompt.interaction_id}",
    )


async def of_job(session: AsyncSession, job_id: UUID) -> list[AuditEntry]:
    """Every answer of a job in the order of its arrival, with the revision that its prompt showed."""
    query = (
        select(HitlAnswer, HitlInteraction)
        .outerjoin(HitlInteraction, HitlInteraction.interaction_id == HitlAnswer.interaction_id)
        .where(HitlAnswer.job_id == job_id)
        .order_by(HitlAnswer.number)
    )
    return [_entry(row[0], row[1]) for row in await session.execute(query)]


def _entry(row: HitlAnswer, prompt: HitlInteraction | None) -> AuditEntry:
    return AuditEntry(
        number=row.number,
        received_at=row.received_at,
        job_id=row.job_id,
        interaction_id=row.interaction_id,
        hitl_type=HitlType(prompt.interaction_type) if prompt else None,
        person=row.person,
        channel=row.channel,
        outcome=row.outcome,
        action=row.action,
        body=row.body,
        digest=row.digest,
        revision=prompt.revision if prompt else None,
        revision_digest=prompt.digest if prompt else None,
        note=row.note,
    )
