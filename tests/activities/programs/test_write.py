"""Writing: the author's facts are in the skill whatever the model says, and what it says is cleaned first."""

import asyncio

import pytest
from pydantic import JsonValue

from activities.programs.certain import EVERY_ITEM, NOTHING_LOST
from activities.programs.failure_forms import counters
from activities.programs.language_model import LanguageModel
from activities.programs.write import write
from activities.programs.write_files import write_files
from domain.brief import Brief, Decision, Plan, PlannedFile
from domain.counters import COUNTERS, WORDS, fitted
from domain.evaluation import Arm, CaseRun, CheckedExpectation
from domain.facts import salient_facts
from domain.job import Style
from domain.manuscript import FileLink, body
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


FULL = PLAN.model_copy(
    update={
        "triggers": [f"Write the release notes for version {n}" for n in range(2, 7)],
        "non_triggers": ["Write the announcement of a product"],
        "outline": ["When to use", "Quick Start", "Tone", "Inputs", "Workflow", "Rules", "Common mistakes"],
        "guidance": {"Tone": "How the notes sound."},
        "files": [
            PlannedFile(path="references/house-style.md", kind="reference", purpose="how each kind of line is worded"),
            PlannedFile(path="scripts/count.py", kind="script", purpose="count the words of the notes"),
        ],
    }
)
FORMS: JsonValue = [
    {"failure": 1, "kind": "slot", "name": "", "text": "what stops working", "when": "", "otherwise": ""}
]
HOSTILE = "No time | for <b>that</b>, see [x](../../x)"


@pytest.fixture
def whole(answers: LocalProvider) -> LocalProvider:
    """Everything of a real plan has an answer."""
    answers.when(field="forms").answer(FORMS)
    answers.when(field="truths").answer([{"excuse": 1, "truth": "Short notes still have every group"}])
    answers.when(field="red_flags").answer(["You are about to leave a group out"])
    answers.when(field="lines", contains="lines of the program").answer(["import sys", "print(len(sys.stdin.read()))"])
    answers.when(contains="one reference of a skill").answer(
        {"sections": [{"heading": "Added", "lines": ["- Begin with a verb.", "- Say what is new for the user."]}]}
    )
    return answers


async def composed(model: LanguageModel, style: Style) -> list[SkillFileEntry]:
    """All files of a skill, put together as the writing step does it."""
    plan = FULL.model_copy(update={"style": style})
    failures = [FAILED.model_copy(update={"rationalizations": ["For brevity I left it out.", HOSTILE]})]
    manuscript = await write(model, BRIEF, plan, failures)
    against = fitted(await counters(model, BRIEF, failures), WORDS[manuscript.style])
    files = await write_files(model, BRIEF, plan)
    links = [FileLink(path=it.path, purpose=it.purpose) for it in plan.files if it.path in {f.path for f in files.kept}]
    text = body(manuscript.model_copy(update={"counters": against, "files": links}))
    return [SkillFileEntry(path=SKILL_FILE, data=render(plan.frontmatter, text)), *files.kept]


def headings(files: list[SkillFileEntry]) -> list[str]:
    return [item.heading for item in sections(files[0].data.decode())]


@pytest.mark.parametrize("style", ["comprehensive", "minimal", "navigation_hub"])
async def test_every_style_is_valid_and_holds_the_excuses_word_for_word(
    model: LanguageModel, whole: LocalProvider, style: Style
) -> None:
    files = await composed(model, style)

    report = validate(files, FULL.name, facts=salient_facts(REQUEST))
    text = files[0].data.decode()
    assert [(one.code, one.message) for one in report.findings if one.severity is Severity.ERROR] == []
    assert [file.path for file in files] == [SKILL_FILE, "references/house-style.md", "scripts/count.py"]
    assert "| “For brevity I left it out.” | Short notes still have every group. |" in text
    assert "“No time &#124; for &lt;b>that&lt;/b>, see [x]&#40;../../x)”" in text
    assert "- **Breaking** (REQUIRED): What stops working." in text
    assert all(f"| [{file.path}]({file.path}) | " in text for file in files[1:])


async def test_the_comprehensive_style_has_every_section_in_its_order(
    model: LanguageModel, whole: LocalProvider
) -> None:
    assert headings(await composed(model, "comprehensive")) == [
        "When to use",
        "Quick Start",
        "Files of this skill",
        "Tone",
        "Inputs",
        "Workflow",
        "Required parts",
        "Rules",
        "Excuses and what is true",
        "Red flags",
        "Decisions from the author",
        "Common mistakes",
        "Before handing over",
    ]


async def test_the_minimal_style_says_little_and_asks_less(model: LanguageModel, whole: LocalProvider) -> None:
    files = await composed(model, "minimal")

    told = files[0].data.decode()
    beside = (*COUNTERS, "Files of this skill")
    counted = sum(len(item.text.split()) for item in sections(told) if item.heading not in beside)
    asked = [call.fields for call in whole.calls()]
    assert {"Inputs", "Common mistakes", "Tone"} & set(headings(files)) == set()
    assert counted < 260  # of which the author's own words are 90
    assert not any("mistakes" in fields for fields in asked)


async def test_a_hub_leads_to_its_files_and_leaves_the_detail_there(model: LanguageModel, whole: LocalProvider) -> None:
    files = await composed(model, "navigation_hub")

    assert {"Inputs", "Common mistakes", "Tone"} & set(headings(files)) == set()
    assert headings(files)[:3] == ["When to use", "Quick Start", "Files of this skill"]


async def test_a_hub_without_files_and_one_of_a_small_model_are_written_whole(
    model: LanguageModel, make_model: MakeModel, answers: LocalProvider
) -> None:
    hub = FULL.model_copy(update={"style": "navigation_hub"})

    assert (await write(model, BRIEF, hub.model_copy(update={"files": []}), [])).style == "comprehensive"
    assert (await write(make_model(small=True), BRIEF, hub, [])).style == "comprehensive"
    assert (await write(model, BRIEF, hub, [])).style == "navigation_hub"


async def test_a_small_models_minimal_skill_asks_for_no_reasons(make_model: MakeModel, answers: LocalProvider) -> None:
    await write(make_model(small=True), BRIEF, FULL.model_copy(update={"style": "minimal"}), [])

    assert [call.fields for call in answers.calls()] == [["needed", "steps"]]
