"""How many model calls a loop or the rest of a job will take, and at this job's own mean what they cost.

Counts, never asks. An upper bound for a loop, but for answers that must be asked for again; for the rest of a job as
far as one can say before its cases are there.
"""

from collections.abc import Mapping, Sequence

from domain.budget import Spend
from domain.evaluation import Arm, CaseRole, EvaluationCase
from domain.evidence.profile import QUICK, Profile
from domain.job import Phase
from domain.prompt import Estimate
from domain.text import counted

OWN_CALLS: Mapping[Phase, int] = {
    Phase.REFINEMENT: 1,
    Phase.UNDERSTANDING: 2,
    Phase.PLANNING: 1,
    Phase.TDD_RED: 1,
    Phase.GENERATION: 5,
    Phase.VALIDATION: 1,
}
"""Model calls of a phase beside those for cases: counted in the programs, for a job in which nothing is done twice.
Generation: the sections, and the form that fits each failure; planned files come on top."""

CALLS_A_PAIR = 2
"""Model calls of a blind comparison of two answers: one in each order."""

CALLS_A_REVISION = 1
"""Model calls of one more revision beside its cases; a small model may need one for each section."""

TRIGGER_CALLS = 20 * 3 + 3 * 3
"""Choices of the agent for one description: 20 queries, and 3 tasks before which it may read the skill, 3 runs each."""

DESCRIPTIONS = 4
"""Descriptions tried: as planned, in both styles, and improved once."""

TRIGGERS_ONCE = 3 + 3
"""Calls beside those: the control query, the queries, the styles, and an improvement."""

MOST_DESCRIPTIONS = 5
"""Descriptions tried at most: as planned, in two styles, and improved twice."""

MOST_FOR_QUERIES = 2 * 2
"""Calls for the messages of both kinds, where the author is asked for more of each."""

MOST_TRIGGERS_ONCE = 3 + 1 + 2
"""Calls beside those at most: the control query, the styles, and two improvements."""

MOST_JUDGED = 2
"""Expectations of a case written by a model that only a judge can check (activities/programs/case_items.py)."""

_NOTHING = Spend()


def loop(
    cases: Sequence[EvaluationCase],
    profile: Profile,
    arm: Arm,
    *,
    made: int = 0,
    so_far: Spend = _NOTHING,
    control: Sequence[EvaluationCase] = (),
    triggers: int = 0,
    sharpens: bool = False,
    compares: bool = False,
    confirms: bool = False,
) -> Estimate:
    """The calls still to come of one arm, at most: to be told before it begins.

    `cases`: those to be run. `made`: calls of this very loop that are in the ledger already (`store.calls.tried`).
    `so_far`: what the job has spent (`store.calls.spent`), whose mean tokens and price of a call are taken: None in
    the estimate while nothing, or at an unknown price, was paid. `control`: those that must run without the skill as
    well. `triggers`: calls to try the description, at most.
    `sharpens`, `compares`, `confirms`: whether cases that pass are made harder, whether revisions may be compared
    blindly, and whether what was chosen by its runs is run once more.
    """
    whole, first = (sum(_calls_of(case, profile) for case in some) * profile.runs for some in (cases, control))
    besides = {
        "to run what was not run without the skill": first,
        "to try the description": triggers,
        "to make cases harder that pass, and to run those": sharpening(cases, profile) if sharpens else 0,
        "to compare the answers": CALLS_A_PAIR * len(_proofs(cases)) if compares else 0,
        "to run once more what was chosen by its runs": whole if confirms else 0,
    }
    notes = [f"At most, for {counted(len(cases), 'case')} with {counted(profile.runs, 'run')} each, {arm} the skill"]
    notes += [f"{calls} of them {what}" for what, calls in besides.items() if calls]
    notes += [f"{min(made, whole)} more are in the ledger and cost nothing again"] if made else []
    notes.append("answers that must be asked for again come on top")
    return _priced(max(whole - made, 0) + sum(besides.values()), so_far, notes)


def trials(*, descriptions: int = 1, queries: bool) -> int:
    """Calls to try one description, or to find the best of several, at most; `queries`: whether they are there."""
    once = MOST_TRIGGERS_ONCE if descriptions > 1 else 3
    return once + TRIGGER_CALLS * descriptions + (0 if queries else MOST_FOR_QUERIES)


def sharpening(cases: Sequence[EvaluationCase], profile: Profile) -> int:
    """Calls to make every case of a model harder and to run those, at most; a person's stay as they are."""
    own = [case for case in _proofs(cases) if not case.by_person]
    return len(own) * (1 + profile.runs * (1 + (MOST_JUDGED + 1 if profile.judge else 0)))


def _proofs(cases: Sequence[EvaluationCase]) -> list[EvaluationCase]:
    return [case for case in cases if case.role is CaseRole.PROOF]


def estimate(
    *,
    after: Phase | None = None,
    within: Phase | None = None,
    cases: int = 0,
    files: int = 0,
    profile: Profile = QUICK,
    made: int = 0,
    so_far: Spend = _NOTHING,
) -> Estimate:
    """The calls of the phases after `after`, or from `within` on, less those of it `made` already.

    `cases` 0: not written yet, then as many as the profile has. `files`: planned beside SKILL.md. `so_far` as for
    `loop`.
    """
    number = cases or profile.cases
    order = list(Phase)
    first = order.index(within) if within else order.index(after) + 1 if after else 0
    of_phases = [_of_phase(phase, number, files, profile) for phase in order[first:]]
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
    return CALLS_A_REVISION + cases * (_a_case(Arm.WITH, profile) + (CALLS_A_PAIR if profile.compare else 0))


def _of_phase(phase: Phase, cases: int, files: int, profile: Profile) -> int:
    """A small model that judges nothing is not asked for a review either, nor for forms or files."""
    own = OWN_CALLS.get(phase, 0)
    if phase is Phase.VALIDATION:
        return own if profile.judge else 0
    if phase is Phase.TDD_RED:
        triggers = TRIGGER_CALLS * DESCRIPTIONS + TRIGGERS_ONCE if profile.triggers else 0
        # cases of several kinds are written in two tasks; which ones pass, and are sharpened, is not known yet
        by_kind = 1 + cases if profile.sharpen else 0
        return own + cases * _a_case(Arm.WITHOUT, profile) + triggers + by_kind
    if phase is Phase.GENERATION:
        return own + (files if profile.judge else -1) + cases * _a_case(Arm.WITH, profile)
    return own


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
