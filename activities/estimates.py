"""How many model calls a loop or the rest of a job will take, and at this job's own mean what they cost.

Counts, never asks. An upper bound for a loop; for the rest of a job as far as one can say before its cases are there.
"""

from collections.abc import Mapping, Sequence

from domain.budget import Spend
from domain.evaluation import Arm, EvaluationCase
from domain.evidence.profile import QUICK, Profile
from domain.job import Phase
from domain.prompt import Estimate

OWN_CALLS: Mapping[Phase, int] = {
    Phase.REFINEMENT: 1,
    Phase.UNDERSTANDING: 2,
    Phase.PLANNING: 1,
    Phase.TDD_RED: 1,
    Phase.GENERATION: 4,
    Phase.VALIDATION: 1,
}
"""Model calls of a phase beside those for cases: counted in the programs, for a job in which nothing is done twice."""

CALLS_A_REVISION = 1
"""Model calls of one more revision beside its cases; a small model may need one for each section."""

TRIGGER_CALLS = 20 * 3 + 3 * 3
"""Choices of the agent for one description: 20 queries, and 3 tasks before which it may read the skill, 3 runs each."""

DESCRIPTIONS = 4
"""Descriptions tried: as planned, in both styles, and improved once."""

TRIGGERS_ONCE = 3 + 3
"""Calls beside those: the control query, the queries, the styles, and an improvement."""

_NOTHING = Spend()


def loop(
    cases: Sequence[EvaluationCase], profile: Profile, arm: Arm, *, made: int = 0, so_far: Spend = _NOTHING
) -> Estimate:
    """The calls still to come of one arm, at most: to be told before it begins.

    `cases`: those to be run. `made`: calls of this very loop that are in the ledger already (`store.calls.tried`).
    `so_far`: what the job has spent (`store.calls.spent`), whose mean tokens and price of a call are taken: None in
    the estimate while nothing, or at an unknown price, was paid.
    """
    whole = sum(_calls_of(case, profile) for case in cases) * profile.runs
    coming = max(whole - made, 0)
    kept = f"; {min(made, whole)} more are in the ledger and cost nothing again" if made else ""
    note = f"At most, for {len(cases)} cases with {profile.runs} runs each, {arm} the skill{kept}"
    return _priced(coming, so_far, [note])


def estimate(
    *,
    after: Phase | None = None,
    within: Phase | None = None,
    cases: int = 0,
    profile: Profile = QUICK,
    made: int = 0,
    so_far: Spend = _NOTHING,
) -> Estimate:
    """The calls of the phases after `after`, or from `within` on, less those of it `made` already.

    `cases` 0: not written yet, then as many as the profile has. `so_far` as for `loop`.
    """
    number = cases or profile.cases
    order = list(Phase)
    first = order.index(within) if within else order.index(after) + 1 if after else 0
    of_phases = [_of_phase(phase, number, profile) for phase in order[first:]]
    done = min(made, of_phases[0]) if within and of_phases else 0
    again = revision(number, profile)
    parts = [f"Counted for {number} cases{'' if cases else ', which are not written yet'}"]
    if profile.runs > 1:
        parts.append(f"{profile.runs} runs of each")
    if within and not made:
        parts.append("the present phase is counted whole, though a part of it may be done")
    parts.append(f"every further revision takes about {again} more, and calls that must be repeated come on top")
    return _priced(sum(of_phases) - done, so_far, parts)


def revision(cases: int, profile: Profile) -> int:
    """Calls of one more revision: its writing, its cases, and the blind comparison with the one before."""
    return CALLS_A_REVISION + cases * _a_case(Arm.WITH, profile) + (cases if profile.compare else 0)


def _of_phase(phase: Phase, cases: int, profile: Profile) -> int:
    """A small model that judges nothing is not asked for a review either."""
    own = 0 if phase is Phase.VALIDATION and not profile.judge else OWN_CALLS.get(phase, 0)
    if phase is Phase.TDD_RED:
        triggers = TRIGGER_CALLS * DESCRIPTIONS + TRIGGERS_ONCE if profile.triggers else 0
        return own + cases * _a_case(Arm.WITHOUT, profile) + triggers + profile.sharpen
    return own + cases * _a_case(Arm.WITH, profile) if phase is Phase.GENERATION else own


def _a_case(arm: Arm, profile: Profile) -> int:
    """Calls of a case that is not written yet, with one expectation for the judge, in all its runs: without the skill
    it fails, and excuses are looked for."""
    excuses = 1 if arm is Arm.WITHOUT else 0
    return profile.runs * (1 + (1 + excuses if profile.judge else 0))


def _calls_of(case: EvaluationCase, profile: Profile) -> int:
    """Calls of one run, at most: the answer, a verdict for each expectation that code cannot check, and the search for
    excuses where one is not met."""
    judged = sum(expectation.check == "judge" for expectation in case.expectations)
    return 1 + (judged + 1 if profile.judge else 0)


def _priced(calls: int, so_far: Spend, parts: Sequence[str]) -> Estimate:
    """The count with what it costs at the job's mean; what is unknown says so."""
    note = "; ".join(parts) + "."
    if not so_far.calls:
        return Estimate(model_calls=calls, note=note)
    tokens = round(calls * so_far.tokens / so_far.calls)
    usd = None if so_far.usd is None else calls * so_far.usd / so_far.calls
    price = "at a price that is unknown" if usd is None else f"{usd:.2f} US dollars"
    told = f" At this job's mean so far: about {tokens:,} tokens, {price}."
    return Estimate(model_calls=calls, tokens=tokens, usd=usd, note=note + told)
