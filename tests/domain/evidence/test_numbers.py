"""The numbers of an experiment: as scipy counts them, the same in any order, and honest where there is little."""

import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # it ships no types

from domain.evaluation import Arm, CaseRole, CaseRun, EvaluationCase, Numbers, TriggerNumbers, TriggerReport
from domain.evidence.numbers import interval_of, numbers, shown

MODEL = "openai/agent"

Rates = dict[str, tuple[list[int], list[int]]]
"""Of each case what its runs were without and with the skill: 1 passed, 0 not."""

FIXED: Rates = {
    "case-1": ([0, 0, 0], [1, 1, 1]),
    "case-2": ([1, 0, 0], [1, 1, 0]),
    "case-3": ([0, 1, 1], [1, 1, 1]),
    "case-4": ([1, 1, 1], [0, 1, 1]),
    "case-5": ([0, 0, 0], [0, 1, 1]),
}


def case(name: str, role: CaseRole = CaseRole.PROOF) -> EvaluationCase:
    return EvaluationCase(id=name, prompt="p", expectations=[], role=role)


def run(name: str, arm: Arm, passed: object, number: int = 0, **more: object) -> CaseRun:
    revision = 1 if arm is Arm.WITH else 0
    given_ = {"case_id": name, "arm": arm, "run": number, "revision": revision, "output": "x", "checked": []}
    return CaseRun.model_validate({**given_, "passed": bool(passed), "model": MODEL, **more})


def runs_of(rates: Rates, **more: object) -> list[CaseRun]:
    """Without the skill first, as the store gives them."""
    return [
        run(name, arm, passed, number, **more)
        for place, arm in enumerate((Arm.WITHOUT, Arm.WITH))
        for name, arms in rates.items()
        for number, passed in enumerate(arms[place])
    ]


def counted(rates: Rates, *guards: str, planned: int = 1) -> Numbers:
    cases = [case(name, CaseRole.GUARD if name in guards else CaseRole.PROOF) for name in rates]
    [found] = numbers(cases, runs_of(rates), planned=planned)
    return found


def means(rates: Rates) -> tuple[np.ndarray, np.ndarray]:
    without, with_ = zip(*rates.values(), strict=True)
    return np.array([np.mean(one) for one in without]), np.array([np.mean(one) for one in with_])


def test_rates_delta_gain_and_spread_are_what_numpy_finds() -> None:
    without, with_ = means(FIXED)
    found = counted(FIXED)
    assert found.without == pytest.approx(without.mean(), abs=5e-5)
    assert found.with_ == pytest.approx(with_.mean(), abs=5e-5)
    assert found.delta == pytest.approx((with_ - without).mean(), abs=5e-5)
    assert found.gain == pytest.approx((with_ - without).mean() / (1 - without.mean()), abs=5e-5)
    assert found.spread_without == pytest.approx(np.mean([np.std(a, ddof=1) for a, _ in FIXED.values()]), abs=5e-5)
    assert found.spread_with == pytest.approx(np.mean([np.std(b, ddof=1) for _, b in FIXED.values()]), abs=5e-5)
    assert (found.model, found.cases, found.runs, found.whole) == (MODEL, 5, 3, True)


MANY: Rates = {
    f"case-{n}": ([(n * k) % 3 == 0 for k in range(1, 5)], [(n * k) % 5 != 0 for k in range(1, 5)]) for n in range(20)
}


@pytest.mark.parametrize("rates", [FIXED, MANY])
def test_the_interval_is_scipys_paired_bootstrap_within_its_own_chance(rates: Rates) -> None:
    without, with_ = means(rates)
    ends = []
    for seed in range(5):
        result = stats.bootstrap(
            (with_, without),
            lambda a, b, axis=-1: np.mean(a - b, axis=axis),
            paired=True,
            method="percentile",
            n_resamples=10_000,
            confidence_level=0.95,
            rng=np.random.default_rng(seed),
        )
        ends.append(result.confidence_interval)
    found = counted(rates).interval
    assert found is not None
    # The ends lie on a grid of 1 / runs / cases, and scipy's seeds fall on one of two neighbours; so must ours.
    for own, theirs in zip(found, zip(*ends, strict=True), strict=True):
        assert min(theirs) - 1e-4 <= own <= max(theirs) + 1e-4


def test_the_interval_of_two_cases_is_known_without_resampling() -> None:
    """Of two cases a quarter of all resamples takes the worse one twice, a quarter the better one."""
    assert interval_of((0.0, 1.0)) == (0.0, 1.0)


def test_the_interval_narrows_with_the_number_of_cases() -> None:
    few, many = interval_of((0.0, 1.0) * 4), interval_of((0.0, 1.0) * 25)
    assert few[1] - few[0] > many[1] - many[0] > 0.2
    assert many == pytest.approx((0.36, 0.64), abs=0.021)  # a binomial of 50: its 2.5 % and 97.5 % quantiles


@pytest.mark.parametrize(("cases", "repeats", "most"), [(5, 3, 0.5), (50, 20, 3.0)])
def test_the_numbers_take_little_time(cases: int, repeats: int, most: float) -> None:
    rates: Rates = {f"c{n}": ([n % 2] * repeats, [n % 3 == 0] * (repeats - 1) + [1]) for n in range(cases)}
    interval_of.cache_clear()
    started = time.process_time()
    counted(rates)
    assert time.process_time() - started < most


def test_a_guard_counts_for_harm_and_not_for_the_gain() -> None:
    rates = {**FIXED, "case-6": ([1, 1, 1], [0, 0, 1]), "case-7": ([1, 1], [1, 1])}
    found, before = counted(rates, "case-6", "case-7"), counted(FIXED)
    same = {"cases", "without", "with_", "delta", "interval", "gain", "spread_with"}
    assert found.model_dump(include=same) == before.model_dump(include=same)
    assert (before.worse, before.clearly_worse) == (["case-4"], [])
    assert (found.worse, found.clearly_worse) == (["case-4", "case-6"], ["case-6"])
    assert [one.role for one in found.by_case].count(CaseRole.GUARD) == 2


@pytest.mark.parametrize(
    ("without", "with_", "worse", "clearly"),
    [
        ([1], [0], True, True),
        ([1, 1, 1], [0, 0, 1], True, True),
        ([1, 1, 1], [0, 1, 1], True, False),
        ([1, 1], [0, 1], True, True),
        ([1, 0], [1, 0], False, False),
        ([0], [1], False, False),
        ([1, 1, 0], [1, 0], True, False),
    ],
)
def test_clearly_worse_begins_at_half(without: list[int], with_: list[int], worse: bool, clearly: bool) -> None:
    found = counted({"a": (without, with_)})
    assert (bool(found.worse), bool(found.clearly_worse)) == (worse, clearly)


def test_there_is_no_normalized_gain_where_nothing_can_be_gained() -> None:
    assert counted({"a": ([1], [1]), "b": ([1], [0])}).gain is None
    assert counted({"a": ([0], [1]), "b": ([1], [1])}).gain == 1.0


def test_tokens_and_seconds_are_compared_by_a_mean_run_and_unknown_ones_are_left_out() -> None:
    cases = [case("a"), case("b")]
    costs = [("a", 100, 120), ("a", 200, 160), ("b", 50, 90), ("b", 0, 0)]
    known = [
        run(name, arm, 1, number, tokens=tokens, seconds=tokens / 10)
        for number, (name, *both) in enumerate(costs)
        for arm, tokens in zip(Arm, both, strict=True)
    ]
    [found] = numbers(cases, known)
    assert (found.tokens_delta, found.seconds_delta) == (15.0, 1.5)
    [none] = numbers(cases, runs_of({"a": ([1], [1])}))
    assert (none.tokens_delta, none.seconds_delta) == (None, None)


def test_runs_of_another_revision_or_of_another_case_do_not_leak_in() -> None:
    old = [run(name, Arm.WITH, 0, number, revision=1) for name, number in product(FIXED, range(3))]
    own = [one.model_copy(update={"revision": 2}) if one.arm is Arm.WITH else one for one in runs_of(FIXED)]
    gone = [run("dropped", arm, 1) for arm in Arm]
    cases = [case(name) for name in FIXED]
    assert numbers(cases, [*old, *own, *gone]) == numbers(cases, own)


def test_each_model_has_numbers_of_its_own_and_the_newest_comes_first() -> None:
    cases = [case("a")]
    before, after = ([run("a", arm, ok, model=model) for arm in Arm] for model, ok in (("old", 0), ("new", 1)))
    found = numbers(cases, [*before, *after])
    assert [(one.model, one.with_) for one in found] == [("new", 1.0), ("old", 0.0)]


def test_arms_of_two_models_prove_nothing_together() -> None:
    found = numbers([case("a")], [run("a", Arm.WITHOUT, 0, model="old"), run("a", Arm.WITH, 1, model="new")])
    assert [(one.model, one.cases, one.delta, one.whole) for one in found] == [
        ("new", 0, None, False),
        ("old", 0, None, False),
    ]


def test_a_missing_run_makes_the_numbers_partial() -> None:
    assert counted(FIXED, planned=3).whole
    assert not counted(FIXED, planned=4).whole
    assert not counted({**FIXED, "case-5": ([0, 0, 0], [0, 1])}).whole
    assert not counted({**FIXED, "case-6": ([0, 0, 0], [])}).whole
    assert not counted({**FIXED, "case-6": ([1, 1, 1], [])}, "case-6").whole


def test_without_runs_there_are_no_numbers() -> None:
    assert numbers([case("a")], []) == []
    assert shown([], profile="quick").model_dump(exclude_defaults=True) == {"profile": "quick"}


def test_evidence_is_pending_until_a_case_ran_with_the_skill_and_shows_the_control_arm() -> None:
    [found] = numbers([case("a"), case("b")], [run("a", Arm.WITHOUT, 1), run("b", Arm.WITHOUT, 0)])
    told = shown([found])
    assert (told.status, told.without, told.with_, told.delta, told.n) == ("pending", 0.5, None, None, 0)


def test_evidence_shows_the_numbers_of_both_experiments() -> None:
    triggers = TriggerReport(status="measured", numbers=TriggerNumbers(recall=0.9, precision=1.0))
    found = counted(FIXED)
    told = shown([found], triggers, profile="standard")
    assert (told.status, told.n, told.runs, told.profile) == ("measured", 5, 3, "standard")
    assert told.interval is not None
    assert ("the interval holds 0" in told.note) is (told.interval[0] <= 0)
    assert (told.recall, told.precision) == (0.9, 1.0)
    assert (told.with_, told.without, told.delta) == (found.with_, found.without, found.delta)
    assert (told.interval, told.gain, told.worse) == (found.interval, found.gain, ["case-4"])
    assert shown([found, *numbers([case("a")], [run("a", Arm.WITH, 1)])], triggers, profile="standard") == told


@pytest.mark.parametrize(
    ("rates", "triggers", "status", "said"),
    [
        ({"a": ([0], [1])}, None, "measured", "one case only"),
        ({"a": ([0], [1]), "b": ([0], [])}, None, "partial", "planned runs are missing"),
        (FIXED, TriggerReport(status="broken", note="no skill was chosen"), "measured", "broken: no skill was chosen"),
        (FIXED, TriggerReport(status="broken"), "measured", "control query"),
        (FIXED, TriggerReport(status="partial"), "measured", "a part of its queries"),
    ],
)
def test_what_must_be_known_before_the_numbers_are_believed_is_said(
    rates: Rates, triggers: TriggerReport | None, status: str, said: str
) -> None:
    told = shown([counted(rates)], triggers)
    assert told.status == status
    assert said in told.note


experiments: st.SearchStrategy[Rates] = st.dictionaries(
    st.sampled_from([f"case-{n}" for n in range(8)]),
    st.tuples(*[st.lists(st.integers(0, 1), min_size=1, max_size=4)] * 2),
    min_size=1,
    max_size=6,
)


@given(experiments)
def test_the_numbers_stay_within_their_bounds(rates: Rates) -> None:
    found = counted(rates)
    assert found.interval is not None
    assert found.delta is not None
    low, high = found.interval
    deltas = [np.mean(b) - np.mean(a) for a, b in rates.values()]
    assert min(deltas) - 1e-4 <= low <= found.delta + 1e-4
    assert found.delta - 1e-4 <= high <= max(deltas) + 1e-4
    assert set(found.clearly_worse) <= set(found.worse) <= set(rates)
    assert found.gain is None or found.gain <= 1
    assert (found.gain is None) == (found.without == 1)


@given(experiments, st.randoms())
def test_the_order_of_cases_and_runs_changes_nothing(rates: Rates, chance: object) -> None:
    names = list(rates)
    chance.shuffle(names)  # type: ignore[attr-defined]
    mixed = runs_of(rates)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    [found] = numbers([case(name) for name in names], mixed)
    assert _unordered(found) == _unordered(counted(rates))


def _unordered(found: Numbers) -> dict[str, object]:
    lists = {
        "worse": sorted(found.worse),
        "clearly_worse": sorted(found.clearly_worse),
        "by_case": sorted(found.by_case, key=lambda one: one.case_id),
    }
    return {**{name: value for name, value in found if name not in lists}, **lists}


@given(experiments)
def test_two_arms_that_are_alike_show_no_gain(rates: Rates) -> None:
    found = counted({name: (both[0], both[0]) for name, both in rates.items()})
    assert (found.delta, found.interval, found.worse) == (0.0, (0.0, 0.0), [])


@given(st.lists(st.integers(0, 1), min_size=1, max_size=5), st.lists(st.integers(0, 1), min_size=1, max_size=5))
def test_of_one_case_the_interval_is_a_point_and_that_is_said(without: list[int], with_: list[int]) -> None:
    found = counted({"a": (without, with_)})
    assert found.interval == (found.delta, found.delta)
    assert "one case only" in shown([found]).note
