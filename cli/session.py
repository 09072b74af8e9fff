"""A conversation at a terminal: a task, its job to the end, and then what next. Several jobs may be under way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID

from pydantic import JsonValue

from cli import starting, steering
from cli.attach import Attachment, Stay
from cli.commands import Back, Leave, Slash
from cli.desk import Desk, Handler
from cli.exits import ExitCode
from cli.overview import next_step
from cli.problems import ApiProblem, CliError
from cli.progress import JobLine, screen_for
from cli.reasoning import Reasoning
from cli.seen import Seen
from domain.job import JobStatus, JobStatusView, JobView


@dataclass
class Session:
    """One person, one job after the other."""

    desk: Desk
    options: dict[str, JsonValue]
    reasoning: Reasoning = Reasoning.SUMMARY
    waiting: list[UUID] = field(default_factory=list)
    """Jobs started with /queue, that nobody has stayed with yet."""

    def run(self, task: str | None, resume: UUID | None) -> ExitCode:
        """Until the person goes. The code is that of the job they were with last. Raises CliError."""
        self.desk.starts = self._queued
        try:
            job = resume or self._begun(task)
            while True:
                code = self._stayed(job, again=job == resume)
                if not self._over(job):
                    self._others_go_on()
                    return code
                following = self._next(job)
                if following is None:
                    return code
                job = following
        except (Leave, KeyboardInterrupt, EOFError) as left:
            self.desk.out.say("left; jobs that were started go on: skill-fleet jobs")
            return ExitCode.INTERRUPTED if isinstance(left, KeyboardInterrupt | EOFError) else ExitCode.DONE

    def _stayed(self, job: UUID, *, again: bool) -> ExitCode:
        """Look at a job until it ends or the person leaves. A job that was to be published is, or says why not."""
        self.desk.job_id = job
        if job not in self.desk.jobs:
            self.desk.jobs.append(job)
        stay = Stay(
            reasoning=self.reasoning,
            must_promote=bool(self.options.get("promote")) and not again,
            after=Seen().last(job) if again else 0,
        )
        return Attachment(self.desk.api, self.desk.out, job, stay=stay, desk=self.desk).run()

    def _others_go_on(self) -> None:
        if self.waiting:
            self.desk.out.say("jobs that were queued here go on too: skill-fleet jobs")

    def _over(self, job: UUID) -> bool:
        return self.desk.api.get(f"/jobs/{job}/status", JobStatusView).status.final

    def _begun(self, task: str | None) -> UUID:
        """A started job; a task that the api refuses is asked again, with what was typed on the line."""
        self.desk.job_id = None
        typed = task if task is not None else self._task("")
        while True:
            try:
                return self._started(typed)
            except ApiProblem as problem:
                if problem.status != HTTPStatus.UNPROCESSABLE_ENTITY or "task_description" not in problem.fields:
                    raise
                self.desk.say(list(problem.fields.values()))
            typed = self._task(typed)

    def _task(self, start: str) -> str:
        here: dict[Slash, Handler] = {
            Slash.EDIT: lambda rest: self.desk.editor.changed(rest or start, "task.md").strip(),
        }
        self.desk.out.line("What shall an agent be able to do? /help lists the commands.", style="bold")
        while True:
            try:
                if text := self.desk.ask("  > ", here, start).strip():
                    return text
            except Back:
                self.desk.say(["this is the first question"])

    def _started(self, task: str) -> UUID:
        started = self._start(task)
        screen_for(self.desk.out).started(JobLine(job_id=started.job_id, status=started.status))
        return started.job_id

    def _start(self, task: str) -> JobStatusView:
        return starting.start(self.desk.api, starting.new_job(task, self.options, []))

    def _queued(self, task: str) -> UUID:
        """One more job, that runs beside the present one."""
        job = self._start(task).job_id
        self.waiting.append(job)
        self.desk.jobs.append(job)
        return job

    def _next(self, job: UUID) -> UUID | None:
        """What a person wants after a job has ended: another job to stay with, or None to go."""
        while True:
            view = self.desk.api.get(f"/jobs/{job}", JobView)
            choices = self._choices(view)
            self.desk.out.line()
            for number, words in enumerate(choices.values(), 1):
                self.desk.out.line(f"    {number}) {words}")
            try:
                chosen = self._chosen(choices)
                if chosen == "exit":
                    return None
                if chosen == "promote":
                    done = steering.promote(self.desk.api, job, steering.Promotion())
                    self.desk.out.line(f"published {done.final_path}")
                    self.desk.say(steering.warnings(done))
                else:
                    return self.waiting.pop(0) if chosen == "next" else self._begun(None)
            except CliError as error:
                self.desk.say(error.lines())
            except Back:
                self.desk.say([f"the job has ended; see it: {next_step(view, promoted=view.promoted)}"])

    def _choices(self, view: JobView) -> dict[str, str]:
        choices = {"another": "another task", "exit": "exit"}
        if self.waiting:
            choices = {"next": f"stay with the next job ({len(self.waiting)} queued)", **choices}
        if view.status is JobStatus.COMPLETED and not view.promoted:
            choices = {"promote": "promote: publish it into the library", **choices}
        return choices

    def _chosen(self, choices: Mapping[str, str]) -> str:
        names = list(choices)
        while True:
            given = self.desk.ask("    [a number or a word] > ").strip().lower()
            if given.isdecimal() and 1 <= int(given) <= len(names):
                return names[int(given) - 1]
            meant = [name for name in names if given and name.startswith(given)]
            if len(meant) == 1:
                return meant[0]
            self.desk.say([f"choose one of: {', '.join(names)}"])
