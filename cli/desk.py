"""A person at a terminal: asks them something, and does what their slash commands say until they answer.

Commands that belong to one question (`/back`, `/save`, `/edit`, `/show`) are given by who asks it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from cli import checklist, steering
from cli.client import Api
from cli.commands import HELP_WIDTH, Back, Command, JobStopped, Leave, Slash, UnknownCommand, help_lines, parse
from cli.due import due
from cli.output import Output
from cli.overview import LABEL_WIDTH, overview
from cli.problems import CliError
from cli.reading import Editor, Reader
from domain.job import JobStatusView, JobView, PendingPage

INSET = 4
"""Columns before what is said in answer to a command."""

Handler = Callable[[str], str | None]
"""Does what a command says with what was typed behind it; a text that it returns is the answer."""


@dataclass
class Desk:
    """One person, and the job they are at (None: none yet). `starts` starts one more job for a task."""

    api: Api
    out: Output
    reader: Reader
    editor: Editor
    job_id: UUID | None = None
    jobs: list[UUID] = field(default_factory=list)
    starts: Callable[[str], UUID] | None = None

    def ask(self, question: str, here: Mapping[Slash, Handler] | None = None, start: str = "") -> str:
        """What they answer. Raises Turn when they leave the question by a command, CliError when one fails for good."""
        handlers = self._everywhere() | dict(here or {})
        while True:
            text = self.reader.read(question, start)
            try:
                command = parse(text)
            except UnknownCommand as unknown:
                self.out.line(f"    {unknown}")
                continue
            if command is None:
                return text
            answered = self._done(command, handlers)
            if answered is not None:
                return answered

    def say(self, lines: list[str], hang: int = 0) -> None:
        """Some lines for the person; a long one goes on `hang` columns in."""
        for line in lines:
            self.out.line(f"    {line}", hang=INSET + hang)

    def _done(self, command: Command, handlers: Mapping[Slash, Handler]) -> str | None:
        """A command that the api refuses is told, and the question stands."""
        handler = handlers.get(command.name)
        if handler is None:
            self.say([f"/{command.name} has no use here"])
            return None
        try:
            return handler(command.rest)
        except CliError as error:
            self.say(error.lines())
            return None

    def _everywhere(self) -> dict[Slash, Handler]:
        known: dict[Slash, Handler] = {
            Slash.HELP: lambda _: self._help(),
            Slash.EXIT: _leave,
            Slash.BACK: _back,
            Slash.QUEUE: self._queue,
        }
        if self.job_id is not None:
            job = self.job_id
            known[Slash.STATUS] = lambda _: self.say(overview(self.api.get(f"/jobs/{job}", JobView)), LABEL_WIDTH)
            known[Slash.CHECKLIST] = lambda _: self.say(checklist.lines(checklist.evaluation(self.api, job)))
            known[Slash.CANCEL] = lambda reason: self._cancel(job, reason)
        return known

    def _help(self) -> None:
        self.say(help_lines(), HELP_WIDTH)
        self.say([f"Enter sends; {self.reader.more}; Ctrl-C leaves, and the job goes on"])

    def _cancel(self, job: UUID, reason: str) -> str | None:
        reason = reason or self.reader.read("    Why is it cancelled? (Enter: it is not) > ").strip()
        if not reason:
            self.say(["not cancelled"])
            return None
        steering.cancel(self.api, job, reason)
        raise JobStopped

    def _queue(self, task: str) -> str | None:
        if task and self.starts is None:
            self.say(["more jobs are started from `skill-fleet chat`, or with `skill-fleet create --from FILE`"])
        elif task and self.starts is not None:
            self.say([f"started {self.starts(task)}"])
        for job in self.jobs:
            view = self.api.get(f"/jobs/{job}/status", JobStatusView)
            waits = f", asks {view.hitl_type}" if view.hitl_type and not view.status.final else ""
            here = " (here)" if job == self.job_id else ""
            self.say([f"{job} {view.status}, {view.progress_percent} %{waits}{here}"])
        waiting = self.api.get("/jobs/pending", PendingPage).items
        now = datetime.now(UTC)
        self.say(["what waits for an answer:"] if waiting else ["nothing waits for an answer"])
        for item in waiting:
            self.say([f"{item.job_id} {item.hitl_type}, due {due(item.timeout_at, now)}: {item.task_description}"])
        return None


def _leave(_: str) -> str | None:
    raise Leave


def _back(_: str) -> str | None:
    raise Back
