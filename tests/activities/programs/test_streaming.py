"""Live calls: people see the words as they come, and whatever a server makes of `stream: true`, one answer is paid."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.streaming import MOST_SHOWN, Lane, readable
from activities.programs.task import Task
from activities.programs.transport import asks_for_stream
from domain.errors import ProviderRateLimited, ProviderRefused, ProviderUnavailable, Unparsable
from tests.activities.programs.conftest import MakeModel, Respond
from tests.support.ledger import MemoryLedger
from tests.support.provider import FaultKind, LocalProvider

StartServer = Callable[[Respond], Awaitable[str]]

WORDS = [f"Step {number}: read every merged pull request before the first word is written." for number in range(12)]
ANSWER: dict[str, JsonValue] = {"steps": [*WORDS], "change": "Rewritten."}


class WriteSteps(Task):
    """Write the steps."""

    request: str = dspy.InputField(desc="what is asked")
    steps: list[str] = dspy.OutputField(desc="the steps", min_length=1, max_length=20)
    change: str = dspy.OutputField(desc="what changed")


async def ask(model: LanguageModel) -> dspy.Prediction:
    return await model.at("writing", "steps").ask(WriteSteps, 600, live=True, request="release notes")


async def test_people_see_the_words_and_no_json_while_they_are_written(
    model: LanguageModel, ledger: MemoryLedger, provider: LocalProvider
) -> None:
    provider.when().answer(ANSWER)
    provider.fail(FaultKind.SLOW_STREAM, seconds=0.02)

    found = await ask(model)

    assert found.steps == WORDS
    shown = [text for label, text in ledger.shown if label == "writing: steps"]
    assert len(shown) >= 2 and shown == sorted(shown, key=len)
    assert all("\n".join([*WORDS, "Rewritten."]).startswith(text) and "{" not in text for text in shown)
    [call] = provider.calls()
    assert (call.stream, call.outcome) == (True, "answered")


async def test_a_call_is_looked_at_four_times_a_second_at_most(
    model: LanguageModel, ledger: MemoryLedger, provider: LocalProvider
) -> None:
    provider.when().answer(ANSWER)
    provider.fail(FaultKind.SLOW_STREAM, seconds=0.01)

    await ask(model)

    [call] = ledger.calls.values()
    assert 1 <= len(ledger.shown) <= call.latency * 4 + 1


async def test_a_streamed_answer_is_kept_as_a_plain_one_is(
    make_model: MakeModel, ledger: MemoryLedger, provider: LocalProvider
) -> None:
    provider.when().answer(ANSWER)
    await ask(make_model())
    [streamed] = ledger.calls.values()
    again = await make_model().at("writing", "steps").ask(WriteSteps, 600, request="release notes")
    assert again.steps == WORDS and len(provider.calls()) == 1, "the key is the same"

    ledger.calls.clear()
    await make_model().at("writing", "steps").ask(WriteSteps, 600, request="release notes")
    [plain] = ledger.calls.values()
    assert plain.model_copy(update={"latency": 0.0}) == streamed.model_copy(update={"latency": 0.0})
    assert streamed.output_tokens > 0


async def test_a_server_that_ignores_streaming_is_paid_once(
    model: LanguageModel, ledger: MemoryLedger, provider: LocalProvider
) -> None:
    long = [word * 60 for word in WORDS]
    provider.when().answer({"steps": [*long], "change": "ü" * 30_000})
    provider.fail(FaultKind.IGNORES_STREAM, times=None)

    found = await ask(model)

    assert found.steps == long and len(found.change) == 30_000
    assert len(provider.calls()) == 1
    [call] = ledger.calls.values()
    assert call.input_tokens > 0 and call.output_tokens > 0


async def test_a_server_that_refuses_streaming_is_asked_without_from_then_on(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.fail(FaultKind.REFUSES_STREAM, times=None)
    model = make_model()

    await ask(model)
    await model.at("writing", "more").ask(WriteSteps, 600, live=True, request="release notes")

    assert [(call.stream, call.status) for call in provider.calls()] == [(True, 400), (False, 200), (False, 200)]


async def test_a_request_that_is_refused_either_way_says_so_and_teaches_nothing(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.fail(FaultKind.BAD_REQUEST, times=2)
    model = make_model()
    with pytest.raises(ProviderRefused, match="refused the request"):
        await ask(model)

    await ask(model)

    assert [call.stream for call in provider.calls()] == [True, False, True]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.CUT_STREAM, ProviderUnavailable),
        (FaultKind.DROP, ProviderUnavailable),
        (FaultKind.NOT_JSON, ProviderUnavailable),
        (FaultKind.SERVER_ERROR, ProviderUnavailable),
        (FaultKind.UNAVAILABLE, ProviderUnavailable),
        (FaultKind.RATE_LIMIT, ProviderRateLimited),
        (FaultKind.UNAUTHORIZED, ProviderRefused),
        (FaultKind.QUOTA, ProviderRefused),
        (FaultKind.NO_MODEL, ProviderRefused),
        (FaultKind.CONTEXT_OPENAI, ProviderRefused),
    ],
)
async def test_each_failure_of_a_stream_is_the_same_error_as_without_one_after_one_request(
    model: LanguageModel, ledger: MemoryLedger, provider: LocalProvider, fault: FaultKind, error: type[Exception]
) -> None:
    provider.when().answer(ANSWER)
    provider.fail(fault, seconds=7)

    with pytest.raises(error) as told:
        await ask(model)

    assert len(provider.calls()) == 1 and not ledger.calls
    if isinstance(told.value, ProviderRateLimited):
        assert told.value.retry_after == 7


async def test_an_answer_that_was_cut_at_its_limit_is_as_unusable_as_without_a_stream(
    model: LanguageModel, ledger: MemoryLedger, provider: LocalProvider
) -> None:
    provider.when().answer(ANSWER)
    provider.fail(FaultKind.TRUNCATED, times=3)

    with pytest.raises(Unparsable):
        await ask(model)

    assert len(ledger.calls) == 3


async def test_a_provider_whose_streams_never_end_is_soon_asked_without(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.when().answer(ANSWER)
    provider.fail(FaultKind.UNFINISHED_STREAM)
    model = make_model()
    with pytest.raises(ProviderUnavailable, match="tries again by itself"):
        await ask(model)
    await model.ask(WriteSteps, 600, live=True, request="one that ends")

    provider.fail(FaultKind.UNFINISHED_STREAM, times=None)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await ask(model)
    await ask(model)

    assert [call.stream for call in provider.calls()] == [True, True, True, True, False]


async def test_a_server_error_that_speaks_of_streams_is_a_refusal(
    ledger: MemoryLedger, odd_server: StartServer
) -> None:
    asked: list[bool] = []

    def respond(body: bytes) -> tuple[int, JsonValue]:
        asked.append(asks_for_stream(body))
        message: JsonValue = {"role": "assistant", "content": json.dumps(ANSWER)}
        completion: JsonValue = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        return (500, {"error": {"message": "Streaming is not implemented"}}) if asked[-1] else (200, completion)

    spec = ModelSpec("openai/stand-in", await odd_server(respond), "key")
    assert (await ask(LanguageModel(spec, ledger, "job-1", Gate(1)))).steps == WORDS
    assert asked == [True, False]


async def test_tokens_are_estimated_where_a_stream_tells_no_usage(
    model: LanguageModel, ledger: MemoryLedger, provider: LocalProvider
) -> None:
    provider.when().answer(ANSWER)
    provider.fail(FaultKind.NO_STREAM_USAGE)

    await ask(model)

    [call] = ledger.calls.values()
    assert call.output_tokens == len(json.dumps(ANSWER)) // 4 and call.input_tokens > 0 and call.usd is None


async def test_cancelling_aborts_a_stream_in_the_middle_within_a_second(
    model: LanguageModel, ledger: MemoryLedger, provider: LocalProvider
) -> None:
    provider.when().answer(ANSWER)
    provider.fail(FaultKind.STALLED_STREAM)
    asking = asyncio.create_task(ask(model))
    async with asyncio.timeout(10):
        await ledger.looked.wait()

    asking.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await asking
        await provider.until(lambda calls: calls[0].disconnected)


async def test_a_stream_that_stalls_is_given_up_after_the_time_of_a_call(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.fail(FaultKind.STALLED_STREAM)

    with pytest.raises(ProviderUnavailable, match="did not answer within"):
        await ask(make_model(timeout=0.3))


async def test_a_model_that_only_litellm_reaches_is_not_streamed(ledger: MemoryLedger) -> None:
    assert not ModelSpec("mistral/small", api_key="k").client().can_stream
    assert ModelSpec("anthropic/claude", api_key="k").client().can_stream


def chunk(text: str) -> SimpleNamespace:
    return SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(content=text))])


async def test_a_slow_looker_on_holds_nothing_up_and_is_left_behind_at_the_end() -> None:
    looks: list[str] = []

    async def never(text: str) -> None:
        looks.append(text)
        await asyncio.Event().wait()

    lane = Lane(never)
    async with asyncio.timeout(5):
        for part in ('{"a": "on', "e two", ' three"}'):
            await lane.send(chunk(part))
            await asyncio.sleep(0)
        await lane.close()
    assert looks == ["on"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", ""),
        ('{"', ""),
        ('{"steps": [{"action": "Re', "Re"),
        ('{"steps": [{"action": "Read", "n": 3, "detail": "Line\\nby li', "Read\nLine\nby li"),
        ('```json\n{"good": "Short', "Short"),
        ('{"good": 1} and then', ""),
        ("No JSON at all", "No JSON at all"),
    ],
)
def test_what_is_shown_is_words(text: str, seen: str) -> None:
    assert readable(text) == seen


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=40), max_size=4), st.integers(0, 300))
def test_no_beginning_of_an_answer_is_too_odd_to_be_shown(answer: dict[str, str], length: int) -> None:
    whole = json.dumps(answer)
    cut = readable(whole[:length])
    assert isinstance(cut, str) and len(cut) <= len(whole)


async def test_a_flood_is_shown_only_as_far_as_anyone_reads() -> None:
    looks: list[int] = []

    async def look(text: str) -> None:
        looks.append(len(text))

    lane = Lane(look)
    for _ in range(2 * MOST_SHOWN // 1_000):
        await lane.send(chunk("x" * 1_000))
    assert len(lane._text) == MOST_SHOWN + 1_000
    await lane.close()
    assert looks == [1_000]
