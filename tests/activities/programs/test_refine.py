"""Sharpening the request: nothing of it gets lost, whatever a model says."""

import pytest

from activities.programs.language_model import LanguageModel
from activities.programs.refine import refine
from domain.answering.proposals import description_findings, name_findings
from domain.brief import Brief
from domain.names import LEGAL
from domain.rules.format_rules import MAX_DESCRIPTION
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.support.generic import generic
from tests.support.provider import LocalProvider

REWORDED = (
    "From a list of merged pull requests, write release notes for the Acme CLI of at most 300 words, "
    "with the groups Added, Fixed and Breaking."
)


async def test_a_rewording_that_keeps_every_fact_is_used(model: LanguageModel, provider: LocalProvider) -> None:
    said = "Writes release notes for the Acme CLI. Use when pull requests were merged."
    provider.when().answer(
        {"task_description": REWORDED, "name": "write-release-notes", "description": said, "look_up": []}
    )

    found = await refine(model, Brief(task=REQUEST))

    assert found.task_description == REWORDED
    assert found.name == "write-release-notes"
    assert found.description == said


async def test_a_rewording_that_loses_a_fact_is_not_used(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(
        {"task_description": "Write short release notes.", "name": "n", "description": "d", "look_up": []}
    )

    found = await refine(model, Brief(task=REQUEST))

    assert found.task_description == REQUEST


async def test_useless_proposals_are_replaced_by_the_requests_own_words(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"task_description": "TODO", "name": "", "description": "string", "look_up": []})

    found = await refine(model, Brief(task=REQUEST))

    assert found.name == "write-release-notes-for-the"
    assert found.description.startswith(REQUEST)
    assert "Use when the task is to write release notes for the Acme CLI" in found.description


async def test_any_stand_in_leads_to_a_legal_name_and_a_description_that_says_when(model: LanguageModel) -> None:
    found = await refine(model, Brief(task="Create a skill for handling user data"))

    assert LEGAL.fullmatch(found.name)
    assert "use when" in found.description.casefold()


async def test_a_name_that_a_person_asks_for_wins_over_the_models(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(
        {"task_description": "", "name": "write-things", "description": "Writes. Use when asked.", "look_up": []}
    )

    found = await refine(model, Brief(task="Create a skill called Release_Notes that writes release notes"))

    assert found.name == "release-notes"


async def test_a_description_that_a_person_asks_for_is_mended_not_replaced(model: LanguageModel) -> None:
    task = 'Write a skill for release notes with the description "Writes <b>notes</b> of a release"'

    found = await refine(model, Brief(task=task))

    assert found.description.startswith("Writes notes of a release. Use when the task is to write a skill")


@pytest.mark.parametrize("text", ["string", "", "Claude"])
async def test_what_a_model_without_an_idea_proposes_never_breaks_a_rule(
    model: LanguageModel, provider: LocalProvider, text: str
) -> None:
    provider.when().answer(generic(text, full=True))

    found = await refine(model, Brief(task=f"Sort {'very ' * 400}long <lists> of user data"))

    assert name_findings(found.name) == []
    assert description_findings(found.description) == []
    assert len(found.description) <= MAX_DESCRIPTION


async def test_a_capable_model_says_what_it_would_look_up_and_the_small_one_is_not_asked(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.when(field="look_up").answer(["changelog rules", "acme cli", "pull requests", "one too many"])

    found = await refine(make_model(), Brief(task=REQUEST))
    small = await refine(make_model(small=True), Brief(task=REQUEST))

    assert found.look_up == ["changelog rules", "acme cli", "pull requests"]
    assert small.look_up == []
    assert ["look_up" in call.fields for call in provider.calls()] == [True, False]
