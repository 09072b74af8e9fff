"""The record of a job: rows and events in short transactions, each transition once, whatever is retried."""

import asyncio
import contextlib
from datetime import UTC, datetime
from uuid import UUID

from pydantic import JsonValue
from temporalio import activity

from activities.adoption import adopt
from activities.people import PromptRecords
from activities.rounds import decisions
from domain.answering.proposals import settled
from domain.brief import Proposal
from domain.budget import Budget, Spend, priceless, raised
from domain.errors import LibraryConflict
from domain.job import JobStatus, Origin, Phase, StartJob
from domain.library.waivers import standing_errors
from domain.prompt import YOU_DECIDE, Answer, PromptAction, PromptStatus
from domain.skill import SkillFileEntry
from store import audit, calls, evidence, jobs, prompts, understanding, waivers
from store.session import Session
from store.tables import HitlInteraction
from store.waivers import NewWaiver
from workflows import messages as m

_NOTHING = (None, "", YOU_DECIDE)

PHASES: list[Phase] = [phase for phase in Phase if phase is not Phase.PROMOTION]


class DatabaseRecords(PromptRecords):
    """The record, kept in PostgreSQL; the steps about prompts are in `people.py`."""

    @activity.defn
    async def open_job(self, start: StartJob) -> None:
        """Create the job's row; a known id changes nothing."""
        async with self.database.transaction() as session:
            await jobs.open_job(session, start)
            await jobs.change(
                session,
                start.job_id,
                "opened",
                "started",
                "the job has begun",
                status=JobStatus.RUNNING,
                started_at=datetime.now(UTC),
            )

    @activity.defn
    async def enter_phase(self, entered: m.Entered) -> None:
        """Set phase and progress, and tell of it, once per phase and round."""
        async with self.database.transaction() as session:
            await jobs.change(
                session,
                entered.job_id,
                f"phase:{entered.phase}:{entered.round}",
                "phase",
                entered.message,
                {"round": entered.round},
                status=JobStatus.RUNNING,
                current_phase=entered.phase,
                progress_percent=100 * PHASES.index(entered.phase) // len(PHASES),
            )

    @activity.defn
    async def report_problem(self, problem: m.Problem) -> None:
        """Show what stopped the job, and park it."""
        async with self.database.transaction() as session:
            await jobs.change(
                session,
                problem.job_id,
                f"problem:{problem.number}",
                "problem",
                f"waiting for a person: {problem.message}",
                {"retry": f"skill-fleet retry {problem.job_id}"},
                error=problem.message,
                parked_at=datetime.now(UTC),
            )

    async def tell_trouble(self, job_id: UUID, key: str, message: str) -> None:
        """Show what a step waits for while it is tried again by itself; told as far as the database allows."""
        with contextlib.suppress(Exception):
            async with self.database.transaction() as session:
                await jobs.change(session, job_id, f"trouble:{key}", "trouble", f"{message} Trying again by itself.")

    @activity.defn
    async def resume(self, problem: m.Problem) -> None:
        """A person asked to try again."""
        async with self.database.transaction() as session:
            key = f"resumed:{problem.number}"
            await jobs.change(session, problem.job_id, key, "resumed", "trying again", error=None, parked_at=None)

    @activity.defn
    async def keep_decisions(self, taken: m.ForPrompt) -> None:
        """Store the answers of a round of questions, word for word, as decisions."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, taken.interaction_id)
            if row is not None:
                await understanding.keep_decisions(session, taken.job_id, decisions(row))

    @activity.defn
    async def fix_structure(self, taken: m.ForPrompt) -> None:
        """Keep the name and description that a person accepted or gave."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, taken.interaction_id)
            proposal = await jobs.proposal_of(session, taken.job_id)
            if row is None or proposal is None:
                return
            chosen = chosen_structure(row, proposal)
            told: dict[str, JsonValue] = {"name": chosen.name, "description": chosen.description}
            key, message = f"structure:{taken.interaction_id}", f"the skill shall be called {chosen.name}"
            await jobs.change(session, taken.job_id, key, "structure_fixed", message, told, proposal=told)

    @activity.defn
    async def raise_budget(self, taken: m.ForPrompt) -> None:
        """Raise the job's budget as the answer says."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, taken.interaction_id)
            given = Answer.model_validate(row.response_data or {}).answers if row else None
            old = (await jobs.options_of(session, taken.job_id)).budget or Budget()
            new = new_limit(old, Budget.model_validate(given or {}), await calls.spent(session, taken.job_id))
            by = row.responded_by if row else None
            await jobs.change(
                session,
                taken.job_id,
                f"budget:{taken.interaction_id}",
                "budget_raised",
                f"{by} raised the budget to {in_words(new)}",
                {"old": old.model_dump(mode="json"), "new": new.model_dump(mode="json"), "by": by},
                budget=new.model_dump(mode="json"),
            )

    @activity.defn
    async def adopt(self, job: m.ForJob) -> m.Adopted:
        """Take over understanding, plan, cases, evidence and one revision from the job named in `origin`."""
        async with self.database.transaction() as session:
            origin = await jobs.origin_of(session, job.job_id)
        edited = await asyncio.to_thread(self._edited, origin) if origin is not None and origin.draft else []
        async with self.database.transaction() as session:
            return await adopt(session, job.job_id, edited, self.profile)

    def _edited(self, origin: Origin) -> list[SkillFileEntry]:
        """The files of the draft's folder. Raises LibraryConflict when it holds what is no plain file."""
        lying = self.shelves.draft(origin.job_id) if self.shelves else None
        if lying is not None and lying.odd:
            path, why = next(iter(lying.odd.items()))
            raise LibraryConflict(f"The draft's folder holds {path!r}, which cannot be taken over: {why}. Remove it.")
        return list(lying.files) if lying else []

    @activity.defn
    async def waive(self, waiver: m.Waiver) -> None:
        """Record who let the findings stand, and why."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, waiver.answer)
            answer = Answer.model_validate(row.response_data or {}) if row else Answer()
            by = row.responded_by if row else None
            note = {"by": by, "reason": answer.reason, "findings": answer.findings}
            report = await evidence.report_of(session, waiver.report_id)
            await evidence.waive(session, waiver.report_id, note)
            new = NewWaiver(digest=report.digest, person=by or "", reason=answer.reason or "", job_id=waiver.job_id)
            await waivers.keep(session, standing_errors(evidence.findings(report), ()), new)
            message = f"{by} let the findings stand: {answer.reason}"
            await jobs.change(session, waiver.job_id, f"waived:{waiver.report_id}", "waived", message)

    @activity.defn
    async def finish(self, ending: m.Ending) -> None:
        """Set the final state and close what is still open."""
        done = ending.status is JobStatus.COMPLETED
        message = {
            JobStatus.COMPLETED: "the job is completed",
            JobStatus.CANCELLED: f"cancelled by {ending.by or 'someone'}: {ending.reason or 'no reason given'}",
        }.get(ending.status, f"failed: {ending.error}")
        columns = jobs.Change(
            status=ending.status, hitl_type=None, parked_at=None, error=ending.error, completed_at=datetime.now(UTC)
        )
        if done:
            columns["progress_percent"] = 100
        if ending.stack:
            columns["error_stack"] = ending.stack
        async with self.database.transaction() as session:
            await jobs.locked(session, ending.job_id)
            await prompts.close_open(session, ending.job_id, PromptStatus.CANCELLED)
            await _give_up(session, ending)
            data: dict[str, JsonValue] = {"reason": ending.reason, "by": ending.by, "outcome": ending.outcome}
            ended = await jobs.change(session, ending.job_id, "end", ending.status, message, data, **columns)
            if ended and ending.outcome:
                await jobs.merge_result(session, ending.job_id, outcome=ending.outcome)


def chosen_structure(row: HitlInteraction, proposal: Proposal) -> Proposal:
    """What a person made of a proposal: with `accept` the suggestions; else their own words, and the suggestion for
    what they said nothing about."""
    mended = settled(proposal)
    given = Answer.model_validate(row.response_data or {})
    own = given.answers if given.action == PromptAction.PROCEED and given.answers else {}
    name, description = (own.get(field) for field in ("skill_name", "description"))
    return Proposal(
        name=mended.name if name in _NOTHING else str(name).strip(),
        description=mended.description if description in _NOTHING else str(description).strip(),
    )


def new_limit(old: Budget, given: Budget, spent: Spend) -> Budget:
    """The limit after a raise. When nothing is named as much again is granted, counted from what is spent by now: the
    calls in flight may have gone past the old limit. A limit in money that cannot be counted is dropped."""
    if priceless(spent):
        old = old.model_copy(update={"usd": None})
    if given.limited or not old.limited:
        return raised(old, given)
    used = spent.model_dump()
    again = {name: limit + max(limit, used[name] or 0) for name, limit in old.model_dump(exclude_none=True).items()}
    return raised(old, Budget.model_validate(again))


def in_words(budget: Budget) -> str:
    """A limit as people say it."""
    limits = [f"{budget.calls} calls", f"{budget.tokens} tokens", f"{budget.usd} US dollars"]
    values = (budget.calls, budget.tokens, budget.usd)
    return ", ".join(text for text, value in zip(limits, values, strict=True) if value is not None) or "no limit"


async def _give_up(session: Session, ending: m.Ending) -> None:
    """An answer that was claimed in the moment of the end was taken, and reaches nobody: its author can see why."""
    why = f"The job was {ending.status} in the same moment, so this answer changed nothing."
    for row in await prompts.give_up(session, ending.job_id, why):
        await audit.note_claimed(session, row, "ended", why)
