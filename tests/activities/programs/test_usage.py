"""A usage that cannot be true loses no answer, and a budget still holds."""

import json
from collections.abc import Awaitable, Callable

import dspy
import pytest
from pydantic import JsonValue

from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.task import Task
from activities.programs.usage import MOST, count, price, with_counts
from tests.activities.programs.conftest import MakeModel, Respond
from tests.support.ledger import MemoryLedger
from tests.support.provider import FaultKind, LocalProvider

StartServer = Callable[[Respond], Awaitable[str]]

TITLE = "A title that is some forty characters long"


class Name(Task):
    """Give it a name."""

    request: str = dspy.InputField(desc="what is asked")
    title: str = dspy.OutputField(desc="a title")


def completion(usage: JsonValue) -> JsonValue:
    message: JsonValue = {"role": "assistant", "content": json.dumps({"title": TITLE})}
    choice: JsonValue = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "model": "stand-in", "choices": [choice], "usage": usage}


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        *((0, 0), (12, 12), (12.0, 12), (MOST, MOST), (MOST + 1, None), (10**30, None), (-5, None), (1.5, None)),
        *((float("inf"), None), (float("nan"), None), (True, None), ("12", None), (None, None), ([], None)),
    ],
)
def test_a_count_is_whole_not_negative_and_fits_its_column(told: object, counted: int | None) -> None:
    assert count(told) == counted


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 10**30, "completion_tokens": 10**30, "total_tokens": 2 * 10**30},
        {"prompt_tokens": -5, "completion_tokens": -5},
        {"prompt_tokens": "many", "completion_tokens": "12"},
        {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
        {"prompt_tokens": 1.5, "completion_tokens": True},
        {"prompt_tokens": float("nan"), "completion_tokens": float("inf")},
        {"prompt_tokens": {"text": 3}, "completion_tokens": [4]},
        {"prompt_tokens_details": "none", "completion_tokens_details": 5},
        {"prompt_tokens_details": [1], "completion_tokens_details": {"reasoning_tokens": -1}},
        "unknown",
        [1, 2],
        7,
        {},
        None,
    ],
)
@pytest.mark.parametrize("live", [False, True])
async def test_an_answer_with_an_absurd_usage_is_kept_and_its_tokens_are_estimated(
    odd_server: StartServer, ledger: MemoryLedger, usage: JsonValue, live: bool
) -> None:
    asked: list[bytes] = []

    def respond(body: bytes) -> tuple[int, JsonValue]:
        asked.append(body)
        return 200, completion(usage)

    spec = ModelSpec("openai/gpt-4o", await odd_server(respond), "key")
    found = await LanguageModel(spec, ledger, "job-1", Gate(1)).ask(Name, 200, live=live, request="a lamp")

    assert found.title == TITLE and len(asked) == 1
    [call] = ledger.calls.values()
    assert call.output_tokens == len(json.dumps({"title": TITLE})) // 4
    assert 0 < call.input_tokens < 10_000 and call.usd is None


@pytest.mark.parametrize("live", [False, True])
async def test_the_absurd_usage_of_a_stream_loses_nothing_either(
    make_model: MakeModel, provider: LocalProvider, ledger: MemoryLedger, live: bool
) -> None:
    provider.when().answer({"title": TITLE})
    provider.fail(FaultKind.ABSURD_USAGE)

    found = await make_model().ask(Name, 200, live=live, request="a lamp")

    assert found.title == TITLE
    [asked], [call] = provider.calls(), ledger.calls.values()
    assert asked.stream is live and asked.fault is FaultKind.ABSURD_USAGE
    assert 0 < call.input_tokens < 10_000 and call.output_tokens == len(json.dumps({"title": TITLE})) // 4


async def test_what_makes_sense_is_taken_as_it_is_told(odd_server: StartServer, ledger: MemoryLedger) -> None:
    usage: JsonValue = {"prompt_tokens": 120, "completion_tokens": -5, "cost": "free"}
    spec = ModelSpec("openai/stand-in", await odd_server(lambda _: (200, completion(usage))), "key")

    await LanguageModel(spec, ledger, "job-1", Gate(1)).ask(Name, 200, request="a lamp")

    [call] = ledger.calls.values()
    assert call.input_tokens == 120 and call.output_tokens > 0


def test_a_number_too_long_for_python_to_read_is_no_count() -> None:
    document = b'{"usage": {"total_tokens": %b, "prompt_tokens": 3}}' % (b"9" * 5_000)
    assert json.loads(with_counts(document)) == {"usage": {"total_tokens": None, "prompt_tokens": 3}}


def test_geminis_usage_is_read_too_and_its_words_stay() -> None:
    detail: JsonValue = {"modality": "AUDIO", "tokenCount": -1}
    usage: JsonValue = {"promptTokenCount": "x", "serviceTier": "flex", "promptTokensDetails": [detail, 4]}
    assert json.loads(with_counts(json.dumps({"usageMetadata": usage}).encode()))["usageMetadata"] == {
        "promptTokenCount": None,
        "serviceTier": "flex",
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": None}],
    }


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b" usage",
        b'["usage"]',
        b'{"usage": {"total_tokens": 5.0}}',
        b'{"a": "\\ud800 usage"}',
        b'{"usage":' * 9_999,
    ],
)
def test_what_needs_no_change_gets_none(document: bytes) -> None:
    assert with_counts(document) is document


CACHED: JsonValue = {"cached_tokens": 800}


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(
    ("model", "details", "usd"),
    [
        ("openai/gpt-4o-mini", None, 1000 * 0.15e-6 + 500 * 0.6e-6),
        ("openai/gpt-4o-mini", CACHED, 200 * 0.15e-6 + 800 * 0.075e-6 + 500 * 0.6e-6),
        ("openrouter/openai/gpt-4o-mini", None, 1000 * 0.15e-6 + 500 * 0.6e-6),
        ("openai/stand-in", None, None),
        ("hosted_vllm/whatever", None, None),
    ],
)
async def test_a_call_costs_what_litellms_table_says_and_is_unknown_where_it_says_nothing(
    odd_server: StartServer,
    ledger: MemoryLedger,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    details: JsonValue,
    usd: float | None,
    live: bool,
) -> None:
    """List prices of May 2024, which have stood since; OpenAI reads from its cache for half."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    usage: JsonValue = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    assert isinstance(usage, dict)
    answer = completion(usage | ({"prompt_tokens_details": details} if details else {}))
    assert isinstance(answer, dict)
    answer["model"] = model.rpartition("/")[2]
    spec = ModelSpec(model, await odd_server(lambda _: (200, answer)), "key")

    await LanguageModel(spec, ledger, "job-1", Gate(1)).ask(Name, 200, live=live, request="a lamp")

    [call] = ledger.calls.values()
    assert (call.input_tokens, call.output_tokens, call.model) == (1000, 500, model)
    assert call.usd == (None if usd is None else pytest.approx(usd))
    assert call.latency > 0 and len(call.input_digest) == 64


@pytest.mark.parametrize(
    ("told", "usd"),
    [
        *((0, 0.0), (0.0, 0.0), (0.25, 0.25), (2, 2.0), (None, None), (True, None), ("0.1", None)),
        *((-0.5, None), (float("nan"), None), (float("inf"), None)),
    ],
)
def test_a_price_is_a_number_of_dollars_and_what_is_free_costs_nothing(told: object, usd: float | None) -> None:
    assert price(told) == usd
