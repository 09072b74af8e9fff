"""A whole answer in place of a stream is read as one; what has no end is broken off; all else passes untouched."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import dspy
import pytest

from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.task import Task
from activities.programs.transport import LONGEST_STREAM, LONGEST_WHOLE, MOST_EVENTS, as_events, asks_for_stream
from domain.errors import ProviderRefused, Unparsable
from tests.activities.programs.conftest import MakeModel
from tests.support.ledger import MemoryLedger
from tests.support.provider import FaultKind, LocalProvider

MEMORY = 60_000_000
"""Bytes that calls may take while 400 MB are on offer to each."""

Serve = Callable[[bytes, Iterator[bytes]], Awaitable[str]]


class Name(Task):
    """Give it a name."""

    request: str = dspy.InputField(desc="what is asked")
    title: str = dspy.OutputField(desc="a title")


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """The most bytes that Python objects took since the test began."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    yield lambda: tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()


@pytest.fixture
async def raw_server() -> AsyncIterator[Serve]:
    """A server that answers one POST with this head and these parts. Gives its base URL."""
    servers: list[asyncio.Server] = []

    async def start(head: bytes, parts: Iterator[bytes]) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head)
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
            except ConnectionError:
                pass
            writer.close()

        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/v1"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (b'{"stream": true}', True),
        (b'{"stream":false}', False),
        (b'{"messages": ["a \\"stream\\" of data"]}', False),
        (b'["stream"]', False),
        (b'"stream" is not json', False),
    ],
)
def test_a_request_for_a_stream_is_told_from_one_that_speaks_of_streams(body: bytes, asked: bool) -> None:
    assert asks_for_stream(body) is asked


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": {"message": "no"}}'])
def test_what_is_no_completion_stays_as_it_is(body: bytes) -> None:
    assert as_events(body) == [body]


def test_the_limit_that_ended_a_whole_answer_is_told() -> None:
    whole = {"choices": [{"message": {"content": "x"}, "finish_reason": "length"}], "usage": {"total_tokens": 2}}
    events = [event.decode() for event in as_events(json.dumps(whole).encode())]
    assert '"finish_reason": "length"' in events[-2] and '"total_tokens": 2' in events[-2]
    assert events[-1] == "data: [DONE]\n\n"


@pytest.mark.parametrize(("live", "megabytes"), [(False, LONGEST_WHOLE // 10**6), (True, LONGEST_STREAM // 10**6)])
async def test_an_answer_without_end_is_broken_off_and_counts_as_a_try(
    make_model: MakeModel,
    provider: LocalProvider,
    ledger: MemoryLedger,
    peak: Callable[[], int],
    live: bool,
    megabytes: int,
) -> None:
    provider.fail(FaultKind.FLOOD, times=None)

    with pytest.raises(Unparsable, match=rf"answered 3 times .*; an answer was broken off after {megabytes} MB"):
        await make_model().ask(Name, 200, live=live, request="a lamp")

    assert peak() < MEMORY
    calls = await provider.until_settled(3)
    assert [(call.stream, call.outcome) for call in calls] == [(live, "disconnected")] * 3
    assert [call.outputs for call in ledger.calls.values()] == [[], [], []]
    with pytest.raises(Unparsable):
        await make_model().ask(Name, 200, live=live, request="a lamp")
    assert len(provider.calls()) == 3, "what was paid is not paid again"


@pytest.mark.parametrize("live", [False, True])
async def test_floods_side_by_side_stay_bounded_and_a_good_answer_after_them_is_taken(
    make_model: MakeModel, provider: LocalProvider, peak: Callable[[], int], live: bool
) -> None:
    provider.fail(FaultKind.FLOOD, times=2)
    model = make_model()

    found = await asyncio.gather(*(model.ask(Name, 200, live=live, request=thing) for thing in ("a lamp", "a chair")))

    assert all(one.title for one in found)
    assert peak() < MEMORY


async def test_a_stream_of_countless_tiny_events_is_broken_off(
    raw_server: Serve, ledger: MemoryLedger, peak: Callable[[], int]
) -> None:
    head = b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\n\r\n"
    url = await raw_server(head, (b"data: 0\n\n" * 5_000 for _ in range(8_000)))
    model = LanguageModel(ModelSpec("openai/stand-in", url, "key"), ledger, "job-1", Gate(1))

    with pytest.raises(Unparsable, match=f"after {MOST_EVENTS} parts"):
        await model.ask(Name, 200, live=True, request="a lamp")

    assert peak() < MEMORY and len(ledger.calls) == 3


async def test_an_endless_error_is_what_its_status_says(
    raw_server: Serve, ledger: MemoryLedger, peak: Callable[[], int]
) -> None:
    head = b"HTTP/1.1 401 X\r\ncontent-type: application/json\r\n\r\n"
    url = await raw_server(head, (b" " * 64_000 for _ in range(6_000)))

    with pytest.raises(ProviderRefused, match="refused the key"):
        await LanguageModel(ModelSpec("openai/stand-in", url, "key"), ledger, "job-1", Gate(1)).say(
            Name, 9, request="a lamp"
        )

    assert peak() < MEMORY and not ledger.calls


async def test_a_body_compressed_twice_is_not_unpacked(
    raw_server: Serve, ledger: MemoryLedger, peak: Callable[[], int]
) -> None:
    bomb = gzip.compress(gzip.compress(b" " * 200_000_000))
    head = b"HTTP/1.1 200 X\r\ncontent-encoding: gzip, gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    tracemalloc.reset_peak()

    model = LanguageModel(
        ModelSpec("openai/stand-in", await raw_server(head, iter([bomb])), "key"), ledger, "j", Gate(1)
    )
    await model.say(Name, 9, request="a lamp")

    assert peak() < MEMORY
    assert [call.outputs for call in ledger.calls.values()] == [[]]
