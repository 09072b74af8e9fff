"""Prompts as the installed DSPy writes them, read and answered."""

from enum import StrEnum
from typing import Literal

import dspy
import pytest
from pydantic import BaseModel, Field, JsonValue

from tests.support.dspy_prompts import AnswerForm, Message, read_prompt, written
from tests.support.schema_values import value_for


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Case(BaseModel):
    name: str = Field(pattern="^[a-z-]+$")
    tags: list[str] = Field(min_length=2)


class Everything(dspy.Signature):  # type: ignore[misc]  # dspy has no types
    """Write one of each."""

    task: str = dspy.InputField()
    cases: list[Case] = dspy.OutputField()
    score: float = dspy.OutputField()
    count: int = dspy.OutputField()
    ok: bool = dspy.OutputField()
    size: Literal["small", "large"] = dspy.OutputField()
    colour: Colour = dspy.OutputField()
    maybe: int | None = dspy.OutputField()
    limits: dict[str, int] = dspy.OutputField()
    body: str = dspy.OutputField()


@pytest.mark.parametrize("adapter", [dspy.ChatAdapter(), dspy.JSONAdapter()], ids=["chat", "json"])
def test_any_signature_is_answered_so_that_its_adapter_can_read_it(adapter: dspy.Adapter) -> None:
    told = adapter.format(Everything, demos=[], inputs={"task": "Review the weekly export"})
    asked = read_prompt([Message.model_validate(message) for message in told], None)
    parsed = adapter.parse(Everything, written(value_for(asked.wanted, asked.subject), asked.form))
    assert list(parsed) == list(Everything.output_fields)
    assert asked.subject == "Review the weekly export"


def test_a_schema_sent_along_wins_over_the_prompt() -> None:
    schema: JsonValue = {"type": "object", "properties": {"verdict": {"type": "string"}}}
    openai: dict[str, JsonValue] = {"type": "json_schema", "json_schema": {"schema": schema}}
    llama_cpp: dict[str, JsonValue] = {"type": "json_object", "schema": schema}
    for sent in (openai, llama_cpp):
        asked = read_prompt([Message(role="user", content="Judge it")], sent)
        assert (asked.form, list(asked.wanted.properties)) == (AnswerForm.JSON, ["verdict"])


def test_a_prompt_not_of_dspys_making_gets_plain_text_or_one_json_field() -> None:
    question = [Message(role="user", content=[{"type": "text", "text": "Who are you?"}])]
    plain = read_prompt(question, None)
    assert written({"answer": "Nobody."}, plain.form) == "Nobody."
    assert (
        written({"answer": "Nobody."}, read_prompt(question, {"type": "json_object"}).form) == '{"answer": "Nobody."}'
    )
