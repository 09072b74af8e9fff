"""Whether an expectation can be checked at all: a value that its check can use. Pure; must not look at an answer.

A person is told what is wrong with a value (`case_file`); a model's expectation that cannot be checked is dropped.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterator

from pydantic import JsonValue

from domain.evaluation import Expectation
from domain.evidence.grading import pattern_problem

MAX_SCHEMA = 4_000
"""Characters of a JSON schema: it stands in a form that people edit."""

MAX_COMMAND = 500
"""Characters of a command line."""

DEEPEST = 12
"""Levels of a schema; deeper ones are a slip, and a validator would go down every one of them."""

_TYPES = frozenset(["object", "array", "string", "number", "integer", "boolean", "null"])
_SAYS_SOMETHING = re.compile(
    r"type|properties|required|items|enum|const|pattern|minimum|maximum|multipleOf|not|contains|uniqueItems|prefixItems"
    r"|(?:min|max)(?:Items|Length|Properties)|(?:any|one|all)Of|exclusiveM(?:in|ax)imum|(?:additional|pattern)Properties"
)
"""Keywords that can refuse a document. A schema without any accepts everything, which is no expectation."""


def expectation_problem(expectation: Expectation) -> str | None:
    """Why this cannot be checked, in words for the person who wrote it; None when it can."""
    if not expectation.text.strip():
        return "the `text` is empty: say what a good answer shows."
    check = _VALUES.get(expectation.check)
    return check(expectation.value) if check else None


def schema_problem(value: str) -> str | None:
    """Why this is no JSON schema that can be checked, or None. `$ref` may only point into the schema itself."""
    if len(value) > MAX_SCHEMA:
        return f"the schema has {len(value)} characters; at most {MAX_SCHEMA} are taken."
    try:
        schema: JsonValue = json.loads(value)
    except (ValueError, RecursionError) as error:
        return f"the `value` is no JSON schema: it is not valid JSON ({str(error)[:80]})."
    if not isinstance(schema, dict) or not any(map(_SAYS_SOMETHING.fullmatch, schema)):
        return 'the `value` is no JSON schema that refuses anything: write an object such as {"type": "object"}.'
    return next(_wrong(schema, 0), None)


def _wrong(schema: dict[str, JsonValue], depth: int) -> Iterator[str]:
    """What is wrong at this level and below, the first first."""
    if depth > DEEPEST:
        yield f"the schema is nested deeper than {DEEPEST} levels."
        return
    yield from _wrong_keywords(schema)
    for keyword, part in schema.items():
        if keyword not in ("enum", "const", "default", "examples"):
            for below in _schemas(part, named=keyword in ("properties", "patternProperties", "$defs")):
                yield from _wrong(below, depth + 1)


def _wrong_keywords(schema: dict[str, JsonValue]) -> Iterator[str]:
    kinds = schema.get("type", [])
    named = kinds if isinstance(kinds, list) else [kinds]
    if not all(isinstance(one, str) and one in _TYPES for one in named):
        yield f"`type` {str(kinds)[:40]!r} is no type of JSON; use {', '.join(sorted(_TYPES))}."
    target = schema.get("$ref", "#")
    if not (isinstance(target, str) and target.startswith("#")):
        yield f"`$ref` {str(target)[:40]!r} points outside; only `#/…` is followed."
    if not isinstance(schema.get("required", []), list):
        yield "`required` must be a list of names."
    patterns = [schema["pattern"]] if "pattern" in schema else []
    properties = schema.get("patternProperties")
    patterns += list(properties) if isinstance(properties, dict) else []
    yield from (problem for one in patterns if (problem := pattern_problem(str(one))))


def _schemas(part: JsonValue, *, named: bool) -> Iterator[dict[str, JsonValue]]:
    """The schemas that a keyword holds: one, a list of them, or (`named`) one for each name."""
    if isinstance(part, dict):
        yield from (one for one in part.values() if isinstance(one, dict)) if named else [part]
    elif isinstance(part, list):
        yield from (one for one in part if isinstance(one, dict))


def _some_text(value: str) -> str | None:
    return None if value.strip() else "the `value` is empty: name the text to look for."


def _pattern(value: str) -> str | None:
    return _some_text(value) or pattern_problem(value)


def _number(value: str) -> str | None:
    return (
        None if value.strip().isdecimal() and value.isascii() else f"the `value` {value[:20]!r} is no number of words."
    )


def _command(value: str) -> str | None:
    if not value.strip() or len(value) > MAX_COMMAND or not value.isprintable():
        return f"the `value` must be a command line: one line of 1 to {MAX_COMMAND} characters."
    try:
        return None if shlex.split(value) else "the `value` names no command."
    except ValueError as error:
        return f"the `value` is no command line: {error}."


_VALUES: dict[str, Callable[[str], str | None]] = {
    "contains": _some_text,
    "absent": _some_text,
    "regex": _pattern,
    "max_words": _number,
    "json_schema": schema_problem,
    "command": _command,
}
