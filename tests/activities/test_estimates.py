"""Estimates of the calls to come: they fall as the job goes on, grow with its cases, and say what they leave out."""

import pytest

from activities.estimates import OWN_CALLS, estimate
from domain.job import Phase


def test_a_confirmed_plan_is_followed_by_cases_two_arms_a_text_and_a_review() -> None:
    assert estimate(after=Phase.PLANNING).model_calls == 1 + 2 * 3 + 4 + 2 * 2 + 1


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
    assert found.model_calls == 4 + 2 * (cases or 2) + 1
