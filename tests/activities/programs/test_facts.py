"""What code can hold onto in a request."""

import pytest

from activities.programs.facts import criteria_of, expectations_of, facts_of, lost, requirements_of, task_of
from domain.evidence.grading import check
from domain.evidence.patterns import pattern_problem
from tests.activities.programs.conftest import REQUEST


def test_limits_headings_and_quoted_words_are_found() -> None:
    facts = facts_of([REQUEST, 'Start with "Acme CLI" and never say "exciting"', "No more than 1,200 words"])

    assert facts.max_words == 300
    assert facts.labels == ["Added", "Fixed", "Breaking"]
    assert facts.quoted == ["Acme CLI"]
    assert facts.banned == ["exciting"]


@pytest.mark.parametrize(
    ("text", "limit"),
    [("200 words or less", 200), ("maximum 80 words", 80), ("within 1,500 words", 1500), ("300 lines", None)],
)
def test_word_limits_in_other_words(text: str, limit: int | None) -> None:
    assert facts_of([text]).max_words == limit


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("with the sections Summary, Open Questions and Next Steps", ["Summary", "Open Questions", "Next Steps"]),
        ("divided into Do and Avoid", ["Do", "Avoid"]),
        ("for Alice, Bob and Carol", []),
    ],
)
def test_headings_are_what_a_request_calls_so(text: str, labels: list[str]) -> None:
    assert facts_of([text]).labels == labels


@pytest.mark.parametrize(
    "line", ["## Added", "**Added**", "Added:", "### Added (2)", "Added: the flag", "**Added:** it"]
)
def test_a_heading_counts_in_any_form(line: str) -> None:
    expectation = expectations_of(facts_of([REQUEST]))[0]
    verdict = check(expectation, f"Notes\n\n{line}\n\n- one")

    assert pattern_problem(expectation.value) is None
    assert verdict is not None
    assert verdict.passed is (line != "### Added (2)")


def test_a_heading_that_is_only_a_word_of_the_text_does_not_count() -> None:
    verdict = check(expectations_of(facts_of([REQUEST]))[0], "- Added a flag\nWe added more")

    assert verdict is not None
    assert not verdict.passed


def test_the_checklist_names_the_headings_together() -> None:
    assert criteria_of(facts_of([REQUEST])) == [
        "Has the headings “Added”, “Fixed” and “Breaking”",
        "Has at most 300 words",
    ]


def test_a_request_is_parted_into_its_task_and_its_conditions() -> None:
    assert task_of(REQUEST) == "Write release notes for the Acme CLI from a list of merged pull requests"
    assert requirements_of(REQUEST) == [
        "Deliver the result grouped into Added, Fixed and Breaking.",
        "Keep the result to at most 300 words.",
    ]
    assert requirements_of("Create a skill for handling user data") == []


def test_a_rewording_that_loses_a_number_or_a_name_is_noticed() -> None:
    assert lost(REQUEST, REQUEST.replace("300", "many").replace("Acme", "our")) == ["Acme", "300"]
    assert lost(REQUEST, f"Please {REQUEST}") == []


def test_what_only_names_the_skill_is_no_fact_about_its_results() -> None:
    request = 'Create a skill called "Acme Notes!" that writes notes, at most 300 words. Say "thanks".'

    facts = facts_of([request])

    assert (facts.quoted, facts.max_words) == (["thanks"], 300)
    assert task_of(request) == "Create a skill that writes notes"
    assert lost(request, 'Write notes of at most 300 words that say "thanks"') == []
