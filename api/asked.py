"""The open prompt as the page shows it: what it is about by its kind, and its form with what was typed."""

from uuid import UUID

from markupsafe import Markup
from pydantic import ConfigDict, JsonValue

from api.answer_form import Input, filled
from api.rendering import DiffLine, diff_lines, skill_html
from domain.answer_fields import NOT_ANSWERED
from domain.budget import Budget
from domain.evaluation import EvaluationCase
from domain.forms import FormAction, actions
from domain.prompt import (
    BudgetData,
    CaseResult,
    HitlType,
    PreviewData,
    PromptAction,
    PromptView,
    StructureFixData,
    TddData,
    ValidateData,
)
from domain.shape import Shape

TITLES = {
    HitlType.STRUCTURE_FIX: "The name or the description breaks a rule",
    HitlType.CLARIFY: "A few questions",
    HitlType.DEEP_UNDERSTANDING: "A few more questions",
    HitlType.CONFIRM: "Shall it be written like this?",
    HitlType.TDD_RED: "How the agent does without the skill",
    HitlType.TDD_GREEN: "How the agent does with the skill",
    HitlType.TDD_REFACTOR: "How the agent does with the changed skill",
    HitlType.PREVIEW: "Read the skill",
    HitlType.VALIDATE: "Validation found something",
    HitlType.BUDGET: "The budget is spent",
}
_TDD = (HitlType.TDD_RED, HitlType.TDD_GREEN, HitlType.TDD_REFACTOR)
_LIMITS = {"calls": "Model calls", "tokens": "Tokens", "usd": "US dollars"}


class Typed(Shape):
    """What a person typed into a form that was refused, and what is wrong with each field.

    `inputs` are those of the prompt `interaction_id`, sent with `action`.
    """

    status: int = 200
    message: str = ""
    errors: dict[str, str] = {}
    fields: dict[str, JsonValue] = {}
    inputs: list[Input] = []
    interaction_id: UUID | None = None
    action: str = ""

    @property
    def unfinished(self) -> bool:
        """Whether all that is wrong is that questions are open."""
        return bool(self.errors) and all(text.startswith(NOT_ANSWERED) for text in self.errors.values())


class Choice(Shape):
    """One thing that may be done with the open prompt, and the fields it reads; `folded`: shown when asked for."""

    action: PromptAction
    words: str
    inputs: list[Input] = []
    folded: bool = False
    open: bool = False


class TriedCase(Shape):
    """A case with how it went in each arm."""

    case: EvaluationCase
    results: list[CaseResult]


class Limit(Shape):
    """One limit of a budget, with what is spent of it, in words."""

    words: str
    spent: str
    limit: str


class AskedView(Shape):
    """The open prompt, ready to be shown. What is None or empty belongs to another kind."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    prompt: PromptView
    title: str
    choices: list[Choice]
    preview: PreviewData | None = None
    validation: ValidateData | None = None
    structure: StructureFixData | None = None
    tdd: TddData | None = None
    budget: BudgetData | None = None
    cases: list[TriedCase] = []
    limits: list[Limit] = []
    rendered: Markup = Markup()
    diff: list[DiffLine] = []


def asked_view(prompt: PromptView, current: str, sent: Typed) -> AskedView:
    """The open prompt with what was typed, else the person's draft. `current`: the skill as it stands."""
    kind, data = prompt.hitl_type, prompt.prompt_data or {}
    preview = PreviewData.model_validate(data) if kind is HitlType.PREVIEW else None
    tdd = (
        TddData.model_validate(data) if kind in (HitlType.TDD_RED, HitlType.TDD_GREEN, HitlType.TDD_REFACTOR) else None
    )
    budget = BudgetData.model_validate(data) if kind is HitlType.BUDGET else None
    content = preview.content if preview else (tdd.content if tdd and tdd.content else current)
    return AskedView(
        prompt=prompt,
        title=TITLES.get(kind, "Your turn") if kind else "Your turn",
        choices=_choices(prompt, content, sent),
        preview=preview,
        validation=ValidateData.model_validate(data) if kind is HitlType.VALIDATE else None,
        structure=StructureFixData.model_validate(data) if kind is HitlType.STRUCTURE_FIX else None,
        tdd=tdd,
        budget=budget,
        cases=_tried(tdd) if tdd else [],
        limits=_limits(budget) if budget else [],
        rendered=skill_html(preview.content) if preview else Markup(),
        diff=diff_lines(preview.diff) if preview else [],
    )


def _choices(prompt: PromptView, content: str, sent: Typed) -> list[Choice]:
    """Cancelling has its own place on the page; every field stands at the first action that reads it."""
    form = prompt.form or {}
    shown = filled(form, prompt.draft, content, sent.errors)
    if sent.interaction_id == prompt.interaction_id:
        again = {entry.field.name: entry for entry in sent.inputs}
        shown = [again.get(entry.field.name, entry).model_copy(update={"wrong": entry.wrong}) for entry in shown]
    found: list[Choice] = []
    for choice in actions(form):
        if choice.action is not PromptAction.CANCEL:
            inputs = [entry for entry in shown if choice.action in entry.field.actions]
            found.append(_choice(choice, inputs, first=not found, sent=sent))
    return found


def _choice(choice: FormAction, inputs: list[Input], *, first: bool, sent: Typed) -> Choice:
    plain = all(entry.field.name == "feedback" for entry in inputs)
    begun = any(entry.wrong for entry in inputs) or sent.action == choice.action
    return Choice(**choice.model_dump(), inputs=inputs, folded=not first and not plain, open=begun)


def _tried(tdd: TddData) -> list[TriedCase]:
    return [
        TriedCase(case=case, results=[result for result in tdd.results if result.case_id == case.id])
        for case in tdd.cases
    ]


def _limits(data: BudgetData) -> list[Limit]:
    return [
        Limit(words=_LIMITS[name], spent=_amount(getattr(data.spent, name)), limit=_amount(getattr(data.limit, name)))
        for name in Budget.model_fields
    ]


def _amount(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
