"""Whether a JSON schema (draft 2020-12) can be checked, told to whoever writes it and before anything is paid. Pure.

The validator itself stands in `activities`; what is taken here it must take too, which a property test holds.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from domain.evidence.json_text import read_json
from domain.evidence.patterns import pattern_problem

MAX_SCHEMA = 4_000
"""Characters of a JSON schema: it stands in a form that people edit."""

DEEPEST = 12
"""Levels of a schema; deeper ones are a slip, and a validator would go down every one of them."""

MAX_CHECKS = 1_000
"""Schemas that may judge one value, references followed: twenty that refer to the next one twice are a million."""

_SAYS_SOMETHING = re.compile(
    r"type|properties|required|items|enum|const|pattern|minimum|maximum|multipleOf|not|if|contains|uniqueItems|\$ref"
    r"|prefixItems|propertyNames|dependent(?:Required|Schemas)|unevaluated(?:Items|Properties)"
    r"|(?:min|max)(?:Items|Length|Properties)|(?:any|one|all)Of|exclusiveM(?:in|ax)imum|(?:additional|pattern)Properties"
)
"""Keywords that can refuse a document. A schema without any accepts everything, which is no expectation."""

_ONE = frozenset(
    ["items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "contentSchema"]
) | {"unevaluatedItems", "unevaluatedProperties"}
_LISTS = frozenset(["prefixItems", "allOf", "anyOf", "oneOf"])
_NAMED = frozenset(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
_BESIDE = frozenset(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])
"""Keywords whose schemas judge the same value as the one that holds them."""

_NOT_FOLLOWED = frozenset(
    ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary"]
) | {"dependencies"}

_Place = tuple[str, ...]


def _each_once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("a name is given twice")
    return names


def _usable(pattern: str) -> str:
    problem = pattern_problem(pattern)
    if problem:
        raise ValueError(problem)
    return pattern


def _inside(reference: str) -> str:
    if reference != "#" and not reference.startswith("#/"):
        raise ValueError("it points outside; only `#/…` is followed")
    return reference


_Type = Literal["object", "array", "string", "number", "integer", "boolean", "null"]
_Names = Annotated[list[str], AfterValidator(_each_once)]
_Types = Annotated[list[_Type], Field(min_length=1), AfterValidator(_each_once)]
_Pattern = Annotated[str, AfterValidator(_usable)]
_Count = Annotated[int, Field(ge=0)]


class _Keywords(BaseModel):
    """What the keywords of one schema say, but for the schemas that they hold. A default: it is not there."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)

    type: _Type | _Types = "object"
    enum: list[object] = []
    required: _Names = []
    dependent_required: dict[str, _Names] = {}
    pattern: _Pattern = ""
    pattern_properties: dict[_Pattern, object] = {}
    minimum: float = 0
    maximum: float = 0
    exclusive_minimum: float = 0
    exclusive_maximum: float = 0
    multiple_of: Annotated[float, Field(gt=0)] = 1
    min_length: _Count = 0
    max_length: _Count = 0
    min_items: _Count = 0
    max_items: _Count = 0
    min_contains: _Count = 0
    max_contains: _Count = 0
    min_properties: _Count = 0
    max_properties: _Count = 0
    unique_items: bool = False
    deprecated: bool = False
    read_only: bool = False
    write_only: bool = False
    examples: list[object] = []
    title: str = ""
    description: str = ""
    format: str = ""
    content_encoding: str = ""
    content_media_type: str = ""
    comment: str = Field("", alias="$comment")
    dialect: str = Field("", alias="$schema")
    reference: Annotated[str, AfterValidator(_inside)] = Field("#", alias="$ref")


def _wrong_values(part: dict[str, JsonValue]) -> str | None:
    """The first keyword whose value is not of the kind that it takes."""
    try:
        _Keywords.model_validate(part)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        said = first["msg"].removeprefix("Value error, ").replace("Input should", "it should").rstrip(".")
        return f"`{first['loc'][0]}` {str(part[str(first['loc'][0])])[:40]!r} cannot be used: {said}."
    return None


def schema_problem(value: str) -> str | None:
    """Why this is no JSON schema that can be checked, or None. `$ref` may only point into the schema itself."""
    if len(value) > MAX_SCHEMA:
        return f"the schema has {len(value)} characters; at most {MAX_SCHEMA} are taken."
    try:
        schema = read_json(value)
    except ValueError as error:
        return f"the `value` is no JSON schema: it is not valid JSON ({str(error)[:80]})."
    if not isinstance(schema, dict) or not any(map(_SAYS_SOMETHING.fullmatch, schema)):
        return 'the `value` is no JSON schema that refuses anything: write an object such as {"type": "object"}.'
    reading = _Reading()
    return next(reading.wrong(schema, (), 0), None) or reading.wrong_references()


class _Reading:
    """Goes through a schema once. `beside`: for each schema's place those that judge the same value as it."""

    def __init__(self) -> None:
        self.beside: dict[_Place, list[_Place]] = {}
        self.references: list[tuple[_Place, str]] = []
        self.keywords: set[str] = set()

    def wrong(self, part: JsonValue, place: _Place, depth: int) -> Iterator[str]:
        """What is wrong here and below, the first first."""
        self.beside[place] = []
        if isinstance(part, bool):
            return
        if not isinstance(part, dict):
            yield f"at `{'/'.join(place)[:80]}` stands no schema: write an object, or true or false."
            return
        if depth > DEEPEST:
            yield f"the schema is nested deeper than {DEEPEST} levels."
            return
        problem = _wrong_values(part)
        if problem:
            yield problem
        self.keywords |= part.keys()
        for keyword, value in part.items():
            yield from self._wrong_keyword(keyword, value, place, depth)
        reference = part.get("$ref")
        if isinstance(reference, str):
            self.references.append((place, reference))

    def _wrong_keyword(self, keyword: str, value: JsonValue, place: _Place, depth: int) -> Iterator[str]:
        if keyword in _NOT_FOLLOWED:
            yield f"`{keyword}` is not followed; write `$defs`, and refer to them by `$ref`."
        held = _held(keyword, value)
        if held is None:
            yield f"`{keyword}` must be {'a list of schemas' if keyword in _LISTS else 'schemas by their names'}."
            return
        for below, schema in held.items():
            if keyword in _BESIDE:
                self.beside[place].append((*place, *below))
            yield from self.wrong(schema, (*place, *below), depth + 1)

    def wrong_references(self) -> str | None:
        """References that lead nowhere, or round and round, or to too much. To be asked when all was read."""
        for place, reference in self.references:
            target = _target(reference)
            if target not in self.beside:
                return f"`$ref` {reference[:40]!r} leads to no schema here."
            self.beside[place].append(target)
        checks: dict[_Place, int] = {}
        while ready := [
            one for one in self.beside if one not in checks and all(to in checks for to in self.beside[one])
        ]:
            checks |= {one: 1 + sum(checks[to] for to in self.beside[one]) for one in ready}
        if {"unevaluatedProperties", "patternProperties"} <= self.keywords:
            return "`unevaluatedProperties` is not checked beside `patternProperties`; write `additionalProperties`."
        if len(checks) < len(self.beside):
            return "the schema refers to itself for the same value, without end."
        most = max(checks.values())
        return f"the schema makes {most} checks of one value; at most {MAX_CHECKS}." if most > MAX_CHECKS else None


def _held(keyword: str, value: JsonValue) -> dict[_Place, JsonValue] | None:
    """The schemas that a keyword holds, by their place below it; None: not the shape that this keyword has."""
    if keyword in _ONE:
        return {(keyword,): value}
    if keyword in _LISTS:
        return {(keyword, str(at)): one for at, one in enumerate(value)} if isinstance(value, list) and value else None
    if keyword in _NAMED:
        return {(keyword, name): one for name, one in value.items()} if isinstance(value, dict) else None
    return {}


def _target(reference: str) -> _Place:
    """The place that a JSON pointer leads to."""
    parts = unquote(reference.removeprefix("#")).split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
