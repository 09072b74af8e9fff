"""What chose a case or a revision does not count as its result: the newest series of runs does."""

from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import Arm, CaseRun
from domain.evidence.numbers import numbers
from domain.evidence.series import CHOOSING, MEASURING, chosen_by_chance, free_numbers, latest
from tests.support.rows import a_case, a_run


def runs_in(
    series: int, *passed: bool, arm: Arm = Arm.WITHOUT, case: str = "case-1", model: str = "m"
) -> list[CaseRun]:
    """Runs of one series, one for each verdict."""
    revision = 1 if arm is Arm.WITH else 0
    return [
        a_run(arm, revision, case, passed=verdict).model_copy(
            update={"series": series, "run": 10 * series + number, "model": model}
        )
        for number, verdict in enumerate(passed)
    ]


def test_the_newest_series_counts_for_each_case_arm_revision_and_model() -> None:
    chosen, measured = runs_in(CHOOSING, False, True), runs_in(MEASURING, True, True)
    other_case = runs_in(CHOOSING, False, case="case-2")
    other_model = runs_in(CHOOSING, False, model="n")
    with_skill = runs_in(CHOOSING, True, arm=Arm.WITH)
    assert latest([*chosen, *measured, *other_case, *other_model, *with_skill]) == [
        *measured,
        *other_case,
        *other_model,
        *with_skill,
    ]


def test_the_runs_that_chose_a_case_are_no_part_of_its_rate() -> None:
    runs = [*runs_in(CHOOSING, False, False, True), *runs_in(MEASURING, True, True, True)]
    [found] = numbers([a_case("case-1")], [*runs, *runs_in(CHOOSING, True, True, True, arm=Arm.WITH)], planned=3)
    assert (found.without, found.with_, found.delta, found.whole) == (1.0, 1.0, 0.0, True)


def test_once_outcomes_differ_all_cases_that_they_chose_are_measured_anew() -> None:
    cases = [a_case(name) for name in ("always", "never", "not-run")]
    theirs = a_case("theirs").model_copy(update={"by_person": True})
    always, never = runs_in(CHOOSING, True, True, case="always"), runs_in(CHOOSING, False, False, case="never")
    with_skill = runs_in(CHOOSING, True, True, case="never", arm=Arm.WITH)
    assert chosen_by_chance([*cases, theirs], [*always, *never], Arm.WITHOUT) == cases
    assert chosen_by_chance(cases, [*never, *with_skill], Arm.WITHOUT) == []
    assert chosen_by_chance(cases, always, Arm.WITHOUT) == []
    assert chosen_by_chance([theirs], runs_in(CHOOSING, True, False, case="theirs"), Arm.WITHOUT) == []


NUMBERS = st.sets(st.integers(0, 30), max_size=8)


@given(foreign=NUMBERS, kept=st.integers(0, 5), count=st.integers(1, 5), start=st.integers(0, 9))
def test_a_retry_that_finds_a_part_kept_comes_to_the_same_numbers(
    foreign: set[int], kept: int, count: int, start: int
) -> None:
    first = free_numbers([], foreign, start, count)
    assert len(set(first)) == count
    assert not set(first) & foreign
    stands = first[-min(kept, count) :] if kept else []
    assert free_numbers(stands, [*foreign, *stands], start, count) == first


def gain_of_chance(chance: Random, passes: float, *, anew: bool) -> float | None:
    """The delta of a job whose agent passes so often, skill or no skill: what passes always is dropped, and of four
    revisions the one that did best holds. `anew`: both choices are followed by runs that count."""

    def tried(*, arm: Arm = Arm.WITHOUT, series: int = CHOOSING) -> list[CaseRun]:
        verdicts = {name: [chance.random() < passes for _ in range(3)] for name in names}
        return [run for name in names for run in runs_in(series, *verdicts[name], arm=arm, case=name)]

    names = [f"case-{number}" for number in range(4)]
    control = tried()
    names = [name for name in names if not all(run.passed for run in control if run.case_id == name)]
    cases = [a_case(name) for name in names]
    if anew and chosen_by_chance(cases, control, Arm.WITHOUT):
        control += tried(series=MEASURING)
    best = max((tried(arm=Arm.WITH) for _ in range(4)), key=lambda runs: sum(run.passed for run in runs))
    found = numbers(cases, [*control, *(tried(arm=Arm.WITH) if anew else best)], planned=3) if names else []
    return found[0].delta if found else None


def test_an_agent_that_passes_now_and_then_gains_nothing_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second series it gained some thirty points, by being chosen."""
    monkeypatch.setattr("domain.evidence.numbers.RESAMPLES", 20)  # of no interest here
    for passes in (0.5, 0.7):
        by = {}
        for anew in (False, True):
            chance = Random(7)
            gains = [gain_of_chance(chance, passes, anew=anew) for _ in range(150)]
            by[anew] = fmean(gain for gain in gains if gain is not None)
        assert by[False] > 0.15
        assert abs(by[True]) < 0.05
