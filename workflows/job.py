"""What every phase of a job needs: steps that wait out a provider's trouble, prompts to people, and an honest end.

`Job` holds the state that signals change; `create_skill.py` says what happens in which order. Deterministic code only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from temporalio import exceptions, workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    from domain.job import CancelRequest, JobStatus, Phase, StartJob
    from domain.prompt import AnswerSignal, HitlType, PromptAction
    from workflows.attributes import attributes
    from workflows.details import describe
    from workflows.steps import MODEL, RECORD, WAITED_OUT, Records, StepOptions

S = TypeVar("S")
A = TypeVar("A", bound=m.ForJob)
R = TypeVar("R", bound=m.Spent)
T = TypeVar("T")

MOST_SIGNALS = 100
"""Answers kept for prompts that are not open (yet). More are dropped: their claims still stand in the database."""


class JobCancelled(Exception):
    """A person ended the job; carries who and why."""

    def __init__(self, request: CancelRequest) -> None:
        super().__init__(request.reason)
        self.request = request


class JobFailed(Exception):
    """The job cannot go on; the text says why and what may be done."""


class Job:
    """One job inside its workflow: its state, its people, its record."""

    def __init__(self, start: StartJob, progress: m.Progress) -> None:
        """Take up the job where `progress` left it."""
        self.start = start
        self.id: UUID = start.job_id
        self.talk = progress.conversation
        self.draft = progress.draft
        self.status = JobStatus.PENDING
        self.phase: Phase | None = None
        self.open_prompt: m.Prompt | None = None
        self.open_id: UUID | None = None
        self.problem = ""
        self.spent = m.Spent()
        self.shown: tuple[JobStatus, Phase | None, HitlType | None] | None = None

    # What people send.

    def answered(self, signal: AnswerSignal) -> None:
        """Keep a signalled answer until its prompt takes it; safe early, late and twice."""
        self.talk.signals = [*self.talk.signals, signal][-MOST_SIGNALS:]

    def cancel(self, request: CancelRequest) -> None:
        """Remember that the job shall end; the first request counts."""
        self.talk.cancel = self.talk.cancel or request

    def retry(self) -> None:
        """A person has mended what stopped the job."""
        self.talk.retries += 1

    # What phases do.

    async def enter(self, phase: Phase, message: str) -> int:
        """Enter a phase and tell of it; returns how often it has been entered."""
        self.talk.visits[phase] = visits = self.talk.visits.get(phase, 0) + 1
        self.phase = phase
        self._show(JobStatus.RUNNING)
        entered = m.Entered(job_id=self.id, phase=phase, round=visits, message=message)
        await self.record(Records.enter_phase, entered, f"{phase}: {message}")
        return visits

    async def record(self, step: Callable[[Any, S], Awaitable[Any]], what: S, summary: str) -> None:
        """Write to the record. A database that is away is waited for."""
        await workflow.execute_activity_method(step, what, summary=summary, **RECORD)

    async def ask_model(self, step: Callable[[Any, A], Awaitable[R]], what: A, summary: str) -> R:
        """Run a step that asks a model."""
        done = await self.run_step(step, what, MODEL, summary)
        self.spent = done
        self._show(self.status)
        return done

    async def run_step(self, step: Callable[[Any, A], Awaitable[T]], what: A, options: StepOptions, summary: str) -> T:
        """Run a step. What only a person can mend (a key, a full disk) parks the job until `retry`; nothing is lost."""
        while True:
            try:
                return await workflow.execute_activity_method(step, what, summary=summary, **options)
            except ActivityError as failure:
                await self._wait_for_mending(_problem(failure))
                what = what.model_copy(update={"attempt": what.attempt + 1})

    async def ask(
        self,
        kind: HitlType,
        auto: PromptAction,
        *,
        questions: int = 0,
        revision: int | None = None,
        report_id: UUID | None = None,
    ) -> m.Taken:
        """Ask people and wait for as long as it takes: parked after its timeout, but never closed.

        Signals that come early, twice, late or for another prompt are safe: the claim in the database is the arbiter.
        With `auto_approve` the prompt answers itself with `auto`, on record.
        """
        options = self.start.options
        self.talk.rounds[kind] = number = self.talk.rounds.get(kind, 0) + 1
        due = workflow.now() + options.hitl_timeout
        prompt = m.Prompt(
            job_id=self.id,
            kind=kind,
            round=number,
            timeout=due,
            auto=auto if options.auto_approve else None,
            questions=questions,
            revision=revision,
            report_id=report_id,
        )
        opened = await workflow.execute_activity_method(
            Records.open_prompt, prompt, summary=f"ask: {kind} (round {number})", **RECORD
        )
        self.open_prompt, self.open_id = prompt, opened.interaction_id
        self._show(JobStatus.PENDING_REVIEW if kind is HitlType.VALIDATE else JobStatus.PENDING_HITL)
        taken = opened if opened.action else await self._answer(opened.interaction_id, due)
        self.open_prompt = self.open_id = None
        self._show(JobStatus.RUNNING)
        if taken.action is PromptAction.CANCEL:
            raise JobCancelled(CancelRequest(by=taken.by, reason=f"cancelled in answer to {kind}"))
        return taken

    async def to_the_end(self, work: Coroutine[Any, Any, None]) -> JobStatus:
        """Do the work; whatever ends it, the record says how. Only code that is not this job's may escape."""
        try:
            await self._unless_cancelled(asyncio.create_task(work))
            ending = m.Ending(job_id=self.id, status=JobStatus.COMPLETED)
        except JobCancelled as cancelled:
            ending = m.Ending(job_id=self.id, status=JobStatus.CANCELLED, **cancelled.request.model_dump())
        except workflow.ContinueAsNewError:
            raise
        except asyncio.CancelledError:
            ending = m.Ending(job_id=self.id, status=JobStatus.CANCELLED, reason="cancelled in Temporal", by="temporal")
        except Exception as failure:  # noqa: BLE001 - the one place where a programming error becomes a recorded end
            ending = _failed(self.id, failure)
        self._show(ending.status)
        await self.record(Records.finish, ending, f"end: {ending.status}")
        return ending.status

    def progress(self) -> m.Progress:
        """All that the next run must know."""
        return m.Progress(conversation=self.talk, draft=self.draft)

    async def _answer(self, interaction_id: UUID, due: datetime | None) -> m.Taken:
        while True:
            signal = await self._next_signal(interaction_id, due)
            if signal is None:
                for_prompt = m.ForPrompt(job_id=self.id, interaction_id=interaction_id)
                taken = await workflow.execute_activity_method(
                    Records.park_prompt, for_prompt, summary="overdue: park", **RECORD
                )
                due = None
            else:
                self.talk.signals_seen = seen = self.talk.signals_seen + 1
                offered = m.Offered(job_id=self.id, interaction_id=interaction_id, signal=signal, number=seen)
                taken = await workflow.execute_activity_method(
                    Records.take_answer, offered, summary="an answer came in", **RECORD
                )
            if taken.action is not None:
                self.problem = ""
                return taken
            self.problem = taken.refusal or ""
            self._show(self.status)

    async def _next_signal(self, interaction_id: UUID, due: datetime | None) -> AnswerSignal | None:
        """The next answer for this prompt (a signal that names no prompt means the open one); None when overdue."""

        def meant() -> list[AnswerSignal]:
            return [one for one in self.talk.signals if one.interaction_id in (None, interaction_id)]

        timeout = None if due is None else max((due - workflow.now()).total_seconds(), 0)
        try:
            await workflow.wait_condition(lambda: bool(meant()), timeout=timeout, timeout_summary="prompt is due")
        except TimeoutError:
            return None
        first = meant()[0]
        self.talk.signals.remove(first)
        return first

    async def _wait_for_mending(self, message: str) -> None:
        seen = self.talk.retries
        self.talk.problems += 1
        problem = m.Problem(job_id=self.id, number=self.talk.problems, message=message)
        self.problem = message
        await self.record(Records.report_problem, problem, "parked: a person must act")
        self._show(self.status)
        await workflow.wait_condition(lambda: self.talk.retries > seen)
        self.problem = ""
        await self.record(Records.resume, problem, "try again")
        self._show(self.status)

    async def _unless_cancelled(self, work: asyncio.Task[None]) -> None:
        """Wait for the work, or abort it (and the model call in flight) as soon as someone cancels."""
        wanted = asyncio.create_task(workflow.wait_condition(lambda: self.talk.cancel is not None))
        try:
            await workflow.wait([work, wanted], return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
            if not work.done():
                work.cancel()
                await workflow.wait([work])
        if self.talk.cancel is not None and (work.cancelled() or work.exception() is not None):
            raise JobCancelled(self.talk.cancel)
        await work

    def _show(self, status: JobStatus) -> None:
        """Make the Temporal Web UI tell how the job stands."""
        self.status = status
        kind = self.open_prompt.kind if self.open_prompt and not status.final else None
        shown = (status, self.phase, kind)
        if shown != self.shown:
            self.shown = shown
            workflow.upsert_search_attributes(attributes(*shown))
        workflow.set_current_details(describe(self))


def _problem(failure: ActivityError) -> str:
    """What a person must mend; anything else is raised as it came."""
    cause = failure.cause
    if isinstance(cause, ApplicationError) and cause.type in WAITED_OUT:
        return cause.message
    if isinstance(cause, exceptions.TimeoutError):
        return "A step did not end in time. See `skill-fleet doctor`, then retry the job."
    raise failure


def _failed(job_id: UUID, failure: Exception) -> m.Ending:
    if is_cancelled_exception(failure):
        return m.Ending(job_id=job_id, status=JobStatus.CANCELLED, reason="cancelled in Temporal", by="temporal")
    cause = failure.cause if isinstance(failure, ActivityError) and failure.cause else failure
    known = isinstance(failure, (JobFailed, ActivityError))
    text = getattr(cause, "message", str(cause)) if known else f"{type(failure).__name__}: {failure}"
    return m.Ending(job_id=job_id, status=JobStatus.FAILED, error=text, stack=repr(failure))
