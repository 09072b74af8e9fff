"""What a model tells of its thoughts is kept as the setting says, and costs no answer."""

import json
from collections.abc import Awaitable, Callable

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.task import Task
from activities.programs.tracing import FULL, SUMMARY, kept, reasoning_of
from domain.model_call import Trace, TraceMode
from tests.activities.programs.conftest import Respond
from tests.support.ledger import MemoryLedger

StartServer = Callable[[Respond], Awaitable[str]]

THOUGHT = "A lamp wants a short name.\x00 So\ud800 do I."


class Name(Task):
    """Give it a name."""

    request: str = dspy.InputField(desc="what is asked")
    title: str = dspy.OutputField(desc="a title")


def completion(said: str, thought: str | None) -> JsonValue:
    message: JsonValue = {"role": "assistant", "content": said, "reasoning_content": thought}
    choice: JsonValue = {"index": 0, "message": message, "finish_reason": "stop"}
    usage: JsonValue = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


async def asked(start: StartServer, ledger: MemoryLedger, answer: JsonValue, key: str = "s3cret-key") -> str:
    spec = ModelSpec("openai/stand-in", await start(lambda _: (200, answer)), key)
    found = await LanguageModel(spec, ledger, "job-1", Gate(1)).ask(Name, 200, request="a lamp")
    return str(found.title)


async def test_what_a_model_thought_and_was_sent_goes_to_the_ledger_beside_its_answer(
    odd_server: StartServer, ledger: MemoryLedger
) -> None:
    answer = completion(json.dumps({"title": "Lamp"}), THOUGHT)
    assert await asked(odd_server, ledger, answer) == "Lamp"
    [call] = ledger.calls.values()
    assert call.outputs == [json.dumps({"title": "Lamp"})], "thoughts are no part of the answer"
    assert call.trace.reasoning.startswith("A lamp wants a short name.") and "\x00" not in call.trace.reasoning
    assert [message["role"] for message in call.trace.messages or [] if isinstance(message, dict)] == ["system", "user"]
    assert "a lamp" in str(call.trace.messages)
    assert "s3cret-key" not in call.trace.model_dump_json()
    assert "trace" not in call.model_dump(), "it is kept apart"


async def test_a_model_that_tells_nothing_leaves_no_reasoning(odd_server: StartServer, ledger: MemoryLedger) -> None:
    await asked(odd_server, ledger, completion(json.dumps({"title": "Lamp"}), None))
    [call] = ledger.calls.values()
    assert call.trace.reasoning == ""


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        (["text"], ""),
        ([{"text": "a"}], ""),
        ([{"text": "a", "reasoning_content": "why"}], "why"),
        ([{"reasoning_content": "one"}, "x", {"reasoning_content": "two"}], "one\n\ntwo"),
        ([{"reasoning_content": None}, {"reasoning_content": ""}], ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_thoughts_are_found_wherever_an_answer_has_them(outputs: object, told: str) -> None:
    assert reasoning_of(outputs) == told


MESSAGES: list[JsonValue] = [{"role": "user", "content": "x" * (FULL + 5)}]


@pytest.mark.parametrize(
    ("mode", "reasoning", "expected"),
    [
        ("off", "why", None),
        ("summary", "", None),
        ("summary", " \n ", None),
        ("summary", "why", Trace(reasoning="why")),
        ("summary", "w" * 9_999, Trace(reasoning="w" * (SUMMARY - 1) + "…")),
        ("full", "", Trace(messages=[{"role": "user", "content": "x" * (FULL - 1) + "…"}])),
        ("full", "w" * 9_999, Trace(reasoning="w" * 9_999, messages=[{"role": "user", "content": "x" * 99_999 + "…"}])),
    ],
)
def test_as_much_is_kept_as_the_setting_says(mode: TraceMode, reasoning: str, expected: Trace | None) -> None:
    assert kept(mode, Trace(reasoning=reasoning, messages=MESSAGES)) == expected


@given(st.sampled_from(["off", "summary", "full"]), st.text(alphabet=st.characters()), st.text(st.characters()))
def test_what_is_kept_fits_every_store_and_its_bound(mode: TraceMode, thought: str, said: str) -> None:
    found = kept(mode, Trace(reasoning=thought + "\0\ud800", messages=[{"role": "user", "content": said}]))
    if found is not None:
        stored = found.model_dump_json()
        assert "\\u0000" not in stored and len(found.reasoning) <= (SUMMARY if mode == "summary" else FULL)
        assert (found.messages is None) is (mode == "summary")
