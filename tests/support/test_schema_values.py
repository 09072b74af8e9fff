"""Values for JSON schemas, judged by pydantic and by jsonschema."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from tests.support.patterns import UnsupportedPatternError
from tests.support.schema_values import Schema, value_for
from tests.support.words import Place, Words


class Kind(StrEnum):
    TEXT = "text"
    SINGLE = "single"


class Option(BaseModel):
    id: str = Field(pattern=r"^[a-z]+(-[a-z0-9]+)*$", max_length=40)
    label: str = Field(min_length=3, max_length=30)


class Question(BaseModel):
    text: str = Field(min_length=20, max_length=90)
    kind: Kind
    options: list[Option] = Field(min_length=2, max_length=4)
    why: str | None = None


class Clarify(BaseModel):
    questions: list[Question] = Field(min_length=2, max_length=3)
    readiness: float = Field(ge=0, le=1)
    ready: bool


class Step(BaseModel):
    kind: Literal["step"]
    does: str = Field(pattern=r"^[A-Z]\w*( [A-Za-z0-9,]+){5,26}[.]$")
    minutes: int = Field(gt=0, lt=4)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")


class Loop(BaseModel):
    kind: Literal["loop"]
    inside: list["Step | Loop"] = Field(min_length=1)


class Plan(BaseModel):
    steps: list[Annotated[Step | Loop, Field(discriminator="kind")]] = Field(min_length=5, max_length=7)
    limits: dict[str, int]
    pair: tuple[str, int]
    exact: str = Field(min_length=7, max_length=7)
    long: str = Field(min_length=1500)
    skill_name: str


@pytest.mark.parametrize("model", [Clarify, Plan])
def test_nested_lists_patterns_and_enums_get_values_that_fit(model: type[BaseModel]) -> None:
    told = model.model_json_schema()
    value = value_for(Schema.model_validate(told), "Review the weekly export of orders")
    Draft202012Validator(told).validate(value)
    model.model_validate(value)


def _clarify(prompt: str) -> Clarify:
    return Clarify.model_validate(value_for(Schema.model_validate(Clarify.model_json_schema()), prompt))


def test_the_items_of_a_list_differ() -> None:
    questions = _clarify("Review the weekly export of orders").questions
    assert len({question.text for question in questions}) == len(questions)
    assert {question.kind for question in questions} == set(Kind)


def test_the_same_prompt_gives_the_same_value_and_another_prompt_another() -> None:
    assert _clarify("Review the weekly export") == _clarify("Review the weekly export")
    assert _clarify("Review the weekly export") != _clarify("Review the weekly export. Shorter, please")


def test_texts_are_about_the_prompt() -> None:
    said = _clarify("Triage zendesk tickets").model_dump_json().lower()
    assert "zendesk" in said
    assert "tickets" in said


def test_a_scripted_field_wins_at_any_depth() -> None:
    schema = Schema.model_validate(Clarify.model_json_schema())
    clarify = Clarify.model_validate(value_for(schema, "Review", {"label": "Scripted", "ready": False}))
    assert not clarify.ready
    assert {option.label for question in clarify.questions for option in question.options} == {"Scripted"}


def test_every_name_of_a_schema_is_known_at_any_depth() -> None:
    assert {"questions", "kind", "label"} <= Schema.model_validate(Clarify.model_json_schema()).names()


def test_all_of_and_sibling_constraints_are_merged() -> None:
    told = {"allOf": [{"type": "string", "minLength": 3}, {"maxLength": 5}], "pattern": "^[a-z]+$"}
    Draft202012Validator(told).validate(value_for(Schema.model_validate(told), "orders"))


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ({"const": 3}, 3),
        ({"type": ["null", "integer"]}, 1),
        ({"type": "null"}, None),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "number", "minimum": 2}, 2),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "array", "maxItems": 0}, []),
    ],
)
def test_small_schemas(told: dict[str, object], value: object) -> None:
    assert value_for(Schema.model_validate(told), "x") == value


def test_a_pattern_no_text_of_the_length_can_match_is_refused() -> None:
    with pytest.raises(UnsupportedPatternError, match="script an answer"):
        value_for(Schema(type="string", pattern="^a{9}$", max_length=3), "x")


def test_a_long_text_is_of_whole_sentences_and_a_short_one_is_cut_at_a_word() -> None:
    words = Words("Review the weekly export")
    assert words.text(Place(), 900, None).endswith(".")
    short = words.text(Place(), 0, 30)
    assert len(short) <= 30
    assert short[:-1] in words.text(Place(), 0, None)
