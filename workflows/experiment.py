"""The experiment of a job inside its workflow: the cases run without the skill, and with each revision of it.

Deterministic code only; whether a case passed is decided in an activity.
"""

import asyncio
from contextlib import suppress

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    from domain.evaluation import Arm
    from workflows.asking import LEAN
    from workflows.job import BudgetSpent, Job
    from workflows.steps import Evaluator

NO_SKILL_NEEDED = "ask-when-no-skill-is-needed"
"""Patch since 0.2.0: a job whose cases all pass without the skill asks whether to write it."""


UNTRIED = "untried-does-not-hold"
"""Patch since 0.5.0: a revision that the budget left untried does not hold, even if none passed before it."""


class Experiment:
    """Runs cases for one job, in line or beside an open preview."""

    def __init__(self, job: Job) -> None:
        """Take the job whose draft is tried."""
        self.job = job
        self.beside: asyncio.Task[None] | None = None
        self.last: m.Measured | None = None
        """What the newest measuring of a revision said; None when the budget did not allow it."""

    async def control(self) -> None:
        """Run the cases without the skill."""
        trial = m.Trial(job_id=self.job.id, arm=Arm.WITHOUT)
        measured = await self.job.ask_model(Evaluator.try_cases, trial, "cases without the skill")
        self.job.draft.cases, self.job.draft.passed_without = measured.cases, measured.passed

    @property
    def all_pass_without_it(self) -> bool:
        """Whether the agent needs no skill for these cases."""
        return bool(self.job.draft.cases) and self.job.draft.passed_without == self.job.draft.cases

    def asks_whether_to_go_on(self) -> bool:
        """Whether people are asked after the control arm: when they wanted to be, or when no skill is needed."""
        if self.job.start.options.tdd_checkpoints:
            return True
        return self.all_pass_without_it and (workflow.patched(LEAN) or workflow.patched(NO_SKILL_NEEDED))

    async def measure(self, *, beside: bool = False, against: int = 0, round_number: int = 0) -> None:
        """Run the cases with the revision that holds, as far as the budget goes; `against` the one that held before."""
        draft = self.job.draft
        revision, draft.passed_with, self.last = draft.revision, None, None
        if self.job.talk.frugal:
            return
        trial = m.Trial(job_id=self.job.id, arm=Arm.WITH, revision=revision)
        if against:  # what is not said takes no room in the history
            trial = trial.model_copy(update={"against": against, "round": round_number})
        with suppress(BudgetSpent):
            summary = f"cases with revision {revision}"
            self.last = await self.job.ask_model(Evaluator.try_cases, trial, summary, beside=beside)
            draft.passed_with, draft.measured = self.last.passed, revision

    async def outdo(self, against: int, passed: int, round_number: int) -> bool:
        """Measure the revision that answers failing cases of revision `against`, of which `passed` passed; whether it
        holds. Workers before 0.5.0 do not say which one does: then a revision that does worse does not."""
        await self.measure(against=against, round_number=round_number)
        if self.last is None:  # the budget ended its trial
            return passed == 0 and not workflow.patched(UNTRIED)
        if self.last.holds is None:
            return (self.job.draft.passed_with or 0) >= passed
        return self.last.holds != against

    @property
    def worth_another(self) -> bool:
        """Whether one more revision may answer what still fails."""
        return self.last is not None and self.last.worth_another and not self.job.talk.frugal

    def measure_meanwhile(self) -> None:
        """Measure beside whatever people do now."""
        self.beside = asyncio.create_task(self.measure(beside=True), name="evidence")

    @property
    def busy(self) -> bool:
        """Whether cases run beside the rest."""
        return self.beside is not None and not self.beside.done()

    async def end(self) -> None:
        """Wait for what runs beside: the evidence of an approved digest ends before it goes on.

        Evidence that the budget did not allow beside the prompt is asked for now.
        """
        if self.beside is None:
            return
        await self.beside
        self.beside = None
        if self.job.draft.passed_with is None:
            await self.measure()

    async def stop(self) -> None:
        """Abort what runs beside."""
        if self.beside is not None and not self.beside.done():
            self.beside.cancel()
            await workflow.wait([self.beside])
            if not self.beside.cancelled():
                self.beside.exception()  # seen: what it was about is not wanted any more
        self.beside = None
