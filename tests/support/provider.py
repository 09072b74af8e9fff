"""A language model provider for tests: a real HTTP server that speaks OpenAI's chat completions.

It answers any DSPy prompt or JSON schema with values that fit, counts and records every call outside the system
under test, and fails on order. In the test's process::

    async with Provider.start() as provider:
        provider.when(field="verdict").answer("fail", times=1)
        provider.fail(FaultKind.RATE_LIMIT, seconds=3)
        ...  # dspy.LM("openai/stand-in", api_base=provider.url, api_key=provider.key)
        [call] = await provider.until_calls(1)

or as its own process, which outlives whatever the test kills: `Provider.spawn(folder)`, or by hand
`python -m tests.support.provider --port 0 --port-file F`. Must not be imported by anything but tests.
"""

import argparse
import asyncio
import os
import secrets
import sys
import threading
from abc import ABC, abstractmethod
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.provider_models import Call, Control, Fault, FaultKind, Ledger, Match, Pace, Rule
from tests.support.provider_server import Server
from tests.support.provider_state import Answer, ProviderState

__all__ = ["Answer", "Call", "FaultKind", "LocalProvider", "Provider", "SpawnedProvider"]

_ROOT = Path(__file__).parents[2]
_POLL = 0.02


@dataclass(frozen=True)
class When:
    """Calls to script, from `Provider.when`."""

    provider: "Provider"
    match: Match

    def answer(self, answer: Answer, times: int | None = None) -> None:
        """Answer so for the next `times` matching calls (None: always). The last one ordered wins.

        A function gets the request; it works in process only (TypeError otherwise).
        """
        self.provider.answer_with(answer, self.match, times)

    def fail(self, kind: FaultKind, times: int | None = 1, seconds: float = 1.0) -> None:
        """Fail so for the next `times` matching calls (None: until `reset`). The first one ordered comes first."""
        self.provider.order(Control(faults=[Fault(kind=kind, when=self.match, times=times, seconds=seconds)]))


class Provider(ABC):
    """A running provider. `url` ends in `/v1` and is what `api_base` wants; `key` is the only key it takes."""

    def __init__(self, port: int, key: str) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"
        self.port = port
        self.key = key

    @property
    def settings(self) -> dict[str, str]:
        """Environment of a stack, or a worker, that asks this provider."""
        return {
            "SKILL_FLEET_MODEL": "openai/stand-in",
            "SKILL_FLEET_MODEL_API_BASE": self.url,
            "SKILL_FLEET_MODEL_API_KEY": self.key,
            "SKILL_FLEET_EVALUATION": "quick",
            "SKILL_FLEET_EVIDENCE_POLICY": "warn",
        }

    @abstractmethod
    def order(self, control: Control) -> None: ...

    @abstractmethod
    def answer_with(self, answer: Answer, when: Match, times: int | None) -> None: ...

    @abstractmethod
    def ledger(self) -> Ledger: ...

    def when(self, *, contains: str = "", field: str = "", model: str = "") -> When:
        return When(self, Match(contains=contains, field=field, model=model))

    def fail(self, kind: FaultKind, times: int | None = 1, seconds: float = 1.0) -> None:
        """Fail the next `times` calls, whichever they are."""
        self.when().fail(kind, times, seconds)

    def release(self) -> None:
        """Let the calls that hang or are delayed at this moment go on to their answer."""
        self.order(Control(release=True))

    def reset(self, calls: bool = False) -> None:
        """Forget faults and scripted answers; `calls` empties the record too, for a provider that tests share."""
        self.order(Control(reset=True, forget=calls))

    def pace(self, least: float, most: float) -> None:
        """Every call takes between `least` and `most` seconds from now on."""
        self.order(Control(pace=Pace(least=least, most=most)))

    def calls(self) -> list[Call]:
        """Every call so far (the last 2,000), oldest first, those in flight included."""
        return self.ledger().calls

    async def until(self, seen: Callable[[list[Call]], bool], timeout: float = 10.0) -> list[Call]:  # noqa: ASYNC109
        """The calls once `seen` holds for them. Raises TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            # the calls come from a thread or another process: nothing here could set an event
            while not seen(calls := await asyncio.to_thread(self.calls)):  # noqa: ASYNC110
                await asyncio.sleep(_POLL)
            return calls

    async def until_calls(self, count: int, timeout: float = 10.0) -> list[Call]:  # noqa: ASYNC109
        """The calls once at least `count` have arrived, answered or not."""
        return await self.until(lambda calls: len(calls) >= count, timeout)

    async def until_settled(self, count: int, timeout: float = 10.0) -> list[Call]:  # noqa: ASYNC109
        """The calls once at least `count` have ended; a disconnect is noticed a moment after the client's error."""
        return await self.until(lambda calls: sum(call.ended_at is not None for call in calls) >= count, timeout)

    @staticmethod
    @asynccontextmanager
    async def start(key: str | None = None, ledger: Path | None = None) -> AsyncIterator["LocalProvider"]:
        """In this process, in a thread of its own (so that blocking calls of the test reach it too)."""
        state = ProviderState(ledger)
        server = Server(state, key or secrets.token_hex(8), port=0)
        thread = threading.Thread(target=server.run, name="provider")
        thread.start()
        try:
            await _until_open(server.port)
            yield LocalProvider(server.port, server.key, state)
        finally:
            server.stop()
            await asyncio.to_thread(thread.join)

    @staticmethod
    @asynccontextmanager
    async def spawn(folder: Path, key: str | None = None) -> AsyncIterator["SpawnedProvider"]:
        """As a process in a session of its own, which ends with this one; calls are in `folder`/calls.jsonl."""
        key = key or secrets.token_hex(8)
        told = ["--key", key, "--ledger", str(folder / "calls.jsonl"), "--until-stdin-closes"]
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "tests.support.provider", *told],
            cwd=_ROOT,
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(20):
                port = await process.stdout.readline() if process.stdout else b""
            if not port:
                raise RuntimeError("the provider ended before it listened; its last words are on stderr")
            provider = SpawnedProvider(int(port), key, process.pid)
            with provider.control:
                yield provider
        finally:
            await process.communicate(b"")  # closes its standard input, which ends it


class LocalProvider(Provider):
    """The provider in this process."""

    def __init__(self, port: int, key: str, state: ProviderState) -> None:
        super().__init__(port, key)
        self._state = state

    def order(self, control: Control) -> None:
        self._state.order(control)

    def answer_with(self, answer: Answer, when: Match, times: int | None) -> None:
        self._state.answer_with(answer, when, times)

    def ledger(self) -> Ledger:
        return self._state.ledger()


class SpawnedProvider(Provider):
    """A provider in another process, steered over HTTP."""

    def __init__(self, port: int, key: str, pid: int) -> None:
        super().__init__(port, key)
        self.pid = pid
        self.control = httpx.Client(base_url=self.root, timeout=10)

    def order(self, control: Control) -> None:
        self.control.post("/_control", json=control.model_dump(mode="json")).raise_for_status()

    def answer_with(self, answer: Answer, when: Match, times: int | None) -> None:
        if callable(answer):
            raise TypeError("a computed answer needs a provider in this process: use Provider.start, or a plain value")
        self.order(Control(rules=[Rule(answer=answer, when=when, times=times)]))

    def ledger(self) -> Ledger:
        return Ledger.model_validate_json(self.control.get("/_calls").raise_for_status().content)


async def _until_open(port: int) -> None:
    """Wait until the server answers; the socket listens from the start, so one request is enough."""
    async with httpx.AsyncClient(timeout=10) as client:
        (await client.get(f"http://127.0.0.1:{port}/_calls")).raise_for_status()


def _write_port(file: Path, port: int) -> None:
    """Whole or not at all: readers poll for the file."""
    partial = file.with_suffix(".new")
    partial.write_text(str(port), encoding="utf-8")
    partial.replace(file)


def _stop_at_end_of_input(server: Server) -> None:
    os.read(sys.stdin.fileno(), 1)
    server.stop()


def main() -> None:
    """The process: prints its port, serves until SIGTERM, or until its standard input closes if told so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path)
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--ledger", type=Path, help="JSONL file that gets every call; numbers go on from its last")
    parser.add_argument("--until-stdin-closes", action="store_true")
    told = parser.parse_args()
    server = Server(ProviderState(told.ledger), told.key, told.port)
    if told.port_file:
        _write_port(told.port_file, server.port)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    if told.until_stdin_closes:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    server.run()


if __name__ == "__main__":
    main()
