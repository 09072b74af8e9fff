"""An open prompt as lines to read, and what may be done with it. Must not ask and must not send."""

from pydantic import ValidationError

from cli.overview import SMALL_NOTICE, evidence, is_small
from domain.answers import LEGAL, REQUIRED, WORDS
from domain.prompt import (
    ConfirmData,
    HitlType,
    PreviewData,
    PromptAction,
    PromptView,
    Question,
    QuestionsData,
    ValidateData,
)
from domain.shape import Shape

BY_ACTION = {PromptAction.REVISE: "feedback", PromptAction.EDIT: "content", PromptAction.WAIVE: "reason"}


class _Choices(Shape):
    enum: list[PromptAction]


class _Properties(Shape):
    action: _Choices


class _Form(Shape):
    properties: _Properties


def actions(prompt: PromptView) -> list[PromptAction]:
    """What may be done, as the server's form says; for a form we cannot read, as we know it."""
    try:
        return _Form.model_validate(prompt.form).properties.action.enum
    except ValidationError:
        return list(LEGAL.get(prompt.hitl_type, ())) if prompt.hitl_type else []


def words(action: PromptAction) -> str:
    """What people call the action."""
    return WORDS.get(action, str(action))


def needs(kind: HitlType | None, action: PromptAction) -> str | None:
    """The field without which the action says nothing: feedback, content, reason, or None."""
    return REQUIRED.get((kind, action)) if kind and kind in LEGAL else BY_ACTION.get(action)


def questions(prompt: PromptView) -> list[Question]:
    """The questions of a prompt that asks some; none for the other kinds."""
    if prompt.hitl_type not in (HitlType.CLARIFY, HitlType.DEEP_UNDERSTANDING):
        return []
    return QuestionsData.model_validate(prompt.prompt_data).questions


def lines(prompt: PromptView) -> list[str]:
    """The prompt in words, without its questions: they are asked one by one."""
    if prompt.hitl_type in (HitlType.CLARIFY, HitlType.DEEP_UNDERSTANDING):
        summary = QuestionsData.model_validate(prompt.prompt_data).summary
        return [summary] if summary else []
    if prompt.hitl_type is HitlType.CONFIRM:
        return _confirm(ConfirmData.model_validate(prompt.prompt_data))
    if prompt.hitl_type is HitlType.PREVIEW:
        return _preview(PreviewData.model_validate(prompt.prompt_data))
    if prompt.hitl_type is HitlType.VALIDATE:
        return _validate(ValidateData.model_validate(prompt.prompt_data))
    return [f"{name}: {value}" for name, value in (prompt.prompt_data or {}).items()]


def skill_text(prompt: PromptView) -> str:
    """The SKILL.md that a preview shows; empty for other prompts."""
    return str((prompt.prompt_data or {}).get("content", ""))


def _confirm(data: ConfirmData) -> list[str]:
    estimate = [f"Estimate: {data.estimate.model_calls} model calls. {data.estimate.note}"] if data.estimate else []
    assumptions = ["Assumptions:", *(f"  - {text}" for text in data.key_assumptions)] if data.key_assumptions else []
    plan = ["Plan:", *(f"  - {step}" for step in data.plan)]
    return [data.summary, f"Path: {data.path}", *plan, *assumptions, *estimate]


def _preview(data: PreviewData) -> list[str]:
    look = [f"Look at {item.section}: {item.why}" for item in data.highlights]
    proof = [f"Evidence: {evidence(data.evidence)}"] if data.evidence else []
    diff = [f"--- what changed since revision {data.against}", *data.diff.splitlines()] if data.diff else []
    notice = [SMALL_NOTICE] if is_small(data.written_by) else []
    return [f"--- revision {data.revision}", *data.content.splitlines(), "---", *diff, *look, *proof, *notice]


def _validate(data: ValidateData) -> list[str]:
    found = [
        f"{item.severity} {item.code} {item.file}{f':{item.line}' if item.line else ''}: {item.message}"
        + (f" Fix: {item.fix}" if item.fix else "")
        for item in data.findings
    ]
    return [f"Validation of revision {data.revision}: score {data.score:.2f}", *found, data.report]
