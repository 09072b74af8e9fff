"""The last prompt that was closed: who closed it, and what this person had begun to write for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from api.pages.job.answer_form import Input, filled
from domain.answering.forms import actions, value_in
from domain.prompt import AnswerDraft, PromptStatus
from domain.shape import Shape
from store.prompts import Channel
from store.tables import HitlInteraction


class Closed(Shape):
    """Who closed a prompt, with what, and when. `words`: what the form calls it; `by` None: nobody answered."""

    by: str | None
    mine: bool
    words: str
    at: datetime | None


class Last(Shape):
    """The last prompt of a job that is closed, as one person sees it. `left`: what they had begun, and did not send."""

    closed: Closed | None = None
    left: list[Input] = []


def last_of(row: HitlInteraction | None, person: str, drafts: Mapping[UUID, AnswerDraft]) -> Last:
    """What is to be told of a closed prompt; nothing of one that answered itself. `drafts`: this person's."""
    if row is None or row.channel == Channel.AUTO:
        return Last()
    closed = closed_of(row, person)
    draft = None if closed.mine else drafts.get(row.interaction_id)
    return Last(closed=closed, left=begun(row.form, draft))


def closed_of(row: HitlInteraction, person: str) -> Closed:
    """Who closed it."""
    action = (row.response_data or {}).get("action")
    words = {str(choice.action): choice.words for choice in actions(row.form)}
    told = words.get(str(action), str(action)) if row.status == PromptStatus.RESPONDED else row.status
    return Closed(by=row.responded_by, mine=row.responded_by == person, words=told, at=row.responded_at)


def begun(schema: Mapping[str, JsonValue], draft: AnswerDraft | None) -> list[Input]:
    """The fields of a form that a draft says something about."""
    if draft is None:
        return []
    said = draft.model_dump(exclude_none=True)
    return [entry for entry in filled(schema, draft, "", {}) if value_in(entry.field, said) and entry.texts]


def unsent(row: HitlInteraction, inputs: Sequence[Input], person: str) -> list[Input]:
    """Of what was typed for a closed prompt, what this person's own answer does not hold already."""
    if row.responded_by != person:
        return [*inputs]
    answered = {entry.field.name: entry.texts for entry in filled(row.form, _as_draft(row), "", {})}
    return [entry for entry in inputs if entry.texts != answered.get(entry.field.name)]


def _as_draft(row: HitlInteraction) -> AnswerDraft:
    kept = {name: value for name, value in (row.response_data or {}).items() if name in AnswerDraft.model_fields}
    return AnswerDraft.model_validate(kept)
