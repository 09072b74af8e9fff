"""How a running job is shown: a line that lives on a terminal, plain lines in a pipe, or one JSON object an event."""

from typing import Literal, Protocol
from uuid import UUID

from rich.status import Status

from cli.exits import ExitCode
from cli.output import Output
from domain.job import JobEvent, JobStatus
from domain.prompt import HitlType
from domain.shape import Shape


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

    def event(self, event: JobEvent) -> None:
        """Something happened."""

    def hold(self) -> None:
        """Stop drawing: somebody else writes now."""

    def ended(self, outcome: Outcome, lines: list[str], /) -> None:
        """Nothing more will come; `lines` tell a person what the outcome tells a program."""


class JsonScreen:
    """One JSON object a line."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def started(self, line: JobLine) -> None:
        """The line of type `job`."""
        self._out.document(line)

    def event(self, event: JobEvent) -> None:
        """The event as it came."""
        self._out.document(event)

    def hold(self) -> None:
        """Nothing is drawn."""

    def ended(self, outcome: Outcome, _lines: list[str]) -> None:
        """The line of type `outcome`."""
        self._out.document(outcome)


class PlainScreen:
    """A line for each thing said, and nothing twice: for pipes, logs and screen readers."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._said = ""

    def started(self, line: JobLine) -> None:
        """The job's id, alone on its line."""
        self._out.line(f"job {line.job_id}")

    def event(self, event: JobEvent) -> None:
        """Progress, phase and words; a repetition is silent."""
        words = event.message or event.type.replace("_", " ")
        if (said := f"{event.phase or '-':<13} {words}") != self._said:
            self._said = said
            self._out.line(f"{event.progress:3d} % {said}")

    def hold(self) -> None:
        """Nothing is drawn."""

    def ended(self, _outcome: Outcome, lines: list[str]) -> None:
        """The summary."""
        for line in lines:
            self._out.line(line)


class LiveScreen(PlainScreen):
    """As plain, and below it one line that shows what is under way."""

    def __init__(self, out: Output) -> None:
        super().__init__(out)
        self._status: Status | None = None

    def event(self, event: JobEvent) -> None:
        """The line above stays, the line below is redrawn."""
        super().event(event)
        if self._status is None:
            self._status = self._out.console.status("")
            self._status.start()
        self._status.update(f"{event.progress} % {event.phase or ''}")

    def hold(self) -> None:
        """Give the terminal free."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def ended(self, outcome: Outcome, lines: list[str]) -> None:
        """The summary on a quiet terminal."""
        self.hold()
        super().ended(outcome, lines)


def screen_for(out: Output) -> Screen:
    """The screen that fits the stream."""
    if out.json_wanted:
        return JsonScreen(out)
    return LiveScreen(out) if out.live else PlainScreen(out)
