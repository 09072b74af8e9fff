"""What a person may be asked, and what comes back. Shapes only; what is legal: `domain/answering/answers.py`."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, ModelWrapValidatorHandler, ValidationError, model_validator

from domain.budget import Budget, Spend
from domain.evaluation import Arm, EvaluationCase, Evidence
from domain.research import Hit, OpenPoint, Research
from domain.shape import Shape, StrictShape, wrong_with
from domain.skill import Finding
from domain.text import clipped

YOU_DECIDE = "you decide"
"""A legal value of every question: the author leaves it to the model."""

MAX_CONTENT = 256 * 1024
"""Bytes of a hand-edited SKILL.md."""

MAX_ANSWER = 16 * 1024
"""Characters of one answer or of the feedback."""

MAX_SIGNAL = 64 * 1024
"""Bytes of an answer that comes whole in a signal. It travels on to the step that claims it, and what travels in a
history stays under 100 KB; Temporal itself would take 2 MB from a sender, and no more from us."""

MAX_NAME = 255
"""Characters of a person's name."""


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
    """`prompt_data` of clarify and deep_understanding; `readiness` lies between 0 and 1.

    `unknown`: what the last summary found open. `research`: what was looked up before the first question.
    """

    questions: list[Question]
    summary: str = ""
    readiness: float = 0.0
    unknown: list[OpenPoint] = []
    research: list[Research] = []


class Estimate(Shape):
    """What the rest of the job will take, as far as one can say. `tokens`, `usd`: at its mean so far; None: unknown."""

    model_calls: int
    tokens: int | None = None
    usd: float | None = None
    note: str = ""


class ConfirmData(Shape):
    """`prompt_data` of confirm. `unsure`: why the place is asked about though nobody wished to confirm;
    `alternatives`: other shelves, each of which is a whole `feedback` for `revise`. `files`: what will lie beside
    SKILL.md, and what for. `near`: skills that the library has for nearly the same."""

    summary: str
    path: str
    plan: list[str]
    key_assumptions: list[str] = []
    estimate: Estimate | None = None
    unsure: str = ""
    alternatives: list[str] = []
    style: str = ""
    kind: str = ""
    files: list[str] = []
    near: list[Hit] = []


class Highlight(Shape):
    """A section that deserves the reviewer's eye, and why."""

    section: str
    why: str


class PreviewData(Shape):
    """`prompt_data` of preview; `against` is the number of the revision that `diff` compares with.

    `changes` says what the author made of `feedback`: the verdict first, then what was changed. `made_by` made this
    very revision, a person or a model (`by_person`); `written_by`: the models that the job asked so far.
    """

    content: str
    highlights: list[Highlight] = []
    revision: int
    digest: str
    against: int | None = None
    diff: str = ""
    feedback: str | None = None
    changes: list[str] = []
    evidence: Evidence | None = None
    written_by: list[str] = []
    made_by: str = ""
    by_person: bool = False


class ValidateData(Shape):
    """`prompt_data` of validate: findings first, the report in words second."""

    passed: bool
    score: float
    findings: list[Finding]
    report: str
    revision: int
    digest: str


class SuggestedFix(Shape):
    """One proposal that a rule refuses, and what would do instead."""

    field: Literal["skill_name", "description"]
    issue: str
    current: str
    suggested: str


class StructureFixData(Shape):
    """`prompt_data` of structure_fix: what was proposed, and what the rules say to it."""

    skill_name: str
    description: str
    suggested_fixes: list[SuggestedFix]


class CaseResult(Shape):
    """How one run of a case went: what it missed, what nothing could decide, and the first words of the agent's
    output. `run` counts the repeats of the case in this arm from 0."""

    case_id: str
    arm: Arm
    run: int = 0
    passed: bool
    missed: list[str] = []
    undecided: list[str] = []
    output: str = ""


class TddData(Shape):
    """`prompt_data` of the tdd_* prompts. `content` is what `edit` starts from: for tdd_red the cases as YAML, else the
    SKILL.md of `revision`. `no_skill_needed`: every case passed without the skill."""

    cases: list[EvaluationCase]
    results: list[CaseResult]
    rationalizations: list[str] = []
    checklist: dict[str, bool] = {}
    no_skill_needed: bool = False
    content: str = ""
    revision: int | None = None
    digest: str | None = None


class BudgetData(Shape):
    """`prompt_data` of budget: `reason` says which limit was reached."""

    spent: Spend
    limit: Budget
    estimate: Estimate | None = None
    reason: str = ""


PromptData = QuestionsData | ConfirmData | PreviewData | ValidateData | StructureFixData | TddData | BudgetData


class Answer(Shape):
    """What a person sends, over HTTP or in the signal `answer`; lenient, because it crosses Temporal."""

    interaction_id: UUID | None = None
    action: str = ""
    answers: dict[str, JsonValue] | None = None
    feedback: str | None = None
    content: str | None = None
    reason: str | None = None
    findings: list[str] | None = None


_WHOSE = ("interaction_id", "action", "responded_by")


class AnswerSignal(Answer):
    """Argument of the signal `answer`. The API sends only `interaction_id`; people may send the whole from Temporal.

    Never fails to parse: what does not fit, or is too large, is kept in words as `unreadable`, so that it is refused on
    record.
    """

    responded_by: str = ""
    unreadable: str = ""
    undecodable: bool = False
    """Not even JSON: dropped by the SDK before 0.3.0."""

    @model_validator(mode="wrap")
    @classmethod
    def _never_lost(cls, given: object, parse: ModelWrapValidatorHandler["AnswerSignal"]) -> "AnswerSignal":
        size = len(json.dumps(given, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "replace"))
        try:
            return parse(given if size <= MAX_SIGNAL else _too_large(given, size))
        except ValidationError as error:
            return parse({"unreadable": f"the signal could not be read: {wrong_with(error)}"})


def _too_large(given: object, size: int) -> dict[str, str]:
    """What is kept of an answer that is too large: whom it is for, and why it is refused."""
    known = given if isinstance(given, dict) else {}
    kept = {name: clipped(str(known[name]), MAX_NAME) for name in _WHOSE if known.get(name)}
    kept["unreadable"] = (
        f"the answer has {size:,} bytes; at most {MAX_SIGNAL:,} can come through Temporal. "
        "Send it on the job's page or with `skill-fleet answer`"
    )
    return kept


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
    content: Annotated[str | None, Field(max_length=MAX_CONTENT)] = None
    reason: Annotated[str | None, Field(max_length=MAX_ANSWER)] = None
    findings: list[str] | None = Field(None, exclude_if=lambda known: known is None)


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
    assignee: str | None = None
    watching: list[str] = []


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
    revision: int | None = None
    digest: str | None = None
    reminders: int = 0
    escalated_at: datetime | None = None
    reopened_at: datetime | None = None
    undeliverable: str | None = None
