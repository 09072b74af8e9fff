"""What every phase of a job needs: steps that wait out a provider's trouble or a spent budget, and an honest end.

How people are asked is in `asking.py`; `create_skill.py` says what happens in which order. Deterministic code only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

from temporalio import exceptions, workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    import traceback

    import workflows.messages as m
    from domain.job import JobStatus, Phase
    from domain.prompt import HitlType, PromptAction
    from workflows.asking import LEAN, Asking, JobCancelled
    from workflows.steps import BUDGET_EXHAUSTED, MODEL, NOT_BEGUN, SOMEBODY_WAITS, WAITED_OUT, Records, StepOptions

A = TypeVar("A", bound=m.ForJob)
R = TypeVar("R", bound=m.Spent)
T = TypeVar("T")


MOST_ERROR = 4_000
MOST_STACK = 20_000
"""Characters of an error and of its stack, whose end tells most: no payload may be over 100 KB."""


class JobFailed(Exception):
    """The job cannot go on; the text says why and what may be done."""


class BudgetSpent(Exception):
    """The budget is spent, and the job shall finish with what is there."""


class Job(Asking):
    """One job inside its workflow: its steps, its problems, its end."""

    async def enter(self, phase: Phase, message: str) -> int:
        """Enter a phase; the next step tells of it. Returns how often it has been entered."""
        self.talk.visits[phase] = visits = self.talk.visits.get(phase, 0) + 1
        self.phase = phase
        self.show(JobStatus.RUNNING)
        entered = m.Entered(job_id=self.id, phase=phase, round=visits, message=message)
        if workflow.patched(LEAN):
            self.entering.append(entered)
        else:
            await self.record(Records.enter_phase, entered, f"{phase}: {message}")
        return visits

    async def ask_model(
        self, step: Callable[[Any, A], Awaitable[R]], what: A, summary: str, *, beside: bool = False
    ) -> R:
        """Run a step that asks a model. Raises BudgetSpent when no more may be spent.

        A step `beside` an open prompt asks nobody for more: people are asked one thing at a time.
        """
        done = await self.run_step(step, what, MODEL, summary, beside=beside)
        self.spent = done
        self.show(self.status)
        return done

    async def run_step(
        self,
        step: Callable[[Any, A], Awaitable[T]],
        what: A,
        options: StepOptions,
        summary: str,
        *,
        beside: bool = False,
    ) -> T:
        """Run a step. What only a person can mend (a key, a full disk) parks the job until `retry`; nothing is lost.

        Raises BudgetSpent.
        """
        what = self.entering_with(what)
        if not beside:
            self.announce()
        while True:
            self.unless_ending()
            try:
                return await workflow.execute_activity_method(
                    step, what, summary=summary, priority=self._turn(beside=beside), **options
                )
            except ActivityError as failure:
                if reason := _budget_reason(failure):
                    if beside:
                        raise BudgetSpent from failure
                    await self._ask_for_budget(reason)
                else:
                    await self._wait_for_mending(_problem(failure))
                what = what.model_copy(update={"attempt": what.attempt + 1})

    def _turn(self, *, beside: bool) -> Priority:
        """The step that somebody waits for goes first, a job's first one last."""
        if not self.begun:
            self.begun = True
            return NOT_BEGUN
        if beside or not self.somebody_waits:
            return Priority.default
        self.somebody_waits = False
        return SOMEBODY_WAITS

    async def to_the_end(self, work: Coroutine[Any, Any, None]) -> JobStatus:
        """Do the work; whatever ends it, the record says how. Only code that is not this job's may escape."""
        try:
            await self._unless_cancelled(asyncio.create_task(work))
            ending = m.Ending(job_id=self.id, status=JobStatus.COMPLETED)
        except JobCancelled as cancelled:
            said = cancelled.request.model_dump()
            ending = m.Ending(job_id=self.id, status=JobStatus.CANCELLED, outcome=cancelled.outcome, **said)
        except (workflow.ContinueAsNewError, workflow.NondeterminismError):
            raise  # nondeterminism is a fault of a deploy, not of the job: a rollback heals it
        except asyncio.CancelledError:
            ending = m.Ending(job_id=self.id, status=JobStatus.CANCELLED, reason="cancelled in Temporal", by="temporal")
        except Exception as failure:  # noqa: BLE001 - the one place where a programming error becomes a recorded end
            ending = _failed(self.id, failure)
        self.ending = False
        self.show(ending.status)
        self.announce()
        await self.record(Records.finish, ending, f"end: {ending.status}")
        return ending.status

    def progress(self, *, unmeasured: bool, validating: bool) -> m.Progress:
        """All that the next run must know."""
        return m.Progress(
            conversation=self.talk,
            draft=self.draft,
            entering=self.entering,
            unmeasured=unmeasured,
            validating=validating,
        )

    async def _ask_for_budget(self, reason: str) -> None:
        """Go on after a raise; finish with what is there otherwise. Raises BudgetSpent."""
        if self.talk.frugal and self.start.options.auto_approve:
            raise BudgetSpent
        taken = await self.ask(HitlType.BUDGET, PromptAction.FINISH, reason=reason)
        self.talk.frugal = taken.action is not PromptAction.RAISE
        if self.talk.frugal:
            raise BudgetSpent
        for_prompt = m.ForPrompt(job_id=self.id, interaction_id=taken.interaction_id)
        await self.record(Records.raise_budget, for_prompt, "raise the budget")

    async def _wait_for_mending(self, message: str) -> None:
        seen = self.talk.retries
        self.talk.problems += 1
        problem = m.Problem(job_id=self.id, number=self.talk.problems, message=message)
        self.problem = message
        await self.record(Records.report_problem, problem, "parked: a person must act")
        self.show(self.status)
        self.announce()
        await workflow.wait_condition(lambda: self.talk.retries > seen)
        self.problem, self.somebody_waits = "", True
        await self.record(Records.resume, problem, "try again")
        self.show(self.status)

    async def _unless_cancelled(self, work: asyncio.Task[None]) -> None:
        """Wait for the work, or abort it (and the model call in flight) as soon as someone cancels."""
        wanted = asyncio.create_task(workflow.wait_condition(lambda: self.talk.cancel is not None))
        try:
            await workflow.wait([work, wanted], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self._stopped(work, wanted)
            raise
        await self._stopped(work, wanted)
        if self.talk.cancel is not None and (work.cancelled() or work.exception() is not None):
            raise JobCancelled(self.talk.cancel)
        await work

    async def _stopped(self, work: asyncio.Task[None], wanted: asyncio.Task[None]) -> None:
        """Stop the work, and the wait for a cancel."""
        self.ending = True
        wanted.cancel()
        if not work.done():
            work.cancel()
            await workflow.wait([work])


def _budget_reason(failure: ActivityError) -> str:
    """Which limit was reached; empty for any other failure."""
    cause = failure.cause
    return cause.message if isinstance(cause, ApplicationError) and cause.type == BUDGET_EXHAUSTED else ""


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
    known = isinstance(failure, (JobFailed, ActivityError, ApplicationError))
    text = getattr(cause, "message", str(cause)) if known else f"{type(failure).__name__}: {failure}"
    stack = "".join(traceback.format_exception(failure))
    return m.Ending(job_id=job_id, status=JobStatus.FAILED, error=text[:MOST_ERROR], stack=stack[-MOST_STACK:])
