"""Which answers are legal: the form of a prompt as a JSON Schema, and the check of an answer.

Both come from the models in `domain/answering/answer_models.py`; so do the tables of actions and of the fields
they need.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import JsonValue, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from domain.answering.answer_fields import BLANK, NOT_BLANK, AnswerModel, AnswersModel, not_answered, use_of
from domain.answering.answer_models import MODELS, model_of
from domain.answering.answer_models import open_codes as open_codes
from domain.errors import InvalidAnswer
from domain.prompt import Answer, AnswerDraft, HitlType, PromptAction, PromptData, Question

LEGAL: Mapping[HitlType, tuple[PromptAction, ...]] = {
    kind: get_args(model.model_fields["action"].annotation) for kind, model in MODELS.items()
}
"""The kinds of prompts, and what may be done with each."""

WORDS: Mapping[PromptAction, str] = {
    PromptAction.PROCEED: "Go on",
    PromptAction.REVISE: "Revise with feedback",
    PromptAction.EDIT: "Edit the text by hand",
    PromptAction.ACCEPT: "Take the suggestions",
    PromptAction.WAIVE: "Let it stand, with a reason",
    PromptAction.RAISE: "Raise the limit",
    PromptAction.FINISH: "Finish with what is there",
    PromptAction.CANCEL: "Cancel the job",
}
"""What every client calls an action."""

_SPECIAL_WORDS: Mapping[tuple[HitlType, PromptAction], str] = {
    (HitlType.STRUCTURE_FIX, PromptAction.PROCEED): "Take values of my own",
    (HitlType.CLARIFY, PromptAction.PROCEED): "Send the answers",
    (HitlType.DEEP_UNDERSTANDING, PromptAction.PROCEED): "Send the answers",
    (HitlType.CONFIRM, PromptAction.PROCEED): "Write it",
    (HitlType.TDD_RED, PromptAction.REVISE): "Change the cases by feedback",
    (HitlType.TDD_RED, PromptAction.EDIT): "Edit the cases by hand",
    (HitlType.PREVIEW, PromptAction.PROCEED): "Approve",
    (HitlType.VALIDATE, PromptAction.REVISE): "Fix issues",
}

REQUIRED: Mapping[tuple[HitlType, PromptAction], str] = {
    (kind, action): name
    for kind, model in MODELS.items()
    for action in LEGAL[kind]
    for name, field in model.model_fields.items()
    if use_of(field).get("needed") and model.reads(name, action)
}
"""The text without which an action says nothing."""


def form(kind: HitlType, data: PromptData) -> dict[str, JsonValue]:
    """The JSON Schema of an answer to this prompt, from which every client draws its form.

    Beyond JSON Schema: a field's `actions` are those that read it, `needed` says that they need it, `long` that it is a
    text of many lines; `words` of `action` are what people call each; `order` is the order of properties, which a
    database does not keep.
    """
    prompt_data = data.model_dump(mode="json")
    model = model_of(kind, prompt_data)
    schema: dict[str, Any] = model.model_json_schema(schema_generator=_Plain)
    answers = schema.get("$defs", {})
    properties = {
        name: _inlined(schema["properties"][name], answers)
        for name, field in model.model_fields.items()
        if name == "action" or use_of(field)
    }
    words: dict[str, JsonValue] = {str(action): _words(kind, action, prompt_data) for action in LEGAL[kind]}
    properties["action"] = {"enum": [str(action) for action in LEGAL[kind]], "title": "What to do", "words": words}
    conditions = [_condition(name, action, properties) for action in LEGAL[kind] for name in properties]
    found: list[JsonValue] = [condition for condition in conditions if condition]
    if "answers" in properties:
        properties["answers"]["order"] = list(properties["answers"]["properties"])
    shown: dict[str, Any] = {"type": "object", "required": ["action"], "properties": properties}
    shown["order"] = list(properties)
    return shown | ({"allOf": found} if found else {})


def check(kind: HitlType, prompt_data: Mapping[str, JsonValue], answer: Answer) -> PromptAction:
    """The action of a legal answer; `prompt_data` is the prompt's stored JSON. Raises InvalidAnswer by field."""
    return parsed(kind, prompt_data, answer).action


def parsed(kind: HitlType, prompt_data: Mapping[str, JsonValue], answer: Answer) -> AnswerModel:
    """The answer as its kind's model. Raises InvalidAnswer with one message per field."""
    model = model_of(kind, prompt_data)
    try:
        return model.model_validate(answer.model_dump())
    except ValidationError as error:
        problems = _problems(kind, model, error)
        raise InvalidAnswer(_summary(problems), problems) from error


def valid_part(kind: HitlType, prompt_data: Mapping[str, JsonValue], answer: Answer) -> AnswerDraft:
    """What of a refused answer is fine by itself: it becomes the person's draft. Only what was given is set.

    A text that its action would refuse, such as cases that cannot be read, is kept to be mended.
    """
    wrong = _wrong(kind, prompt_data, answer, PromptAction.CANCEL)
    kept: dict[str, Any] = {
        name: text
        for name, text in (("feedback", answer.feedback), ("content", answer.content), ("reason", answer.reason))
        if text and text.strip() and name not in wrong
    }
    answers = _valid_answers(kind, prompt_data, answer)
    return AnswerDraft.model_validate(kept | ({"answers": answers} if answers else {}))


def words_of(kind: HitlType, action: PromptAction) -> str:
    """What people call this action of such a prompt."""
    return _SPECIAL_WORDS.get((kind, action), WORDS[action])


def digest(answer: Answer, by: str) -> str:
    """SHA-256 of the canonical answer and its author: equal digests are the same answer sent again."""
    body = answer.model_dump(mode="json", exclude_none=True, exclude={"responded_by", "unreadable", "undecodable"})
    canonical = json.dumps([by, body], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def spoken(question: Question, value: JsonValue) -> str:
    """An answer in words: labels instead of option ids, yes and no instead of true and false."""
    labels = {option.id: option.label for option in question.options}
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(labels.get(str(item), str(item)) for item in value)
    return labels.get(str(value), str(value))


class _Plain(GenerateJsonSchema):
    """Leaves out what a form need not say: that a field may be null is that it may be missing."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def _inlined(schema: dict[str, Any], definitions: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The schema with what it refers to in its place, so that clients need follow nothing."""
    referred = definitions.get(str(schema.get("$ref", "")).removeprefix("#/$defs/"), {})
    return {**referred, **{name: value for name, value in schema.items() if name != "$ref"}}


def _words(kind: HitlType, action: PromptAction, prompt_data: Mapping[str, JsonValue]) -> str:
    if action is PromptAction.PROCEED and prompt_data.get("no_skill_needed"):
        return "Write it anyway"
    return words_of(kind, action)


def _condition(name: str, action: PromptAction, properties: Mapping[str, dict[str, Any]]) -> dict[str, JsonValue]:
    """What this action needs of this field; empty when it may be left out."""
    field = properties[name]
    if action not in field.get("actions", ()):
        return {}
    then: dict[str, JsonValue] = {}
    if field["needed"]:
        then = {"required": [name], "properties": {name: {"pattern": NOT_BLANK}}}
    elif field.get("required") or field.get("minProperties"):
        then = {"required": [name]}
    return {"if": {"properties": {"action": {"const": str(action)}}}, "then": then} if then else {}


def _problems(kind: HitlType, model: type[AnswerModel], error: ValidationError) -> dict[str, str]:
    return {
        ".".join(map(str, item["loc"])): _said(kind, model, item) for item in reversed(error.errors(include_url=False))
    }


def _said(kind: HitlType, model: type[AnswerModel], item: ErrorDetails) -> str:
    """What is wrong in people's words. The validators speak for themselves; these are the words of the others."""
    name = str(item["loc"][-1])
    if item["loc"] == ("action",):
        return f"{item['input']!r} is not an action of a {kind} prompt. Use one of: {', '.join(LEGAL[kind])}."
    titles = {field.alias: field.title or "" for field in _asked(model).values()}
    if item["type"] == "missing":
        return not_answered(titles.get(name, name))
    if item["type"] == "extra_forbidden":
        return f"There is no question {name!r}. Known: {', '.join(sorted(map(str, titles)))}."
    return item["msg"].removeprefix("Value error, ")


def _asked(model: type[AnswerModel]) -> Mapping[str, FieldInfo]:
    answers = model.model_fields.get("answers")
    shape = answers.annotation if answers else None
    return shape.model_fields if isinstance(shape, type) and issubclass(shape, AnswersModel) else {}


def _wrong(
    kind: HitlType, prompt_data: Mapping[str, JsonValue], answer: Answer, action: PromptAction
) -> Mapping[str, str]:
    """What would be wrong with the answer if its action were this one."""
    try:
        parsed(kind, prompt_data, answer.model_copy(update={"action": str(action)}))
    except InvalidAnswer as refused:
        return refused.fields
    return {}


def _valid_answers(kind: HitlType, prompt_data: Mapping[str, JsonValue], answer: Answer) -> dict[str, JsonValue]:
    if "answers" not in MODELS[kind].model_fields:
        return {}
    reader = next(action for action in LEGAL[kind] if MODELS[kind].reads("answers", action))
    wrong = _wrong(kind, prompt_data, answer, reader)
    return {
        name: value
        for name, value in (answer.answers or {}).items()
        if value not in BLANK and f"answers.{name}" not in wrong
    }


def _summary(problems: dict[str, str]) -> str:
    names = ", ".join(sorted(problems))
    return f"The answer does not fit the prompt: see {names}. What was valid is kept as a draft."
