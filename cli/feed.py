"""The live events of one job, each once and in order, across restarts of the api. Must not print or decide.

Every connection asks for what comes after the last event seen (`Last-Event-ID`, 0 at first: the whole story). The first
frame of a connection describes the present state (type `state`, the number of the last event there is); it is handed on
as not new, and marks how far the replay after it must be read before the job's present state may be judged. Frames of
type `token`, sent only when asked for, show a text while it is written: they have no number, may be lost, move nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

import httpx
from httpx_sse import SSEError
from pydantic import ValidationError

from cli.client import BUSY, Api
from cli.problems import CliError, problem_of, unreachable
from domain.job import JobEvent

STATE = "state"
"""Type of the frame that opens a connection."""

TOKEN = "token"  # noqa: S105  (of a language model)
"""Type of the frames that show a text while it is written; data: {label, text}."""

WAITS = (0.3, 0.6, 1.2, 2.4, 5.0)
"""Seconds before connecting again; the last one repeats."""

NOTED = 2
"""Failed connections in a row of which a person is told: one alone is over in a moment."""

MAX_FAILURES = 14
"""Failed connections in a row before giving up: about a minute, longer than any restart."""


@dataclass(frozen=True)
class Frame:
    """One event; `new` is False for a description of the present state that repeats what the events say."""

    event: JobEvent
    new: bool


class Feed:
    """Follows one job. `last` is the number of the last event handed on."""

    def __init__(
        self,
        api: Api,
        job_id: UUID,
        after: int = 0,
        *,
        tokens: bool = False,
        there: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """`after`: the last event known; `tokens`: also what is being written; `there` is told when the api stays away
        and when it is back."""
        self._api = api
        self._path = f"/jobs/{job_id}/events" + ("?tokens=true" if tokens else "")
        self.last = after
        self._mark = 0
        self._final = False
        self._there = there

    @property
    def caught_up(self) -> bool:
        """True when no replay is outstanding: the last event is the present."""
        return self.last >= self._mark

    def frames(self) -> Iterator[Frame]:
        """Events until the job's end. Raises CliError when the api stays away or refuses."""
        failures = 0
        while True:
            try:
                for frame in self._connection():
                    if failures >= NOTED:
                        self._there(True)
                    failures = 0
                    yield frame
                failures += 1 if not self._final else 0
            except httpx.TransportError as error:
                failures += 1
                if failures >= MAX_FAILURES and not self._final:
                    raise unreachable(self._api.url, error) from error
            if self._final:
                return
            if failures == NOTED:
                self._there(False)
            self._api.pause(WAITS[min(failures, len(WAITS)) - 1])

    def _connection(self) -> Iterator[Frame]:
        with self._api.stream(self._path, self.last) as source:
            refuse_errors(source.response)
            try:
                for sent in source.iter_sse():
                    if sent.data and (frame := self._frame(_event(sent.data))):
                        yield frame
            except SSEError as error:
                raise CliError(
                    f"{self._api.url} does not answer with a stream of events.",
                    why=str(error),
                    next_step="check --api-url, and that no proxy in between rewrites text/event-stream",
                ) from error

    def _frame(self, event: JobEvent) -> Frame | None:
        if event.type == TOKEN:
            return Frame(event, new=False)
        present = event.type == STATE
        if present:
            self._mark = event.seq
        elif event.seq <= self.last:
            return None
        else:
            self.last = event.seq
        self._final = event.status.final and self.caught_up
        return Frame(event, new=not present)


def _event(data: str) -> JobEvent:
    try:
        return JobEvent.model_validate_json(data)
    except ValidationError as error:
        raise CliError(
            "The api sent an event that this version cannot read.",
            why=data[:200],
            next_step="use the command line of the api's version; `skill-fleet show JOB` may still work",
        ) from error


def refuse_errors(response: httpx.Response) -> None:
    """Nothing for a stream that was opened. Raises httpx.ConnectError for what may pass, CliError for a refusal."""
    if response.status_code == HTTPStatus.OK:
        return
    response.read()
    if response.status_code in BUSY:
        raise httpx.ConnectError(f"HTTP {response.status_code}", request=response.request)
    raise problem_of(response)
