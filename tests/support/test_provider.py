"""The stand-in provider over the wire: protocol, scripts, record, and life as a process."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.provider import FaultKind, LocalProvider, Provider
from tests.support.provider_models import Control
from tests.support.provider_state import read_ledger

SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["pass", "fail"]}, "reason": {"type": "string"}},
    "required": ["verdict", "reason"],
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "judgement", "schema": SCHEMA, "strict": True}}


@pytest.fixture
async def provider() -> AsyncIterator[LocalProvider]:
    async with Provider.start() as running:
        yield running


@pytest.fixture
async def client(provider: LocalProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(provider) as opened:
        yield opened


def _client(provider: Provider) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=provider.url, headers={"Authorization": f"Bearer {provider.key}"}, timeout=10)


async def _ask(client: httpx.AsyncClient, text: str = "Judge the export", **more: object) -> httpx.Response:
    body = {"model": "some-model", "messages": [{"role": "user", "content": text}], **more}
    return await client.post("/chat/completions", json=body)


def _content(response: httpx.Response) -> str:
    return str(response.json()["choices"][0]["message"]["content"])


async def test_a_completion_has_openais_shape_and_counts_words_as_tokens(client: httpx.AsyncClient) -> None:
    body = (await _ask(client, response_format=FORMAT, n=2)).json()
    assert (body["object"], body["model"], len(body["choices"])) == ("chat.completion", "some-model", 2)
    assert body["usage"]["prompt_tokens"] == 3
    assert body["usage"]["total_tokens"] == 3 + body["usage"]["completion_tokens"]
    assert json.loads(body["choices"][0]["message"]["content"])["verdict"] == "pass"


async def test_a_stream_gives_the_same_answer_in_chunks_and_usage_when_asked(client: httpx.AsyncClient) -> None:
    whole = _content(await _ask(client))
    lines = (await _ask(client, stream=True, stream_options={"include_usage": True})).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    deltas = [choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]]
    assert "".join(deltas) == whole
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["total_tokens"] > 3


async def test_a_stream_can_be_ignored_refused_or_left_without_usage(
    client: httpx.AsyncClient, provider: LocalProvider
) -> None:
    for fault in (FaultKind.IGNORES_STREAM, FaultKind.REFUSES_STREAM, FaultKind.NO_STREAM_USAGE):
        provider.fail(fault)
    assert _content(await _ask(client))  # not a stream: answered, and no fault is used up
    ignored, refused, silent = [
        await _ask(client, stream=True, stream_options={"include_usage": True}) for _ in range(3)
    ]
    assert _content(ignored)
    assert (refused.status_code, "not supported" in refused.text) == (400, True)
    assert "usage" not in silent.text and silent.text.endswith("data: [DONE]\n\n")
    assert [call.outcome for call in provider.calls()] == ["answered", "answered", "faulted", "answered"]


async def test_a_stream_can_break_off_or_stall_in_the_middle(
    client: httpx.AsyncClient, provider: LocalProvider
) -> None:
    provider.fail(FaultKind.CUT_STREAM)
    provider.fail(FaultKind.STALLED_STREAM)
    with pytest.raises(httpx.TransportError):
        await _ask(client, stream=True)
    asking = asyncio.create_task(_ask(client, stream=True))
    await provider.until_calls(2)
    provider.release()
    assert (await asking).text.endswith("data: [DONE]\n\n")
    assert [call.outcome for call in await provider.until_settled(2)] == ["faulted", "answered"]


async def test_models_are_listed_and_a_wrong_key_is_refused_and_recorded(provider: LocalProvider) -> None:
    async with httpx.AsyncClient(base_url=provider.url, headers={"Authorization": "Bearer wrong"}) as stranger:
        assert (await stranger.get("/models")).status_code == 401
        assert (await _ask(stranger)).json()["error"]["code"] == "invalid_api_key"
    async with _client(provider) as client:
        assert [model["id"] for model in (await client.get("/models")).json()["data"]] == ["stand-in"]
    assert [(call.outcome, call.status) for call in provider.calls()] == [("refused", 401)]


async def test_a_body_it_does_not_understand_is_a_400(client: httpx.AsyncClient, provider: LocalProvider) -> None:
    assert (await client.post("/chat/completions", content=b"[")).status_code == 400
    assert provider.calls()[0].outcome == "refused"


async def test_a_schema_beyond_it_says_what_to_do(client: httpx.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string", "pattern": "^(?!a)b$"}}}
    response = await _ask(client, response_format={"type": "json_schema", "json_schema": {"schema": schema}})
    assert response.status_code == 501
    assert "script an answer" in response.json()["error"]["message"]


async def test_scripted_fields_apply_where_they_match(client: httpx.AsyncClient, provider: LocalProvider) -> None:
    provider.when(field="verdict", contains="second").answer("fail")
    provider.when(field="reason", model="some-model").answer(lambda request: f"{len(request.messages)} message")
    first = json.loads(_content(await _ask(client, "the first", response_format=FORMAT)))
    second = json.loads(_content(await _ask(client, "the second", response_format=FORMAT)))
    assert (first, second["verdict"]) == ({"verdict": "pass", "reason": "1 message"}, "fail")


async def test_a_whole_answer_can_be_scripted_and_the_last_wins_until_used_up(
    client: httpx.AsyncClient, provider: LocalProvider
) -> None:
    provider.when(contains="export").answer({"verdict": "fail", "reason": "always"})
    provider.when().answer("once, as it is", times=1)
    answers = [_content(await _ask(client, response_format=FORMAT)) for _ in range(2)]
    assert answers == ["once, as it is", '{"verdict": "fail", "reason": "always"}']
    provider.reset()
    assert json.loads(_content(await _ask(client, response_format=FORMAT)))["verdict"] == "pass"


async def test_faults_come_in_order_for_as_many_calls_as_said(
    client: httpx.AsyncClient, provider: LocalProvider
) -> None:
    provider.when(contains="judge").fail(FaultKind.SERVER_ERROR)  # lower case: matches no call here
    provider.fail(FaultKind.RATE_LIMIT, times=2, seconds=3)
    provider.fail(FaultKind.UNAVAILABLE)
    responses = [await _ask(client) for _ in range(4)]
    assert [response.status_code for response in responses] == [429, 429, 503, 200]
    assert responses[0].headers["Retry-After"] == "3"
    assert [call.fault for call in provider.calls()] == ["rate_limit", "rate_limit", "unavailable", None]


async def test_a_dropped_connection_is_the_providers_doing(client: httpx.AsyncClient, provider: LocalProvider) -> None:
    provider.fail(FaultKind.DROP)
    with pytest.raises(httpx.TransportError):
        await _ask(client)
    [call] = await provider.until_settled(1)
    assert (call.outcome, call.status, call.disconnected) == ("faulted", 0, False)


async def test_a_hanging_call_goes_on_when_told(client: httpx.AsyncClient, provider: LocalProvider) -> None:
    provider.fail(FaultKind.HANG)
    asked = asyncio.create_task(_ask(client))
    [call] = await provider.until_calls(1)
    assert call.outcome == "open"
    provider.release()
    assert (await asked).status_code == 200
    assert provider.calls()[0].outcome == "answered"


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.DELAY])
async def test_a_client_that_goes_before_its_answer_is_noticed(
    client: httpx.AsyncClient, provider: LocalProvider, kind: FaultKind
) -> None:
    provider.fail(kind, seconds=60)
    asked = asyncio.create_task(_ask(client))
    await provider.until_calls(1)
    asked.cancel()
    [call] = await provider.until_settled(1)
    assert (call.outcome, call.status, call.disconnected) == ("disconnected", 0, True)


async def test_a_delayed_call_is_answered_after_its_seconds(client: httpx.AsyncClient, provider: LocalProvider) -> None:
    provider.fail(FaultKind.DELAY, seconds=0.2)
    assert (await _ask(client)).status_code == 200
    [call] = provider.calls()
    assert call.ended_at is not None
    assert (call.ended_at - call.started_at).total_seconds() >= 0.2


async def test_a_provider_stops_while_calls_hang(tmp_path: Path) -> None:
    async with Provider.start(ledger=tmp_path / "calls.jsonl") as provider:
        provider.fail(FaultKind.HANG)
        async with _client(provider) as client:
            asked = asyncio.create_task(_ask(client))
            await provider.until_calls(1)
            assert read_ledger(tmp_path / "calls.jsonl")[0].outcome == "open"
            asked.cancel()


async def test_a_process_is_steered_from_outside_and_keeps_count_across_its_own_death(tmp_path: Path) -> None:
    async with Provider.spawn(tmp_path) as provider, _client(provider) as client:
        provider.when(field="verdict").answer("fail")
        assert '"fail"' in _content(await _ask(client, response_format=FORMAT))
        with pytest.raises(TypeError, match="computed answer"):
            provider.when().answer(lambda _: "x")
        bad = provider.control.post("/_control", json={"unknown": 1})
        assert bad.status_code == 422
        os.kill(provider.pid, signal.SIGKILL)
    async with Provider.spawn(tmp_path) as provider, _client(provider) as client:
        await _ask(client)
        assert [call.number for call in provider.calls()] == [1, 2]
    assert [call.fields for call in read_ledger(tmp_path / "calls.jsonl")] == [["verdict", "reason"], ["answer"]]


def test_orders_are_checked_when_they_are_made() -> None:
    with pytest.raises(ValueError, match="times"):
        Control.model_validate({"faults": [{"kind": "hang", "times": 0}]})


async def test_every_call_takes_its_time_when_a_pace_is_set_and_a_question_keeps_its_digest(
    provider: LocalProvider, client: httpx.AsyncClient
) -> None:
    provider.pace(0.2, 0.3)
    for text in ("Judge the export", "Judge the export", "Judge the import"):
        await _ask(client, text)
    calls = await provider.until_settled(3)
    assert all(call.ended_at and (call.ended_at - call.started_at).total_seconds() >= 0.2 for call in calls)
    assert calls[0].digest == calls[1].digest != calls[2].digest
