"""Sharpening the request: nothing of it gets lost, whatever a model says."""

from activities.programs.language_model import LanguageModel
from activities.programs.refine import refine
from domain.brief import Brief
from domain.names import LEGAL
from tests.activities.programs.conftest import REQUEST
from tests.support.provider import LocalProvider

REWORDED = (
    "From a list of merged pull requests, write release notes for the Acme CLI of at most 300 words, "
    "with the groups Added, Fixed and Breaking."
)


async def test_a_rewording_that_keeps_every_fact_is_used(model: LanguageModel, provider: LocalProvider) -> None:
    said = "Writes release notes for the Acme CLI. Use when pull requests were merged."
    provider.when().answer({"task_description": REWORDED, "name": "write-release-notes", "description": said})

    found = await refine(model, Brief(task=REQUEST))

    assert found.task_description == REWORDED
    assert found.name == "write-release-notes"
    assert found.description == said


async def test_a_rewording_that_loses_a_fact_is_not_used(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"task_description": "Write short release notes.", "name": "n", "description": "d"})

    found = await refine(model, Brief(task=REQUEST))

    assert found.task_description == REQUEST


async def test_useless_proposals_are_replaced_by_the_requests_own_words(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"task_description": "TODO", "name": "", "description": "string"})

    found = await refine(model, Brief(task=REQUEST))

    assert found.name == "write-release-notes-for-the"
    assert found.description.startswith(REQUEST)
    assert "Use when the task is to write release notes for the Acme CLI" in found.description


async def test_any_stand_in_leads_to_a_legal_name_and_a_description_that_says_when(model: LanguageModel) -> None:
    found = await refine(model, Brief(task="Create a skill for handling user data"))

    assert LEGAL.fullmatch(found.name)
    assert "use when" in found.description.casefold()
