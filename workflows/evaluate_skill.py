"""Evaluate a published skill again: its cases without it and with it, by the agent model that is wanted, and a verdict.

A job of its own: it is listed, watched, cancelled, retried and paid for like any other. Read `evaluate` first.
"""

from contextlib import suppress

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.evaluation_messages as em
    import workflows.messages as m
    from domain.evaluation import Arm
    from domain.job import Evaluates, Phase, StartJob
    from workflows.evaluation_steps import Reviewing
    from workflows.job import BudgetSpent, Job
    from workflows.signalled import Signalled
    from workflows.steps import FILES, Evaluator, Records

REVISION = 1
"""Number of the version's files in the evaluation's own job."""


@workflow.defn(name="EvaluateSkill")
class EvaluateSkill(Signalled):
    """One evaluation, `evaluate-skill:{job_id}`."""

    @workflow.init
    def __init__(self, start: StartJob) -> None:
        """Take up the job."""
        self.job = Job(start, m.Progress())
        asked = start.evaluates or Evaluates(name="")
        self.what = em.ForVersion(job_id=start.job_id, by=start.user_id, **dict(asked))

    @workflow.run
    async def run(self, start: StartJob) -> m.Outcome:
        """Do the whole job; however it ends, the record says how."""
        await self.job.record(Records.open_job, start, "open the job's record")
        status = await self.job.to_the_end(self.evaluate())
        draft = self.job.draft
        return m.Outcome(job_id=start.job_id, status=status, path=draft.path, revision=draft.revision)

    async def evaluate(self) -> None:
        """The table of contents. A spent budget leaves what was tried, and the verdict says that it is partial."""
        await self.take_up()
        with suppress(BudgetSpent):
            await self.without_it()
            await self.with_it()
        await self.verdict()

    async def take_up(self) -> None:
        """The version's files, with the cases that proved it when it was made."""
        await self.job.enter(Phase.TDD_RED, f"trying the agent without {self.what.name}")
        taken = await self.job.run_step(Reviewing.take_version, self.what, FILES, f"take up {self.what.name}")
        self.what = self.what.model_copy(update={"version": taken.version})
        draft = self.job.draft
        draft.name, draft.path, draft.cases = taken.name, taken.path, taken.cases
        draft.revision = draft.latest = REVISION

    async def without_it(self) -> None:
        """The control arm; what nobody has written cases for gets them now."""
        if not self.job.draft.cases:
            await self.job.ask_model(Evaluator.write_cases, m.ForJob(job_id=self.job.id), "write the evaluation cases")
        trial = m.Trial(job_id=self.job.id, arm=Arm.WITHOUT)
        measured = await self.job.ask_model(Evaluator.try_cases, trial, "cases without the skill")
        self.job.draft.cases, self.job.draft.passed_without = measured.cases, measured.passed

    async def with_it(self) -> None:
        """The same cases with the version."""
        await self.job.enter(Phase.GENERATION, f"trying the agent with {self.what.name} {self.what.version}")
        trial = m.Trial(job_id=self.job.id, arm=Arm.WITH, revision=REVISION)
        measured = await self.job.ask_model(Evaluator.try_cases, trial, f"cases with version {self.what.version}")
        self.job.draft.passed_with, self.job.draft.measured = measured.passed, REVISION

    async def verdict(self) -> None:
        """Keep, fix or retire: by a rule, in an activity."""
        await self.job.enter(Phase.VALIDATION, "weighing the evidence")
        concluded = await self.job.run_step(Reviewing.conclude, self.what, FILES, "conclude")
        workflow.logger.info("%s %s: %s", self.what.name, self.what.version, concluded.verdict)
