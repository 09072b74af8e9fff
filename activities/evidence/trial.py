"""The runs of a job's cases in one arm: the agent answers, code and judge grade, and each run is kept as it ends.

Every run has its own place in the ledger, so that repeats are answers of their own, and a retry pays for none twice.
"""

from collections.abc import Sequence
from uuid import UUID

from activities.evidence.graders import Graders, undecided
from activities.models import Models, Role
from activities.programs import agent as agent_program
from activities.programs import judge as judge_program
from activities.programs.language_model import LanguageModel
from activities.programs.together import together
from domain.evaluation import CaseRun, CheckedExpectation, EvaluationCase
from domain.evidence import grading
from domain.evidence.profile import Profile
from domain.evidence.series import CHOOSING, free_numbers
from domain.shape import Shape
from store import evidence, revisions
from store.session import Database, Session
from workflows import messages as m

REFERENCES = "references/"
"""Where a skill keeps what an agent reads when it needs it."""


class Guidance(Shape):
    """What the agent is given: the text of the skill, "" in the control arm, and the references beside it by path."""

    skill: str = ""
    beside: dict[str, str] = {}


class Trials:
    """Runs cases for jobs."""

    def __init__(self, database: Database, models: Models, profile: Profile, graders: Graders) -> None:
        """Take what runs need."""
        self.database = database
        self.models = models
        self.profile = profile
        self.graders = graders

    async def run(self, trial: m.Trial, cases: Sequence[EvaluationCase], series: int = CHOOSING) -> list[CaseRun]:
        """Every case as often as the profile says, side by side; those of the series that are kept already, by the same
        agent model, are not run again."""
        async with self.database.transaction() as session:
            guidance = await guidance_of(session, trial.job_id, trial.revision)
            kept = await evidence.runs_of(session, trial.job_id, revision=trial.revision)
        agent = await self.models.agent(trial.job_id, "try", trial.attempt)
        stands = [run for run in kept if run.arm is trial.arm]
        own = [run for run in stands if run.model == agent.name and run.series == series]
        known = {(run.case_id, run.run): run for run in own}
        asked = [(case, number) for case in cases for number in self._numbers(case, own, stands, series)]
        missing = [one for one in asked if (one[0].id, one[1]) not in known]
        made = await together(*(self._run(trial, case, number, series, guidance) for case, number in missing))
        known |= {(run.case_id, run.run): run for run in made}
        return [known[case.id, number] for case, number in asked]

    def _numbers(
        self, case: EvaluationCase, own: Sequence[CaseRun], stands: Sequence[CaseRun], series: int
    ) -> list[int]:
        """The numbers of the runs of this case in a series; those of another model, or series, have theirs."""
        mine, others = ([run.run for run in runs if run.case_id == case.id] for runs in (own, stands))
        return free_numbers(mine, others, series * self.profile.runs, self.profile.runs)

    async def _run(self, trial: m.Trial, case: EvaluationCase, number: int, series: int, guidance: Guidance) -> CaseRun:
        scope = scope_of(trial, case, number)
        agent = await self.models.agent(trial.job_id, scope, trial.attempt)
        said = await agent_program.try_case(agent, case, guidance.skill or None, guidance.beside)
        checked = await self._graded(trial, scope, case, said.text)
        run = CaseRun(
            case_id=case.id,
            arm=trial.arm,
            run=number,
            series=series,
            revision=trial.revision,
            output=said.text,
            passed=grading.run_passed([item for item in checked if grading.decided(item)]),
            checked=checked,
            rationalizations=await self._excuses(trial, scope, case, said.text, checked),
            model=agent.name,
            tokens=said.tokens,
            seconds=said.seconds,
        )
        async with self.database.transaction() as session:
            await evidence.keep_run(session, trial.job_id, run)
        return run

    async def _graded(self, trial: m.Trial, scope: str, case: EvaluationCase, output: str) -> list[CheckedExpectation]:
        """The verdicts in the order of the expectations: code's first, then the judge's side by side."""
        checked = [await self.graders.check(case, expectation, output) for expectation in case.expectations]
        left = [number for number, verdict in enumerate(checked) if verdict is None]
        if left and self.profile.judge:
            judge = self.models.of(Role.JUDGE, trial.job_id, scope, trial.attempt)
            verdicts = await together(*(_judged(judge, case, number, output) for number in left))
        else:
            why = f"no judge is asked under the profile {self.profile.name}."
            verdicts = tuple(undecided(case.expectations[number], why) for number in left)
        by_number = dict(zip(left, verdicts, strict=True))
        return [verdict or by_number[number] for number, verdict in enumerate(checked)]

    async def _excuses(
        self, trial: m.Trial, scope: str, case: EvaluationCase, output: str, checked: Sequence[CheckedExpectation]
    ) -> list[str]:
        """What the agent said in its excuse, word for word; found by rule alone where no judge is asked."""
        decided = [item for item in checked if grading.decided(item)]
        if not self.profile.judge:
            return judge_program.excuses(output) if any(not item.passed for item in decided) else []
        judge = self.models.of(Role.JUDGE, trial.job_id, scope, trial.attempt)
        return await judge_program.rationalizations(judge, case, output, decided)


def scope_of(trial: m.Trial, case: EvaluationCase, number: int) -> str:
    """The place of one run in the ledger. The first one's has no number, as jobs begun before 0.5.0 have it."""
    first = f"try/{trial.arm}/{trial.revision}/{case.id}"
    return f"{first}/{number}" if number else first


async def guidance_of(session: Session, job_id: UUID, revision: int) -> Guidance:
    """What the agent gets of a revision; nothing for revision 0. Raises NotFound."""
    if not revision:
        return Guidance()
    files = await revisions.files(session, job_id, revision)
    beside = {file.path: file.data.decode("utf-8", "replace") for file in files if file.path.startswith(REFERENCES)}
    return Guidance(skill=await revisions.content(session, job_id, revision), beside=beside)


async def _judged(judge: LanguageModel, case: EvaluationCase, number: int, output: str) -> CheckedExpectation:
    return await judge_program.judge(judge.at(f"judging {number + 1}"), case, case.expectations[number], output)
