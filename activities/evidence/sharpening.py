"""What becomes of cases that pass without the skill: they are sharpened once, or kept to see whether the skill harms.

A second execution finds the same calls in the ledger and comes to the same cases; one that comes after these were
stored finds nothing left to do.
"""

from activities.evidence.casting import Casting
from activities.evidence.trial import Trials
from activities.programs.sharpen import SUFFIX
from domain.evaluation import Arm, CaseRole, CaseRun, EvaluationCase
from domain.evidence.holding import passing, proofs
from domain.shape import Shape
from store import evidence
from store.session import Database
from workflows import messages as m

MOST_GUARDS = 2
"""Cases that only show harm; more of them cost runs and prove nothing."""

GUARDS = "Passes without the skill, so it proves nothing; it must not be made worse by the skill."


class Settled(Shape):
    """The cases as they stand after the control arm, their runs, and what was done about those that pass."""

    cases: list[EvaluationCase]
    runs: list[CaseRun]
    said: list[str] = []


class Sharpening:
    """Settles the cases of a job after its control arm."""

    def __init__(self, database: Database, casting: Casting, trials: Trials) -> None:
        """Take who sharpens and who runs."""
        self.database = database
        self.casting = casting
        self.trials = trials

    async def settled(self, trial: m.Trial, cases: list[EvaluationCase], runs: list[CaseRun]) -> Settled:
        """Sharpen what passes each time; what a person wrote is left alone. Stores no case: `keep` does.

        When even the sharper cases all pass, nothing is changed: then no skill is needed, and people are asked.
        """
        easy = passing(cases, runs, Arm.WITHOUT)
        own = [case for case in cases if case.id in easy and not case.by_person]
        if not own:
            return Settled(cases=cases, runs=runs)
        sharp = await self.casting.sharpened(trial.job_id, trial.attempt, own, runs)
        of = {case.id: harder for case in own for harder in sharp if harder.id == f"{case.id}{SUFFIX}"}
        tried = await self.trials.run(trial, list(of.values()))
        still = set(passing(list(of.values()), tried, Arm.WITHOUT))
        hard = {name: case for name, case in of.items() if case.id not in still}
        if not hard and len(easy) == len(proofs(cases)):
            return Settled(cases=cases, runs=runs)
        kept, said = _sorted(cases, [case.id for case in own], hard)
        known = {case.id for case in kept}
        return Settled(cases=kept, runs=[run for run in [*runs, *tried] if run.case_id in known], said=said)

    async def keep(self, trial: m.Trial, settled: Settled) -> None:
        """Store the cases where they changed: once all that read the ones before has ended, so that a worker that dies
        amid it reads them again."""
        if settled.said:
            async with self.database.transaction() as session:
                await evidence.settle_cases(session, trial.job_id, settled.cases)


def _sorted(
    cases: list[EvaluationCase], easy: list[str], hard: dict[str, EvaluationCase]
) -> tuple[list[EvaluationCase], list[str]]:
    """The cases that stay, in their order, and what is told of the others."""
    left = MOST_GUARDS - sum(case.role is CaseRole.GUARD for case in cases)
    kept: list[EvaluationCase] = []
    said: list[str] = []
    for case in cases:
        if case.id in hard:
            kept.append(hard[case.id])
            said.append(f"{case.id} was made harder")
        elif case.id not in easy:
            kept.append(case)
        elif left > 0:
            left -= 1
            kept.append(case.model_copy(update={"role": CaseRole.GUARD, "note": GUARDS}))
            said.append(f"{case.id} only guards against harm")
        else:
            said.append(f"{case.id} was dropped, as it shows nothing")
    return kept, said
