"""What the stand-in provider remembers: orders from the test, and every call. Safe to use from several threads.

Keeps the last 2,000 calls with 20,000 characters a message at most. Must not know about HTTP.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, JsonValue

from tests.support.dspy_prompts import Asked, Message, read_prompt, written
from tests.support.provider_models import OF_STREAMS, Call, ChatRequest, Control, Fault, Ledger, Match, Pace
from tests.support.schema_values import value_for

_CALLS_KEPT = 2_000
_CHARACTERS_KEPT = 20_000

Answer = JsonValue | Callable[[ChatRequest], JsonValue]


@dataclass
class _Order:
    """A rule or fault with what is left of it."""

    when: Match
    left: int | None
    answer: Answer = None
    fault: Fault | None = None

    def fits(self, request: ChatRequest, names: frozenset[str]) -> bool:
        wanted = self.when
        return (
            self.left != 0
            and wanted.contains in request.text
            and (not wanted.field or wanted.field in names)
            and wanted.model in ("", request.model)
            and (request.stream or self.fault is None or self.fault.kind not in OF_STREAMS)
        )

    def use(self) -> None:
        self.left = None if self.left is None else self.left - 1


class ProviderState:
    """One provider's memory. `ledger`, if given, gets a line when a call starts and one when it ends."""

    def __init__(self, ledger: Path | None = None) -> None:
        self._lock = Lock()
        self._ledger = ledger
        self._calls: deque[Call] = deque(read_ledger(ledger) if ledger else [], maxlen=_CALLS_KEPT)
        self._total = self._calls[-1].number if self._calls else 0
        self._rules: list[_Order] = []
        self._faults: list[_Order] = []
        self._pace = Pace(least=0, most=0)
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._free_up_to = 0  # calls to this number were released, whether or not they had begun to wait

    def order(self, control: Control) -> None:
        with self._lock:
            if control.reset:
                self._rules.clear()
                self._faults.clear()
            if control.forget:
                self._calls.clear()
            self._rules += [_Order(rule.when, rule.times, answer=rule.answer) for rule in control.rules]
            self._faults += [_Order(fault.when, fault.times, fault=fault) for fault in control.faults]
            self._pace = control.pace or self._pace
        if control.release:
            self._release()

    def answer_with(self, answer: Answer, when: Match, times: int | None) -> None:
        """Like a Rule, but the answer may be computed here."""
        with self._lock:
            self._rules.append(_Order(when, times, answer=answer))

    def begin(self, request: ChatRequest | None, fields: list[str], digest: str = "") -> Call:
        """Write down a call that has just arrived; None when it could not be read."""
        with self._lock:
            self._total += 1
            call = Call(number=self._total, digest=digest, started_at=datetime.now(UTC))
            if request is not None:
                kept = [_shortened(message) for message in request.messages]
                call = call.model_copy(
                    update={"model": request.model, "messages": kept, "stream": request.stream}
                    | {"fields": fields, "prompt_tokens": len(request.text.split())}
                )
            self._calls.append(call)
            self._note(call)
            return call

    def pause_of(self, call: Call) -> float:
        """Seconds that this call takes before anything comes of it."""
        return random.Random(call.digest).uniform(self._pace.least, self._pace.most)

    def end(self, call: Call) -> None:
        with self._lock:
            ended = call.model_copy(update={"ended_at": datetime.now(UTC)})
            for at, known in enumerate(self._calls):
                if known.number == call.number:
                    self._calls[at] = ended
            self._note(ended)

    def ledger(self) -> Ledger:
        with self._lock:
            return Ledger(total=self._total, calls=list(self._calls))

    def fault_for(self, request: ChatRequest, asked: Asked) -> Fault | None:
        """The fault this call gets, used up once; the one ordered first wins."""
        names = asked.wanted.names()
        with self._lock:
            for order in self._faults:
                if order.fits(request, names):
                    order.use()
                    return order.fault
        return None

    def answer_for(self, request: ChatRequest, asked: Asked) -> str:
        """The answer's text. Raises UnsupportedPatternError when the schema is beyond the stand-in."""
        scripted: dict[str, JsonValue] = {"quote": asked.quote} if asked.quote else {}
        for order in self._rules_for(request, asked):
            value = order.answer(request) if callable(order.answer) else order.answer
            if not order.when.field:
                return written(value, asked.form)
            scripted[order.when.field] = value
        return written(value_for(asked.wanted, asked.subject, scripted), asked.form)

    def _rules_for(self, request: ChatRequest, asked: Asked) -> list[_Order]:
        """The rules that apply, used up once: the last whole answer alone, else the last for each field."""
        names = asked.wanted.names()
        with self._lock:
            fitting = [order for order in reversed(self._rules) if order.fits(request, names)]
            whole = next((order for order in fitting if not order.when.field), None)
            by_field: dict[str, _Order] = {}
            for order in fitting:
                by_field.setdefault(order.when.field, order)
            chosen = list(by_field.values()) if whole is None else [whole]
            for order in chosen:
                order.use()
            return chosen

    async def until_released(self, call: Call, seconds: float | None) -> None:
        """Wait until `call` is released, at most `seconds` (None: for ever)."""
        event = asyncio.Event()
        with self._lock:
            if call.number <= self._free_up_to:
                return
            self._waiting[event] = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
        finally:
            with self._lock:
                self._waiting.pop(event, None)

    def _release(self) -> None:
        with self._lock:
            self._free_up_to = self._total
            for event, loop in self._waiting.items():
                loop.call_soon_threadsafe(event.set)

    def _note(self, call: BaseModel) -> None:
        if self._ledger is not None:
            with self._ledger.open("a", encoding="utf-8") as file:
                file.write(call.model_dump_json() + "\n")


def asked_of(request: ChatRequest) -> Asked:
    return read_prompt(request.messages, request.response_format)


def read_ledger(path: Path) -> list[Call]:
    """The calls in a ledger file, each once in its last state; [] when there is no file yet."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    calls = [Call.model_validate_json(line) for line in lines]
    return [*{call.number: call for call in calls}.values()]


def _shortened(message: Message) -> Message:
    return Message(role=message.role, content=message.text[:_CHARACTERS_KEPT])
