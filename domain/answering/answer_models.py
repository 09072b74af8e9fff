"""What may be answered to each kind of prompt: one pydantic model per kind, the one truth behind form and check.

`model_of` completes a kind's model with what the prompt asks: its questions, its open findings, what is spent. Must not
read a database, and must not say what follows from an answer.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, create_model, field_validator

from domain.answering.answer_fields import (
    AnswerModel,
    AnswersModel,
    Content,
    Words,
    answers_model,
    question_field,
    used,
)
from domain.answering.answer_values import budget_answers, structure_answers
from domain.errors import InvalidAnswer
from domain.evidence.case_file import read_cases
from domain.prompt import HitlType, PromptAction, QuestionsData
from domain.skill import Severity

_CHANGE = "What shall change"


class QuestionsAnswer(AnswerModel):
    """clarify and deep_understanding: an answer to every question, by id."""

    action: Literal[PromptAction.PROCEED, PromptAction.CANCEL]
    answers: Annotated[AnswersModel | None, used(PromptAction.PROCEED, title="Answers")] = None


class StructureFixAnswer(AnswerModel):
    """structure_fix: the suggestions, or values of one's own; what is not given takes the suggestion."""

    action: Literal[PromptAction.ACCEPT, PromptAction.PROCEED, PromptAction.CANCEL]
    answers: Annotated[AnswersModel | None, used(PromptAction.PROCEED, title="Values of your own")] = None


class ConfirmAnswer(AnswerModel):
    """confirm: the plan is written, or changed first."""

    action: Literal[PromptAction.PROCEED, PromptAction.REVISE, PromptAction.CANCEL]
    feedback: Annotated[Words, used(PromptAction.REVISE, title=_CHANGE, needed=True)] = None


class PreviewAnswer(AnswerModel):
    """preview, tdd_green and tdd_refactor: the skill as it is, revised by feedback, or edited by hand."""

    action: Literal[PromptAction.PROCEED, PromptAction.REVISE, PromptAction.EDIT, PromptAction.CANCEL]
    feedback: Annotated[Words, used(PromptAction.REVISE, title=_CHANGE, needed=True)] = None
    content: Annotated[Content, used(PromptAction.EDIT, title="SKILL.md", needed=True)] = None


class TddRedAnswer(AnswerModel):
    """tdd_red: the cases as they are, changed by feedback, or edited by hand."""

    action: Literal[PromptAction.PROCEED, PromptAction.REVISE, PromptAction.EDIT, PromptAction.CANCEL]
    feedback: Annotated[Words, used(PromptAction.REVISE, title=_CHANGE, needed=True)] = None
    content: Annotated[Content, used(PromptAction.EDIT, title="The cases, as a list in YAML or JSON", needed=True)] = (
        None
    )

    @field_validator("content")
    @classmethod
    def _cases(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text and cls.reads("content", info.data.get("action")):
            try:
                read_cases(text)
            except InvalidAnswer as error:
                raise ValueError(str(error)) from error
        return text


class ValidateAnswer(AnswerModel):
    """validate: the findings are mended by the author or by hand, or waived with a reason."""

    action: Literal[PromptAction.REVISE, PromptAction.EDIT, PromptAction.WAIVE, PromptAction.CANCEL]
    feedback: Annotated[Words, used(PromptAction.REVISE, title="Anything the author shall know")] = None
    content: Annotated[Content, used(PromptAction.EDIT, title="SKILL.md", needed=True)] = None
    reason: Annotated[Words, used(PromptAction.WAIVE, title="Why the findings may stand", needed=True)] = None
    findings: Annotated[list[str] | None, used(PromptAction.WAIVE, title="Findings to waive; none named: all")] = None


class BudgetAnswer(AnswerModel):
    """budget: new totals (none named: as much again), an end with what is there, or no skill."""

    action: Literal[PromptAction.RAISE, PromptAction.FINISH, PromptAction.CANCEL]
    answers: Annotated[AnswersModel | None, used(PromptAction.RAISE, title="New totals")] = None


MODELS: Mapping[HitlType, type[AnswerModel]] = {
    HitlType.STRUCTURE_FIX: StructureFixAnswer,
    HitlType.CLARIFY: QuestionsAnswer,
    HitlType.DEEP_UNDERSTANDING: QuestionsAnswer,
    HitlType.CONFIRM: ConfirmAnswer,
    HitlType.TDD_RED: TddRedAnswer,
    HitlType.TDD_GREEN: PreviewAnswer,
    HitlType.TDD_REFACTOR: PreviewAnswer,
    HitlType.PREVIEW: PreviewAnswer,
    HitlType.VALIDATE: ValidateAnswer,
    HitlType.BUDGET: BudgetAnswer,
}
"""The kinds of prompts, and what may be answered to each."""


def model_of(kind: HitlType, prompt_data: Mapping[str, JsonValue]) -> type[AnswerModel]:
    """The model of an answer to this prompt; `prompt_data` is the stored JSON of what it asks."""
    complete = _COMPLETED.get(MODELS[kind])
    if complete is None:
        return MODELS[kind]
    name = "findings" if "findings" in MODELS[kind].model_fields else "answers"
    use = MODELS[kind].model_fields[name]
    extra: Any = use.json_schema_extra
    described = Field(title=use.title, json_schema_extra=extra)
    definitions: dict[str, Any] = {name: (Annotated[complete(prompt_data), described], None)}
    return create_model(MODELS[kind].__name__, __base__=MODELS[kind], **definitions)


def open_codes(prompt_data: Mapping[str, JsonValue]) -> dict[str, str]:
    """The errors that a validate prompt shows, code → message; none for other prompts."""
    findings = prompt_data.get("findings")
    shown = [finding for finding in findings if isinstance(finding, dict)] if isinstance(findings, list) else []
    errors = [finding for finding in shown if finding.get("severity") == Severity.ERROR]
    found: dict[str, str] = {}
    for finding in errors:
        found.setdefault(str(finding["code"]), str(finding.get("message", "")))
    return found


def _questions(prompt_data: Mapping[str, JsonValue]) -> object:
    data = QuestionsData.model_validate({"questions": [], **prompt_data})
    return answers_model([question_field(question) for question in data.questions])


def _waiver(prompt_data: Mapping[str, JsonValue]) -> object:
    codes = open_codes(prompt_data)

    def complete(named: list[str]) -> list[str] | None:
        unknown, left = sorted(set(named) - set(codes)), sorted(set(codes) - set(named))
        if unknown:
            raise ValueError(f"Not among the errors: {', '.join(unknown)}. Open: {', '.join(sorted(codes))}.")
        if left:
            said = "; ".join(f"“{codes[code]}” ({code})" if codes[code] else code for code in left)
            raise ValueError(f"These errors would still stand: {said}. Name them too, or revise.")
        return named or None

    choices: list[JsonValue] = [{"const": code, "title": message} for code, message in codes.items()]
    every: list[JsonValue] = [{"contains": {"const": code}} for code in codes]
    shown: dict[str, JsonValue] = {"items": {"anyOf": choices} if choices else False}
    shown |= {"allOf": every} if every else {}
    return Annotated[list[str], AfterValidator(complete), Field(json_schema_extra=shown)] | None


_COMPLETED: Mapping[type[AnswerModel], Callable[[Mapping[str, JsonValue]], object]] = {
    QuestionsAnswer: _questions,
    StructureFixAnswer: structure_answers,
    ValidateAnswer: _waiver,
    BudgetAnswer: budget_answers,
}
