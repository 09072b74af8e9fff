"""The rounds of questions of a job, as they were asked and answered. Reads the record; must not write questions."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue

from domain.answering.answers import spoken
from domain.brief import Decision, Understanding
from domain.job import LEAST_QUESTIONS, JobOptions
from domain.prompt import YOU_DECIDE, Answer, HitlType, InteractionView, Question, QuestionsData
from domain.shape import Shape
from store import jobs, prompts, understanding
from store.session import Session
from store.tables import HitlInteraction

_NOTHING: tuple[JsonValue, ...] = (None, "", [], YOU_DECIDE)
PATIENCE = 2
"""Single questions left to the model in a row, after which no more are asked."""

_ROUNDS = (HitlType.CLARIFY, HitlType.DEEP_UNDERSTANDING)


class Round(Shape):
    """One round: its questions, and how many of them a person answered instead of leaving them to the model."""

    questions: list[Question]
    decided: int


def most_questions(options: JobOptions) -> int:
    """How many questions a round may have."""
    return min(options.max_questions, 1) if options.one_at_a_time else options.max_questions


async def worth_another(session: Session, job_id: UUID, known: Understanding, *, small: bool) -> bool:
    """Whether more questions may be asked: there are rounds left, something is open, and the person goes on answering.

    Who leaves a whole round to the model wants to get on; of single questions, who leaves two in a row. One at a time,
    the first two are asked as a batch would have them, whatever the model says. A `small` model's word is not enough
    for more.
    """
    options = await jobs.options_of(session, job_id)
    rounds = await rounds_of(session, job_id)
    if not rounds or await understanding.rounds_asked(session, job_id) >= options.max_rounds:
        return False
    begun = options.one_at_a_time and len(rounds) < LEAST_QUESTIONS
    if not begun and (small or known.readiness >= 1):
        return False
    patience = PATIENCE if options.one_at_a_time else 1
    return len(rounds) < patience or any(each.decided for each in rounds[-patience:])


async def rounds_of(session: Session, job_id: UUID) -> Sequence[Round]:
    """Every round that was opened, oldest first."""
    history = await prompts.history(session, job_id)
    return [_round(row) for row in history if row.interaction_type in _ROUNDS]


def decisions(row: HitlInteraction) -> list[Decision]:
    """What people decided in a round; questions left to the model are no decisions."""
    given = Answer.model_validate(row.response_data or {}).answers or {}
    asked = QuestionsData.model_validate(row.prompt_data).questions if row.interaction_type in _ROUNDS else []
    known = [(question, given.get(question.id)) for question in asked]
    return [
        Decision(question=question.text, answer=spoken(question, value))
        for question, value in known
        if value not in _NOTHING
    ]


def _round(row: InteractionView) -> Round:
    questions = QuestionsData.model_validate(row.prompt_data).questions
    given = Answer.model_validate(row.response_data or {}).answers or {}
    values = [given.get(question.id) for question in questions]
    return Round(questions=questions, decided=sum(value not in _NOTHING for value in values))
