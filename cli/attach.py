"""Stays with a running job: shows its events, asks what it asks, and knows with which exit code to leave."""

from uuid import UUID

from cli.client import Api
from cli.dialogue import Dialogue
from cli.exits import ExitCode, exit_code_of, is_parked_on_a_problem
from cli.feed import Feed
from cli.output import Output
from cli.overview import next_step, overview
from cli.problems import ApiProblem, CliError
from cli.progress import Outcome, screen_for
from domain.job import JobEvent, JobStatus, JobStatusView, JobView
from domain.prompt import PromptView

WAITING = frozenset({JobStatus.PENDING_HITL, JobStatus.PENDING_REVIEW})
CLOSED = frozenset({409, 410})


class Attachment:
    """One look at one job, until its end, a prompt nobody here can answer, or Ctrl-C."""

    def __init__(self, api: Api, out: Output, job_id: UUID, *, must_promote: bool = False) -> None:
        self._api = api
        self._out = out
        self._job_id = job_id
        self._must_promote = must_promote
        self._screen = screen_for(out)
        self._dialogue = Dialogue(out) if out.can_ask else None
        self._answered: set[UUID] = set()
        self._last: JobStatusView | None = None

    def run(self) -> ExitCode:
        """Follow the job. The outcome is always told, also when the api goes away (then CliError follows)."""
        try:
            return self._follow()
        except (KeyboardInterrupt, EOFError):
            self._end(ExitCode.INTERRUPTED, [])
            self._out.say(f"detached; the job goes on. Come back with: skill-fleet watch {self._job_id}")
            return ExitCode.INTERRUPTED
        except CliError as error:
            self._end(error.exit_code, [], error=str(error))
            raise
        finally:
            self._screen.hold()

    def _follow(self) -> ExitCode:
        feed = Feed(self._api, self._job_id)
        for frame in feed.frames():
            if frame.new:
                self._screen.event(frame.event)
            if feed.caught_up and not frame.event.status.final and self._must_stop(frame.event):
                return self._waiting()
        return self._finished()

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
        return self._dialogue is None or self._ask(self._dialogue, prompt)

    def _ask(self, dialogue: Dialogue, prompt: PromptView) -> bool:
        """Always False: answered here or meanwhile by somebody else, the job goes on."""
        self._screen.hold()
        try:
            dialogue.answer(self._api, prompt)
        except ApiProblem as problem:
            if problem.status not in CLOSED:
                raise
            for line in problem.lines():
                self._out.say(line)
        if prompt.interaction_id is not None:
            self._answered.add(prompt.interaction_id)
        return False

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
        if code is ExitCode.DONE and self._must_promote and not view.promoted:
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
