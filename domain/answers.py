"""Which answers are legal: actions by kind of prompt, the form as a JSON Schema, the check of an answer against it."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import JsonValue

from domain.errors import InvalidAnswer
from domain.prompt import (
    MAX_ANSWER,
    MAX_CONTENT,
    YOU_DECIDE,
    Answer,
    HitlType,
    PromptAction,
    Question,
)
from domain.skill import Severity

LEGAL: Mapping[HitlType, tuple[PromptAction, ...]] = {
    HitlType.CLARIFY: (PromptAction.PROCEED, PromptAction.CANCEL),
    HitlType.CONFIRM: (PromptAction.PROCEED, PromptAction.REVISE, PromptAction.CANCEL),
    HitlType.PREVIEW: (PromptAction.PROCEED, PromptAction.REVISE, PromptAction.EDIT, PromptAction.CANCEL),
    HitlType.VALIDATE: (PromptAction.REVISE, PromptAction.EDIT, PromptAction.WAIVE, PromptAction.CANCEL),
}
"""The prompts that this version opens, and what may be done with each."""

WORDS: Mapping[PromptAction, str] = {
    PromptAction.PROCEED: "Go on",
    PromptAction.REVISE: "Revise with feedback",
    PromptAction.EDIT: "Edit the text by hand",
    PromptAction.WAIVE: "Let it stand, with a reason",
    PromptAction.CANCEL: "Cancel the job",
}
"""What every client calls an action."""

REQUIRED: Mapping[tuple[HitlType, PromptAction], str] = {
    (HitlType.CONFIRM, PromptAction.REVISE): "feedback",
    (HitlType.PREVIEW, PromptAction.REVISE): "feedback",
    (HitlType.PREVIEW, PromptAction.EDIT): "content",
    (HitlType.VALIDATE, PromptAction.EDIT): "content",
    (HitlType.VALIDATE, PromptAction.WAIVE): "reason",
}
"""The field without which an action says nothing."""


def form(kind: HitlType, questions: list[Question]) -> dict[str, JsonValue]:
    """The JSON Schema of an answer to this prompt, from which every client draws its form."""
    properties: dict[str, Any] = {"action": {"enum": [str(action) for action in LEGAL[kind]]}}
    if questions:
        properties["answers"] = {
            "type": "object",
            "properties": {question.id: _question_schema(question) for question in questions},
            "required": [question.id for question in questions if question.required],
        }
    for (of, _), field in REQUIRED.items():
        if of is kind:
            limit = MAX_CONTENT if field == "content" else MAX_ANSWER
            properties[field] = {"type": "string", "maxLength": limit}
    return {"type": "object", "required": ["action"], "properties": properties}


def check(kind: HitlType, questions: list[Question], answer: Answer, codes: Collection[str] = ()) -> PromptAction:
    """The action of a legal answer; `codes` are the errors that a waiver must name. Raises InvalidAnswer by field."""
    action = _legal_action(kind, answer.action)
    problems = _missing_field(kind, action, answer) | _too_long(answer)
    if action is PromptAction.WAIVE and answer.findings is not None:
        problems |= _waiver_problems(answer.findings, codes)
    if action is PromptAction.PROCEED and questions:
        problems |= question_problems(questions, answer.answers or {})
    if problems:
        raise InvalidAnswer(_summary(problems), problems)
    return action


def open_codes(prompt_data: Mapping[str, JsonValue]) -> set[str]:
    """The codes of the errors that a validate prompt shows; none for other prompts."""
    findings = prompt_data.get("findings")
    shown = [finding for finding in findings if isinstance(finding, dict)] if isinstance(findings, list) else []
    return {str(finding["code"]) for finding in shown if finding.get("severity") == Severity.ERROR}


def question_problems(questions: list[Question], answers: Mapping[str, JsonValue]) -> dict[str, str]:
    """What is wrong with each answer, by field; questions that must be answered and are not are named."""
    known = {question.id for question in questions}
    problems = {
        f"answers.{name}": f"There is no question {name!r}. Known: {', '.join(sorted(known))}."
        for name in answers
        if name not in known
    }
    for question in questions:
        wrong = _value_problem(question, answers.get(question.id))
        if wrong:
            problems[f"answers.{question.id}"] = wrong
    return problems


def valid_part(questions: list[Question], answers: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The answers that are fine by themselves: what a refused answer leaves behind as a draft."""
    by_id = {question.id: question for question in questions}
    return {
        name: value
        for name, value in answers.items()
        if name in by_id and value not in (None, "") and _value_problem(by_id[name], value) is None
    }


def digest(answer: Answer, by: str) -> str:
    """SHA-256 of the canonical answer and its author: equal digests are the same answer sent again."""
    body = answer.model_dump(mode="json", exclude_none=True, exclude={"responded_by"})
    canonical = json.dumps([by, body], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def spoken(question: Question, value: JsonValue) -> str:
    """An answer in words: labels instead of option ids, yes and no instead of true and false."""
    labels = {option.id: option.label for option in question.options}
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(labels.get(str(item), str(item)) for item in value)
    return labels.get(str(value), str(value))


def _legal_action(kind: HitlType, given: str) -> PromptAction:
    legal = LEGAL[kind]
    for action in legal:
        if action == given:
            return action
    message = f"{given!r} is not an action of a {kind} prompt. Use one of: {', '.join(legal)}."
    raise InvalidAnswer(message, {"action": message})


def _missing_field(kind: HitlType, action: PromptAction, answer: Answer) -> dict[str, str]:
    field = REQUIRED.get((kind, action))
    if field is None or (getattr(answer, field) or "").strip():
        return {}
    return {field: f"{action} needs {field}: say what shall change or why."}


def _waiver_problems(named: list[str], codes: Collection[str]) -> dict[str, str]:
    unknown = sorted(set(named) - set(codes))
    left = sorted(set(codes) - set(named))
    if unknown:
        return {"findings": f"Not among the errors: {', '.join(unknown)}. Open: {', '.join(sorted(codes))}."}
    if left:
        return {"findings": f"These errors would still stand: {', '.join(left)}. Name them too, or revise."}
    return {}


def _too_long(answer: Answer) -> dict[str, str]:
    problems = {}
    for field, text in (("feedback", answer.feedback), ("reason", answer.reason)):
        if text and len(text) > MAX_ANSWER:
            problems[field] = f"{len(text)} characters; at most {MAX_ANSWER} are taken."
    if answer.content and len(answer.content.encode()) > MAX_CONTENT:
        problems["content"] = f"{len(answer.content.encode())} bytes; at most {MAX_CONTENT} are taken."
    return problems


def _value_problem(question: Question, value: JsonValue) -> str | None:
    if value is None or value == "" or value == []:
        return f"Not answered yet: {question.text} ('{YOU_DECIDE}' is a legal answer.)" if question.required else None
    if value == YOU_DECIDE:
        return None
    if question.type == "boolean":
        return None if isinstance(value, bool) else "Answer true or false."
    if question.type == "multi":
        texts = isinstance(value, list) and all(
            isinstance(item, str) and item.strip() and len(item) <= MAX_ANSWER for item in value
        )
        return (
            None
            if texts
            else f"Answer with a list of choices, or of texts of your own of at most {MAX_ANSWER} characters."
        )
    if not isinstance(value, str) or not value.strip():
        return "Answer with a text." if question.type == "text" else "Answer with a choice, or a text of your own."
    return f"At most {MAX_ANSWER} characters." if len(value) > MAX_ANSWER else None


def _question_schema(question: Question) -> dict[str, JsonValue]:
    choices: list[JsonValue] = [{"const": option.id, "title": option.label} for option in question.options]
    text: dict[str, JsonValue] = {"type": "string", "maxLength": MAX_ANSWER}
    value = text
    if question.type == "boolean":
        value = {"type": "boolean"}
    elif question.type == "single":
        value = {"anyOf": [*choices, text]}
    elif question.type == "multi":
        value = {"type": "array", "items": {"anyOf": [*choices, text]}, "minItems": 1}
    blank: list[JsonValue] = [] if question.required else [{"enum": [None, "", []]}]
    return {"title": question.text, "description": question.why, "anyOf": [value, {"const": YOU_DECIDE}, *blank]}


def _summary(problems: dict[str, str]) -> str:
    names = ", ".join(sorted(problems))
    return f"The answer does not fit the prompt: see {names}. What was valid is kept as a draft."
