"""Which revision holds, as a rule: the pass rate first, then harm, then the comparison."""

from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import Arm, CaseRole, CaseRun, EvaluationCase, Numbers
from domain.evidence.holding import better, by_preference, passing

CASE = EvaluationCase(id="a", prompt="p", expectations=[])
RATES = st.one_of(st.none(), st.floats(0, 1))
NUMBERS = st.builds(Numbers, with_=RATES, clearly_worse=st.lists(st.sampled_from("abc"), unique=True))


def run(case: str, passed: bool, number: int = 0) -> CaseRun:
    return CaseRun(case_id=case, arm=Arm.WITH, run=number, revision=1, output="", passed=passed, checked=[])


def test_a_case_passes_when_each_of_its_runs_does_and_guards_prove_nothing() -> None:
    cases = [CASE, CASE.model_copy(update={"id": "b"}), CASE.model_copy(update={"id": "g", "role": CaseRole.GUARD})]
    runs = [run("a", True), run("a", True, 1), run("b", True), run("b", False, 1), run("g", True)]
    assert passing(cases, runs, Arm.WITH, 1) == ["a"]
    assert passing(cases, runs, Arm.WITH, 2) == passing(cases, runs, Arm.WITHOUT) == []


@given(NUMBERS, NUMBERS)
def test_better_is_an_order_in_which_the_rate_comes_first(one: Numbers, other: Numbers) -> None:
    assert better(one, other) == -better(other, one)
    if (one.with_ or 0) > (other.with_ or 0):
        assert better(one, other) == 1


def test_of_equal_rates_the_one_that_harms_less_is_better() -> None:
    assert better(Numbers(with_=0.5), Numbers(with_=0.5, clearly_worse=["a"])) == 1
    assert better(Numbers(with_=0.5), None) == 1
    assert better(None, None) == 0


@given(st.lists(st.sampled_from([1, 0, -1])), st.booleans())
def test_a_preference_counts_only_as_a_majority_of_cases(verdicts: list[int], fewer: bool) -> None:
    found = by_preference(2, 1, [(one, "why") for one in verdicts], fewer_excuses=fewer)
    assert found.better + found.worse + found.ties == len(verdicts)
    assert found.winner == (2 if sum(verdicts) > 0 or (sum(verdicts) == 0 and fewer) else 1)
