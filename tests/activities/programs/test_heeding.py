"""Feedback is heeded or it is not: what code can see it sees, and a judge must show the words."""

import pytest

from activities.programs.heeding import changed_sections, heeded
from activities.programs.language_model import LanguageModel
from tests.activities.programs.conftest import MakeModel
from tests.support.generic import generic
from tests.support.provider import LocalProvider

BEFORE = """---
name: notes
description: Writes notes. Use when asked.
---

# Notes

## Quick Start

- Ask for one release.

## Rules

1. Be brief.
"""
AFTER = BEFORE.replace("- Ask for one release.", "- Ask for one release.\n- Ask for the notes of two releases.")
FEEDBACK = "Add more examples to the Quick Start section"
QUOTE = "Ask for the notes of  two releases"


async def test_a_judge_that_quotes_the_new_text_says_it_is_met(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"quote": QUOTE, "reason": "there is one more", "verdict": "yes"})

    found = await heeded(model, FEEDBACK, BEFORE, AFTER)

    assert found.met
    assert found.in_words == "your feedback: met — “Ask for the notes of two releases”"


@pytest.mark.parametrize(
    "said",
    [
        {"quote": "Ask for three releases", "reason": "it is there", "verdict": "yes"},
        {"quote": "", "reason": "it is there", "verdict": "yes"},
        {"quote": QUOTE, "reason": "it is one example only", "verdict": "no"},
    ],
)
async def test_without_a_real_quote_or_with_a_no_it_is_not_met(
    model: LanguageModel, provider: LocalProvider, said: dict[str, str]
) -> None:
    provider.when().answer(dict(said))

    found = await heeded(model, FEEDBACK, BEFORE, AFTER)

    assert not found.met
    assert found.in_words.startswith("your feedback may not be met: It is ")


@pytest.mark.parametrize("text", ["string", ""])
async def test_a_judge_without_an_idea_finds_nothing_met(
    model: LanguageModel, provider: LocalProvider, text: str
) -> None:
    provider.when().answer(generic(text))

    found = await heeded(model, FEEDBACK, BEFORE, AFTER)

    assert (found.met, found.evidence) == (False, "The judge found nothing in the new text that meets it.")


@pytest.mark.parametrize(
    ("feedback", "after", "why"),
    [
        ("Make it better", BEFORE, "Nothing has changed."),
        ("Make it better", BEFORE.replace("Be brief.", "Be   brief.\n"), "Nothing has changed."),
        ("The Rules are too soft", AFTER, "The section “Rules” has not changed."),
        ("the rules section is too soft", AFTER, "The section “Rules” has not changed."),
        ('Add a section called "Language"', AFTER, "There is no section “Language”."),
    ],
)
async def test_feedback_that_code_sees_ignored_needs_no_judge(
    model: LanguageModel, provider: LocalProvider, feedback: str, after: str, why: str
) -> None:
    found = await heeded(model, feedback, BEFORE, after)

    assert (found.met, found.evidence) == (False, why)
    assert provider.calls() == []


@pytest.mark.parametrize(
    "feedback",
    [
        "Add an example, but keep the Rules as they are",
        "Add an example that does not follow from Rules",
        "One more example, like the rules of a game",
    ],
)
async def test_a_section_that_the_feedback_wants_left_alone_need_not_change(feedback: str) -> None:
    assert (await heeded(None, feedback, BEFORE, AFTER)).met


async def test_without_a_judge_or_with_a_small_one_only_code_decides_and_it_says_so(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    for judge in (None, make_model(small=True)):
        found = await heeded(judge, FEEDBACK, BEFORE, AFTER)
        assert (found.met, found.judged) == (True, False)
        assert found.in_words == "your feedback: worked in, read it to be sure"
    assert provider.calls() == []


async def test_the_judge_reads_the_changed_sections_only(model: LanguageModel, provider: LocalProvider) -> None:
    await heeded(model, FEEDBACK, BEFORE, AFTER)

    told = provider.calls()[0].messages[-1].text
    assert "Ask for the notes of two releases" in told
    assert "Be brief" not in told


def test_sections_that_were_changed_added_or_dropped_are_named() -> None:
    after = AFTER.replace("## Rules\n\n1. Be brief.\n", "## Language\n\nEnglish.\n")

    assert changed_sections(BEFORE, after) == ["Quick Start", "Language", "Rules"]
    assert changed_sections(BEFORE, BEFORE.replace("\n\n", "\n\n\n")) == []
