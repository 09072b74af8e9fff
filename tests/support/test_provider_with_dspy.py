"""The installed DSPy against the stand-in: both adapters read its answers, and each fault's error class.

The table of faults documents DSPy 3.4's native client as it is; what maps these errors relies on it.
"""

from collections.abc import AsyncIterator

import dspy
import pytest
from dspy.utils import exceptions
from pydantic import BaseModel, Field

from tests.support.provider import FaultKind, LocalProvider, Provider


class SchemaLM(dspy.LM):  # type: ignore[misc]  # dspy has no types
    """Says that the model takes a schema: DSPy does not know unknown models."""

    @property
    def supports_response_schema(self) -> bool:
        return True

    @property
    def supported_params(self) -> set[str]:
        return {*super().supported_params, "response_format"}


class Point(BaseModel):
    text: str = Field(pattern=r"^[A-Z][\w,;-]*( [\w,;-]+){2,30}[.]$")
    weight: int = Field(ge=1, le=3)


class Review(dspy.Signature):  # type: ignore[misc]  # dspy has no types
    """Review the text."""

    text: str = dspy.InputField()
    points: list[Point] = dspy.OutputField()
    verdict: bool = dspy.OutputField()
    summary: str = dspy.OutputField()


CHAT = dspy.ChatAdapter(use_json_adapter_fallback=False)
JSON = dspy.JSONAdapter()


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[LocalProvider]:
    async with Provider.start() as provider:
        yield provider


@pytest.fixture
def provider(running: LocalProvider) -> LocalProvider:
    running.reset(calls=True)
    return running


async def _review(provider: Provider, adapter: dspy.Adapter, lm_class: type[dspy.LM] = SchemaLM) -> dspy.Prediction:
    lm = lm_class(
        "openai/stand-in", api_base=provider.url, api_key=provider.key, num_retries=0, cache=False, timeout=0.5
    )
    with dspy.context(lm=lm, adapter=adapter):
        return await dspy.Predict(Review).acall(text="The weekly export of orders lost a column.")


@pytest.mark.parametrize(
    ("adapter", "lm_class"),
    [(CHAT, dspy.LM), (JSON, SchemaLM), (JSON, dspy.LM)],
    ids=["chat", "json with schema", "json without schema"],
)
async def test_any_adapter_reads_the_answer(
    provider: LocalProvider, adapter: dspy.Adapter, lm_class: type[dspy.LM]
) -> None:
    answer = await _review(provider, adapter, lm_class)
    assert [type(point) for point in answer.points] == [Point] * 3
    assert answer.verdict is True
    [call] = provider.calls()
    assert call.fields == ["points", "verdict", "summary"]


async def test_a_scripted_field_reaches_the_program(provider: LocalProvider) -> None:
    provider.when(field="verdict", contains="lost a column").answer(False)
    for adapter in (CHAT, JSON):
        assert (await _review(provider, adapter)).verdict is False


@pytest.mark.parametrize(
    ("kind", "error", "retryable"),
    [
        (FaultKind.UNAUTHORIZED, exceptions.LMAuthError, False),
        (FaultKind.FORBIDDEN, exceptions.LMAuthError, False),
        (FaultKind.NO_MODEL, exceptions.LMUnsupportedModelError, False),
        (FaultKind.RATE_LIMIT, exceptions.LMRateLimitError, True),
        (FaultKind.QUOTA, exceptions.LMBillingError, False),
        (FaultKind.BAD_REQUEST, exceptions.LMInvalidRequestError, False),
        (FaultKind.CONTEXT_OPENAI, exceptions.ContextWindowExceededError, False),
        (FaultKind.CONTEXT_LLAMA, exceptions.LMInvalidRequestError, False),
        (FaultKind.SERVER_ERROR, exceptions.LMServerError, True),
        (FaultKind.UNAVAILABLE, exceptions.LMServerError, True),
        (FaultKind.HANG, exceptions.LMTransportError, True),
        (FaultKind.DELAY, exceptions.LMTransportError, True),
        (FaultKind.DROP, exceptions.LMTransportError, True),
        (FaultKind.NOT_JSON, exceptions.LMProviderError, False),
        (FaultKind.TRUNCATED, exceptions.AdapterParseError, False),
        (FaultKind.PROSE, exceptions.AdapterParseError, False),
        (FaultKind.EMPTY, exceptions.AdapterParseError, False),
    ],
)
@pytest.mark.parametrize("adapter", [CHAT, JSON], ids=["chat", "json"])
async def test_each_fault_is_one_call_and_one_kind_of_error(
    provider: LocalProvider, adapter: dspy.Adapter, kind: FaultKind, error: type[Exception], retryable: bool
) -> None:
    provider.fail(kind, times=None, seconds=3)
    with pytest.raises(error) as raised:
        await _review(provider, adapter)
    assert type(raised.value) is error
    assert exceptions.is_retryable_lm_error(raised.value) is retryable
    [call] = await provider.until_settled(1)
    assert call.fault is kind


async def test_the_providers_retry_after_arrives_in_seconds(provider: LocalProvider) -> None:
    provider.fail(FaultKind.RATE_LIMIT, seconds=3)
    with pytest.raises(exceptions.LMRateLimitError) as raised:
        await _review(provider, JSON)
    assert raised.value.retry_after == 3.0


async def test_the_chat_adapters_own_fallback_pays_a_second_call(provider: LocalProvider) -> None:
    provider.fail(FaultKind.PROSE)
    await _review(provider, dspy.ChatAdapter())
    assert len(provider.calls()) == 2
