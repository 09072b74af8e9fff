"""How a running job is shown: a line that lives on a terminal, plain lines in a pipe, or one JSON object an event."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, Protocol
from uuid import UUID

from rich.status import Status
from rich.text import Text

from cli.due import clock
from cli.exits import ExitCode
from cli.output import Output, shown
from cli.overview import LABEL_WIDTH
from cli.reasoning import CALL, Reasoning, told, why
from cli.signals import unbroken
from cli.writing import Writing
from domain.job import JobEvent, JobStatus
from domain.prompt import HitlType
from domain.shape import Shape

DRAFT_LINES = 6
"""Last lines of a text being written that are shown below the line that lives."""


AWAY = "the api does not answer; trying again"
BACK = "the api answers again"

STORY = 20
"""Columns before the words of an event."""


class JobLine(Shape):
    """First line of `create --json`."""

    type: Literal["job"] = "job"
    job_id: UUID
    status: JobStatus


class Outcome(Shape):
    """Last line of `create --json` and `watch --json`: why the command stopped looking, and what to do next."""

    type: Literal["outcome"] = "outcome"
    job_id: UUID
    status: JobStatus | None = None
    hitl_type: HitlType | None = None
    exit_code: ExitCode
    error: str | None = None
    skill_name: str | None = None
    taxonomy_path: str | None = None
    draft_path: str | None = None
    final_path: str | None = None
    promoted: bool = False
    next: str = ""


class Screen(Protocol):
    """Where a job's events go."""

    def started(self, line: JobLine) -> None:
        """The job exists; this comes before anything else."""

    def event(self, event: JobEvent, reasons: Sequence[str] = ()) -> None:
        """Something happened; `reasons` say more than the event does."""

    def token(self, event: JobEvent) -> None:
        """A text is being written; the event holds its last words."""

    def there(self, here: bool, /) -> None:
        """The api does not answer, or does again."""

    def hold(self) -> None:
        """Stop drawing: somebody else writes now."""

    def ended(self, outcome: Outcome, lines: list[str], /) -> None:
        """Nothing more will come; `lines` tell a person what the outcome tells a program."""


class JsonScreen:
    """One JSON object a line: everything that comes, whatever the level of reasoning."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def started(self, line: JobLine) -> None:
        """The line of type `job`."""
        self._out.document(line)

    def event(self, event: JobEvent, _reasons: Sequence[str] = ()) -> None:
        """The event as it came."""
        self._out.document(event)

    def token(self, event: JobEvent) -> None:
        """The frame of type `token` as it came."""
        self._out.document(event)

    def there(self, here: bool, /) -> None:
        """A message, beside the data."""
        self._out.say(BACK if here else AWAY)

    def hold(self) -> None:
        """Nothing is drawn."""

    def ended(self, outcome: Outcome, _lines: list[str]) -> None:
        """The line of type `outcome`."""
        self._out.document(outcome)


class PlainScreen:
    """A line for each thing said, and nothing twice: for pipes, logs and screen readers."""

    def __init__(self, out: Output, reasoning: Reasoning = Reasoning.SUMMARY) -> None:
        self._out = out
        self._reasoning = reasoning
        self._said = ""
        self._writing = Writing()

    def started(self, line: JobLine) -> None:
        """The job's id, alone on its line."""
        self._out.line(f"job {line.job_id}")

    def event(self, event: JobEvent, reasons: Sequence[str] = ()) -> None:
        """Progress, phase and words, and below it the reasons; a repetition is silent."""
        if not told(event, self._reasoning):
            return
        words = event.message or event.type.replace("_", " ")
        if (said := f"{event.phase or '':<13} {words}") == self._said:
            return
        self._said = said
        self._out.line(f"{event.progress:3d} % {said}", hang=STORY)
        if self._reasoning is not Reasoning.OFF:
            for reason in [*why(event), *reasons]:
                self._out.line(f"{'':{STORY}}{reason}", style="dim")

    def token(self, event: JobEvent) -> None:
        """Each line of the text, once it is whole."""
        for line in self._writing.look(str(event.data.get("label", "")), str(event.data.get("text", ""))):
            self._out.line(f"      | {line}", style="dim")

    def there(self, here: bool, /) -> None:
        """A message, beside the story."""
        self._out.say(BACK if here else AWAY)

    def hold(self) -> None:
        """Nothing is drawn."""

    def ended(self, _outcome: Outcome, lines: list[str]) -> None:
        """The summary."""
        for line in lines:
            self._out.line(line, hang=LABEL_WIDTH)


class Now:
    """The line that lives: percent, phase, time since something was said, the call in flight. Rich asks for it anew."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._place = ""
        self._call = ""
        self._draft = ""

    def event(self, event: JobEvent) -> None:
        """A call is in flight until something else happens."""
        if event.type != CALL:
            self._since = time.monotonic()
        self._place = f"{event.progress} % {event.phase or ''}".strip()
        self._call = event.message if event.type == CALL else ""
        self._draft = ""

    def token(self, event: JobEvent) -> None:
        """The last words of what is being written."""
        self._call = str(event.data.get("label") or self._call)
        lines = [line for line in str(event.data.get("text", "")).splitlines() if line.strip()]
        self._draft = "\n".join(lines[-DRAFT_LINES:])

    def there(self, here: bool) -> None:
        """Nobody waits without knowing for what."""
        self._call, self._draft = "" if here else AWAY, ""

    def __rich__(self) -> Text:
        """The line as it is at this moment."""
        parts = [self._place, clock(timedelta(seconds=time.monotonic() - self._since)), self._call]
        line = " · ".join(part for part in parts if part)
        return Text(shown(f"{line}\n{self._draft}".rstrip()), no_wrap=True, overflow="ellipsis")


class LiveScreen(PlainScreen):
    """As plain, and below it one line that shows what is under way."""

    def __init__(self, out: Output, reasoning: Reasoning = Reasoning.SUMMARY) -> None:
        super().__init__(out, reasoning)
        self._now = Now()
        self._status: Status | None = None

    def event(self, event: JobEvent, reasons: Sequence[str] = ()) -> None:
        """The lines above stay, the line below is redrawn."""
        super().event(event, reasons)
        self._now.event(event)
        self._draw()

    def token(self, event: JobEvent) -> None:
        """The words go by on the line below."""
        self._now.token(event)
        self._draw()

    def there(self, here: bool, /) -> None:
        """Said on the line below, as long as it is so."""
        self._now.there(here)
        self._draw()

    def hold(self) -> None:
        """Give the terminal free."""
        with unbroken():
            if self._status is not None:
                self._status.stop()
                self._status = None

    def ended(self, outcome: Outcome, lines: list[str]) -> None:
        """The summary on a quiet terminal."""
        self.hold()
        super().ended(outcome, ["", *lines] if lines else [])

    def _draw(self) -> None:
        with unbroken():  # a line half begun could not be taken away again
            if self._status is None:
                self._status = self._out.console.status(self._now)
                self._status.start()


def screen_for(out: Output, reasoning: Reasoning = Reasoning.SUMMARY) -> Screen:
    """The screen that fits the stream."""
    if out.json_wanted:
        return JsonScreen(out)
    return LiveScreen(out, reasoning) if out.live else PlainScreen(out, reasoning)
