"""Feedback changes the sections it touches and not a byte elsewhere."""

import pytest
from pydantic import JsonValue

from activities.programs.language_model import LanguageModel
from activities.programs.revise import revise
from domain.brief import Brief
from domain.skill import Finding, Severity
from domain.skill_file import sections
from tests.support.provider import LocalProvider

BRIEF = Brief(task="Write release notes for the Acme CLI")
CONTENT = """---
name: notes
description: Writes notes. Use when a release is due.
---

# Notes

Written by hand   with odd spacing.

## Quick Start

- Ask for the notes of one release.

## Rules

1. Be brief.
2. Be kind.

## Before handing over

- [ ] It is short
"""


def texts(content: str) -> dict[str, str]:
    return {item.heading: item.text for item in sections(content)}


async def test_a_section_that_the_feedback_names_is_changed_and_no_other(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="lines").answer(["- Ask for the notes of two releases.", "- Ask for a summary."])

    found = await revise(model, BRIEF, CONTENT, "Add more examples to the Quick Start section")

    before, after = texts(CONTENT), texts(found.content)
    assert after.pop("Quick Start") == (
        "\n- Ask for the notes of one release.\n- Ask for the notes of two releases.\n- Ask for a summary.\n\n"
    )
    del before["Quick Start"]
    assert after == before
    assert found.content.startswith(CONTENT.partition("## Quick Start")[0])
    assert len(found.changes) == 1
    assert found.changes[0].startswith("Quick Start: ")
    assert [call.fields for call in provider.calls()] == [["lines", "change"]]


async def test_feedback_that_changes_something_rewrites_the_section(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="lines").answer(["1. Be thorough.", "2. Be kind.", "## Sneaky heading"])

    found = await revise(model, BRIEF, CONTENT, "The Rules should ask for thoroughness instead of brevity")

    assert texts(found.content)["Rules"] == "\n1. Be thorough.\n2. Be kind.\n\n"


async def test_the_feedback_the_request_and_the_present_text_reach_the_model(
    model: LanguageModel, provider: LocalProvider
) -> None:
    await revise(model, BRIEF, CONTENT, "The Rules are too soft")

    told = provider.calls()[0].messages[-1].text
    assert "The Rules are too soft" in told
    assert "2. Be kind." in told
    assert BRIEF.task in told


async def test_feedback_that_names_no_section_lets_the_model_choose(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="touched").answer(["Rules", "no such heading"])
    provider.when(field="lines").answer(["1. Be friendly."])

    found = await revise(model, BRIEF, CONTENT, "Make it friendlier")

    assert texts(found.content)["Rules"] == "\n1. Be friendly.\n\n"
    assert texts(found.content)["Quick Start"] == texts(CONTENT)["Quick Start"]


async def test_a_model_that_chooses_nothing_real_leaves_the_section_with_the_feedbacks_words(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="touched").answer(["no such heading"])

    found = await revise(model, BRIEF, CONTENT, "Say that releases need notes")

    assert found.changes[0].startswith("Quick Start: ")


async def test_a_new_section_comes_before_the_final_checks(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when(field="lines").answer(["- Notes are in English."])

    found = await revise(model, BRIEF, CONTENT, 'Add a section called "Language".')

    assert list(texts(found.content)) == ["Quick Start", "Rules", "Language", "Before handing over"]
    assert texts(found.content)["Language"] == "\n- Notes are in English.\n\n"


async def test_a_model_that_only_repeats_the_section_is_asked_again_and_then_helped(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="lines").answer(["- Ask for the notes of one release."])

    found = await revise(model, BRIEF, CONTENT, "Add an example with two releases to the Quick Start")

    assert len(provider.calls()) == 2
    assert "- Add an example with two releases to the Quick Start" in texts(found.content)["Quick Start"]


async def test_findings_are_mended_in_the_sections_they_lie_in(model: LanguageModel, provider: LocalProvider) -> None:
    line = CONTENT.splitlines().index("2. Be kind.") + 1
    finding = Finding(code="x", severity=Severity.ERROR, message="Rule two is vague.", line=line, fix="Say how.")
    provider.when(field="lines").answer(["1. Be brief.", "2. Thank contributors by name."])

    found = await revise(model, BRIEF, CONTENT, "", findings=[finding])

    assert texts(found.content)["Rules"] == "\n1. Be brief.\n2. Thank contributors by name.\n\n"
    assert "Rule two is vague. Say how." in provider.calls()[0].messages[-1].text


async def test_findings_on_the_frontmatter_are_left_to_the_caller_and_named(
    model: LanguageModel, provider: LocalProvider
) -> None:
    finding = Finding(code="name-missing", severity=Severity.ERROR, message="`name` is missing.", field="name", line=1)

    found = await revise(model, BRIEF, CONTENT, "", findings=[finding])

    assert found.content == CONTENT
    assert found.changes == ["Frontmatter: `name` is missing."]
    assert provider.calls() == []


async def test_no_feedback_changes_nothing(model: LanguageModel, provider: LocalProvider) -> None:
    assert (await revise(model, BRIEF, CONTENT, "  ")).content == CONTENT
    assert provider.calls() == []


@pytest.mark.parametrize("content", ["", "just text", "# Only a title\n"])
async def test_text_without_sections_gets_one(model: LanguageModel, content: str) -> None:
    found = await revise(model, BRIEF, content, "Say that notes are in English")

    assert found.content.startswith(content.rstrip("\n"))
    assert "## Notes" in found.content


async def test_earlier_feedback_stays_done_and_the_newest_is_what_must_change_now(
    model: LanguageModel, provider: LocalProvider
) -> None:
    brief = BRIEF.model_copy(update={"feedback": ["Be kinder in the Rules"]})

    await revise(model, brief, CONTENT, "The Rules are too soft", missed="It is as soft as before.")

    told = provider.calls()[0].messages[-1].text
    assert "it must stay done" in told
    assert "- Be kinder in the Rules" in told
    assert told.index("- Be kinder in the Rules") < told.index("The Rules are too soft")
    assert "It is as soft as before." in told


async def test_what_a_model_writes_never_breaks_out_of_its_section(
    model: LanguageModel, provider: LocalProvider
) -> None:
    lines: list[JsonValue] = ["# A title", "1. Be thorough.", "## More", "```sh", "# a comment", "## another", "```"]
    provider.when(field="lines").answer(lines)

    found = await revise(model, BRIEF, CONTENT, "Rewrite the Rules")

    assert list(texts(found.content)) == list(texts(CONTENT))
    assert texts(found.content)["Rules"] == "\n1. Be thorough.\n```sh\n# a comment\n## another\n```\n\n"


async def test_every_section_that_the_feedback_names_is_changed(model: LanguageModel) -> None:
    content = CONTENT.replace("## Rules", "## Inputs\n\n- A list.\n\n## Workflow\n\n1. Read.\n\n## Rules")
    feedback = "Add an example to Quick Start, Inputs, Workflow, Rules and Before handing over"

    found = await revise(model, BRIEF, content, feedback)

    before, after = texts(content), texts(found.content)
    assert [heading for heading in before if before[heading] == after[heading]] == []


async def test_a_section_that_is_there_already_is_not_added_a_second_time(model: LanguageModel) -> None:
    found = await revise(model, BRIEF, CONTENT, "Add a section called Rules")

    assert list(texts(found.content)) == list(texts(CONTENT))
    assert texts(found.content)["Rules"] != texts(CONTENT)["Rules"]
