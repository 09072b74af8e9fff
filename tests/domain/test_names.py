"""Names: legal from any text, free, and found in what a person asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.names import LEGAL, MAX_NAME, RESERVED, asked_name, free_name, slug


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Weekly support summary", "weekly-support-summary"),
        ("  Git: commits & PRs!  ", "git-commits-prs"),
        ("Café Straße", "cafe-strasse"),
        ("技能", "skill"),
        ("", "skill"),
        ("Claude", "skill"),
        ("clclaudeaude", "skill"),
        ("anthropic-style guide", "style-guide"),
        ("con", "con-skill"),
        ("word " * 40, "-".join(["word"] * 13)[:64]),
        ("a" * 100, "a" * 64),
    ],
)
def test_any_text_becomes_a_legal_name(text: str, name: str) -> None:
    assert slug(text) == name


@given(st.text(max_size=300))
def test_every_name_is_legal(text: str) -> None:
    name = slug(text)
    assert LEGAL.fullmatch(name)
    assert len(name) <= MAX_NAME
    assert not any(word in name for word in RESERVED)
    assert slug(name) == name


def test_a_taken_name_gets_the_next_number() -> None:
    assert free_name("a-b", []) == "a-b"
    assert free_name("a-b", ["A-B", "a-b-2"]) == "a-b-3"


def test_a_numbered_name_stays_within_the_limit() -> None:
    wanted = "a" * 62 + "-b"
    assert free_name(wanted, [wanted]) == "a" * 62 + "-2"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Create a skill called acme-notes that writes notes", "acme-notes"),
        ('A skill named "Release Notes!" for us', "Release Notes!"),
        ("a SKILL called Release Notes for us", "Release Notes"),
        ("A skill which is called PDF tools, and so on", "PDF tools"),
        ("Write notes; call it acme-notes.", "acme-notes"),
        ("Please name the skill 'notes'", "notes"),
        ("A skill called C++ helper to compile", "C++ helper"),
        ("A skill, named `x_y`. Do it.", "x_y"),
        ("skill name: Bad Name", "Bad Name"),
        ("Create a skill for PDFs. The name should be User Data.", "User Data"),
        ("Create a skill 'PDF_Tools' that merges files", "PDF_Tools"),
        ("Create a skill for 'quoted' things", None),
        ("Write a skill that says what the name must be like", None),
        ("Check that the skill's name is short", None),
        ("A skill called my", None),
        ("Write a skill called by others", None),
        ('Write a skill called "" for us', None),
        ("Write a skill that renames files called X", None),
        ("Create a skill for handling user data", None),
        ("A skill called", None),
    ],
)
def test_the_name_that_a_person_asks_for_is_found_word_for_word(text: str, name: str | None) -> None:
    assert asked_name(text) == name


def test_a_name_that_never_ends_is_its_first_word() -> None:
    assert asked_name("A skill called notes read every mail each day write them") == "notes"


@given(st.text(max_size=300))
def test_looking_for_a_name_never_fails(text: str) -> None:
    assert asked_name(f"a skill called {text}") != ""
