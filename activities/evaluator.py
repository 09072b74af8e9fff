"""The experiment: the agent model tries the cases with and without the skill; code grades first, the judge second.

Which calls these are is decided in the parts; here is their order, and what is kept when the budget ends it.
"""

import re
from collections import Counter

from pydantic import JsonValue
from temporalio import activity

from activities import estimates
from activities.evidence.casting import Casting
from activities.evidence.counting import Counting
from activities.evidence.graders import Graders
from activities.evidence.holding import Held, Holding
from activities.evidence.sandbox import Sandbox
from activities.evidence.sharpening import Settled, Sharpening
from activities.evidence.trial import Trials
from activities.evidence.triggering import Triggering
from activities.models import Models, spent
from activities.programs.together import together
from domain.errors import BudgetExhausted
from domain.evaluation import Arm, CaseRun, EvaluationCase, TriggerReport
from domain.evidence.policy import Policy
from domain.evidence.profile import Profile
from domain.evidence.series import MEASURING, chosen_by_chance
from domain.prompt import Answer
from store import calls, evidence, jobs, prompts
from store.session import Database
from workflows import messages as m
from workflows.steps import Evaluator

_CHANGED = re.compile(r"(r\d+)-")
"""How the store begins the ids of cases that took the place of others."""


class ModelEvaluator(Evaluator):
    """The evaluator, done by an agent model, a judge model and a database."""

    def __init__(
        self,
        database: Database,
        models: Models,
        profile: Profile,
        policy: Policy,
        *,
        casting: Casting | None = None,
        triggering: Triggering | None = None,
    ) -> None:
        """Take what the steps need; who casts and who tries descriptions may be given."""
        self.database = database
        self.profile = profile
        self.casting = casting or Casting(database, models, profile)
        self.triggering = triggering or Triggering(database, models, profile)
        self.trials = Trials(database, models, profile, Graders(Sandbox()))
        self.sharpening = Sharpening(database, self.casting, self.trials)
        self.holding = Holding(database, models, profile)
        self.counting = Counting(database, profile, policy)

    @activity.defn
    async def write_cases(self, job: m.ForJob) -> m.Spent:
        """Store the cases of a job."""
        cases = await self.casting.written(job.job_id, job.attempt)
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
        cases = present if done else await self.casting.recast(recasting, answer, present)
        async with self.database.transaction() as session:
            if not done:
                await evidence.replace_cases(session, recasting.job_id, cases, recasting.round)
            return await spent(session, recasting.job_id)

    @activity.defn
    async def try_cases(self, trial: m.Trial) -> m.Measured:
        """Run every case in one arm, side by side, store each run as it ends, and count.

        Raises BudgetExhausted, once what ran until then is shown as partial evidence.
        """
        async with self.database.transaction() as session:
            cases = await evidence.cases_of(session, trial.job_id)
            again = await jobs.is_evaluation(session, trial.job_id)
        try:
            await self._estimate(trial, cases, again=again)
            settled = await self._tried(trial, cases, again=again)
            held = await self.holding.decided(trial) if trial.arm is Arm.WITH else Held()
            await self._confirmed(trial, cases, held)
        except BudgetExhausted as spent_up:
            await self.counting.partly(trial, str(spent_up))
            raise
        return await self.counting.finish(trial, settled, held, _changed(cases))

    async def _tried(self, trial: m.Trial, cases: list[EvaluationCase], *, again: bool) -> Settled:
        """The runs of the arm, and of harder cases where they pass; beside them the description is tried, where the
        profile wants that. What is published is tried `again` as it is: harder cases, or another description, would
        prove something else."""
        settled, _ = await together(self._settled(trial, cases, again=again), self._chosen(trial, again=again))
        await self.sharpening.keep(trial, settled)
        return settled

    async def _settled(self, trial: m.Trial, cases: list[EvaluationCase], *, again: bool) -> Settled:
        """In the control arm what passes is sharpened; what chance had a say in is run once more, and that counts."""
        if trial.arm is Arm.WITH:
            return Settled(cases=cases, runs=await self._with_the_skill(trial, cases))
        runs = await self.trials.run(trial, cases)
        if not self.profile.sharpen or again:
            return Settled(cases=cases, runs=runs)
        settled = await self.sharpening.settled(trial, cases, runs)
        chosen = chosen_by_chance(settled.cases, settled.runs, trial.arm)
        fresh = await self.trials.run(trial, chosen, MEASURING)
        return settled.model_copy(update={"runs": [*settled.runs, *fresh]})

    async def _with_the_skill(self, trial: m.Trial, cases: list[EvaluationCase]) -> list[CaseRun]:
        """And without it what the control arm lacks: of another agent model by now, or fewer runs than are planned.

        Bytes that were tried under another number, before an edit that was taken back, are not tried again.
        """
        async with self.database.transaction() as session:
            await evidence.reuse(session, trial.job_id, trial.revision)
        control = trial.model_copy(update={"arm": Arm.WITHOUT, "revision": 0})
        runs, _ = await together(self.trials.run(trial, cases), self.trials.run(control, cases))
        return runs

    async def _confirmed(self, trial: m.Trial, cases: list[EvaluationCase], held: Held) -> None:
        """New runs of the revision that came out best of several, once no other is to be written: those count."""
        if held.holds is not None and not held.worth_another and self.profile.compare:
            best = trial.model_copy(update={"revision": held.holds})
            await self.trials.run(best, cases, MEASURING)

    async def _chosen(self, trial: m.Trial, *, again: bool) -> TriggerReport | None:
        """Whether agents choose the skill by its description: of the plan in the control arm, then of the revision."""
        if not self.profile.triggers or (again and trial.arm is Arm.WITHOUT):
            return None
        if trial.arm is Arm.WITHOUT:
            return await self.triggering.tuned(trial.job_id, trial.attempt)
        return await self.triggering.measured(trial.job_id, trial.revision, trial.attempt)

    async def _estimate(self, trial: m.Trial, cases: list[EvaluationCase], *, again: bool) -> None:
        """Tell what the loop will cost at most, before it begins; nothing where all of it is paid already."""
        control = trial.arm is Arm.WITHOUT
        tries = self.profile.triggers and not (again and control)
        descriptions = await self.triggering.coming(trial.job_id, trial.revision, trial.attempt) if tries else 0
        agent = await self.trials.models.agent(trial.job_id, "try", trial.attempt)
        async with self.database.transaction() as session:
            made = await calls.tried(session, trial.job_id, trial.arm, trial.revision, [case.id for case in cases])
            so_far = await calls.spent(session, trial.job_id)
            runs = await evidence.runs_of(session, trial.job_id, revision=0)
            kept = Counter(one.case_id for one in runs if one.arm is Arm.WITHOUT and one.model == agent.name)
            coming = estimates.loop(
                cases,
                self.profile,
                trial.arm,
                made=made,
                so_far=so_far,
                control=[case for case in cases if not control and kept[case.id] < self.profile.runs],
                triggers=descriptions,
                sharpens=control and self.profile.sharpen and not again,
                compares=bool(trial.against) and self.profile.compare,
                confirms=self.profile.sharpen and not again
                if control
                else bool(trial.against) and self.profile.compare,
            )
            if coming.model_calls:
                key = ":".join(filter(None, ["estimate", trial.arm, str(trial.revision), _changed(cases)]))
                message = f"up to {coming.model_calls} model calls are to come: {coming.note}"
                told: dict[str, JsonValue] = {"estimate": coming.model_dump(mode="json")}
                await jobs.change(session, trial.job_id, key, "progress", message, told)


def _changed(cases: list[EvaluationCase]) -> str:
    """How the ids of changed cases begin; nothing for the first ones."""
    found = _CHANGED.match(cases[0].id) if cases else None
    return found[1] if found else ""
