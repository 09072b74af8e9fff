"""What a person may be asked, and what comes back. Shapes only; which answers are legal is in `domain/answers.py`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from domain.evaluation import Evidence
from domain.shape import Shape, StrictShape
from domain.skill import Finding

YOU_DECIDE = "you decide"
"""A legal value of every question: the author leaves it to the model."""

MAX_CONTENT = 256 * 1024
"""Bytes of a hand-edited SKILL.md."""

MAX_ANSWER = 16 * 1024
"""Characters of one answer or of the feedback."""


class HitlType(StrEnum):
    """The kinds of prompts."""

    STRUCTURE_FIX = "structure_fix"
    CLARIFY = "clarify"
    DEEP_UNDERSTANDING = "deep_understanding"
    CONFIRM = "confirm"
    TDD_RED = "tdd_red"
    TDD_GREEN = "tdd_green"
    TDD_REFACTOR = "tdd_refactor"
    PREVIEW = "preview"
    VALIDATE = "validate"
    BUDGET = "budget"


class PromptAction(StrEnum):
    """What a person may do with a prompt; each kind allows some of them."""

    PROCEED = "proceed"
    REVISE = "revise"
    EDIT = "edit"
    ACCEPT = "accept"
    WAIVE = "waive"
    RAISE = "raise"
    FINISH = "finish"
    CANCEL = "cancel"


class PromptStatus(StrEnum):
    """The life of a prompt; only `pending` takes an answer."""

    PENDING = "pending"
    RESPONDED = "responded"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


class Option(Shape):
    """One choice of a `single` or `multi` question."""

    id: str
    label: str


class Question(Shape):
    """One question of a `clarify` or `deep_understanding` prompt."""

    id: str
    text: str
    type: Literal["text", "boolean", "single", "multi"] = "text"
    options: list[Option] = []
    required: bool = True
    why: str = ""


class QuestionsData(Shape):
    """`prompt_data` of clarify and deep_understanding; `readiness` lies between 0 and 1."""

    questions: list[Question]
    summary: str = ""
    readiness: float = 0.0


class Estimate(Shape):
    """What the rest of the job will take, as far as one can say."""

    model_calls: int
    note: str = ""


class ConfirmData(Shape):
    """`prompt_data` of confirm."""

    summary: str
    path: str
    plan: list[str]
    key_assumptions: list[str] = []
    estimate: Estimate | None = None


class Highlight(Shape):
    """A section that deserves the reviewer's eye, and why."""

    section: str
    why: str


class PreviewData(Shape):
    """`prompt_data` of preview; `against` is the number of the revision that `diff` compares with."""

    content: str
    highlights: list[Highlight] = []
    revision: int
    digest: str
    against: int | None = None
    diff: str = ""
    evidence: Evidence | None = None
    written_by: list[str] = []


class ValidateData(Shape):
    """`prompt_data` of validate: findings first, the report in words second."""

    passed: bool
    score: float
    findings: list[Finding]
    report: str
    revision: int
    digest: str


PromptData = QuestionsData | ConfirmData | PreviewData | ValidateData


class Answer(Shape):
    """What a person sends, over HTTP or in the signal `answer`; lenient, because it crosses Temporal."""

    interaction_id: UUID | None = None
    action: str = ""
    answers: dict[str, JsonValue] | None = None
    feedback: str | None = None
    content: str | None = None
    reason: str | None = None
    findings: list[str] | None = None


class AnswerSignal(Answer):
    """Argument of the signal `answer`. The API sends only `interaction_id`; people may send the whole from Temporal."""

    responded_by: str = ""


class AnswerRequest(StrictShape):
    """Body of `POST /hitl/{job_id}/response`."""

    interaction_id: UUID
    action: PromptAction
    answers: dict[str, JsonValue] | None = Field(None, description="Question id → value; 'you decide' is always legal.")
    feedback: Annotated[str | None, Field(max_length=MAX_ANSWER)] = None
    content: Annotated[str | None, Field(max_length=MAX_CONTENT)] = None
    reason: Annotated[str | None, Field(max_length=MAX_ANSWER)] = None
    findings: list[str] | None = Field(None, description="Codes to waive; none given waives all open ones.")


class AnswerDraft(StrictShape):
    """A part of an answer, kept per person and prompt; null clears what was kept."""

    answers: dict[str, JsonValue] | None = None
    feedback: Annotated[str | None, Field(max_length=MAX_ANSWER)] = None


class AnswerReceipt(StrictShape):
    """What became of an answer: `accepted` (202) or `repeated` (200, the same answer stood already)."""

    outcome: Literal["accepted", "repeated"]
    interaction_id: UUID
    action: PromptAction
    responded_by: str
    responded_at: datetime


class PromptView(StrictShape):
    """`GET /hitl/{job_id}/prompt`; everything but job_id and status is null when nothing is open."""

    job_id: UUID
    status: str
    hitl_type: HitlType | None = None
    interaction_id: UUID | None = None
    round_number: int | None = None
    prompt_data: dict[str, JsonValue] | None = None
    form: dict[str, JsonValue] | None = None
    draft: AnswerDraft | None = None
    timeout_at: datetime | None = None


class InteractionView(StrictShape):
    """One prompt of a job's record, open or closed."""

    interaction_id: UUID
    interaction_type: HitlType
    round_number: int
    status: PromptStatus
    prompt_data: dict[str, JsonValue]
    response_data: dict[str, JsonValue] | None = None
    responded_by: str | None = None
    channel: str | None = None
    created_at: datetime
    responded_at: datetime | None = None
    delivered_at: datetime | None = None
    timeout_at: datetime | None = None
