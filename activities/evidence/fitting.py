"""Whether the JSON of an answer fits a schema: bounded in time, whatever schema and answer are. Blocks: for a thread.

The validator's own keywords are kept but for those that search patterns, which `domain.evidence.patterns` does in
bounded time, and `uniqueItems`, whose time grows with the square of the answer.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, product
from typing import NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import JsonValue
from referencing import Registry

from domain.errors import SkillFleetError
from domain.evidence.json_text import read_json
from domain.evidence.patterns import MAX_SEARCHED, SECONDS, TooSlow, search
from domain.evidence.schemas import schema_problem

MOST_JSON = 200_000
"""Characters of an answer that are read as JSON."""

MOST_SECONDS = 2.0
"""For one schema on one answer; ordinary ones take some milliseconds."""

MOST_ERRORS = 100
"""Of what does not fit: the most telling is told, and any one decides."""

# Of at most 20 signs: a line of 100,000 with no end would be tried from each of them to the end of the answer.
_FENCED = re.compile(r"^ {0,3}(`{3,20}|~{3,20})[^\n]*\n(.*?)^ {0,3}\1", re.MULTILINE | re.DOTALL)

_Errors = Iterator[ValidationError]
_Schema = Mapping[str, JsonValue]
_Keyword = Callable[[Validator, JsonValue, JsonValue, _Schema], _Errors | None]
"""What the library calls for a keyword: the validator, the keyword's value, the JSON, and the schema around."""


class Undecided(SkillFleetError):
    """It cannot be told whether the answer fits; the text says why."""


class Fit(NamedTuple):
    """The verdict, and its reason for people."""

    passed: bool
    reason: str


def fits(schema_text: str, output: str) -> Fit:
    """Whether the answer's JSON fits. Raises Undecided."""
    problem = schema_problem(schema_text)
    if problem:
        raise Undecided(problem)
    found, value = _json_in(output)
    if not found:
        return Fit(False, "There is no JSON in the answer.")
    try:
        error = _first_error(schema_text, value)
    except TooSlow as slow:
        raise Undecided(str(slow)) from None
    except Exception as broken:  # noqa: BLE001 - a stranger's schema in a validator that is not ours: nothing is known then
        raise Undecided(f"the schema cannot be used on this: {type(broken).__name__} {str(broken)[:80]}") from None
    if error is None:
        return Fit(True, "The JSON in the answer fits the schema.")
    return Fit(False, f"The JSON does not fit at {error.json_path[:80]}: {error.message[:160]}")


def _first_error(schema_text: str, value: JsonValue) -> ValidationError | None:
    """The most telling of the first errors. An empty registry: nothing outside of the schema is fetched."""
    schema = json.loads(schema_text)
    Draft202012Validator.check_schema(schema)
    checked = _validator(_Clock(MOST_SECONDS))(schema, registry=Registry())
    found = best_match(islice(checked.iter_errors(value), MOST_ERRORS))
    return found if isinstance(found, ValidationError) else None


class _Clock:
    """The time that one validation has, and the keywords that search patterns within it.

    `unevaluatedProperties` would too, but only beside `patternProperties`, and `domain.evidence.schemas` refuses that.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds. Raises TooSlow where there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TooSlow(f"the schema was not done with this answer after {self.seconds:g} seconds")
        return left

    def timed(self, keyword: _Keyword) -> _Keyword:
        """The same keyword, but it raises TooSlow when the time is over."""

        def asked(validator: Validator, value: JsonValue, found: JsonValue, schema: _Schema) -> _Errors | None:
            self.left()
            return keyword(validator, value, found, schema)

        return asked

    def found(self, pattern: str, text: str) -> bool:
        """Whether the pattern is in the text. Raises TooSlow."""
        if len(text) > MAX_SEARCHED:
            raise TooSlow(f"a text of {len(text)} characters is too long for the schema's pattern")
        return search(pattern, text, min(SECONDS, self.left())) is not None

    def pattern(self, _: Validator, value: JsonValue, found: JsonValue, __: _Schema) -> _Errors:
        if isinstance(found, str) and not self.found(str(value), found):
            yield ValidationError(f"{found[:80]!r} does not match {value!r}")

    def named(self, validator: Validator, value: JsonValue, found: JsonValue, _: _Schema) -> _Errors:
        for pattern, name in product(_object(value), _object(found)):
            if self.found(pattern, name):
                yield from _below(validator, _object(value)[pattern], _object(found), name)

    def additional(self, validator: Validator, value: JsonValue, found: JsonValue, schema: _Schema) -> _Errors:
        patterns = _object(schema.get("patternProperties"))
        for name in _object(found):
            known = name in _object(schema.get("properties"))
            if not known and not any(self.found(pattern, name) for pattern in patterns):
                yield from _below(validator, value, _object(found), name)


def _validator(clock: _Clock) -> type[Validator]:
    """The validator of the draft, every step of which asks the clock."""
    keywords: dict[str, _Keyword] = {
        **Draft202012Validator.VALIDATORS,
        "pattern": clock.pattern,
        "patternProperties": clock.named,
        "additionalProperties": clock.additional,
        "uniqueItems": _unique,
    }
    timed = {name: clock.timed(keyword) for name, keyword in keywords.items()}
    made: type[Validator] = extend(Draft202012Validator, timed)  # type: ignore[no-untyped-call] # its stub has no types
    return made


def _below(validator: Validator, schema: JsonValue, found: dict[str, JsonValue], name: str) -> _Errors:
    """What is wrong with one member."""
    for error in validator.evolve(schema=schema).iter_errors(found[name]):
        error.path.appendleft(name)
        yield error


def _object(value: JsonValue) -> dict[str, JsonValue]:
    """Of anything else it has no members."""
    return value if isinstance(value, dict) else {}


def _unique(_: Validator, value: JsonValue, found: JsonValue, __: _Schema) -> _Errors:
    if value and isinstance(found, list) and len({_key(one) for one in found}) < len(found):
        yield ValidationError("the list has the same twice")


def _key(value: JsonValue) -> tuple[str, object]:
    """Equal for what JSON Schema takes for equal: 1 is 1.0, and is not true."""
    if isinstance(value, dict):
        return "object", frozenset((name, _key(one)) for name, one in value.items())
    if isinstance(value, list):
        return "list", tuple(map(_key, value))
    return ("truth" if isinstance(value, bool) else "value"), value


def _json_in(output: str) -> tuple[bool, JsonValue]:
    """The JSON of an answer: all of it, or its first fenced block that is JSON."""
    text = output[:MOST_JSON]
    for candidate in (text, *(match[2] for match in _FENCED.finditer(text))):
        try:
            return True, read_json(candidate)
        except ValueError:
            continue
    return False, None
