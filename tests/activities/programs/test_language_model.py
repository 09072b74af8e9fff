"""Asking a model: each answer is stored as it arrives, paid once, and failures say what to do."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import dspy
import pytest
from pydantic import JsonValue

from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.task import Item, Task
from domain.errors import ProviderRateLimited, ProviderRefused, ProviderUnavailable, Unparsable
from domain.model_call import ModelCall
from tests.support.ledger import MemoryLedger
from tests.support.provider import FaultKind, LocalProvider
from tests.support.provider_models import ChatRequest

MakeModel = Callable[..., LanguageModel]
StartServer = Callable[[Callable[[bytes], tuple[int, JsonValue]]], Awaitable[str]]


class Thing(Item):
    name: str = ""


class NameThings(Task):
    """Name the things in the request."""

    request: str = dspy.InputField(desc="what is asked")
    things: list[Thing] = dspy.OutputField(desc="the things", min_length=1, max_length=3)
    title: str = dspy.OutputField(desc="a title", max_length=40)


class Reply(Task):
    """Answer the user."""

    guidance: str = dspy.InputField(desc="a skill")
    request: str = dspy.InputField(desc="what the user says")
    reply: str = dspy.OutputField(desc="the answer")


def completion(text: str) -> JsonValue:
    """A chat completion in OpenAI's form."""
    choice: JsonValue = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "stand-in", "choices": [choice]}


GOOD: dict[str, JsonValue] = {"things": [{"name": "lamp"}], "title": "Things"}


async def test_an_answer_is_stored_with_its_usage_under_a_key_that_names_its_place(
    model: LanguageModel, ledger: MemoryLedger
) -> None:
    await model.at("writing", "rules").ask(NameThings, 200, request="a lamp")

    [call] = ledger.calls.values()
    assert call.key.startswith("job-1/writing/rules/NameThings/0/")
    assert call.label == "writing: rules"
    assert call.model == "openai/stand-in"
    assert call.input_tokens > 0
    assert call.output_tokens > 0
    assert call.usd is None
    assert call.latency > 0
    assert ledger.announced == ["writing: rules"]


async def test_the_same_question_at_the_same_place_is_paid_once(
    make_model: MakeModel, provider: LocalProvider, ledger: MemoryLedger
) -> None:
    first = await make_model().ask(NameThings, 200, request="a lamp")
    again = await make_model().ask(NameThings, 200, request="a lamp")

    assert again.title == first.title
    assert len(provider.calls()) == 1
    assert len(ledger.announced) == 1


async def test_another_place_or_another_input_is_another_call(model: LanguageModel, provider: LocalProvider) -> None:
    await model.at("a").ask(NameThings, 200, request="a lamp")
    await model.at("b").ask(NameThings, 200, request="a lamp")
    await model.at("b").ask(NameThings, 200, request="a chair")

    assert len(provider.calls()) == 3


async def test_a_stored_answer_is_used_after_a_restart_even_if_the_provider_is_gone(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    before = await make_model().ask(NameThings, 200, request="a lamp")
    provider.fail(FaultKind.UNAVAILABLE, times=None)

    after = await make_model().ask(NameThings, 200, request="a lamp")

    assert after.toDict() == before.toDict()


async def test_two_overlapping_attempts_go_on_with_the_answer_that_stands(
    make_model: MakeModel, provider: LocalProvider, ledger: MemoryLedger
) -> None:
    titles = iter(["first", "second"])
    provider.when(field="title").answer(lambda _: GOOD | {"title": next(titles)})

    one, other = await asyncio.gather(
        make_model().ask(NameThings, 200, request="a lamp"), make_model().ask(NameThings, 200, request="a lamp")
    )

    assert one.title == other.title
    assert len(ledger.calls) == 1


async def test_bounds_reach_the_wire_and_unbounded_texts_get_one(model: LanguageModel, provider: LocalProvider) -> None:
    seen: list[dict[str, JsonValue] | None] = []

    def answer(request: ChatRequest) -> JsonValue:
        seen.append(request.response_format)
        return GOOD

    provider.when().answer(answer)

    await model.ask(NameThings, 200, request="a lamp")

    schema: Any = json.loads(json.dumps(seen[0]))["json_schema"]["schema"]
    assert schema["properties"]["things"]["maxItems"] == 3
    assert schema["properties"]["things"]["minItems"] == 1
    assert schema["properties"]["title"]["maxLength"] == 40
    assert schema["$defs"]["Thing"]["properties"]["name"]["maxLength"] == 160
    assert schema["$defs"]["Thing"]["additionalProperties"] is False


async def test_an_answer_beyond_the_bounds_is_still_read(model: LanguageModel, provider: LocalProvider) -> None:
    many: list[JsonValue] = [{"name": f"thing {number}"} for number in range(9)]
    provider.when().answer({"things": [*many, {}], "title": "t" * 400})

    found = await model.ask(NameThings, 200, request="a lamp")

    assert len(found.things) == 10
    assert len(found.title) == 400


async def test_a_provider_that_refuses_schemas_is_asked_for_plain_json_from_then_on(
    odd_server: StartServer, ledger: MemoryLedger
) -> None:
    formats: list[str] = []

    def respond(body: bytes) -> tuple[int, JsonValue]:
        formats.append(json.loads(body)["response_format"]["type"])
        if formats[-1] == "json_schema":
            return 400, {"error": {"message": "response_format json_schema is not supported", "type": "invalid"}}
        return 200, completion(json.dumps(GOOD))

    spec = ModelSpec("openai/stand-in", await odd_server(respond), "key")
    model = LanguageModel(spec, ledger, "job-1", Gate(1))

    await model.ask(NameThings, 200, request="a lamp")
    await LanguageModel(spec, ledger, "job-1", Gate(1)).ask(NameThings, 200, request="a chair")

    assert formats == ["json_schema", "json_object", "json_object"]
    assert len(ledger.calls) == 2


async def test_a_provider_that_refuses_every_form_is_asked_in_words_from_then_on(
    odd_server: StartServer, ledger: MemoryLedger
) -> None:
    formats: list[str] = []

    def respond(body: bytes) -> tuple[int, JsonValue]:
        formats.append(json.loads(body).get("response_format", {}).get("type", "none"))
        if formats[-1] != "none":
            return 400, {"error": {"message": f"{formats[-1]} is not supported", "type": "invalid_request_error"}}
        return 200, completion(f"```json\n{json.dumps(GOOD)}\n```")

    spec = ModelSpec("openai/stand-in", await odd_server(respond), "key")
    model = LanguageModel(spec, ledger, "job-1", Gate(1))

    found = await model.ask(NameThings, 200, request="a lamp")
    await model.ask(NameThings, 200, request="a chair")

    assert found.title == GOOD["title"]
    assert formats == ["json_schema", "json_object", "none", "none"]


async def test_calls_side_by_side_each_learn_that_schemas_are_refused(
    odd_server: StartServer, ledger: MemoryLedger
) -> None:
    def respond(body: bytes) -> tuple[int, JsonValue]:
        if json.loads(body)["response_format"]["type"] == "json_schema":
            return 400, {"error": {"message": "response_format json_schema is not supported", "type": "invalid"}}
        return 200, completion(json.dumps(GOOD))

    spec = ModelSpec("openai/stand-in", await odd_server(respond), "key")
    model = LanguageModel(spec, ledger, "job-1", Gate(4))

    found = await asyncio.gather(
        *(model.ask(NameThings, 200, request=thing) for thing in ("a lamp", "a chair", "a bed"))
    )

    assert [answer.title for answer in found] == [GOOD["title"]] * 3


@pytest.mark.parametrize("fault", [FaultKind.PROSE, FaultKind.EMPTY])
async def test_an_unreadable_answer_is_kept_and_asked_again_a_little_warmer(
    model: LanguageModel, provider: LocalProvider, ledger: MemoryLedger, fault: FaultKind
) -> None:
    provider.fail(fault, times=1)

    found = await model.ask(NameThings, 200, request="a lamp")

    assert found.title
    assert [key.split("/")[-2] for key in ledger.calls] == ["0", "1"]


async def test_a_server_that_cannot_close_the_json_counts_as_an_unreadable_answer(
    odd_server: StartServer, ledger: MemoryLedger
) -> None:
    message = "The model produced output that does not match the expected peg-native format"
    broken: JsonValue = {"error": {"code": 500, "message": message}}
    answers = iter([(500, broken), (200, completion(json.dumps(GOOD)))])
    spec = ModelSpec("openai/stand-in", await odd_server(lambda _: next(answers)), "key")

    found = await LanguageModel(spec, ledger, "job-1", Gate(1)).ask(NameThings, 200, request="a lamp")

    assert found.title == "Things"
    assert [call.outputs == [] for call in ledger.calls.values()] == [True, False]


async def test_three_unreadable_answers_are_told_and_asking_again_pays_nothing(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.fail(FaultKind.PROSE, times=None)
    with pytest.raises(Unparsable, match="openai/stand-in answered 3 times"):
        await make_model().ask(NameThings, 200, request="a lamp")
    with pytest.raises(Unparsable):
        await make_model().ask(NameThings, 200, request="a lamp")

    assert len(provider.calls()) == 3


async def test_a_persons_retry_asks_anew_only_where_answers_were_bad(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    await make_model().at("good").ask(NameThings, 200, request="a lamp")
    provider.fail(FaultKind.PROSE, times=3)
    with pytest.raises(Unparsable):
        await make_model().at("bad").ask(NameThings, 200, request="a lamp")

    await make_model(attempt=1).at("good").ask(NameThings, 200, request="a lamp")
    await make_model(attempt=1).at("bad").ask(NameThings, 200, request="a lamp")

    assert len(provider.calls()) == 1 + 3 + 1


async def test_an_answer_that_is_not_accepted_is_asked_for_once_more_and_then_taken(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(GOOD)

    found = await model.ask(NameThings, 200, accept=lambda _: False, request="a lamp")

    assert found.title == "Things"
    assert len(provider.calls()) == 2


async def test_a_rate_limit_says_how_long_to_wait(model: LanguageModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.RATE_LIMIT, seconds=7)

    with pytest.raises(ProviderRateLimited) as told:
        await model.ask(NameThings, 200, request="a lamp")

    assert told.value.retry_after == 7
    assert len(provider.calls()) == 1


async def test_a_refused_key_says_what_to_set_and_shows_neither_key_nor_prompt(make_model: MakeModel) -> None:
    with pytest.raises(ProviderRefused) as told:
        await make_model(key="sk-very-secret").ask(NameThings, 200, request="the private request")

    said = str(told.value)
    assert said == (
        "The provider refused the key (401). Set SKILL_FLEET_MODEL_API_KEY to a valid key, restart the worker, "
        "then retry the job."
    )
    assert "sk-very-secret" not in repr(told.value.__cause__)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (FaultKind.QUOTA, ProviderRefused, "credit or quota"),
        (FaultKind.NO_MODEL, ProviderRefused, "does not know the model"),
        (FaultKind.CONTEXT_OPENAI, ProviderRefused, "larger context window"),
        (FaultKind.CONTEXT_LLAMA, ProviderRefused, "larger context window"),
        (FaultKind.BAD_REQUEST, ProviderRefused, "refused the request"),
        (FaultKind.SERVER_ERROR, ProviderUnavailable, "tries again by itself"),
        (FaultKind.UNAVAILABLE, ProviderUnavailable, "tries again by itself"),
        (FaultKind.DROP, ProviderUnavailable, "tries again by itself"),
        (FaultKind.NOT_JSON, ProviderUnavailable, "tries again by itself"),
    ],
)
async def test_each_failure_of_a_provider_becomes_one_error_after_one_request(
    model: LanguageModel, provider: LocalProvider, fault: FaultKind, error: type[Exception], words: str
) -> None:
    provider.fail(fault, times=None)

    with pytest.raises(error, match=words):
        await model.ask(NameThings, 200, request="the private request")

    assert len(provider.calls()) == 1


async def test_a_provider_that_is_not_there_is_unavailable(ledger: MemoryLedger) -> None:
    spec = ModelSpec("openai/stand-in", "http://127.0.0.1:9/v1", "key")

    with pytest.raises(ProviderUnavailable, match="SKILL_FLEET_MODEL_API_BASE"):
        await LanguageModel(spec, ledger, "job-1", Gate(1)).ask(NameThings, 200, request="a lamp")


async def test_cancelling_aborts_the_request_itself(model: LanguageModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.HANG)
    asking = asyncio.create_task(model.ask(NameThings, 200, request="a lamp"))
    await provider.until_calls(1)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await provider.until(lambda calls: calls[0].disconnected)


async def test_a_call_that_takes_too_long_is_aborted(make_model: MakeModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.HANG)

    with pytest.raises(ProviderUnavailable, match="did not answer within"):
        await make_model(timeout=0.2).ask(NameThings, 200, request="a lamp")

    await provider.until(lambda calls: calls[0].disconnected)


async def test_waiting_at_the_gate_does_not_count_as_time_of_the_call(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.fail(FaultKind.DELAY, times=4, seconds=0.3)
    model = make_model(timeout=1.0, at_once=1)

    started = time.monotonic()
    await asyncio.gather(*(model.ask(NameThings, 200, request=f"lamp {number}") for number in range(4)))

    assert time.monotonic() - started >= 1.2


async def test_an_answer_that_was_stored_while_this_one_waited_at_the_gate_is_not_paid_again(
    make_model: MakeModel, provider: LocalProvider, ledger: MemoryLedger
) -> None:
    provider.fail(FaultKind.HANG, times=1)
    first, second = make_model(at_once=1), make_model(at_once=1)
    second._gate = first._gate
    asking = asyncio.gather(*(model.ask(NameThings, 200, request="a lamp") for model in (first, second)))
    await provider.until_calls(1)

    provider.release()
    one, other = await asking

    assert one.toDict() == other.toDict()
    assert len(provider.calls()) == 1
    assert len(ledger.announced) == 1


async def test_a_rate_limit_makes_the_other_calls_of_that_provider_wait_too(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.fail(FaultKind.RATE_LIMIT, times=1, seconds=1)
    model = make_model(at_once=1)
    asking = [asyncio.create_task(model.ask(NameThings, 200, request=f"lamp {n}")) for n in range(3)]

    ended = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(one) for one in ended] == [ProviderRateLimited, dspy.Prediction, dspy.Prediction]
    refused, *others = provider.calls()
    assert refused.ended_at is not None
    assert all((call.started_at - refused.ended_at).total_seconds() >= 0.99 for call in others)


async def test_an_answer_that_arrived_is_stored_even_if_the_step_is_cancelled_then(provider: LocalProvider) -> None:
    class SlowLedger(MemoryLedger):
        def __init__(self) -> None:
            super().__init__()
            self.keeping = asyncio.Event()
            self.may_go_on = asyncio.Event()
            self.kept = asyncio.Event()

        async def keep(self, call: ModelCall) -> ModelCall:
            self.keeping.set()
            await self.may_go_on.wait()
            self.kept.set()
            return await super().keep(call)

    slow = SlowLedger()
    model = LanguageModel(ModelSpec("openai/stand-in", provider.url, provider.key), slow, "job-1", Gate(1))
    asking = asyncio.create_task(model.ask(NameThings, 200, request="a lamp"))
    await slow.keeping.wait()

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    slow.may_go_on.set()
    await slow.kept.wait()

    assert len(slow.calls) == 1


async def test_the_agent_is_spoken_to_plainly_and_its_words_come_back_verbatim(
    model: LanguageModel, provider: LocalProvider
) -> None:
    seen: list[list[str]] = []

    def reply(request: ChatRequest) -> str:
        seen.append([message.text for message in request.messages])
        return "## Added\n\n- {not json}"

    provider.when().answer(reply)

    said = await model.say(Reply, 100, guidance="Follow this skill: be brief.", request="Write the notes.")

    assert said == "## Added\n\n- {not json}"
    assert seen == [["Answer the user.\n\nFollow this skill: be brief.", "Write the notes."]]


async def test_an_agent_that_says_nothing_has_said_nothing(model: LanguageModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.EMPTY)

    assert await model.say(Reply, 100, guidance="", request="Write the notes.") == ""


async def test_the_small_local_model_reads_what_is_shared_first_and_no_schema_in_words(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    await make_model(small=True).ask(NameThings, 200, request="a lamp")

    system, user = (message.text for message in provider.calls()[0].messages)
    assert "Agent Skills" in system
    assert user.startswith("REQUEST:\na lamp")
    assert "JSON schema" not in system + user


def test_a_spec_does_not_show_its_key() -> None:
    assert "sk-very-secret" not in repr(ModelSpec("openai/gpt", None, "sk-very-secret"))
