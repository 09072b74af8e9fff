"""Facts of a request: found where they are plain, silent where they are doubtful."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.facts import MOST_FACTS, missing_facts, salient_facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Create a skill for handling user data", []),
        ("Create A Skill For Handling User Data", []),
        ("Summarise Zendesk tickets every week", ["Zendesk"]),
        ("Write at most 300 words, 2 MB, 5 top issues", ["300 words", "2 MB", "5"]),
        (
            "Under 95% after 09:00 on 2026-01-05 with Python 3.11 and $1,200.50",
            ["95%", "09:00", "2026-01-05", "3.11", "$1,200.50", "Python"],
        ),
        ("Call it “Escalations” or 'Top issues', see `tickets.csv`", ["Escalations", "Top issues", "tickets.csv"]),
        ("Read reports/q1.xlsx and notes.md.", ["reports/q1.xlsx", "notes.md"]),
        ("Export CSVs from PostgreSQL through the REST API", ["CSV", "REST", "API", "PostgreSQL"]),
        ("GitHub comes first. Ask Anna, then Anna again", ["GitHub", "Anna"]),
        ("Don't use the agent's own words, e.g. no jargon", []),
        ("1. Read it\n2) Write it", []),
        ("PLEASE NEVER DELETE FILES", []),
        ("It must NEVER be long and the SKILL.md ONLY short", []),
        ("Erstelle einen Skill für die Auswertung von Kundendaten in SAP", ["SAP"]),
        ("you decide", []),
    ],
)
def test_facts_of_a_text(text: str, facts: list[str]) -> None:
    assert salient_facts(text) == facts


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        ("5", "the top five issues"),
        ("5", "the top 5, then"),
        ("2 MB", "at most 2MB each"),
        ("10 minutes", "a 10-minute call"),
        ("95%", "at least 95 percent"),
        ("1,200", "exactly 1200 rows"),
        ("Zendesk", "**zendesk**'s export"),
        ("Mondays", "every Monday"),
        ("Top issues", "the *Top\nissues* table"),
        ("it's “fine”", 'It’s "fine".'),
        ("tickets.csv", "read `tickets.csv`."),
        ("CSV", "two CSVs"),
        ("Markdown, at most one page.", "Format? **Markdown, at most one page.**"),
    ],
)
def test_a_fact_is_found_however_it_is_dressed(fact: str, text: str) -> None:
    assert missing_facts([fact], text) == []


@pytest.mark.parametrize(
    ("fact", "text"),
    [("5", "25 issues, 5.5 hours"), ("300 words", "300 lines"), ("Ann", "Annabel"), ("API", "rapid"), ("Zendesk", "")],
)
def test_a_lost_fact_is_named(fact: str, text: str) -> None:
    assert missing_facts([fact, " "], text) == [fact]


@given(st.text(max_size=300))
@example("0\\0")
@example("1*2")
@example("0:0I")
@example("0:AA")
def test_a_text_states_all_its_own_facts(text: str) -> None:
    assert len(salient_facts(text)) <= MOST_FACTS
    assert missing_facts(salient_facts(text), text) == []
