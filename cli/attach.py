"""Stays with a running job: shows its events, asks what it asks, and knows with which exit code to leave."""

from uuid import UUID

from cli.client import Api
from cli.commands import JobStopped, Leave
from cli.desk import Desk
from cli.dialogue import CLOSED, Dialogue
from cli.exits import ExitCode, exit_code_of, is_parked_on_a_problem
from cli.feed import TOKEN, Feed, Frame
from cli.leaving import cancelled, wait_for_a_second
from cli.output import Output
from cli.overview import next_step, overview
from cli.problems import ApiProblem, CliError
from cli.progress import Outcome, screen_for
from cli.reasoning import REVISION, Reasoning, changes
from cli.seen import Seen
from cli.signals import unbroken
from domain.job import JobEvent, JobStatus, JobStatusView, JobView
from domain.prompt import PromptView
from domain.shape import Shape
from domain.skill import RevisionSummary

WAITING = frozenset({JobStatus.PENDING_HITL, JobStatus.PENDING_REVIEW})


class Stay(Shape):
    """How one stays with a job. `after`: the last event that is known already."""

    reasoning: Reasoning = Reasoning.SUMMARY
    must_promote: bool = False
    after: int = 0


class Attachment:
    """One look at one job, until its end, a prompt nobody here can answer, or until the person leaves."""

    def __init__(
        self, api: Api, out: Output, job_id: UUID, *, stay: Stay | None = None, desk: Desk | None = None
    ) -> None:
        """Without a desk nobody is asked."""
        self._api = api
        self._out = out
        self._job_id = job_id
        self._stay = stay or Stay()
        self._screen = screen_for(out, self._stay.reasoning)
        self._desk = desk
        self._seen = Seen()
        self._answered: set[UUID] = set()
        self._last: JobStatusView | None = None

    def run(self) -> ExitCode:
        """Follow the job. The outcome is always told, also when the api goes away (then CliError follows)."""
        try:
            return self._follow()
        except KeyboardInterrupt:
            return self._left(by_key=True)
        except EOFError:
            return self._left()
        except Leave:
            return self._left(code=ExitCode.WAITING)
        except CliError as error:
            self._end(error.exit_code, [], error=str(error))
            raise
        finally:
            self._screen.hold()

    def _follow(self) -> ExitCode:
        feed = Feed(
            self._api,
            self._job_id,
            self._stay.after,
            tokens=self._stay.reasoning is Reasoning.FULL,
            there=self._screen.there,
        )
        for frame in feed.frames():
            self._show(frame)
            if frame.event.type == TOKEN:
                continue
            if feed.caught_up and not frame.event.status.final and self._must_stop(frame.event):
                return self._waiting()
        return self._finished()

    def _show(self, frame: Frame) -> None:
        """Remember an event only after it was shown: a kill in between shows it again, never leaves it out."""
        if frame.event.type == TOKEN:
            self._screen.token(frame.event)
        if frame.new:
            reasons = self._changes(frame.event)
            with unbroken():
                self._screen.event(frame.event, reasons)
                self._seen.keep(self._job_id, frame.event.seq)

    def _changes(self, event: JobEvent) -> list[str]:
        """What a revision changed and for whom; for people only, programs ask for the revision."""
        number = event.data.get("revision")
        if event.type != REVISION or self._out.json_wanted or self._stay.reasoning is Reasoning.OFF or not number:
            return []
        try:
            return changes(self._api.get(f"/jobs/{self._job_id}/revisions/{number}", RevisionSummary))
        except ApiProblem:
            return []  # the story goes on without it

    def _must_stop(self, event: JobEvent) -> bool:
        """Look at the job itself: events tell what happened, not what is still open."""
        if event.status not in WAITING and event.type == "progress":
            return False
        view = self._last = self._api.get(f"/jobs/{self._job_id}/status", JobStatusView)
        if is_parked_on_a_problem(view):
            return True
        if view.hitl_type is None or event.status not in WAITING:
            return False  # a prompt that opened since has an event of its own, which is still to come
        prompt = self._api.get(f"/hitl/{self._job_id}/prompt", PromptView)
        if prompt.interaction_id is None or prompt.interaction_id in self._answered:
            return False
        return self._desk is None or self._ask(self._desk, prompt)

    def _ask(self, desk: Desk, prompt: PromptView) -> bool:
        """Always False: answered here or meanwhile by somebody else, or cancelled, the job goes on."""
        self._screen.hold()
        try:
            Dialogue(desk).answer(prompt)
        except JobStopped:
            self._out.say("the job is being cancelled")
        except ApiProblem as problem:
            if problem.status not in CLOSED:
                raise
            for line in problem.lines():
                self._out.say(line)
        self._out.line()
        if prompt.interaction_id is not None:
            self._answered.add(prompt.interaction_id)
        return False

    def _left(self, *, by_key: bool = False, code: ExitCode = ExitCode.INTERRUPTED) -> ExitCode:
        """The job goes on, unless a second Ctrl-C comes at once and the person then says that it shall not."""
        try:
            self._screen.hold()
            self._out.say(f"detached; the job goes on. Come back with: skill-fleet watch {self._job_id}")
            if by_key and self._desk is not None:
                wait_for_a_second(self._desk)
        except KeyboardInterrupt:
            if self._desk is not None and cancelled(self._desk, self._job_id):
                code = ExitCode.CANCELLED
                self._out.say("the job is being cancelled")
        self._end(code, [])
        return code

    def _waiting(self) -> ExitCode:
        view = self._last
        assert view is not None
        if is_parked_on_a_problem(view):
            said = [f"waits: {view.error}", f"when that is mended: {next_step(view)}"]
        else:
            said = [f"waits for a person ({view.hitl_type})", f"answer with: {next_step(view)}"]
        self._end(ExitCode.WAITING, said)
        if self._out.json_wanted:
            for line in said:
                self._out.say(line)
        return ExitCode.WAITING

    def _finished(self) -> ExitCode:
        view = self._api.get(f"/jobs/{self._job_id}", JobView)
        self._last = view
        code = exit_code_of(view)
        lines = overview(view)
        if code is ExitCode.DONE and self._stay.must_promote and not view.promoted:
            code = ExitCode.FAILED
            lines.append("It was to be published and is not: `skill-fleet promote` says why.")
        self._end(code, lines)
        return code

    def _end(self, code: ExitCode, lines: list[str], error: str | None = None) -> None:
        view = self._last
        outcome = Outcome(job_id=self._job_id, exit_code=code, error=error)
        if view is not None:
            promoted = isinstance(view, JobView) and view.promoted
            outcome = Outcome(
                job_id=self._job_id,
                status=view.status,
                hitl_type=view.hitl_type,
                exit_code=code,
                error=error or view.error,
                skill_name=view.result.skill_name,
                taxonomy_path=view.result.taxonomy_path,
                draft_path=view.result.draft_path,
                final_path=view.result.final_path,
                promoted=promoted,
                next=next_step(view, promoted=promoted),
            )
        self._screen.ended(outcome, lines)
