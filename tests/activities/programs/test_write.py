"""Writing: the author's facts are in the skill whatever the model says, and what it says is cleaned first."""

import asyncio

import pytest
from pydantic import JsonValue

from activities.programs.certain import EVERY_ITEM, NOTHING_LOST
from activities.programs.language_model import LanguageModel
from activities.programs.write import write
from domain.brief import Brief, Decision, Plan
from domain.evaluation import Arm, CaseRun, CheckedExpectation
from domain.manuscript import body
from domain.skill import SKILL_FILE, Frontmatter, Severity, SkillFileEntry
from domain.skill_file import parse, render, sections
from domain.validation import validate
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.support.provider import FaultKind, LocalProvider

PLAN = Plan(
    name="write-release-notes",
    title="Release notes",
    description="Writes release notes for the Acme CLI. Use when a release is due.",
    category="writing",
    triggers=["Write the release notes for version 2"],
    success_criteria=["Has at most 300 words"],
)
BRIEF = Brief(
    task=REQUEST,
    decisions=[
        Decision(question="Which tone?", answer="dry; never say “exciting”"),
        Decision(question="Who reads them?", answer="you decide"),
    ],
)
FAILED = CaseRun(
    case_id="case-1",
    arm=Arm.WITHOUT,
    output="Here are the notes.",
    passed=False,
    checked=[CheckedExpectation(text="Has the heading “Breaking”", check="regex", passed=False, reason="no")],
)
WORKFLOW: dict[str, JsonValue] = {
    "needed": [{"name": "Added", "what": "new things"}, {"name": "pull requests", "what": "the merged ones"}],
    "steps": [
        {"action": "read the list", "detail": "Note what each pull request changes."},
        {"action": "Read the list", "detail": "Again."},
        {"action": "sort the changes", "detail": "See https://example.org/how for more."},
        {"action": "write one line each", "detail": "Say what changed."},
    ],
}
RULES: dict[str, JsonValue] = {
    "reasons": ["The result is grouped into Added, Fixed and Breaking.", "Long notes are not read"],
    "more": [{"rule": "Name the pull request of each line", "why": "Readers look it up."}],
}
EDGES: dict[str, JsonValue] = {
    "good": "Three short lists that a user can act on.",
    "mistakes": [{"mistake": "Dropping small fixes", "instead": "Keep every merged pull request."}],
    "checks": ["Has at most 300 words", "every pull request of the list is there"],
}


@pytest.fixture
def answers(provider: LocalProvider) -> LocalProvider:
    """The stand-in answers each section with what is given above."""
    for answer in (WORKFLOW, RULES, EDGES):
        for field, value in answer.items():
            provider.when(field=field).answer(value)
    return provider


async def test_the_authors_words_are_in_the_skill_exactly(model: LanguageModel) -> None:
    text = body(await write(model, BRIEF, PLAN, []))

    assert f"> {REQUEST}" in text
    assert "- Which tone?\n  > dry; never say “exciting”" in text
    assert "Who reads them?" not in text


async def test_every_condition_and_answer_is_a_rule_and_the_model_gives_reasons_only(
    model: LanguageModel, answers: LocalProvider
) -> None:
    manuscript = await write(model, BRIEF, PLAN, [])

    assert [(rule.rule, rule.why) for rule in manuscript.rules] == [
        ("Deliver the result grouped into Added, Fixed and Breaking.", ""),
        ("Keep the result to at most 300 words.", "Long notes are not read."),
        ("Use the headings “Added”, “Fixed” and “Breaking”, each on a line of its own, in this order.", ""),
        (EVERY_ITEM, ""),
        ("Which tone: dry; never say “exciting”.", ""),
        ("Does not contain “exciting”.", ""),
        ("Name the pull request of each line.", "Readers look it up."),
    ]


async def test_repetition_results_as_inputs_and_invented_links_are_dropped(
    model: LanguageModel, answers: LocalProvider
) -> None:
    manuscript = await write(model, BRIEF, PLAN, [])

    assert [item.name for item in manuscript.inputs] == ["Pull requests"]
    assert [item.action for item in manuscript.steps][:3] == [
        "Read the list",
        "Sort the changes",
        "Write one line each",
    ]
    assert manuscript.steps[0].detail == "Note what each pull request changes."
    assert manuscript.steps[1].detail == ""


async def test_checks_begin_with_the_success_criteria_and_say_nothing_twice(
    model: LanguageModel, answers: LocalProvider
) -> None:
    manuscript = await write(model, BRIEF, PLAN, [])

    assert manuscript.checks == ["Has at most 300 words", NOTHING_LOST, "Every pull request of the list is there"]
    assert [item.mistake for item in manuscript.mistakes] == ["Dropping small fixes."]


async def test_what_agents_got_wrong_without_the_skill_is_told_to_the_model(
    model: LanguageModel, provider: LocalProvider
) -> None:
    await write(model, BRIEF, PLAN, [FAILED])

    assert all("Has the heading “Breaking”" in call.messages[-1].text for call in provider.calls())


async def test_a_recorded_failure_is_countered_by_code_before_the_models_mistakes(
    model: LanguageModel, answers: LocalProvider
) -> None:
    manuscript = await write(model, BRIEF, PLAN, [FAILED])

    assert [item.mistake for item in manuscript.mistakes] == [
        "Leaving out the headings “Added”, “Fixed” and “Breaking”, or using others.",
        "Dropping small fixes.",
    ]


async def test_a_small_model_gives_steps_and_reasons_and_code_gives_the_rest(
    make_model: MakeModel, answers: LocalProvider
) -> None:
    manuscript = await write(make_model(small=True), BRIEF, PLAN, [FAILED])

    assert len(answers.calls()) == 2
    assert [item.mistake for item in manuscript.mistakes] == [
        "Leaving out the headings “Added”, “Fixed” and “Breaking”, or using others."
    ]
    assert manuscript.checks == ["Has at most 300 words", NOTHING_LOST]
    assert [rule.why for rule in manuscript.rules][:2] == ["", "Long notes are not read."]


async def test_sections_are_written_side_by_side(model: LanguageModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.HANG, times=3)
    writing = asyncio.create_task(write(model, BRIEF, PLAN, []))
    await provider.until_calls(3)
    provider.release()
    await writing


async def test_a_looping_section_is_asked_for_once_more_and_then_done_without(
    model: LanguageModel, provider: LocalProvider
) -> None:
    loop: JsonValue = [{"action": "read the list", "detail": "go on and on and on " * 9}]
    provider.when(field="steps").answer(loop)

    manuscript = await write(model, BRIEF, PLAN, [])

    assert len(provider.calls()) == 4
    assert [item.action for item in manuscript.steps] == [
        "Read the list",
        "Check the result against the rules and the list at the end",
    ]
    assert manuscript.steps[0].detail == ""


async def test_the_small_model_may_not_name_tools_that_nobody_mentioned(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    steps: list[JsonValue] = [{"action": "Load the list with pandas", "detail": ""}]
    for action in ("Read it all", "Sort it out", "Write it down", "Send it on"):
        steps.append({"action": action, "detail": "Use GitHub for it."})
    provider.when(field="steps").answer(steps)

    text = body(await write(make_model(small=True), BRIEF, PLAN, []))

    assert "pandas" not in text
    assert "GitHub" not in text


async def test_a_small_models_steps_on_coding_and_approval_give_way_to_what_the_request_asks_for(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    proposed = ["Put them in a dictionary", "Publish the notes", "Group and sort the list", "Name the author of each"]
    provider.when(field="steps").answer([{"action": action, "detail": "The agent will do it."} for action in proposed])

    manuscript = await write(make_model(small=True), BRIEF, PLAN, [])

    assert [step.action for step in manuscript.steps] == [
        "Read everything the user gave",
        "Decide for each item which heading it belongs under",
        "Write every item under its heading",
        "Count the words",
        "Name the author of each",
        "Check the result against the rules and the list at the end",
    ]
    assert manuscript.steps[4].detail == ""


@pytest.mark.parametrize("task", [REQUEST, "Create a skill for handling user data"])
@pytest.mark.parametrize("small", [True, False])
async def test_what_a_stand_in_writes_passes_the_rules(make_model: MakeModel, task: str, small: bool) -> None:
    brief = BRIEF.model_copy(update={"task": task})
    plan = PLAN.model_copy(update={"success_criteria": [], "triggers": []})

    manuscript = await write(make_model(small=small), brief, plan, [])

    content = render(Frontmatter(name=plan.name, description=plan.description), body(manuscript))
    report = validate([SkillFileEntry(path=SKILL_FILE, data=content)], plan.name)
    assert [finding.message for finding in report.findings if finding.severity is Severity.ERROR] == []
    assert [item.heading for item in sections(parse(content).body)][:2] == ["Quick Start", "Inputs"]
