"""Names: legal from any text, and free."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.names import LEGAL, MAX_NAME, RESERVED, free_name, slug


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
