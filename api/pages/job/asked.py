"""The open prompt as the page shows it: what it is about by its kind, and its form with what was typed."""

from collections.abc import Mapping
from uuid import UUID

from markupsafe import Markup
from pydantic import ConfigDict, JsonValue

from api.pages.job.answer_form import Input, filled
from api.pages.job.waiving import Box, boxes
from api.pages.rendering import DiffLine, diff_lines, skill_html
from domain.answering.answer_fields import NOT_ANSWERED
from domain.answering.forms import FormAction, actions, value_in
from domain.budget import Budget, priceless
from domain.evaluation import EvaluationCase
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
ABOUT = {
    HitlType.STRUCTURE_FIX: "Agents find a skill by its name and description, so these must fit the format before "
    "anything is written.",
    HitlType.DEEP_UNDERSTANDING: "The answers so far leave something open. Where you do not mind, tick “You decide”.",
    HitlType.CONFIRM: "Nothing is written yet. “Write it” follows this plan; with feedback the plan is made anew and "
    "shown again.",
    HitlType.TDD_RED: "An agent tried these cases without the skill. “Go on” writes the skill against what failed; "
    "changed cases are tried and shown again first.",
    HitlType.TDD_GREEN: "The same cases, now with the skill. “Go on” has the author answer in the text what still "
    "fails; a revised or edited skill is tried and shown again first.",
    HitlType.TDD_REFACTOR: "The same cases, with the failures answered in the text. “Go on” shows you the skill for "
    "approval; a revised or edited skill is tried and shown again first.",
    HitlType.PREVIEW: "“Approve” has it validated; then it can be published. Revised or edited, it is shown again.",
    HitlType.VALIDATE: "“Fix issues” gives this report to the author, and a text edited by hand is checked again. What "
    "you let stand goes on record with your reason, and no longer keeps the skill from being published.",
}
"""What the prompt is about, and what follows from an answer, where the form does not say it."""

CHECKLIST = {
    "cases_written": "The cases are written",
    "without_run": "RED: tried without the skill",
    "with_run": "GREEN and REFACTOR: tried with the skill",
}
"""What is ticked off, in the order in which it is done; a database keeps no order."""

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


class Ticked(Shape):
    """One line of a checklist."""

    words: str
    done: bool


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
    about: str = ""
    cases: list[TriedCase] = []
    checklist: list[Ticked] = []
    limits: list[Limit] = []
    rendered: Markup = Markup()
    diff: list[DiffLine] = []
    boxes: list[Box] = []


def asked_view(prompt: PromptView, current: str, sent: Typed) -> AskedView:
    """The open prompt with what was typed, else the person's draft. `current`: the skill as it stands."""
    kind, data = prompt.hitl_type, prompt.prompt_data or {}
    preview = PreviewData.model_validate(data) if kind is HitlType.PREVIEW else None
    tdd = TddData.model_validate(data) if kind in _TDD else None
    budget = BudgetData.model_validate(data) if kind is HitlType.BUDGET else None
    validation = ValidateData.model_validate(data) if kind is HitlType.VALIDATE else None
    return AskedView(
        prompt=prompt,
        title=TITLES.get(kind, "Your turn") if kind else "Your turn",
        about=ABOUT.get(kind, "") if kind else "",
        choices=_choices(prompt, starting_text(kind, data, current) if kind else "", sent),
        preview=preview,
        validation=validation,
        boxes=boxes(validation.findings) if validation else [],
        structure=StructureFixData.model_validate(data) if kind is HitlType.STRUCTURE_FIX else None,
        tdd=tdd,
        budget=budget,
        cases=_tried(tdd) if tdd else [],
        checklist=_checklist(tdd.checklist) if tdd else [],
        limits=_limits(budget) if budget else [],
        rendered=skill_html(preview.content) if preview else Markup(),
        diff=diff_lines(preview.diff) if preview else [],
    )


def starting_text(kind: HitlType, data: Mapping[str, JsonValue], current: str) -> str:
    """The text that editing starts from: what the prompt shows, else the skill as it stands."""
    shown = data.get("content") if kind in (HitlType.PREVIEW, *_TDD) else None
    return str(shown) if shown else current


def _choices(prompt: PromptView, content: str, sent: Typed) -> list[Choice]:
    """Cancelling has its own place on the page; every field stands at the first action that reads it."""
    form = prompt.form or {}
    shown = filled(form, prompt.draft, content, sent.errors)
    if sent.interaction_id == prompt.interaction_id:
        again = {entry.field.name: entry for entry in sent.inputs}
        shown = [again.get(entry.field.name, entry).model_copy(update={"wrong": entry.wrong}) for entry in shown]
    said = prompt.draft.model_dump(exclude_none=True) if prompt.draft else {}
    found: list[Choice] = []
    for choice in actions(form):
        if choice.action is not PromptAction.CANCEL:
            inputs = [entry for entry in shown if choice.action in entry.field.actions]
            begun = any(value_in(entry.field, said) is not None for entry in inputs)
            found.append(_choice(choice, inputs, first=not found, sent=sent, begun=begun))
    return found


def _choice(choice: FormAction, inputs: list[Input], *, first: bool, sent: Typed, begun: bool) -> Choice:
    """One way to answer; folded away unless something was written for it (`begun`), or went wrong."""
    plain = all(entry.field.name == "feedback" for entry in inputs)
    opened = any(entry.wrong for entry in inputs) or sent.action == choice.action or begun
    return Choice(**choice.model_dump(), inputs=inputs, folded=not first and not plain, open=opened)


def _tried(tdd: TddData) -> list[TriedCase]:
    return [
        TriedCase(case=case, results=[result for result in tdd.results if result.case_id == case.id])
        for case in tdd.cases
    ]


def _checklist(state: Mapping[str, bool]) -> list[Ticked]:
    """What is known in the order of the work, what is not yet there among it; then whatever else was ticked off."""
    if not state:
        return []
    known = [Ticked(words=words, done=state.get(name, False)) for name, words in CHECKLIST.items()]
    others = [Ticked(words=name.replace("_", " "), done=state[name]) for name in sorted(state) if name not in CHECKLIST]
    return [*known, *others]


def _limits(data: BudgetData) -> list[Limit]:
    spent = {name: _amount(getattr(data.spent, name)) for name in Budget.model_fields}
    if priceless(data.spent):
        spent["usd"] = "price unknown"
    return [
        Limit(words=_LIMITS[name], spent=words, limit=_amount(getattr(data.limit, name)))
        for name, words in spent.items()
    ]


def _amount(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
