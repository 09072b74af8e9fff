"""What cannot be checked is told before anything is run."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from domain.evaluation import Expectation
from domain.evidence.expectations import MAX_COMMAND, MAX_SCHEMA, expectation_problem, schema_problem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "required", "$ref", "pattern", "enum"]), inner
        )
    ),
    max_leaves=12,
)


def problem(check: str, value: str, text: str = "t") -> str | None:
    return expectation_problem(Expectation.model_validate({"text": text, "check": check, "value": value}))


@pytest.mark.parametrize(
    ("check", "value"),
    [
        ("contains", "Added"),
        ("regex", r"\d+"),
        ("max_words", "300"),
        ("judge", ""),
        ("command", "python3 -m json.tool"),
        ("json_schema", '{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}'),
        ("json_schema", '{"$defs": {"a": {"type": "null"}}, "anyOf": [{"$ref": "#/$defs/a"}, {"enum": [1, "x"]}]}'),
        ("json_schema", '{"const": {"type": "no type, and no schema either"}}'),
    ],
)
def test_what_can_be_checked_has_no_problem(check: str, value: str) -> None:
    assert problem(check, value) is None


@pytest.mark.parametrize(
    ("check", "value", "says"),
    [
        ("contains", " ", "empty"),
        ("regex", "(a+)+", "exponential"),
        ("max_words", "²", "no number"),
        ("max_words", "٣", "no number"),
        ("command", " ", "command line"),
        ("command", "echo 'open", "no command line"),
        ("command", "true\nrm x", "command line"),
        ("command", "x" * (MAX_COMMAND + 1), str(MAX_COMMAND)),
        ("json_schema", "{", "not valid JSON"),
        ("json_schema", "[" * 100_000, str(MAX_SCHEMA)),
        ("json_schema", "[]", "refuses anything"),
        ("json_schema", "{}", "refuses anything"),
        ("json_schema", '{"title": "a note"}', "refuses anything"),
        ("json_schema", '{"type": "dict"}', "no type of JSON"),
        ("json_schema", '{"type": [1]}', "no type of JSON"),
        ("json_schema", '{"type": "object", "required": "name"}', "list of names"),
        ("json_schema", '{"items": {"$ref": "https://example.org/x"}}', "points outside"),
        ("json_schema", '{"properties": {"a": {"pattern": "(a+)+"}}}', "exponential"),
        ("json_schema", '{"patternProperties": {"(a+)+": {}}}', "exponential"),
        ("json_schema", '{"items":' * 20 + '{"type": "null"}' + "}" * 20, "deeper"),
    ],
)
def test_what_cannot_is_said_in_words(check: str, value: str, says: str) -> None:
    assert says in (problem(check, value) or "")


def test_an_expectation_without_words_is_none() -> None:
    assert "`text` is empty" in (problem("judge", "", text=" ") or "")


@given(st.text(max_size=60) | JSON.map(json.dumps))
def test_any_text_is_a_schema_or_is_refused(text: str) -> None:
    if schema_problem(text) is None:
        assert isinstance(json.loads(text), dict)


@given(st.sampled_from(["string", "integer", "object"]), st.lists(st.text(max_size=3), max_size=2, unique=True))
def test_what_is_taken_is_a_schema_to_the_validator_too(kind: str, names: list[str]) -> None:
    schema = {"type": kind, "required": names, "properties": {name: {"minLength": 1} for name in names}}
    assert schema_problem(json.dumps(schema)) is None
    Draft202012Validator.check_schema(schema)
