"""What cannot be checked is told before anything is run."""

import pytest

from domain.evaluation import Expectation
from domain.evidence.expectations import MAX_COMMAND, expectation_problem


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
        ("json_schema", '{"properties": 5}', "schemas by their names"),
        ("regex", "((a+))+b", "exponential"),
    ],
)
def test_what_cannot_is_said_in_words(check: str, value: str, says: str) -> None:
    assert says in (problem(check, value) or "")


def test_an_expectation_without_words_is_none() -> None:
    assert "`text` is empty" in (problem("judge", "", text=" ") or "")
