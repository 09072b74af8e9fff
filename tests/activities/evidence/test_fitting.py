"""Whether JSON fits a schema is told as the validator tells it, in bounded time, or not at all."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from activities.evidence import fitting
from activities.evidence.fitting import Undecided, fits

SLOW = "(.*,){10}X"
NAMES = st.sampled_from(["a", "b1", "c"])
DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from([1.0, 0.3, "", "ab", "b1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
SCHEMAS: list[dict[str, JsonValue]] = [
    {"pattern": "b"},
    {"items": {"pattern": "^a"}, "uniqueItems": True},
    {"properties": {"a": {"type": "integer"}}, "patternProperties": {r"\d": {"type": "string"}}},
    {"properties": {"a": True}, "patternProperties": {r"\d": True}, "additionalProperties": False},
    {"patternProperties": {r"^b": True}, "additionalProperties": {"type": "number"}},
    {"propertyNames": {"pattern": "^[ab]"}, "additionalProperties": {"multipleOf": 0.1}},
    {"type": "object", "properties": {"a": {"$ref": "#"}}, "unevaluatedProperties": False},
    {"anyOf": [{"uniqueItems": True, "type": "array"}, {"not": {"type": "array"}}]},
]


@given(st.sampled_from(SCHEMAS), DOCUMENT)
def test_the_verdict_is_that_of_the_validator_as_it_comes(schema: dict[str, JsonValue], document: JsonValue) -> None:
    found = fits(json.dumps(schema), json.dumps(document))
    assert found.passed is Draft202012Validator(schema).is_valid(document)


def test_what_does_not_fit_is_told_with_its_place() -> None:
    schema = '{"additionalProperties": {"patternProperties": {"x": {"pattern": "^a"}}}}'
    assert fits(schema, '{"one": {"x1": "b"}}') == (False, "The JSON does not fit at $.one.x1: 'b' does not match '^a'")
    assert "$.b" in fits('{"additionalProperties": false}', '{"b": 1}').reason


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9" * 400, "9" * 10_000])
def test_a_number_beyond_all_numbers_is_no_json(number: str) -> None:
    for schema in ('{"type": "number", "multipleOf": 0.1}', '{"type": "array"}'):
        assert fits(schema, number) == (False, "There is no JSON in the answer.")
        assert fits(schema, f"[{number}]") == (False, "There is no JSON in the answer.")


@given(st.integers(-(10**300) + 1, 10**300 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_decided(number: float) -> None:
    for step in ("0.1", "3", "1e-300", "1e300"):
        assert fits(f'{{"multipleOf": {step}}}', json.dumps(number)).reason


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"pattern": SLOW}, json.dumps("a," * 9_000)),
        ({"patternProperties": {SLOW: {"type": "null"}}}, json.dumps({"a," * 9_000: 1})),
        ({"propertyNames": {"pattern": SLOW}}, json.dumps({"a," * 9_000: 1})),
        ({"patternProperties": {SLOW: True}, "additionalProperties": False}, json.dumps({"a," * 9_000: 1})),
        ({"items": {"pattern": "((a)|(b)|ab)*(.*,){3}X"}}, json.dumps(["ab," * 300] * 200)),
        ({"pattern": "b"}, json.dumps("a" * 30_000)),
        ({"anyOf": [{"properties": {"a": {"allOf": [{"$ref": "#"}] * 2}}}] * 2}, '{"a":' * 40 + "1" + "}" * 40),
        ({"items": {"$ref": "#"}}, "[" * 900 + "]" * 900),
    ],
)
def test_what_takes_too_long_is_not_decided(schema: JsonValue, answer: str) -> None:
    began = time.process_time()
    with pytest.raises(Undecided):
        fits(json.dumps(schema), answer)
    assert time.process_time() - began < 3 * fitting.MOST_SECONDS


def test_a_long_list_of_different_things_is_looked_through_once() -> None:
    answer = json.dumps([{"n": number} for number in range(15_000)])
    assert fits('{"uniqueItems": true}', answer).passed
    assert not fits('{"uniqueItems": true}', f'{answer[:-1]}, {{"n": 7.0}}]').passed


def test_fences_without_end_are_read_once() -> None:
    began = time.process_time()
    assert not fits('{"type": "object"}', "`" * 90_000 + "\n" + "x\n" * 50_000).passed
    assert time.process_time() - began < fitting.MOST_SECONDS


def test_whatever_the_validator_raises_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OverflowError("too large")

    monkeypatch.setitem(Draft202012Validator.VALIDATORS, "type", broken)
    with pytest.raises(Undecided, match="OverflowError too large"):
        fits('{"type": "number"}', "1")
