"""Estimates of the calls to come: they fall as the job goes on, grow with its cases, and say what they leave out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.estimates import (
    DESCRIPTIONS,
    MOST_DESCRIPTIONS,
    MOST_JUDGED,
    OWN_CALLS,
    TRIGGER_CALLS,
    TRIGGERS_ONCE,
    estimate,
    loop,
    revision,
    sharpening,
    trials,
)
from activities.evidence.triggering import MOST_PROMPTS
from activities.programs import case_items
from activities.programs.optimize_description import IMPROVEMENTS
from domain.budget import Spend
from domain.evaluation import Arm, EvaluationCase, Expectation
from domain.evidence.profile import LOCAL_SMALL, PROFILES, QUICK, STANDARD, Profile
from domain.evidence.triggers import OF_A_KIND, RUNS
from domain.job import Phase


def test_a_confirmed_plan_is_followed_by_cases_two_arms_a_text_and_a_review() -> None:
    assert estimate(after=Phase.PLANNING).model_calls == 1 + 2 * 3 + 5 + 2 * 2 + 1


def test_the_rest_never_grows_as_the_job_goes_on() -> None:
    rest = [estimate(within=phase).model_calls for phase in Phase]
    assert rest == sorted(rest, reverse=True)
    assert (rest[0] > 0, rest[-1]) == (True, 0)


def test_the_phase_that_is_under_way_is_counted_whole_and_the_note_says_so() -> None:
    within, after = estimate(within=Phase.PLANNING), estimate(after=Phase.PLANNING)
    assert within.model_calls - after.model_calls == OWN_CALLS[Phase.PLANNING]
    assert "the present phase is counted whole" in within.note
    assert "counted whole" not in after.note


@pytest.mark.parametrize(("cases", "says"), [(0, "2 cases, which are not written yet"), (5, "5 cases;")])
def test_the_cases_of_the_job_count_as_soon_as_there_are_any(cases: int, says: str) -> None:
    found = estimate(within=Phase.GENERATION, cases=cases)
    assert says in found.note
    assert found.model_calls == 5 + 2 * (cases or 2) + 1


def a_case(number: int, *checks: str) -> EvaluationCase:
    expectations = [Expectation.model_validate({"text": "x", "check": check}) for check in checks]
    return EvaluationCase(id=f"case-{number}", prompt="do it", expectations=expectations)


CASES = [a_case(1, "contains", "judge"), a_case(2, "judge", "judge"), a_case(3, "regex")]


@pytest.mark.parametrize("arm", list(Arm))
def test_a_loop_takes_an_answer_the_verdicts_and_a_search_for_excuses_in_each_run(arm: Arm) -> None:
    assert loop(CASES, QUICK, arm).model_calls == (1 + 1 + 1) + (1 + 2 + 1) + (1 + 1)
    assert loop(CASES, STANDARD, arm).model_calls == 3 * 9
    assert loop(CASES, LOCAL_SMALL, arm).model_calls == 3, "nothing is asked of a judge there"
    assert f"3 cases with 3 runs each, {arm} the skill" in loop(CASES, STANDARD, arm).note


@given(st.sampled_from(list(PROFILES.values())), st.integers(0, 500))
def test_what_is_in_the_ledger_is_not_estimated_again(profile: Profile, made: int) -> None:
    whole = loop(CASES, profile, Arm.WITH).model_calls
    left = loop(CASES, profile, Arm.WITH, made=made)
    assert left.model_calls == max(whole - made, 0)
    assert (f"{min(made, whole)} more are in the ledger" in left.note) is (made > 0)


def test_tokens_and_money_are_told_at_the_mean_of_the_job_and_unknown_where_they_are() -> None:
    nothing_yet = loop(CASES, QUICK, Arm.WITH)
    assert (nothing_yet.tokens, nothing_yet.usd) == (None, None)
    priced = loop(CASES, QUICK, Arm.WITH, so_far=Spend(calls=4, tokens=4_000, usd=0.4))
    assert priced.tokens == 9_000 and priced.usd == pytest.approx(0.9)
    assert "about 9,000 tokens, 0.90 US dollars" in priced.note
    unknown = loop(CASES, QUICK, Arm.WITH, so_far=Spend(calls=4, tokens=4_000))
    assert (unknown.tokens, unknown.usd) == (9_000, None)
    assert "a price that is unknown" in unknown.note and "0.00" not in unknown.note


def test_the_rest_of_a_job_follows_how_thoroughly_it_is_proven() -> None:
    calls = {name: estimate(after=Phase.PLANNING, profile=profile).model_calls for name, profile in PROFILES.items()}
    assert calls["quick"] == 17
    assert calls["local-small"] == 1 + 2 + 4 + 2
    triggers = TRIGGER_CALLS * DESCRIPTIONS + TRIGGERS_ONCE
    assert calls["standard"] == (2 + 5 * 3 * 3 + triggers + 5) + (5 + 5 * 3 * 2) + 1


def test_a_further_revision_counts_its_runs_and_the_blind_comparison() -> None:
    assert revision(2, QUICK) == 1 + 2 * 2
    assert revision(4, STANDARD) == 1 + 4 * 3 * 2 + 4 * 2, "each pair of answers is compared in both orders"
    assert f"about {revision(4, STANDARD)} more" in estimate(within=Phase.GENERATION, cases=4, profile=STANDARD).note


def test_of_the_present_phase_what_is_made_is_left_out_and_never_more_than_the_phase_has() -> None:
    whole = estimate(within=Phase.GENERATION, cases=2)
    some = estimate(within=Phase.GENERATION, cases=2, made=3)
    assert some.model_calls == whole.model_calls - 3
    assert "counted whole" in whole.note and "counted whole" not in some.note
    assert estimate(within=Phase.GENERATION, cases=2, made=999).model_calls == OWN_CALLS[Phase.VALIDATION]


def test_planned_files_are_written_one_by_one() -> None:
    few = estimate(after=Phase.PLANNING)
    assert estimate(after=Phase.PLANNING, files=3).model_calls == few.model_calls + 3


def test_the_constants_are_those_of_the_parts_they_count() -> None:
    assert RUNS * (2 * OF_A_KIND + MOST_PROMPTS) == TRIGGER_CALLS
    assert MOST_DESCRIPTIONS == 3 + IMPROVEMENTS
    assert MOST_JUDGED == case_items.MOST_JUDGED


def test_what_goes_on_beside_the_runs_is_in_the_bound_and_named() -> None:
    alone = loop(CASES, STANDARD, Arm.WITHOUT)
    tuning = trials(descriptions=MOST_DESCRIPTIONS, queries=False)
    assert tuning == 3 + 4 + 1 + 2 + 5 * 69
    whole = loop(CASES, STANDARD, Arm.WITHOUT, triggers=tuning, sharpens=True, confirms=True)
    harder = 3 * (1 + 3 * (1 + 2 + 1))
    assert whole.model_calls == 2 * alone.model_calls + tuning + harder
    for part in (f"{tuning} of them to try the description", f"{harder} of them to make cases harder", "once more"):
        assert part in whole.note
    assert "to compare" not in whole.note
    compared = loop(CASES, STANDARD, Arm.WITH, triggers=trials(queries=True), compares=True)
    assert compared.model_calls == 27 + 3 + 69 + 2 * 3
    assert "6 of them to compare the answers" in compared.note
    assert "asked for again come on top" in alone.note


def test_guards_and_cases_of_people_are_not_made_harder() -> None:
    guard, own = CASES[0].model_copy(update={"role": "guard"}), CASES[1].model_copy(update={"by_person": True})
    assert sharpening([guard, own], STANDARD) == 0
    assert sharpening([CASES[2]], LOCAL_SMALL) == 1 + 1


def test_what_was_not_run_without_the_skill_is_counted_with_the_other_arm() -> None:
    found = loop(CASES, STANDARD, Arm.WITH, control=CASES[:1])
    assert found.model_calls == 27 + 9
    assert "9 of them to run what was not run without the skill" in found.note
