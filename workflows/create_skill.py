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
    from domain.evaluation import Arm
    from domain.job import CancelRequest, Phase, StartJob
    from domain.prompt import AnswerSignal, HitlType, PromptAction
    from workflows.job import Job, JobFailed
    from workflows.promote_skill import PromoteSkill
    from workflows.steps import FILES, Author, Checks, Evaluator, Library, Records

MOST_AUTOMATIC_FIXES = 2
"""How often `auto_approve` has findings fixed before the job fails with the report (product.md)."""


@workflow.defn(name="CreateSkill")
class CreateSkill:
    """One job, `create-skill:{job_id}`."""

    @workflow.init
    def __init__(self, start: StartJob) -> None:
        """Take up a new job, or one that was carried over by continue-as-new."""
        self.job = Job(start, m.Progress.model_validate(start.carried or {}))
        self.options = start.options
        self.trial: asyncio.Task[None] | None = None

    @workflow.signal(
        description="Answer the open prompt. One JSON object: interaction_id, action, answers, feedback, …"
    )
    def answer(self, signal: AnswerSignal) -> None:
        """A person answers a prompt."""
        self.job.answered(signal)

    @workflow.signal(description="End the job. One JSON object: reason, by.")
    def cancel(self, request: CancelRequest) -> None:
        """A person ends the job."""
        self.job.cancel(request)

    @workflow.signal(description="Try again after a problem was mended.")
    def retry(self, _request: m.RetryRequest) -> None:
        """A person has mended what stopped the job."""
        self.job.retry()

    @workflow.run
    async def run(self, start: StartJob) -> m.Outcome:
        """Do the whole job; however it ends, the record says how."""
        await self.job.record(Records.open_job, start, "open the job's record")
        status = await self.job.to_the_end(self.create(resumed=start.carried is not None))
        draft = self.job.draft
        return m.Outcome(job_id=start.job_id, status=status, path=draft.path, revision=draft.revision)

    async def create(self, *, resumed: bool = False) -> None:
        """The table of contents."""
        try:
            if not resumed:
                await self.refinement()
                await self.understanding()
                await self.planning()
                await self.tdd_red()
                await self.generation(m.WriteReason())
                await self.tdd_refactor()
            await self.preview()
            await self.validation()
            await self.promotion()
        finally:
            await self._stop_trial()

    async def refinement(self) -> None:
        """Sharpen the request."""
        await self.job.enter(Phase.REFINEMENT, "sharpening the request")
        await self.job.ask_model(Author.refine, self._for_job(), "refine the request")

    async def understanding(self) -> None:
        """Ask what must be known, and keep the answers word for word; nobody is asked when nobody would answer."""
        await self.job.enter(Phase.UNDERSTANDING, "finding out what must be known")
        if self.options.max_questions and not self.options.auto_approve:
            asked = await self.job.ask_model(Author.ask_questions, self._for_job(), "write the questions")
            taken = await self.job.ask(HitlType.CLARIFY, PromptAction.PROCEED, questions=asked.questions)
            await self.job.record(Records.keep_decisions, self._for_prompt(taken), "keep the answers")
        await self.job.ask_model(Author.summarize, self._for_job(), "summarise what is known")

    async def planning(self) -> None:
        """Decide name, place and outline; people confirm when they asked for it."""
        planning = m.Planning(job_id=self.job.id)
        while True:
            planning = planning.model_copy(update={"round": await self.job.enter(Phase.PLANNING, "planning the skill")})
            planned = await self.job.ask_model(Author.plan, planning, f"plan (round {planning.round})")
            self.job.draft.name, self.job.draft.path = planned.name, planned.path
            if not self.options.confirm:
                return
            taken = await self.job.ask(HitlType.CONFIRM, PromptAction.PROCEED)
            if taken.action is PromptAction.PROCEED:
                return
            planning = planning.model_copy(update={"confirmation": taken.interaction_id})

    async def tdd_red(self) -> None:
        """Write cases, and see how the agent fails without the skill."""
        await self.job.enter(Phase.TDD_RED, "trying the agent without the skill")
        await self.job.ask_model(Evaluator.write_cases, self._for_job(), "write the evaluation cases")
        trial = m.Trial(job_id=self.job.id, arm=Arm.WITHOUT)
        measured = await self.job.ask_model(Evaluator.try_cases, trial, "run the cases without the skill")
        self.job.draft.cases, self.job.draft.passed_without = measured.cases, measured.passed

    async def generation(self, reason: m.WriteReason, *, then_measure: bool = True) -> None:
        """Write a revision and save it as the draft; the cases then run with it."""
        draft = self.job.draft
        draft.latest += 1
        await self.job.enter(Phase.GENERATION, f"writing revision {draft.latest}")
        await self._write(reason)
        if then_measure:
            await self._measure(draft.revision)

    async def tdd_refactor(self) -> None:
        """Answer failing cases in the text, once; a revision that does worse is not kept."""
        draft, before = self.job.draft, (self.job.draft.revision, self.job.draft.passed_with or 0)
        await self.job.enter(Phase.TDD_REFACTOR, "answering what still fails")
        if draft.cases == before[1]:
            return
        draft.latest += 1
        await self._write(m.WriteReason(counter=True))
        await self._measure(draft.revision)
        if (draft.passed_with or 0) < before[1]:
            draft.revision, draft.passed_with, draft.measured = before[0], before[1], before[0]
            await self._save_draft()

    async def preview(self) -> None:
        """Show the skill until a person is content. A revised one is shown at once, its evidence still pending."""
        while True:
            self._continue_as_new_when_long()
            number = await self.job.enter(Phase.PREVIEW, f"revision {self.job.draft.revision} is ready to be read")
            taken = await self.job.ask(HitlType.PREVIEW, PromptAction.PROCEED, revision=self.job.draft.revision)
            if taken.action is PromptAction.PROCEED:
                break
            await self._stop_trial()
            await self.generation(m.WriteReason(answer=taken.interaction_id), then_measure=False)
            self._measure_meanwhile(number)
        await self._end_trial()

    async def validation(self) -> None:
        """Apply the rules until they pass, or a person lets the findings stand."""
        fixes = 0
        while True:
            await self.job.enter(Phase.VALIDATION, f"checking revision {self.job.draft.revision}")
            revision = m.ForRevision(job_id=self.job.id, revision=self.job.draft.revision)
            judged = await self.job.ask_model(Checks.validate, revision, f"validate revision {revision.revision}")
            if judged.passed:
                return
            if self.options.auto_approve and fixes == MOST_AUTOMATIC_FIXES:
                raise JobFailed(f"Validation still fails after {fixes} automatic fixes: read the report, then revise.")
            taken = await self.job.ask(
                HitlType.VALIDATE, PromptAction.REVISE, revision=revision.revision, report_id=judged.report_id
            )
            if taken.action is PromptAction.WAIVE:
                waiver = m.Waiver(job_id=self.job.id, report_id=judged.report_id, answer=taken.interaction_id)
                await self.job.record(Records.waive, waiver, "record the waiver")
                return
            fixes += 1
            await self.generation(m.WriteReason(answer=taken.interaction_id, report_id=judged.report_id))
            if self.options.promote:
                await self.preview()

    async def promotion(self) -> None:
        """Publish at once when the request said so. A promotion that fails never fails the job."""
        if not self.options.promote:
            return
        request = m.PromoteRequest(job_id=self.job.id, by=self.job.start.user_id, category=self.options.category)
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

    async def _write(self, reason: m.WriteReason) -> None:
        draft = self.job.draft
        writing = m.Writing(job_id=self.job.id, revision=draft.latest, base=draft.revision, reason=reason)
        written = await self.job.ask_model(Author.write, writing, f"write revision {draft.latest}")
        draft.revision = written.revision
        await self._save_draft()

    async def _save_draft(self) -> None:
        revision = m.ForRevision(job_id=self.job.id, revision=self.job.draft.revision)
        await self.job.run_step(Library.save_draft, revision, FILES, f"save draft, revision {revision.revision}")

    async def _measure(self, revision: int) -> None:
        trial = m.Trial(job_id=self.job.id, arm=Arm.WITH, revision=revision)
        measured = await self.job.ask_model(Evaluator.try_cases, trial, f"run the cases with revision {revision}")
        self.job.draft.passed_with, self.job.draft.measured = measured.passed, revision

    def _measure_meanwhile(self, number: int) -> None:
        self.trial = asyncio.create_task(self._measure(self.job.draft.revision), name=f"evidence-{number}")

    async def _stop_trial(self) -> None:
        if self.trial is not None and not self.trial.done():
            self.trial.cancel()
            await workflow.wait([self.trial])
        self.trial = None

    async def _end_trial(self) -> None:
        """The evidence of the approved digest ends before it goes on."""
        if self.trial is not None:
            await self.trial
        self.trial = None

    def _continue_as_new_when_long(self) -> None:
        if workflow.info().is_continue_as_new_suggested() and (self.trial is None or self.trial.done()):
            carried = self.job.progress().model_dump(mode="json")
            workflow.continue_as_new(self.job.start.model_copy(update={"carried": carried}))

    def _for_job(self) -> m.ForJob:
        return m.ForJob(job_id=self.job.id)

    def _for_prompt(self, taken: m.Taken) -> m.ForPrompt:
        return m.ForPrompt(job_id=self.job.id, interaction_id=taken.interaction_id)
