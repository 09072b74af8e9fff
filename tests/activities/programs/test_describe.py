"""Feedback on the description changes the description, and nothing that breaks a rule gets in."""

import pytest

from activities.programs.describe import is_about_description, redescribe
from activities.programs.language_model import LanguageModel
from domain.brief import Brief
from domain.skill_file import frontmatter_of, parse
from tests.support.generic import generic
from tests.support.provider import LocalProvider

BRIEF = Brief(task="Write release notes for the Acme CLI")
CONTENT = """---
name: notes
description: Writes notes. Use when a release is due.
license: MIT
---

# Notes

## Rules

1. Be brief.
"""
FEEDBACK = "The description should name the board"


@pytest.mark.parametrize(
    ("feedback", "about"),
    [
        (FEEDBACK, True),
        ("Shorten its description", True),
        ("Mention the board in the description of the skill", True),
        ("Add a description of the output to Rules", False),
        ("The description of step two is wrong", False),
        ("Describe the inputs better", False),
    ],
)
def test_feedback_on_the_skills_own_description_is_told_apart(feedback: str, about: bool) -> None:
    assert is_about_description(feedback) is about


async def test_the_description_is_rewritten_and_all_else_stays(model: LanguageModel, provider: LocalProvider) -> None:
    wanted = "Writes notes for the board. Use when a release is due."
    provider.when(field="description").answer(wanted)

    found = await redescribe(model, BRIEF, CONTENT, FEEDBACK)

    front = frontmatter_of(parse(found.content.encode()))
    assert (front.name, front.description, front.license) == ("notes", wanted, "MIT")
    assert found.content.partition("# Notes")[2] == CONTENT.partition("# Notes")[2]
    assert found.changes == ["Frontmatter: the description is rewritten."]
    assert FEEDBACK in provider.calls()[0].messages[-1].text


@pytest.mark.parametrize("text", ["string", "", "Writes notes.", "Use <b>when</b> asked.", "Use when asked. " * 100])
async def test_a_description_that_breaks_a_rule_is_not_taken(
    model: LanguageModel, provider: LocalProvider, text: str
) -> None:
    provider.when().answer(generic(text))

    assert (await redescribe(model, BRIEF, CONTENT, FEEDBACK)).content == CONTENT


async def test_a_skill_without_a_readable_frontmatter_is_left_alone(
    model: LanguageModel, provider: LocalProvider
) -> None:
    assert (await redescribe(model, BRIEF, "# Notes", FEEDBACK)).content == "# Notes"
    assert provider.calls() == []
