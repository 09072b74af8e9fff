"""What evidence a digest needs before it is published, and what of it is missing. The one rule behind the gate."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from domain.evaluation import CaseRole, Numbers, TriggerReport
from domain.evidence.numbers import HAIR, broken, status_of, tried_with
from domain.evidence.profile import PROFILES
from domain.shape import Shape
from domain.text import counted


class Policy(Shape):
    """From the settings. `refuse`: what is lacking stands in the way; `warn`: it is told, and published all the same.

    `cases`: at least so many proof cases; `delta` must be exceeded; `recall` and `precision` of the held-out queries.
    Where both are 0, descriptions need not be tried. `sure`: the whole interval of the gain lies above 0. Few cases
    seldom give that; without it an agent that passes now and then, skill or no skill, may show a gain by chance.
    """

    mode: Literal["refuse", "warn"] = "refuse"
    cases: int = Field(3, ge=1)
    delta: float = Field(0.0, ge=-1, lt=1)
    recall: float = Field(0.8, ge=0, le=1)
    precision: float = Field(0.9, ge=0, le=1)
    sure: bool = False


BY_DEFAULT = Policy()
"""Where an operator says nothing else."""

LEAST_QUERIES = 4
"""Held-out queries that must have been asked of each kind. Five are planned, and one may not be found. Of fewer, a
single one moves a rate by a third; without any that should not, precision is 1 whatever the description says."""


def lacking(
    policy: Policy, numbers: Numbers | None, triggers: TriggerReport | None, leaked: Sequence[str] = ()
) -> list[str]:
    """What is missing, in words with the numbers in them; nothing when the evidence is enough. Same in both modes.

    `leaked`: the ids of the cases whose words stand in the skill (`case_checks.leaks`).
    """
    copied = [f"the skill holds the words of {', '.join(leaked)}: it was written to the test"] if leaked else []
    return [*_run(policy, numbers), *copied, *_described(policy, numbers, triggers)]


def _run(policy: Policy, numbers: Numbers | None) -> list[str]:
    if numbers is None:
        return [f"no case was run, and at least {policy.cases} must prove it"]
    status = status_of(numbers)
    if status == "pending":
        return ["no case has run with this text yet"]
    whole = [_partial(numbers)] if status == "partial" else []
    return [*whole, *_proven(policy, numbers)]


def _proven(policy: Policy, numbers: Numbers) -> list[str]:
    said = []
    if numbers.cases < policy.cases:
        guards = sum(case.role is CaseRole.GUARD for case in numbers.by_case)
        besides = f" ({guards} more pass without it already)" if guards else ""
        said.append(f"{numbers.cases} of at least {counted(policy.cases, 'case')} prove it{besides}")
    if numbers.delta is not None and numbers.delta <= policy.delta + HAIR:
        said.append(f"the gain is {_points(numbers.delta)} points; more than {_points(policy.delta)} is needed")
    if policy.sure and numbers.interval is not None and numbers.interval[0] <= HAIR:
        low, high = map(_points, numbers.interval)
        said.append(f"chance may have made the gain: its interval goes from {low} to {high} points")
    if numbers.clearly_worse:
        said.append(f"clearly worse with the skill: {', '.join(numbers.clearly_worse)}")
    return said


def _partial(numbers: Numbers) -> str:
    """How much was not run, as far as the runs themselves can tell."""
    if not any(case.runs_without for case in numbers.by_case):
        return f"the evidence is partial: {numbers.model or 'this model'} ran no case without the skill"
    counts = [count for case in numbers.by_case for count in (case.runs_without, case.runs_with)]
    gap = sum(max(counts) - count for count in counts)
    return f"the evidence is partial: {f'at least {gap}' if gap else 'some'} of the planned runs are missing"


def _described(policy: Policy, numbers: Numbers | None, triggers: TriggerReport | None) -> list[str]:
    if not policy.recall and not policy.precision:
        return []
    if numbers is not None and triggers is not None and tried_with(numbers, triggers) is None:
        return [f"its description was not tried on queries with {numbers.model}, only with {triggers.model}"]
    if triggers is None or triggers.status == "none":
        none = " and ".join(profile.name for profile in PROFILES.values() if not profile.triggers)
        return [f"its description was not tried on queries (the profiles {none} try none)"]
    if triggers.status == "broken":
        return [f"the trial of its description is broken: {broken(triggers)}"]
    said = ["its description was tried on a part of the queries only"] if triggers.status == "partial" else []
    return [*said, *_few(triggers), *_chosen(policy, triggers)]


def _few(triggers: TriggerReport) -> list[str]:
    """Too few queries to believe the numbers; where there are no numbers, that is told instead."""
    if triggers.numbers is None:
        return []
    asked = {choice.query_id for choice in triggers.choices}
    tried = [query.should for query in triggers.queries if query.half == "held_out" and query.id in asked]
    counts = {"should": tried.count(True), "should not": tried.count(False)}
    return [
        f"only {count} of at least {LEAST_QUERIES} held-out messages that {kind} make an agent choose it were tried"
        for kind, count in counts.items()
        if count < LEAST_QUERIES
    ]


def _chosen(policy: Policy, triggers: TriggerReport) -> list[str]:
    found = triggers.numbers
    recall, precision = (found.recall, found.precision) if found else (None, None)
    said = []
    if recall is None:
        said.append(
            f"how often agents choose it is unknown; {_percent(policy.recall)} of the fitting queries are needed"
        )
    elif recall < policy.recall - HAIR:
        needed = _percent(policy.recall)
        said.append(f"agents chose it for {_percent(recall)} of the fitting queries; {needed} are needed")
    if precision is None:
        said.append(f"how often agents choose it rightly is unknown; {_percent(policy.precision)} is needed")
    elif precision < policy.precision - HAIR:
        needed = _percent(policy.precision)
        said.append(f"agents chose it rightly {_percent(precision)} of the time; {needed} is needed")
    return said


def _points(share: float) -> str:
    """Percentage points with a sign, none after the point that says nothing: +12.5, -20, 0."""
    return f"{round(share * 100, 2) + 0.0:+g}" if abs(share) > HAIR else "0"


def _percent(share: float) -> str:
    """As exact as it needs to be: 60 %, 79.99 %; never rounded up to a boundary that it missed."""
    return f"{int(share * 10_000 + HAIR * 10_000) / 100:g} %"
