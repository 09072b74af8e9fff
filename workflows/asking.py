"""A job and its people: what they send, and one prompt from its opening to its answer. Deterministic code only.

A prompt waits for as long as it takes: people are reminded, its owner is told, it is parked, and asked again when
somebody reopens it. Whether an answer is legal is decided in an activity; the claim in the database is the arbiter.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError, FailureError

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    from domain.job import CancelRequest, JobOptions, JobStatus, Phase, StartJob
    from domain.prompt import AnswerSignal, HitlType, PromptAction
    from workflows.attributes import Listing, listing, updates
    from workflows.details import describe
    from workflows.steps import AT_ONCE, RECORD, Records, will_pass

S = TypeVar("S")
T = TypeVar("T")
E = TypeVar("E", bound=m.Entering)

MOST_SIGNALS = 100
"""Answers kept for prompts that are not open (yet); more are dropped."""

MOST_TEXT = 64_000
"""Bytes of whole answers kept for prompts that are not open (yet); the oldest go first.

They travel with the job when it continues as new, and nothing that travels may be over 100 KB."""

MOST_CLOSED = 50
"""Closed prompts remembered, so that a late answer from Temporal is refused on record."""

BOUNDED = "bounded-answers"
"""Patch since 0.3.0: whole answers that nobody takes are bounded in bytes too."""

HEARD = "unreadable-signals"
"""Patch since 0.3.0: signals that the SDK would drop are heard."""

LEAN = "lean-histories"
"""Patch since 0.3.0: steps of the record are done in the worker that has the job, phases are entered with the step that
follows, decisions are kept with their answer, and search attributes change when the job waits or works for long."""

PEOPLE = "people-in-the-loop"
"""Patch since 0.2.0: reminders, escalation, reopening, and late answers refused on record."""


class JobCancelled(Exception):
    """A person ended the job; carries who and why, and the outcome when there is a name for it."""

    def __init__(self, request: CancelRequest, outcome: str | None = None) -> None:
        super().__init__(request.reason)
        self.request = request
        self.outcome = outcome


class Alarm(NamedTuple):
    """Something that happens to a prompt which nobody has answered."""

    at: datetime
    kind: Literal["remind", "escalate", "park"]


def alarms(options: JobOptions, now: datetime, *, remind: bool) -> list[Alarm]:
    """What happens to a prompt opened now, the first alarm last."""
    due = Alarm(now + options.hitl_timeout, "park")
    if not remind:
        return [due]
    early = [Alarm(now + after, "remind") for after in options.remind_after]
    if options.escalate_after is not None:
        early.append(Alarm(now + options.escalate_after, "escalate"))
    return sorted((due, *(alarm for alarm in early if alarm.at < due.at)), reverse=True)


class Asking:
    """The state that people change, and the one way to ask them."""

    def __init__(self, start: StartJob, progress: m.Progress) -> None:
        """Take up the conversation where `progress` left it."""
        self.start = start
        self.id: UUID = start.job_id
        self.workflow_id = start.workflow_id
        self.talk = progress.conversation
        self.draft = progress.draft
        self.status = JobStatus.PENDING
        self.phase: Phase | None = None
        self.open_prompt: m.Prompt | None = None
        self.open_id: UUID | None = None
        self.problem = ""
        self.spent = m.Spent()
        self.entering = list(progress.entering)
        self.ending = False
        self.somebody_waits = False
        self.begun = start.carried is not None
        self._listed: Listing = {}

    # What people send.

    def hears(self, *, lost: bool) -> bool:
        """Whether a signal counts: one that nobody can read was `lost` by older builds, and still is in a replay."""
        return not lost or workflow.patched(HEARD)

    def answered(self, signal: AnswerSignal) -> None:
        """Keep a signalled answer until its prompt takes it; safe early, late and twice.

        When there are too many, whole answers go first: a claimed one comes as an id only, and must be heard of.
        """
        self.talk.signals = [*self.talk.signals, signal]
        if len(self.talk.signals) > MOST_SIGNALS:
            self._drop_one()
        while self._too_much_text() and workflow.patched(BOUNDED):
            self._drop_one()

    def cancel(self, request: CancelRequest) -> None:
        """Remember that the job shall end; the first request counts."""
        said = request.model_copy(update={"reason": request.reason or request.unreadable})
        self.talk.cancel = self.talk.cancel or said

    def retry(self) -> None:
        """A person has mended what stopped the job."""
        self.talk.retries += 1

    def reopen(self, request: m.ReopenRequest) -> None:
        """Ask the parked prompt again; without one this changes nothing."""
        self.talk.reopening = request

    # What phases do.

    async def record(self, step: Callable[[Any, S], Awaitable[T]], what: S, summary: str) -> T:
        """Write to the record: in the worker that has the job, which is quick; when that does not succeed at once, in
        any worker, for as long as it takes."""
        self.unless_ending()
        if workflow.patched(LEAN):
            try:
                return await workflow.execute_local_activity_method(step, what, summary=summary, **AT_ONCE)
            except FailureError as failure:
                # In a replay the SDK raises the cause bare (1.35): both must lead the same way.
                cause = failure.cause if isinstance(failure, ActivityError) else failure
                if isinstance(cause, CancelledError):
                    raise asyncio.CancelledError from failure
                if cause is not None and not will_pass(cause):
                    raise cause from failure
        return await workflow.execute_activity_method(step, what, summary=summary, **RECORD)

    def unless_ending(self) -> None:
        """Do nothing more once the job is to end: a step that completes although it is being cancelled swallows the
        cancellation, and its successor would go on for days. Raises CancelledError."""
        if self.ending and workflow.patched(LEAN):
            raise asyncio.CancelledError

    def entering_with(self, what: E) -> E:
        """A step that enters the phases which wait to be entered."""
        waiting, self.entering = self.entering, []
        return what.model_copy(update={"entered": waiting}) if waiting else what

    async def ask(
        self,
        kind: HitlType,
        auto: PromptAction,
        *,
        questions: int = 0,
        revision: int | None = None,
        report_id: UUID | None = None,
        no_skill_needed: bool = False,
        reason: str = "",
    ) -> m.Taken:
        """Ask people and wait for as long as it takes: parked after its timeout, but never closed.

        Signals that come early, twice, late or for another prompt are safe: the claim in the database is the arbiter.
        With `auto_approve` the prompt answers itself with `auto`, on record.
        """
        options = self.start.options
        self.talk.rounds[kind] = number = self.talk.rounds.get(kind, 0) + 1
        prompt = m.Prompt(
            job_id=self.id,
            kind=kind,
            round=number,
            timeout=workflow.now() + options.hitl_timeout,
            auto=auto if options.auto_approve else None,
            questions=questions,
            revision=revision,
            report_id=report_id,
            no_skill_needed=no_skill_needed,
            reason=reason,
        )
        taken = await self._asked(prompt)
        if taken.action is PromptAction.CANCEL:
            request = CancelRequest(by=taken.by, reason=f"cancelled in answer to {kind}")
            raise JobCancelled(request, "no_skill_needed" if no_skill_needed else None)
        return taken

    def show(self, status: JobStatus) -> None:
        """Make the job's page in the Temporal Web UI tell how it stands."""
        self.status = status
        if not workflow.patched(LEAN):
            self.announce(all_of_it=True)
        workflow.set_current_details(describe(self))

    def announce(self, *, all_of_it: bool = False) -> None:
        """Make the Temporal Web UI find the job as it stands now; done before it waits, or works for long."""
        kind = self.open_prompt.kind if self.open_prompt and not self.status.final else None
        stands = listing(self.status, self.phase, kind)
        if stands != self._listed:
            changed = dict(stands.items() if all_of_it else stands.items() - self._listed.items())
            self._listed = stands
            workflow.upsert_search_attributes(updates(changed))

    def _drop_one(self) -> None:
        self.talk.signals.remove(next((kept for kept in self.talk.signals if kept.action), self.talk.signals[0]))

    def _too_much_text(self) -> bool:
        kept = [len(signal.model_dump_json().encode()) for signal in self.talk.signals]
        return len(kept) > 1 and sum(kept) > MOST_TEXT

    async def _asked(self, prompt: m.Prompt) -> m.Taken:
        summary = f"ask: {prompt.kind} {prompt.round}"
        opened = await self.record(Records.open_prompt, self.entering_with(prompt), summary)
        self.open_prompt, self.open_id = prompt, opened.interaction_id
        self.show(JobStatus.PENDING_REVIEW if prompt.kind is HitlType.VALIDATE else JobStatus.PENDING_HITL)
        taken = opened if opened.action else await self._answer(opened.interaction_id)
        self.somebody_waits = opened.action is None
        self.open_prompt = self.open_id = None
        self.talk.closed = [*self.talk.closed, opened.interaction_id][-MOST_CLOSED:]
        self.show(JobStatus.RUNNING)
        return taken

    async def _answer(self, interaction_id: UUID) -> m.Taken:
        """What the prompt is answered with, whatever happens until then."""
        assert self.open_prompt is not None and self.open_prompt.timeout is not None
        self.announce()
        patient, options = workflow.patched(LEAN) or workflow.patched(PEOPLE), self.start.options
        coming = alarms(options, self.open_prompt.timeout - options.hitl_timeout, remind=patient)
        reminders = 0
        while True:
            news = await self._news(interaction_id, coming[-1].at if coming else None, late=patient)
            if isinstance(news, AnswerSignal):
                taken = await self._offer(interaction_id, news)
            elif news is not None:
                coming = alarms(options, workflow.now(), remind=True)
                taken = await self._ask_again(interaction_id, news, coming[0].at)
            elif (alarm := coming.pop()).kind == "park":
                taken = await self._park(interaction_id)
            else:
                reminders += 1
                taken = await self._remind(interaction_id, reminders, alarm)
            if taken.action is not None:
                self.problem = ""
                return taken
            self.problem = taken.refusal or ""
            self.show(self.status)

    async def _news(
        self, interaction_id: UUID, until: datetime | None, *, late: bool
    ) -> AnswerSignal | m.ReopenRequest | None:
        """The next answer for this prompt (a signal that names no prompt means the open one), a wish to be asked again,
        or None at `until`. With `late`, whole answers to prompts that are closed are handed on, to be refused."""

        def meant(signal: AnswerSignal) -> bool:
            if signal.interaction_id in (None, interaction_id):
                return True
            return late and signal.interaction_id in self.talk.closed and bool(signal.action)

        def found() -> AnswerSignal | m.ReopenRequest | None:
            first = next((signal for signal in self.talk.signals if meant(signal)), None)
            return first or (self.talk.reopening if until is None else None)

        self.unless_ending()
        timeout = None if until is None else max((until - workflow.now()).total_seconds(), 0)
        try:
            await workflow.wait_condition(lambda: found() is not None, timeout=timeout, timeout_summary="prompt is due")
        except TimeoutError:
            return None
        news = found()
        if isinstance(news, AnswerSignal):
            self.talk.signals.remove(news)
        else:
            self.talk.reopening = None
        return news

    async def _offer(self, interaction_id: UUID, signal: AnswerSignal) -> m.Taken:
        self.talk.signals_seen = seen = self.talk.signals_seen + 1
        offered = m.Offered(job_id=self.id, interaction_id=interaction_id, signal=signal, number=seen)
        return await self.record(Records.take_answer, offered, "an answer")

    async def _park(self, interaction_id: UUID) -> m.Taken:
        self.talk.reopening = None  # what was not parked yet could not be reopened
        for_prompt = m.ForPrompt(job_id=self.id, interaction_id=interaction_id)
        return await self.record(Records.park_prompt, for_prompt, "overdue: park")

    async def _remind(self, interaction_id: UUID, number: int, alarm: Alarm) -> m.Taken:
        escalate = alarm.kind == "escalate"
        reminder = m.Reminder(job_id=self.id, interaction_id=interaction_id, number=number, escalate=escalate)
        return await self.record(Records.remind, reminder, f"nobody has answered: {alarm.kind}")

    async def _ask_again(self, interaction_id: UUID, request: m.ReopenRequest, due: datetime) -> m.Taken:
        self.talk.reopened = number = self.talk.reopened + 1
        reopening = m.Reopening(job_id=self.id, interaction_id=interaction_id, number=number, due=due, by=request.by)
        assert self.open_prompt is not None
        self.open_prompt = self.open_prompt.model_copy(update={"timeout": due})
        return await self.record(Records.reopen_prompt, reopening, "ask again")
