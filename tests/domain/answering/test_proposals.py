"""What a person asks for by name is held against the rules before anything is paid for; nothing else asks a person."""

import pytest

from domain.answering.proposals import (
    asked_description,
    description_findings,
    examined,
    legal_description,
    legal_name,
    name_findings,
    settled,
    without_asked,
)
from domain.brief import Proposal, Refinement
from domain.rules.format_rules import MAX_DESCRIPTION

MENDED = Refinement(task_description="t", name="release-notes", description="Writes notes. Use when asked.")


def asked(task: str, *taken: str) -> Proposal | None:
    return examined(task, MENDED, taken)


def test_a_request_that_names_nothing_proposes_nothing() -> None:
    assert asked("Create a skill for handling user data") is None


def test_a_legal_name_is_taken_as_it_is_and_nothing_is_asked() -> None:
    assert asked("Create a skill called release-notes that writes notes") == Proposal(
        name="release-notes", description=""
    )


@pytest.mark.parametrize(
    ("task", "current", "said"),
    [
        ("A skill called Release Notes that writes them", "Release Notes", "capital letters"),
        ('A skill named "release notes!"', "release notes!", "characters other than"),
        ("A skill called release_notes for us", "release_notes", "characters other than"),
        (f"A skill called {'x' * 70}", "x" * 70, "70 characters"),
        ("A skill called claude-notes for us", "claude-notes", "claude"),
        ("A skill called -notes- for us", "-notes-", "hyphen"),
        ("A skill called con for us", "con", "Windows"),
        ("A skill called nötes for us", "nötes", "beyond a-z"),
    ],
)
def test_a_name_that_a_rule_refuses_comes_back_with_its_reason_and_a_legal_one(
    task: str, current: str, said: str
) -> None:
    found = asked(task)
    assert found is not None
    [fix] = found.fixes
    assert (fix.field, fix.current, fix.suggested) == ("skill_name", current, "release-notes")
    assert said in fix.issue
    assert (found.name, found.description) == (current, MENDED.description)
    assert settled(found) == Proposal(name="release-notes", description=MENDED.description)


def test_a_name_that_the_library_has_is_refused_and_the_suggestion_is_free() -> None:
    found = asked("A skill called release-notes for us", "Release-Notes")
    assert found is not None
    assert [fix.suggested for fix in found.fixes] == ["release-notes-2"]
    assert "library" in found.fixes[0].issue


def test_a_description_in_quotes_is_held_against_its_rules() -> None:
    assert asked_description('A skill with the description "Does it.\n Use when asked."') == "Does it. Use when asked."
    assert asked_description("Check that every package.json has a description") is None
    fine = asked('A skill with the description "Does it. Use when asked."')
    assert fine == Proposal(name="", description="Does it. Use when asked.")
    vague = asked('A skill with the description "Does it."')
    assert vague is not None
    assert [(fix.field, fix.current, fix.suggested) for fix in vague.fixes] == [
        ("description", "Does it.", MENDED.description)
    ]
    assert vague.name == MENDED.name


def test_what_settles_a_proposal_is_legal_whatever_a_person_typed() -> None:
    assert legal_name("claude-notes") == "claude-notes"
    assert legal_name("My Notes!") == "my-notes"
    assert legal_name("nul") == "nul-skill"
    assert legal_description("  Does\n it. ") == "Does it."
    assert legal_description("x" * (MAX_DESCRIPTION + 1)) is None
    assert legal_description(" ") is None


def test_good_names_and_descriptions_have_no_findings() -> None:
    assert name_findings("release-notes", ["other"]) == []
    assert description_findings("Writes notes. Use when a release is due.") == []


@pytest.mark.parametrize(
    ("request_", "task"),
    [
        ('Create a skill called "Acme Notes!" that writes notes', "Create a skill that writes notes"),
        ("Write notes; call it acme-notes.", "Write notes."),
        ("A skill, which is called notes, for us", "A skill, for us"),
        ('A skill with the description "Does it" for us', "A skill  for us"),
        ("Create a skill for handling user data", "Create a skill for handling user data"),
    ],
)
def test_the_task_is_what_is_left_without_name_and_description(request_: str, task: str) -> None:
    assert without_asked(request_) == task
