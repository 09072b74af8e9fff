"""Create a skill: from a sentence to a draft that is proven, approved and valid. Read `create` first.

Loops are plain `while`s and survive restarts. Rules are applied in activities; only their results steer here, because a
rule that changed would break the jobs that run.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    import workflows.promote_messages as pm
    from domain.job import CancelRequest, Phase, StartJob
    from domain.prompt import HitlType, PromptAction
    from workflows.asking import LEAN, JobCancelled
    from workflows.experiment import Experiment
    from workflows.job import BudgetSpent, Job, JobFailed
    from workflows.promote_skill import PromoteSkill
    from workflows.signalled import Signalled
    from workflows.steps import FILES, Author, Checks, Evaluator, Library, Records

MOST_AUTOMATIC_FIXES = 2
"""How often `auto_approve` has findings fixed before the job fails with the report (product.md)."""


@workflow.defn(name="CreateSkill")
class CreateSkill(Signalled):
    """One job, `create-skill:{job_id}`."""

    @workflow.init
    def __init__(self, start: StartJob) -> None:
        """Take up a new job, or one that was carried over by continue-as-new."""
        self.carried = m.Progress.model_validate(start.carried or {})
        self.job = Job(start, self.carried)
        self.options = start.options
        self.experiment = Experiment(self.job)

    @workflow.run
    async def run(self, start: StartJob) -> m.Outcome:
        """Do the whole job; however it ends, the record says how."""
        await self.job.record(Records.open_job, start, "open the job's record")
        status = await self.job.to_the_end(self.create())
        draft = self.job.draft
        return m.Outcome(job_id=start.job_id, status=status, path=draft.path, revision=draft.revision)

    async def create(self) -> None:
        """The table of contents."""
        try:
            if self.job.start.carried is None:
                await (self.first_draft() if self.job.start.origin is None else self.adoption())
            if not self.carried.validating:
                await self.preview(unmeasured=self.carried.unmeasured)
            await self.validation()
            await self.promotion()
        except (Exception, asyncio.CancelledError):  # not GeneratorExit: an evicted job waits for nothing
            await self.experiment.stop()
            raise
        await self.experiment.stop()

    async def first_draft(self) -> None:
        """From the request to a draft that is proven; a spent budget ends it with what is there."""
        try:
            await self.refinement()
            await self.understanding()
            await self.planning()
            await self.tdd_red()
            await self.generation(m.WriteReason())
            await self._checkpoint(HitlType.TDD_GREEN)
            await self.tdd_refactor()
            await self._checkpoint(HitlType.TDD_REFACTOR)
        except BudgetSpent:
            if not self.job.draft.revision:
                reason = "the budget was spent before anything was written"
                raise JobCancelled(CancelRequest(by="budget", reason=reason), "budget_spent") from None

    async def adoption(self) -> None:
        """Take over what an ended job had reached; its evidence is completed beside the preview."""
        origin = self.job.start.origin
        assert origin is not None
        await self.job.enter(Phase.GENERATION, f"taking over revision {origin.revision} of job {origin.job_id}")
        taking = self.job.entering_with(self._for_job())
        adopted = await self.job.record(Records.adopt, taking, f"take over revision {origin.revision}")
        draft = self.job.draft
        draft.name, draft.path = adopted.name, adopted.path
        draft.revision = draft.latest = adopted.revision
        draft.cases, draft.passed_without, draft.passed_with = (
            adopted.cases,
            adopted.passed_without,
            adopted.passed_with,
        )
        await self._save_draft()
        if draft.cases and draft.passed_with is None:
            self.experiment.measure_meanwhile()

    async def refinement(self) -> None:
        """Sharpen the request; people mend a name or description that rules refuse, before anything expensive."""
        await self.job.enter(Phase.REFINEMENT, "sharpening the request")
        refined = await self.job.ask_model(Author.refine, self._for_job(), "refine the request")
        if refined.fixes:
            taken = await self.job.ask(HitlType.STRUCTURE_FIX, PromptAction.ACCEPT)
            await self.job.record(Records.fix_structure, self._for_prompt(taken), "keep name and description")

    async def understanding(self) -> None:
        """Ask what must be known, and keep the answers word for word; nobody is asked when nobody would answer."""
        await self.job.enter(Phase.UNDERSTANDING, "finding out what must be known")
        asks = bool(self.options.max_questions) and not self.options.auto_approve
        if asks:
            asked = await self.job.ask_model(Author.ask_questions, self._for_job(), "write the questions")
            await self._ask_round(HitlType.CLARIFY, asked)
        known = await self._summarize()
        rounds = 1
        while asks and not known.complete and rounds < self.options.max_rounds:
            deeper = m.Deeper(job_id=self.job.id, round=rounds)
            asked = await self.job.ask_model(Author.ask_deeper, deeper, f"write deeper questions (round {rounds})")
            if not asked.questions:
                return
            await self._ask_round(HitlType.DEEP_UNDERSTANDING, asked)
            known = await self._summarize()
            rounds += 1

    async def planning(self) -> None:
        """Decide name, place and outline; people confirm when they asked for it, or when the place is unsure."""
        planning = m.Planning(job_id=self.job.id)
        while True:
            planning = planning.model_copy(update={"round": await self.job.enter(Phase.PLANNING, "planning the skill")})
            planned = await self.job.ask_model(Author.plan, planning, f"plan (round {planning.round})")
            self.job.draft.name, self.job.draft.path = planned.name, planned.path
            if not (self.options.confirm or planned.unsure):
                return
            taken = await self.job.ask(HitlType.CONFIRM, PromptAction.PROCEED)
            if taken.action is PromptAction.PROCEED:
                return
            planning = planning.model_copy(update={"confirmation": taken.interaction_id})

    async def tdd_red(self) -> None:
        """Write cases, and see how the agent fails without the skill; when it does not fail, ask whether to go on."""
        await self.job.enter(Phase.TDD_RED, "trying the agent without the skill")
        await self.job.ask_model(Evaluator.write_cases, self._for_job(), "write the evaluation cases")
        await self.experiment.control()
        rounds = 0
        while self.experiment.asks_whether_to_go_on():
            taken = await self.job.ask(
                HitlType.TDD_RED, PromptAction.PROCEED, no_skill_needed=self.experiment.all_pass_without_it
            )
            if taken.action is PromptAction.PROCEED:
                return
            rounds += 1
            recasting = m.Recasting(job_id=self.job.id, answer=taken.interaction_id, round=rounds)
            await self.job.ask_model(Evaluator.revise_cases, recasting, "change the cases")
            await self.experiment.control()

    async def generation(self, reason: m.WriteReason, *, then_measure: bool = True) -> None:
        """Write a revision and save it as the draft; the cases then run with it."""
        draft = self.job.draft
        await self.job.enter(Phase.GENERATION, f"writing revision {draft.latest + 1}")
        await self._write(reason)
        if then_measure:
            await self.experiment.measure()

    async def tdd_refactor(self) -> None:
        """Answer failing cases, and harm to those that passed without the skill, as long as that helps; a revision that
        does worse is not kept."""
        draft = self.job.draft
        await self.job.enter(Phase.TDD_REFACTOR, "answering what still fails")
        all_pass = draft.cases == (draft.passed_with or 0)
        if (all_pass and not self.experiment.worth_another) or self.job.talk.frugal:
            return
        rounds = 0
        while rounds == 0 or self.experiment.worth_another:
            rounds += 1
            before = (draft.revision, draft.passed_with or 0)
            await self._write(m.WriteReason(counter=True))
            if not await self.experiment.outdo(*before, rounds):
                draft.revision, draft.passed_with, draft.measured = before[0], before[1], before[0]
                await self._save_draft()
                return

    async def preview(self, *, unmeasured: bool = False) -> None:
        """Show the skill until a person is content. A revised one is shown at once, its evidence still pending."""
        while True:
            self._continue_as_new_when_long(unmeasured=unmeasured)
            if unmeasured:
                self.experiment.measure_meanwhile()
            await self.job.enter(Phase.PREVIEW, f"revision {self.job.draft.revision} is ready to be read")
            taken = await self.job.ask(HitlType.PREVIEW, PromptAction.PROCEED, revision=self.job.draft.revision)
            if taken.action is PromptAction.PROCEED:
                break
            await self.experiment.stop()
            unmeasured = await self._revised(m.WriteReason(answer=taken.interaction_id), then_measure=False)
        await self.experiment.end()

    async def validation(self) -> None:
        """Apply the rules until they pass, or a person lets the findings stand."""
        fixes = 0
        while True:
            self._continue_as_new_when_long(validating=True)
            await self.job.enter(Phase.VALIDATION, f"checking revision {self.job.draft.revision}")
            judged = await self._judged()
            if judged.passed:
                return
            if self.options.auto_approve and (fixes == MOST_AUTOMATIC_FIXES or self.job.talk.frugal):
                raise JobFailed(f"Validation still fails after {fixes} automatic fixes: read the report, then revise.")
            taken = await self.job.ask(
                HitlType.VALIDATE,
                PromptAction.REVISE,
                revision=self.job.draft.revision,
                report_id=judged.report_id,
            )
            if taken.action is PromptAction.WAIVE:
                waiver = m.Waiver(job_id=self.job.id, report_id=judged.report_id, answer=taken.interaction_id)
                await self.job.record(Records.waive, waiver, "record the waiver")
                return
            fixes += 1
            await self._revised(m.WriteReason(answer=taken.interaction_id, report_id=judged.report_id))
            if self.options.promote:
                await self.preview()

    async def promotion(self) -> None:
        """Publish at once when the request said so. A promotion that fails never fails the job."""
        if not self.options.promote:
            return
        self.job.unless_ending()
        request = pm.PromoteRequest(job_id=self.job.id, by=self.job.start.user_id, category=self.options.category)
        try:
            await workflow.execute_child_workflow(
                PromoteSkill.run,
                request,
                id=f"promote-skill:{self.job.id}",
                static_summary=f"Publish {self.job.draft.path}",
                parent_close_policy=ParentClosePolicy.ABANDON,
            )
        except ChildWorkflowError:
            workflow.logger.warning("the promotion of job %s failed; its record says why", self.job.id)

    async def _ask_round(self, kind: HitlType, asked: m.Asked) -> None:
        taken = await self.job.ask(kind, PromptAction.PROCEED, questions=asked.questions)
        if not workflow.patched(LEAN):
            await self.job.record(Records.keep_decisions, self._for_prompt(taken), "keep the answers")

    async def _summarize(self) -> m.Understood:
        return await self.job.ask_model(Author.summarize, self._for_job(), "summarise what is known")

    async def _checkpoint(self, kind: HitlType) -> None:
        """Show what the experiment says, if that was asked for, until a person is content."""
        while self.options.tdd_checkpoints:
            taken = await self.job.ask(kind, PromptAction.PROCEED, revision=self.job.draft.revision)
            if taken.action is PromptAction.PROCEED:
                return
            await self._revised(m.WriteReason(answer=taken.interaction_id))

    async def _revised(self, reason: m.WriteReason, *, then_measure: bool = True) -> bool:
        """Write what a person asked for; False when the budget is spent, and the revision before it stands."""
        try:
            await self.generation(reason, then_measure=then_measure)
        except BudgetSpent:
            return False
        return True

    async def _judged(self) -> m.Judged:
        """The verdict of rules and model; of the rules alone once the budget is spent."""
        number = self.job.draft.revision
        while True:
            revision = m.ForRevision(job_id=self.job.id, revision=number, advice=not self.job.talk.frugal)
            try:
                return await self.job.ask_model(Checks.validate, revision, f"validate revision {number}")
            except BudgetSpent:
                continue

    async def _write(self, reason: m.WriteReason) -> None:
        draft = self.job.draft
        number = draft.latest + 1
        writing = m.Writing(job_id=self.job.id, revision=number, base=draft.revision, reason=reason)
        written = await self.job.ask_model(Author.write, writing, f"write revision {number}")
        draft.revision = draft.latest = written.revision
        if not workflow.patched(LEAN):
            await self._save_draft()

    async def _save_draft(self) -> None:
        revision = m.ForRevision(job_id=self.job.id, revision=self.job.draft.revision)
        await self.job.run_step(Library.save_draft, revision, FILES, f"save draft, revision {revision.revision}")

    def _continue_as_new_when_long(self, *, unmeasured: bool = False, validating: bool = False) -> None:
        if workflow.info().is_continue_as_new_suggested() and not self.experiment.busy:
            carried = self.job.progress(unmeasured=unmeasured, validating=validating).model_dump(mode="json")
            workflow.continue_as_new(self.job.start.model_copy(update={"carried": carried, "sources": []}))

    def _for_job(self) -> m.ForJob:
        return m.ForJob(job_id=self.job.id)

    def _for_prompt(self, taken: m.Taken) -> m.ForPrompt:
        return m.ForPrompt(job_id=self.job.id, interaction_id=taken.interaction_id)
