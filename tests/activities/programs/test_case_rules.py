"""What rules alone expect, and what they take out of a prompt."""

import pytest

from activities.programs.case_rules import SUBSTANCE, certain, covered, without_hints
from activities.programs.facts import facts_of
from domain.brief import Brief
from domain.evidence.grading import check, word_count
from tests.activities.programs.conftest import REQUEST

FACTS = facts_of([REQUEST])


def test_a_request_without_conditions_still_expects_more_than_a_line() -> None:
    assert certain(facts_of(["Handle user data"])) == [SUBSTANCE]


@pytest.mark.parametrize(("limit", "answer"), [(4, "Yes it is so"), (10, "The answer is yes and that is all of it")])
def test_substance_leaves_room_for_the_persons_own_limit(limit: int, answer: str) -> None:
    expectations = certain(facts_of([f"Answer in at most {limit} words"]))
    assert word_count(answer) <= limit
    verdicts = [check(item, answer) for item in expectations]
    assert all(verdict is not None and verdict.passed for verdict in verdicts)
    refused = [check(item, "No") for item in expectations]
    assert not all(verdict is not None and verdict.passed for verdict in refused)


def test_sentences_that_give_the_answer_away_go_and_the_rest_stays() -> None:
    prompt = "We fixed the login. Group it into Added and Fixed, please.\nAt most 300 words."
    assert without_hints(prompt, FACTS) == "We fixed the login."


def test_each_telling_line_is_to_be_dealt_with() -> None:
    prompt = "Write it up.\n\n- new option json in listing\n- crash with empty configuration"
    found = covered(prompt, Brief(task=REQUEST))
    assert [item.text[:15] for item in found] == ["Deals with “new", "Deals with “cra"]
    assert not covered(prompt, Brief(task="Pick the best of these"))
