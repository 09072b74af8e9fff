"""What a model is asked: the base of every signature, and the JSON schema that an answer must fit on the wire.

Bounds on output fields (`max_length=…`) go into the schema, so that a provider that can constrain generation does;
parsing ignores them, and the programs normalise. Must not know about ledgers or providers.
"""

import json
from functools import lru_cache
from typing import Annotated

import dspy
from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from domain.shape import Shape


class Task(dspy.Signature):  # type: ignore[misc]  # dspy ships no types; this is the one place that subclasses it
    """A question to a model. The docstring of each subclass is the prompt."""


MAX_CHARACTERS = 160
"""Bound of a string that has none of its own: about one sentence."""

MAX_ITEMS = 8
"""Bound of a list that has none of its own. Without bounds a small model was seen to repeat itself to its limit."""

KNOWN = 64
"""Tasks whose words and schemas are remembered: all of ours, and some that were narrowed for one question."""


class Item(Shape):
    """Base of the objects inside answers: every field has a default, so that a half answer is still read."""


_SCHEMA = TypeAdapter(dict[str, JsonValue])


def response_schema(task: type[Task]) -> dict[str, JsonValue]:
    """The JSON schema of the task's outputs: bounds kept, references resolved by `$defs`, every property required."""
    text = _schema_text(task)  # type: ignore[arg-type]  # a class is hashable; mypy looks at its instances
    return _SCHEMA.validate_json(text)  # a copy of one's own each time


@lru_cache(maxsize=KNOWN)
def _schema_text(task: type[Task]) -> str:
    """Made once for each task: it takes pydantic 3 ms."""
    fields = {name: _bounded(field) for name, field in task.output_fields.items()}
    model = create_model(task.__name__, __config__=ConfigDict(extra="forbid"), **fields)  # type: ignore[call-overload]  # fields made at run time
    schema = _SCHEMA.validate_python(model.model_json_schema())
    _complete(schema)
    return json.dumps(schema)


def _bounded(field: FieldInfo) -> tuple[object, object]:
    """The field with its bounds and choices, without dspy's own notes, which are no JSON schema."""
    notes = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    choices = {"enum": notes["enum"]} if "enum" in notes else None
    return Annotated[(field.annotation, Field(json_schema_extra=choices), *field.metadata)], ...


def _complete(schema: JsonValue) -> None:
    """Strict structured output wants every property required and no others; titles and defaults only cost tokens.

    Strings and lists get bounds where the task gave none.
    """
    for part in _parts(schema):
        _complete(part)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "array":
        schema.setdefault("maxItems", MAX_ITEMS)
    if schema.get("type") == "string" and not {"enum", "const"} & set(schema):
        schema.setdefault("maxLength", MAX_CHARACTERS)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        schema["required"] = list(properties)
        schema["additionalProperties"] = False
        for part in _parts(properties):
            _drop_notes(part)


def _parts(schema: JsonValue) -> list[JsonValue]:
    if isinstance(schema, dict):
        return list(schema.values())
    return list(schema) if isinstance(schema, list) else []


def _drop_notes(schema: JsonValue) -> None:
    if isinstance(schema, dict):
        schema.pop("title", None)
        schema.pop("default", None)
