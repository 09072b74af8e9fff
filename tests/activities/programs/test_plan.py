"""The plan: legal, free, on a real shelf, and in the author's words where the model has none."""

from typing import get_args

import pytest
from pydantic import JsonValue

from activities.programs.kinds import HUB, MEANS
from activities.programs.language_model import LanguageModel
from activities.programs.plan import plan
from domain.brief import Brief, Plan, PlannedFile, Proposal
from domain.job import Style
from domain.names import LEGAL
from domain.research import Hit, Research
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.support.generic import generic
from tests.support.provider import LocalProvider

SHELVES = ["data", "writing"]
GOOD: dict[str, JsonValue] = {
    "title": "release notes",
    "name": "write-release-notes",
    "what": "Writes release notes for the Acme CLI from merged pull requests.",
    "use_when": "Use when a release of the Acme CLI is due",
    "triggers": ["Write the release notes for version 2", "notes", "Summarise what was merged since March"],
    "non_triggers": ["Review this pull request for me"],
    "success_criteria": ["Every pull request appears once", "grouped into Added, Fixed and Breaking"],
    "key_assumptions": ["The list is complete"],
    "category": "writing",
    "kind": "technique",
}


async def test_a_good_plan_is_taken_as_it_is(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(GOOD)

    found = await plan(model, Brief(task=REQUEST), categories=SHELVES, taken=[], category=None)

    assert found.path == "writing/write-release-notes"
    assert found.title == "Release notes"
    assert found.description == (
        "Writes release notes for the Acme CLI from merged pull requests. Use when a release of the Acme CLI is due."
    )
    assert found.triggers == ["Write the release notes for version 2", "Summarise what was merged since March"]
    assert found.non_triggers == ["Review this pull request for me"]


async def test_what_code_can_check_comes_first_among_the_success_criteria_and_is_said_once(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(GOOD)

    found = await plan(model, Brief(task=REQUEST), categories=SHELVES, taken=[], category=None)

    assert found.success_criteria == [
        "Has the headings “Added”, “Fixed” and “Breaking”",
        "Has at most 300 words",
        "Every pull request appears once",
    ]


async def test_a_name_in_use_gets_a_number_and_a_persons_category_stands(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(GOOD)

    found = await plan(
        model, Brief(task=REQUEST), categories=SHELVES, taken=["write-release-notes"], category="engineering"
    )

    assert found.path == "engineering/write-release-notes-2"


async def test_a_category_that_does_not_exist_becomes_the_first(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(GOOD | {"category": "cooking"})

    found = await plan(model, Brief(task=REQUEST), categories=SHELVES, taken=[], category=None)

    assert found.category == "data"


async def test_without_shelves_there_is_a_place_for_anything(model: LanguageModel) -> None:
    found = await plan(model, Brief(task=REQUEST), categories=[], taken=[], category=None)

    assert found.category == "general"


async def test_the_shelves_are_the_only_choices_on_the_wire(model: LanguageModel, provider: LocalProvider) -> None:
    found = await plan(model, Brief(task=REQUEST), categories=["only-this"], taken=[], category=None)

    assert found.category == "only-this"


async def test_a_description_that_loses_a_name_or_invents_a_tool_falls_back_to_the_request(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.when().answer(GOOD | {"what": "Writes notes with GitHub.", "use_when": "Jira is used"})

    found = await plan(make_model(small=True), Brief(task=REQUEST), categories=SHELVES, taken=[], category=None)

    assert found.description.startswith(REQUEST)
    assert "GitHub" not in found.description
    assert "Jira" not in found.description


async def test_empty_answers_leave_a_plan_made_of_the_request(model: LanguageModel, provider: LocalProvider) -> None:
    nothing: dict[str, JsonValue] = {key: [] if isinstance(value, list) else "" for key, value in GOOD.items()}
    provider.when().answer(nothing)

    found = await plan(
        model, Brief(task="Create a skill for handling user data"), categories=SHELVES, taken=[], category=None
    )

    assert LEGAL.fullmatch(found.name)
    assert found.triggers == ["Please create a skill for handling user data"]
    assert found.description.count("Use when") == 1


async def test_feedback_on_the_last_plan_reaches_the_model(model: LanguageModel, provider: LocalProvider) -> None:
    await plan(
        model, Brief(task=REQUEST), categories=SHELVES, taken=[], category=None, feedback="Call it changelog please"
    )

    assert "Call it changelog please" in provider.calls()[0].messages[-1].text


SETTLED = Proposal(name="acme-notes", description="Writes the notes of Acme. Use when a release is due.")


async def settled_plan(model: LanguageModel, proposal: Proposal, feedback: str = "", taken: str = "") -> Plan:
    return await plan(
        model,
        Brief(task=REQUEST),
        categories=SHELVES,
        taken=[taken],
        category=None,
        feedback=feedback,
        settled=proposal,
    )


async def test_what_a_person_settled_on_is_the_name_and_the_description(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(GOOD)

    found = await settled_plan(model, SETTLED, feedback="More triggers please")

    assert (found.name, found.description) == (SETTLED.name, SETTLED.description)


async def test_a_settled_name_that_was_taken_since_gets_a_number(model: LanguageModel) -> None:
    assert (await settled_plan(model, SETTLED, taken="acme-notes")).name == "acme-notes-2"


async def test_where_only_a_name_is_settled_the_description_is_the_models(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(GOOD)

    found = await settled_plan(model, Proposal(name="claude-notes", description=""))

    assert found.name == "claude-notes"
    assert found.description.startswith("Writes release notes for the Acme CLI from merged pull requests.")


async def test_newer_words_on_the_name_or_the_description_win(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(GOOD)

    assert (await settled_plan(model, SETTLED, feedback="Call it Changelog instead")).name == "changelog"
    assert (await settled_plan(model, SETTLED, feedback="Find a better name")).name == "write-release-notes"
    described = await settled_plan(model, SETTLED, feedback="The description is too vague")
    assert described.name == "acme-notes"
    assert described.description != SETTLED.description


async def styled(model: LanguageModel, style: Style, task: str = REQUEST, feedback: str = "") -> Plan:
    return await plan(
        model, Brief(task=task), categories=SHELVES, taken=[], category=None, style=style, feedback=feedback
    )


@pytest.mark.parametrize("style", get_args(Style))
async def test_the_style_stands_in_the_plan_and_is_told_with_what_it_means(
    model: LanguageModel, provider: LocalProvider, style: Style
) -> None:
    found = await styled(model, style)

    assert found.style == style
    assert MEANS[style] in provider.calls()[0].text
    assert all(means not in provider.calls()[0].text for other, means in MEANS.items() if other != style)


async def test_feedback_that_names_a_style_changes_it(model: LanguageModel, provider: LocalProvider) -> None:
    assert (await styled(model, "comprehensive", feedback="Make it minimal")).style == "minimal"
    assert MEANS["minimal"] in provider.calls()[0].text


async def test_the_kind_is_the_models_or_by_rule_where_its_word_is_none(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="kind").answer("discipline")
    assert (await styled(model, "comprehensive")).kind == "discipline"
    provider.when(field="kind").answer("recipe")
    assert (await styled(model, "comprehensive", "Spot race conditions in a review")).kind == "pattern"


async def test_the_small_model_is_asked_for_neither_kind_nor_files(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    found = await styled(make_model(small=True), "navigation_hub", "Look up the parameters of our own API")

    assert (found.style, found.kind, found.files) == ("navigation_hub", "reference", [])
    assert not {"kind", "files"} & set(provider.calls()[0].fields)


async def test_files_are_asked_for_only_where_they_may_be_needed_and_only_legal_ones_are_planned(
    model: LanguageModel, provider: LocalProvider
) -> None:
    proposed: JsonValue = [
        {"path": "references/groups.md", "purpose": "Tells what belongs into which group."},
        {"path": "references/../../.bashrc", "purpose": "Runs at each login."},
        {"path": "references/groups.md", "purpose": "Says it again."},
        {"path": "scripts/run.sh", "purpose": "Runs what nobody asked for."},
    ]
    provider.when(field="files").answer(proposed)

    hub = await styled(model, "navigation_hub")
    one_text = await styled(model, "comprehensive")

    purpose = "Tells what belongs into which group."
    assert hub.files == [PlannedFile(path="references/groups.md", kind="reference", purpose=purpose)]
    assert one_text.files == []
    assert ["files" in call.fields for call in provider.calls()] == [True, False]


@pytest.mark.parametrize("full", [True, False])
async def test_a_model_without_an_idea_plans_a_hub_that_points_somewhere(
    model: LanguageModel, provider: LocalProvider, full: bool
) -> None:
    provider.when().answer(generic(full=full))

    assert [file.path for file in (await styled(model, "navigation_hub")).files] == [HUB]


async def test_a_near_duplicate_is_an_assumption_and_reaches_the_model(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(GOOD)
    hit = Hit(name="documents/release-notes", text="Writes release notes. Use when a release is due.", near=True)
    brief = Brief(task=REQUEST, research=[Research(query="release notes", where="library", hits=[hit])])

    found = await plan(model, brief, categories=SHELVES, taken=[], category=None)

    assert found.key_assumptions == [
        "The list is complete",
        "The library has documents/release-notes for nearly the same; this one is for what that one leaves out",
    ]
    assert "documents/release-notes: Writes release notes." in provider.calls()[0].text
