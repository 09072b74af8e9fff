"""Answers that came whole in a signal: claimed for their prompt, or refused. Every one is in the audit, once."""

from uuid import UUID

from pydantic import JsonValue

from domain.answering import answers
from domain.errors import InvalidAnswer
from domain.prompt import Answer, HitlType, PromptStatus
from domain.text import clean, clipped
from store import audit, prompts
from store.prompts import Channel, Claim
from store.session import Session
from store.tables import HitlInteraction
from workflows import messages as m

MOST_SAID = 2_000
"""Characters of a refusal: the workflow carries it, and a signal of 64 KB can be wrong in ten thousand places."""

CLOSED = "this prompt is closed"


async def offer(session: Session, offered: m.Offered) -> str | None:
    """Claim the prompt with an answer that came whole in the signal; the refusal if it cannot be had.

    A signal that only names its prompt brings nothing: what was claimed over HTTP stands in the row already.
    """
    row = await prompts.get(session, offered.interaction_id)
    if offered.signal.unreadable:
        return await _refused(session, offered, "invalid", offered.signal.unreadable)
    if offered.signal.interaction_id not in (None, offered.interaction_id):
        row = await prompts.get(session, offered.signal.interaction_id)
        if row is None or row.job_id != offered.job_id:
            return await _refused(session, offered, "conflict", "it names a prompt that this job never had")
        if row.status == PromptStatus.PENDING:
            return await _refused(session, offered, "conflict", "it names another prompt than the one that is open")
    if row is None or row.status != PromptStatus.PENDING:
        return await _too_late(session, offered, row)
    return await _claimed(session, offered, row)


async def _too_late(session: Session, offered: m.Offered, row: HitlInteraction | None) -> str | None:
    if row is None or row.status != PromptStatus.RESPONDED:
        return await _refused(session, offered, "conflict", CLOSED)
    if not offered.signal.action:
        return None
    given = _given(offered, row.interaction_id)
    if answers.digest(given, _signer(offered)) == row.answer_digest:
        await _note(session, offered, "repeated")
        return None
    action = (row.response_data or {}).get("action")
    return await _refused(session, offered, "conflict", f"{CLOSED}: {row.responded_by} answered {action}")


async def _claimed(session: Session, offered: m.Offered, row: HitlInteraction) -> str | None:
    given, by = _given(offered, row.interaction_id), _signer(offered)
    try:
        answers.check(HitlType(row.interaction_type), row.prompt_data, given)
    except InvalidAnswer as refused:
        said = "; ".join(dict.fromkeys([*refused.fields.values()] or [str(refused)]))
        return await _refused(session, offered, "invalid", said)
    claim = Claim(answer=given, digest=answers.digest(given, by), by=by, channel=Channel.SIGNAL)
    if await prompts.claim(session, row.interaction_id, claim) is None:
        return await _too_late(session, offered, await prompts.get(session, row.interaction_id))
    await _note(session, offered, "accepted")
    return None


async def _refused(session: Session, offered: m.Offered, outcome: audit.Outcome, reason: str) -> str:
    why = clipped(reason, MOST_SAID)
    await _note(session, offered, outcome, why)
    return why


async def _note(session: Session, offered: m.Offered, outcome: audit.Outcome, note: str | None = None) -> None:
    """A signalled answer in the audit, once: its number tells a retried step from a second answer."""
    about = offered.signal.interaction_id or offered.interaction_id
    given, by = _given(offered, about), _signer(offered)
    body: dict[str, JsonValue] = given.model_dump(mode="json", exclude_none=True)
    digest, key = answers.digest(given, by), f"signal:{offered.number}"
    await audit.note(
        session, offered.job_id, about, by, Channel.SIGNAL, outcome, given.action, body, digest, note, key=key
    )


def _given(offered: m.Offered, interaction_id: UUID) -> Answer:
    given = Answer.model_validate(offered.signal.model_dump(include=set(Answer.model_fields)))
    return given.model_copy(update={"interaction_id": interaction_id})


def _signer(offered: m.Offered) -> str:
    return clean(offered.signal.responded_by or "temporal")[:255]
