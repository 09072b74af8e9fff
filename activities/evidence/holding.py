"""After a revision that answers failing cases: which of the two holds, and whether another one is worth writing."""

from activities.models import Models, Role
from activities.programs.compare import compare
from activities.programs.together import together
from domain.evaluation import Arm, CaseRun, Comparison, EvaluationCase, Numbers
from domain.evidence import holding
from domain.evidence.numbers import numbers
from domain.evidence.profile import Profile
from domain.shape import Shape
from store import evidence
from store.session import Database
from workflows import messages as m


class Held(Shape):
    """What the workflow is told of a round. None: there was nothing to compare with."""

    holds: int | None = None
    worth_another: bool = False


class Holding:
    """Compares a revision with the one that held before."""

    def __init__(self, database: Database, models: Models, profile: Profile) -> None:
        """Take what it needs."""
        self.database = database
        self.models = models
        self.profile = profile

    async def decided(self, trial: m.Trial) -> Held:
        """The better one by its pass rate, else by a blind comparison where the profile wants one; kept on record.

        A round is worth it after the first measuring when the skill does clear harm to a guard (failing proof cases
        are counted, and need no word); another one only after one that improved the numbers while something is left.
        """
        async with self.database.transaction() as session:
            cases = await evidence.cases_of(session, trial.job_id)
            runs = await evidence.runs_of(session, trial.job_id)
        new = self._numbers(cases, runs, trial.revision)
        harmed = holding.harmed_guards(new)
        if not trial.against:
            return Held(worth_another=bool(harmed))
        old = self._numbers(cases, runs, trial.against)
        comparison = holding.by_rates(trial.revision, trial.against, new, old)
        improved = holding.better(new, old)
        if not improved and self.profile.compare:
            comparison = await self._compared(trial, cases, runs)
        async with self.database.transaction() as session:
            await evidence.keep_comparison(session, trial.job_id, comparison)
        failing = len(holding.passing(cases, runs, Arm.WITH, trial.revision)) < len(holding.proofs(cases))
        worth = improved > 0 and bool(failing or harmed) and trial.round < self.profile.rounds
        return Held(holds=comparison.winner, worth_another=worth)

    async def _compared(self, trial: m.Trial, cases: list[EvaluationCase], runs: list[CaseRun]) -> Comparison:
        """The first answers to each proof case, compared without saying which is which."""
        judge = self.models.of(Role.JUDGE, trial.job_id, f"compare/{trial.against}/{trial.revision}", trial.attempt)
        said = {(run.case_id, run.revision): run.output for run in reversed(runs) if run.arm is Arm.WITH}
        verdicts = await together(
            *(
                compare(judge, case, said.get((case.id, trial.revision), ""), said.get((case.id, trial.against), ""))
                for case in holding.proofs(cases)
            )
        )
        excuses = {
            number: {text for run in runs if run.revision == number for text in run.rationalizations}
            for number in (trial.revision, trial.against)
        }
        fewer = len(excuses[trial.revision]) < len(excuses[trial.against])
        return holding.by_preference(trial.revision, trial.against, verdicts, fewer_excuses=fewer)

    def _numbers(self, cases: list[EvaluationCase], runs: list[CaseRun], revision: int) -> Numbers | None:
        own = [run for run in runs if (run.revision or 0) in (0, revision)]
        return next(iter(numbers(cases, own, planned=self.profile.runs)), None)
