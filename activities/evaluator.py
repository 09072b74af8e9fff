"""The experiment: the agent model tries the cases with and without the skill; code grades first, the judge second."""

import re
from uuid import UUID

from pydantic import JsonValue
from temporalio import activity

from activities.models import Models, Role, spent
from activities.programs import agent as agent_program
from activities.programs import cases as cases_program
from activities.programs import judge as judge_program
from activities.programs.language_model import LanguageModel
from activities.programs.together import together
from domain.evaluation import Arm, CaseRun, CheckedExpectation, EvaluationCase, Evidence, Expectation
from domain.evidence import grading
from domain.evidence.case_file import read_cases
from domain.evidence.policy import Policy
from domain.evidence.profile import Profile
from domain.prompt import Answer, PromptAction
from store import evidence, jobs, prompts, revisions, understanding
from store.session import Database, Session
from workflows import messages as m
from workflows.steps import Evaluator

_CHANGED = re.compile(r"(r\d+)-")
"""How the store begins the ids of cases that took the place of others."""


class ModelEvaluator(Evaluator):
    """The evaluator, done by an agent model, a judge model and a database."""

    def __init__(self, database: Database, models: Models, profile: Profile, policy: Policy) -> None:
        """Take what the steps need."""
        self.database = database
        self.models = models
        self.profile = profile
        self.policy = policy

    @activity.defn
    async def write_cases(self, job: m.ForJob) -> m.Spent:
        """Store the cases of a job."""
        async with self.database.transaction() as session:
            brief = await understanding.brief_of(session, job.job_id)
            plan = await jobs.plan_of(session, job.job_id)
        model = self.models.of(Role.AUTHOR, job.job_id, "cases", job.attempt)
        cases = await cases_program.write_cases(model, brief, plan)
        async with self.database.transaction() as session:
            await evidence.keep_cases(session, job.job_id, cases)
            return await spent(session, job.job_id)

    @activity.defn
    async def revise_cases(self, recasting: m.Recasting) -> m.Spent:
        """Replace the cases: by those a person edited, or by new ones that heed the feedback."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, recasting.answer)
            present = await evidence.cases_of(session, recasting.job_id)
        answer = Answer.model_validate(row.response_data or {}) if row else Answer()
        done = all(case.id.startswith(f"r{recasting.round}-") for case in present)
        cases = present if done else await self._recast(recasting, answer, present)
        async with self.database.transaction() as session:
            if not done:
                await evidence.replace_cases(session, recasting.job_id, cases, recasting.round)
            return await spent(session, recasting.job_id)

    async def _recast(
        self, recasting: m.Recasting, answer: Answer, present: list[EvaluationCase]
    ) -> list[EvaluationCase]:
        if answer.action == PromptAction.EDIT and answer.content is not None:
            return read_cases(answer.content)
        async with self.database.transaction() as session:
            brief = await understanding.brief_of(session, recasting.job_id)
            plan = await jobs.plan_of(session, recasting.job_id)
        model = self.models.of(Role.AUTHOR, recasting.job_id, f"cases/{recasting.round}", recasting.attempt)
        return await cases_program.revise_cases(model, brief, plan, present, answer.feedback or "")

    @activity.defn
    async def try_cases(self, trial: m.Trial) -> m.Measured:
        """Run every case in one arm, side by side, store each run as it ends, and count."""
        async with self.database.transaction() as session:
            cases = await evidence.cases_of(session, trial.job_id)
            skill = await revisions.content(session, trial.job_id, trial.revision) if trial.revision else None
        runs = await together(*(self._try_case(trial, case, skill) for case in cases))
        return await self._finish(trial, list(runs))

    async def _try_case(self, trial: m.Trial, case: EvaluationCase, skill: str | None) -> CaseRun:
        scope = f"try/{trial.arm}/{trial.revision}/{case.id}"
        agent = self.models.of(Role.AGENT, trial.job_id, scope, trial.attempt)
        output = await agent_program.try_case(agent, case, skill)
        judge = self.models.of(Role.JUDGE, trial.job_id, scope, trial.attempt)
        checked = [await _verdict(judge, case, number, output) for number in range(len(case.expectations))]
        run = CaseRun(
            case_id=case.id,
            arm=trial.arm,
            revision=trial.revision,
            output=output,
            passed=grading.run_passed(checked),
            checked=checked,
            rationalizations=await judge_program.rationalizations(judge, case, output, checked),
            model=agent.name,
        )
        async with self.database.transaction() as session:
            await evidence.keep_run(session, trial.job_id, run)
        return run

    async def _finish(self, trial: m.Trial, runs: list[CaseRun]) -> m.Measured:
        """Count the arm, and tell what both arms add up to once this revision has been measured."""
        phase = "red" if trial.arm is Arm.WITHOUT else "green"
        async with self.database.transaction() as session:
            await evidence.finish_arm(session, trial.job_id, trial.arm, runs, phase)
            known = await evidence.runs_of(session, trial.job_id, revision=trial.revision)
            measured = grading.summarize(known)
            passed = sum(run.passed for run in runs)
            message = f"{trial.arm} the skill {passed} of {len(runs)} cases passed"
            key = ":".join(["evidence", trial.arm, str(trial.revision), *_round_of(runs)])
            told = shown(measured)
            await jobs.change(session, trial.job_id, key, "evidence", message, {"evidence": told})
            if trial.arm is Arm.WITH:
                await self._show(session, trial.job_id, trial.revision, told)
            cost = await spent(session, trial.job_id)
        return m.Measured(passed=passed, cases=len(runs), **cost.model_dump())

    async def _show(self, session: Session, job_id: UUID, revision: int, told: dict[str, JsonValue]) -> None:
        await jobs.merge_result(session, job_id, evidence=told)
        digest = (await revisions.summary(session, job_id, revision)).digest
        await prompts.update_preview(session, job_id, digest, told)


def _round_of(runs: list[CaseRun]) -> list[str]:
    """How the ids of changed cases begin, so that their runs are told of as well; nothing for the first ones."""
    found = _CHANGED.match(runs[0].case_id) if runs else None
    return [found[1]] if found else []


def shown(measured: Evidence) -> dict[str, JsonValue]:
    """Evidence as JSON, under the names people read (`with`, `without`)."""
    told: dict[str, JsonValue] = measured.model_dump(mode="json", by_alias=True)
    return told


async def _verdict(judge: LanguageModel, case: EvaluationCase, number: int, output: str) -> CheckedExpectation:
    expectation: Expectation = case.expectations[number]
    by_code = grading.check(expectation, output)
    return by_code or await judge_program.judge(judge.at(f"judging {number + 1}"), case, expectation, output)
