"""How many model calls the rest of a job will take, as far as one can say. Counts, never asks."""

from collections.abc import Mapping

from domain.job import Phase
from domain.prompt import Estimate

CASES = 2
"""Cases that a job usually has, before its own are written."""

OWN_CALLS: Mapping[Phase, int] = {
    Phase.REFINEMENT: 1,
    Phase.UNDERSTANDING: 2,
    Phase.PLANNING: 1,
    Phase.TDD_RED: 1,
    Phase.GENERATION: 4,
    Phase.VALIDATION: 1,
}
"""Model calls of a phase beside those for cases: counted in the programs, for a job in which nothing is done twice."""

CALLS_A_CASE: Mapping[Phase, int] = {Phase.TDD_RED: 3, Phase.GENERATION: 2}
"""The agent's answer and the judge's verdict; without the skill also the search for excuses."""

CALLS_A_REVISION = 1
"""Model calls of one more revision beside its cases; a small model may need one for each section."""


def estimate(*, after: Phase | None = None, within: Phase | None = None, cases: int = 0) -> Estimate:
    """The calls of the phases after `after`, or from `within` on, which counts whole. `cases` 0: not written yet."""
    number = cases or CASES
    order = list(Phase)
    first = order.index(within) if within else order.index(after) + 1 if after else 0
    coming = order[first:]
    calls = sum(OWN_CALLS.get(phase, 0) + number * CALLS_A_CASE.get(phase, 0) for phase in coming)
    again = CALLS_A_REVISION + number * CALLS_A_CASE[Phase.GENERATION]
    parts = [f"Counted for {number} cases{'' if cases else ', which are not written yet'}"]
    if within:
        parts.append("the present phase is counted whole, though a part of it may be done")
    parts.append(f"every further revision takes about {again} more, and calls that must be repeated come on top")
    return Estimate(model_calls=calls, note="; ".join(parts) + ".")
