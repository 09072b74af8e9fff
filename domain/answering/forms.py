"""What a form asks, read from its JSON Schema alone, and how values become what a person types or ticks, and back.

For page and terminal alike. A form may come from a newer server, or an older one: what is unknown is asked as text.
`typed(written(value))` is the value, whatever it is: a form must not change or lose what passes through it.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from domain.answering.answers import WORDS
from domain.prompt import YOU_DECIDE, AnswerRequest, Option, PromptAction
from domain.shape import Shape

Kind = Literal["text", "long_text", "boolean", "single", "multi", "integer", "number"]

ANSWERS = "answers."
"""The beginning of the name of a field that lies in `answers`."""

_YES, _NO = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_KINDS: Mapping[JsonValue, Kind] = {"boolean": "boolean", "array": "multi", "integer": "integer", "number": "number"}
_KNOWN = frozenset(AnswerRequest.model_fields)
_READ_BY = {"answers": "proceed", "feedback": "revise", "content": "edit", "reason": "waive", "findings": "waive"}
"""Which action reads a field whose form does not say so: forms of version 0.1 do not, and may still be open."""


class NotAValueError(ValueError):
    """The text is no value of the field; says what would be."""


class FormField(Shape):
    """One thing a form asks. `name` is where its value lies in an answer: `answers.q1`, `feedback`, `content`, …

    `choices` may stand beside own words (`other`). `actions` are those that read the field; `required`: they need it.
    """

    name: str
    title: str
    help: str = ""
    kind: Kind = "text"
    choices: list[Option] = []
    other: bool = False
    decide: bool = False
    required: bool = False
    max_length: int | None = None
    actions: list[PromptAction] = []
    default: JsonValue = None


class FormAction(Shape):
    """One thing that may be done, and what people call it."""

    action: PromptAction
    words: str


def actions(form: Mapping[str, JsonValue]) -> list[FormAction]:
    """What may be done with the prompt, in the form's order; an action that this version cannot send is left out."""
    action = _child(_child(form, "properties"), "action")
    words = _child(action, "words")
    return [
        FormAction(action=known, words=str(words.get(known, WORDS[known])))
        for known in _actions(_list(action.get("enum")))
    ]


def fields(form: Mapping[str, JsonValue]) -> list[FormField]:
    """The fields of a form in its order, those of `answers` in the place of it."""
    properties = _child(form, "properties")
    legal = [choice.action for choice in actions(form)]
    found: list[FormField] = []
    for name in _ordered(form, properties):
        node = _child(properties, name)
        if name not in _KNOWN or name in ("action", "interaction_id"):
            continue
        given = node.get("actions")
        read_by = _actions(_list(given) if given is not None else [_READ_BY[name]])
        read = [action for action in read_by if action in legal]
        if name == "answers":
            needed = _list(node.get("required"))
            asked = _child(node, "properties")
            found += [_field(ANSWERS + id_, _child(asked, id_), read, id_ in needed) for id_ in _ordered(node, asked)]
        else:
            found.append(_field(name, node, read, bool(node.get("needed"))))
    return found


def typed(field: FormField, texts: Sequence[str]) -> JsonValue:
    """The value of what a person typed or ticked; None when it is nothing. Texts are taken letter by letter.

    Choices are told by their ids. Raises NotAValueError.
    """
    given = [text for text in texts if text.strip()]
    if not given:
        return None
    if field.decide and given == [YOU_DECIDE]:
        return YOU_DECIDE
    if field.kind == "multi":
        return [_one(field, text) for text in given]
    if len(given) > 1:
        raise NotAValueError("give one answer")
    return _single(field, given[0])


def written(field: FormField, value: JsonValue) -> list[str]:
    """The texts that `typed` reads as this value; none for what is not answered."""
    if value is None or value in ("", []):
        return []
    if field.kind == "multi" and isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [repr(value) if isinstance(value, float) else str(value)]


def gathered(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Values by the name of their field, as they lie in an answer; what is not answered is left out."""
    found: dict[str, JsonValue] = {}
    answers: dict[str, JsonValue] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name.startswith(ANSWERS):
            answers[name.removeprefix(ANSWERS)] = value
        else:
            found[name] = value
    return found | ({"answers": answers} if answers else {})


def value_in(field: FormField, answer: Mapping[str, JsonValue]) -> JsonValue:
    """The field's value in an answer or a draft; None when it has none."""
    if field.name.startswith(ANSWERS):
        return _child(answer, "answers").get(field.name.removeprefix(ANSWERS))
    return answer.get(field.name)


def _single(field: FormField, text: str) -> JsonValue:
    if field.kind == "boolean":
        return _truth(text)
    if field.kind == "integer":
        return int(_matching(_INTEGER, text, "a whole number"))
    if field.kind == "number":
        return _finite(float(_matching(_NUMBER, text, "a number")))
    return _one(field, text)


def _truth(text: str) -> bool:
    given = text.strip().casefold()
    if given not in _YES | _NO:
        raise NotAValueError("answer yes or no")
    return given in _YES


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise NotAValueError("the number is too large")
    return number


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text.strip()):
        raise NotAValueError(f"{text.strip()[:40]!r} is not {what}; write digits only")
    return text.strip()


def _one(field: FormField, text: str) -> str:
    """A choice, or own words where these are legal."""
    ids = [option.id for option in field.choices]
    if ids and not field.other and text not in ids:
        raise NotAValueError(f"{text[:40]!r} is none of: {', '.join(ids)}")
    if field.max_length is not None and len(text) > field.max_length:
        raise NotAValueError(f"{len(text)} characters; at most {field.max_length} are taken")
    return text


def _field(name: str, node: Mapping[str, JsonValue], read: list[PromptAction], required: bool) -> FormField:
    ways = _ways(node)
    decide = any(way.get("const") == YOU_DECIDE for way in ways)
    offered = [way for way in ways if way.get("const") != YOU_DECIDE and None not in _list(way.get("enum"))]
    kind = next((_KINDS[way["type"]] for way in offered if way.get("type") in _KINDS), None)
    if kind == "multi":
        items = _child(next(way for way in offered if way.get("type") == "array"), "items")
        offered = _ways(items)
    choices = [option for way in offered for option in _options(way)]
    texts = [way for way in offered if way.get("type") == "string" and not _options(way)]
    if kind is None and choices:
        kind = "single"
    long = node.get("long") is True or (node.get("long") is None and name in ("feedback", "content", "reason"))
    return FormField(
        name=name,
        title=str(node.get("title") or name.removeprefix(ANSWERS)),
        help=str(node.get("description") or ""),
        kind=kind or ("long_text" if long else "text"),
        choices=choices,
        other=kind in ("single", "multi") and (bool(texts) or not choices),
        decide=decide,
        required=required,
        max_length=_longest(texts),
        actions=read,
        default=node.get("default"),
    )


def _ways(node: Mapping[str, JsonValue]) -> list[Mapping[str, JsonValue]]:
    """The alternatives of a schema, those within alternatives too; one that offers none is its own only one."""
    inner = [*_list(node.get("anyOf")), *_list(node.get("oneOf"))]
    return [way for item in inner if isinstance(item, dict) for way in _ways(item)] or [node]


def _options(node: Mapping[str, JsonValue]) -> list[Option]:
    if "const" in node:
        return [Option(id=str(node["const"]), label=str(node.get("title") or node["const"]))]
    return [Option(id=item, label=item) for item in _list(node.get("enum")) if isinstance(item, str)]


def _longest(texts: Iterable[Mapping[str, JsonValue]]) -> int | None:
    lengths = [length for text in texts if isinstance(length := text.get("maxLength"), int)]
    return max(lengths, default=None)


def _actions(given: Iterable[JsonValue]) -> list[PromptAction]:
    known = {str(action): action for action in PromptAction}
    return [known[name] for name in given if isinstance(name, str) and name in known]


def _ordered(node: Mapping[str, JsonValue], properties: Mapping[str, JsonValue]) -> list[str]:
    """The names in the order that the form says, because a database keeps the members of an object in its own."""
    said = [name for name in _list(node.get("order")) if isinstance(name, str) and name in properties]
    return [*said, *(name for name in properties if name not in said)]


def _child(node: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    child = node.get(name)
    return child if isinstance(child, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
