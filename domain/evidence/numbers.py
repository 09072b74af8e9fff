"""What many runs add up to: rates, the delta with its interval, and where the skill does harm. Pure arithmetic.

A case counts once, however often it ran: rates are means over cases of the means over their runs. Must not decide
whether a skill is good enough (`domain/evidence/policy.py`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from random import Random
from statistics import fmean, stdev
from typing import Literal

from domain.evaluation import Arm, CaseNumbers, CaseRole, CaseRun, EvaluationCase, Evidence, Numbers, TriggerReport
from domain.evidence.series import latest
from domain.text import clipped

CLEARLY = 0.5
"""A case is clearly worse when it passes so much less often with the skill: one of one, two of three."""

RESAMPLES = 10_000

LEVEL = 0.95
"""Share of the resampled deltas that the interval holds."""

HAIR = 1e-9
"""Two rates closer than this are the same: they differ by how floats are added."""

Status = Literal["pending", "partial", "measured"]

_ALIKE = ("with_", "without", "delta", "runs", "interval", "gain", "worse", "clearly_worse")
"""Fields that evidence takes over from the numbers as they are."""

_Trial = dict[tuple[str, Arm], list[CaseRun]]
"""The runs of one model, by case and arm."""


def numbers(cases: Sequence[EvaluationCase], runs: Sequence[CaseRun], *, planned: int = 1) -> list[Numbers]:
    """One for each agent model, the newest first (whose runs come last); `runs` of the control arm and of one revision.

    Of several revisions the newest counts, of several series too, and runs of other cases do not. `planned`: runs of
    each case in each arm, for `whole`; where a case ran more often, as often as that. While no proof case ran in both
    arms, the rates are those of the cases that did run, and there is no delta.
    """
    newest = max((run.revision or 0 for run in runs if run.arm is Arm.WITH), default=0)
    known = {case.id for case in cases}
    mine = [run for run in runs if run.case_id in known and (run.arm is Arm.WITHOUT or (run.revision or 0) == newest)]
    own = latest(mine)
    models = dict.fromkeys(run.model for run in reversed(own))
    return [_of_model(cases, [run for run in own if run.model == model], planned) for model in models]


def shown(found: Sequence[Numbers], triggers: TriggerReport | None = None, *, profile: str = "") -> Evidence:
    """The evidence at a glance, of the first numbers; without any `none`.

    `pending`: no case ran with the skill yet. `partial`: planned runs are missing.
    """
    first = found[0] if found else None
    triggers = tried_with(first, triggers)
    chosen = triggers.numbers if triggers else None
    glance = Evidence(
        status=status_of(first) if first else "none",
        note=_note(first, triggers),
        recall=chosen.recall if chosen else None,
        precision=chosen.precision if chosen else None,
        profile=profile,
    )
    if first is None:
        return glance
    return glance.model_copy(update={"n": first.cases, **{name: getattr(first, name) for name in _ALIKE}})


def tried_with(found: Numbers | None, triggers: TriggerReport | None) -> TriggerReport | None:
    """How the description was tried, if that was with the model of these numbers: of another one it says nothing."""
    models = {found.model if found else "", triggers.model if triggers else ""} - {""}
    return triggers if len(models) < 2 else None


def status_of(found: Numbers) -> Status:
    """How far the experiment is."""
    if not any(case.runs_with for case in found.by_case):
        return "pending"
    return "measured" if found.whole else "partial"


@lru_cache(maxsize=256)
def interval_of(deltas: tuple[float, ...]) -> tuple[float, float]:
    """95 % of the mean of these deltas, one of each case: percentiles of its bootstrap, resampled over cases.

    The same deltas give the same interval, in whatever order: the seed is made of them. Of one case it is a point.
    """
    ordered = sorted(deltas)
    if ordered[0] == ordered[-1]:
        return (point := _shown(ordered[0])), point
    chance, size = Random(repr(ordered)), len(ordered)  # noqa: S311 - statistics, no secret
    means = sorted(sum(chance.choices(ordered, k=size)) / size for _ in range(RESAMPLES))
    tail = (1 - LEVEL) / 2
    return _shown(_quantile(means, tail)), _shown(_quantile(means, 1 - tail))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between the two nearest values, as far as the share says (Hyndman and Fan's type 7, numpy's default)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _of_model(cases: Sequence[EvaluationCase], runs: Sequence[CaseRun], planned: int) -> Numbers:
    trial: _Trial = {}
    for run in runs:
        trial.setdefault((run.case_id, run.arm), []).append(run)
    by_case = [_of_case(case, trial) for case in cases]
    proof = [case for case in by_case if case.role is CaseRole.PROOF]
    both = [case for case in proof if case.runs_without and case.runs_with]
    most = max([planned, *map(len, trial.values())])
    found = Numbers(
        model=runs[0].model,
        cases=len(both),
        runs=min((min(case.runs_without, case.runs_with) for case in both), default=0),
        without=_rounded(_mean(case.without for case in both or proof)),
        with_=_rounded(_mean(case.with_ for case in both or proof)),
        worse=[case.case_id for case in by_case if fall(case) > HAIR],
        clearly_worse=[case.case_id for case in by_case if fall(case) >= CLEARLY - HAIR],
        by_case=[_shown_case(case) for case in by_case],
        whole=all(min(case.runs_without, case.runs_with) >= most for case in by_case),
    )
    return _compared(found, both, trial) if both else found


def _compared(found: Numbers, both: Sequence[CaseNumbers], trial: _Trial) -> Numbers:
    """The same with what the cases that ran in both arms say of the difference."""
    deltas = tuple(sorted(-fall(case) for case in both))
    delta, without = fmean(deltas), fmean(case.without or 0.0 for case in both)
    arms = {arm: [trial[case.case_id, arm] for case in both] for arm in Arm}
    gain = None if without > 1 - HAIR else _shown(delta / (1 - without))
    return found.model_copy(
        update={
            "delta": _shown(delta),
            "interval": interval_of(deltas),
            "gain": gain,
            "spread_without": _spread(arms[Arm.WITHOUT]),
            "spread_with": _spread(arms[Arm.WITH]),
            "tokens_delta": _cost(arms, lambda run: run.tokens),
            "seconds_delta": _cost(arms, lambda run: run.seconds),
        }
    )


def _of_case(case: EvaluationCase, trial: _Trial) -> CaseNumbers:
    without, with_ = trial.get((case.id, Arm.WITHOUT), []), trial.get((case.id, Arm.WITH), [])
    return CaseNumbers(
        case_id=case.id,
        kind=case.kind,
        role=case.role,
        without=_mean([run.passed for run in without]),
        with_=_mean([run.passed for run in with_]),
        runs_without=len(without),
        runs_with=len(with_),
    )


def fall(case: CaseNumbers) -> float:
    """How much less often a case passes with the skill; below zero: more often. Zero when an arm has no run."""
    return 0.0 if case.without is None or case.with_ is None else case.without - case.with_


def _mean(rates: Iterable[float | None]) -> float | None:
    """Of those that are known; None of nothing."""
    known = [rate for rate in rates if rate is not None]
    return fmean(known) if known else None


def _shown(rate: float) -> float:
    """Four digits, and no minus before a zero."""
    return round(rate, 4) + 0.0


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else _shown(rate)


def _shown_case(case: CaseNumbers) -> CaseNumbers:
    return case.model_copy(update={"without": _rounded(case.without), "with_": _rounded(case.with_)})


def _spread(repeats: Sequence[Sequence[CaseRun]]) -> float | None:
    """Mean standard deviation (of a sample) of the repeats of a case; None when nothing was repeated."""
    known = [stdev(float(run.passed) for run in runs) for runs in repeats if len(runs) > 1]
    return _rounded(_mean(known))


def _cost(arms: Mapping[Arm, Sequence[Sequence[CaseRun]]], of: Callable[[CaseRun], float]) -> float | None:
    """What a run with the skill costs more than one without, over the cases where both are known (0 is unknown)."""
    known = []
    for pair in zip(arms[Arm.WITHOUT], arms[Arm.WITH], strict=True):
        without, with_ = ([of(run) for run in runs if of(run) > 0] for runs in pair)
        if without and with_:
            known.append(fmean(with_) - fmean(without))
    return _rounded(_mean(known))


def broken(triggers: TriggerReport) -> str:
    """Why the harness of the queries is not believed."""
    return clipped(triggers.note, 200) or "its control query made the agent choose nothing"


def _note(found: Numbers | None, triggers: TriggerReport | None) -> str:
    """What must be known of these numbers before they are believed."""
    said = []
    if found is not None and status_of(found) == "partial":
        said.append("partial: planned runs are missing")
    if found is not None and found.interval and found.interval[0] <= 0 < (found.delta or 0):
        said.append("the interval holds 0: chance alone may have made this gain")
    if found is not None and found.cases == 1:
        said.append("one case only, so the interval is a point and says nothing of other tasks")
    if triggers is not None and triggers.status == "broken":
        said.append(f"the trial of the description is broken: {broken(triggers)}")
    if triggers is not None and triggers.status == "partial":
        said.append("the description was tried on a part of its queries only")
    return "; ".join(said)
