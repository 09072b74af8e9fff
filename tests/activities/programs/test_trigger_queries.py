"""Messages on which descriptions are tried: like those of users, none that gives the skill away, ten of a kind."""

import pytest
from pydantic import JsonValue

from activities.programs.language_model import LanguageModel
from activities.programs.trigger_queries import names_it, write_queries
from domain.brief import Brief, Plan
from domain.rules.neighbours import Neighbour
from tests.activities.programs.conftest import REQUEST
from tests.support.generic import generic
from tests.support.provider import LocalProvider

PLAN = Plan(
    name="release-notes",
    title="Release notes",
    description="Writes release notes from merged pull requests. Use when a release is cut.",
    category="writing",
    triggers=["Draft the announcement of version nine"],
    non_triggers=["Review my pull request for style"],
)
NEIGHBOURS = [Neighbour(name="changelog", description="Keeps a changelog. Use when a change is merged.")]
CITIES = ["Paris", "Rome", "Oslo", "Berne", "Lima", "Quito", "Cairo", "Delhi", "Tokyo", "Seoul", "Kyiv", "Riga"]
WANTED: list[JsonValue] = [f"Tell {city} users what shipped on {day}" for day, city in enumerate(CITIES)]
NEAR: list[JsonValue] = [f"Who merged the {city} branch number {day}?" for day, city in enumerate(CITIES)]


async def written(model: LanguageModel) -> tuple[list[str], list[str]]:
    return await write_queries(model, Brief(task=REQUEST), PLAN, NEIGHBOURS)


async def test_ten_of_each_kind_are_asked_for_side_by_side(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when(field="wanted").answer(WANTED)
    provider.when(field="near_misses").answer(NEAR)
    should, should_not = await written(model)
    assert should == WANTED[:10]
    assert should_not == [str(text) for text in NEAR[:10]]
    calls = provider.calls()
    assert len(calls) == 2
    for call in calls:
        assert "- changelog: Keeps a changelog. Use when a change is merged." in call.text
        assert PLAN.description in call.text
    assert [PLAN.triggers[0] in call.text for call in sorted(calls, key=lambda call: call.fields)] == [False, True]


async def test_too_few_are_asked_for_once_more_and_the_plans_own_fill_up(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="wanted").answer(WANTED[:3])
    provider.when(field="wanted", contains=str(WANTED[0])).answer(WANTED[2:5])
    provider.when(field="near_misses").answer(NEAR)
    should, should_not = await written(model)
    assert should == [*WANTED[:5], PLAN.triggers[0]]
    assert len(should_not) == 10
    assert len(provider.calls()) == 3


@pytest.mark.parametrize(
    "useless",
    [
        "Use release-notes for this, please",
        "Ask the release notes skill to do it",
        "Notes please",
        "Describe [your product here] to me",
        f"{REQUEST}",
        "writes release notes from merged pull requests",
        "Use when a change is merged.",
        "to and to and to and to and to and to and to and to and",
    ],
)
async def test_a_message_that_gives_the_skill_away_or_says_nothing_is_dropped(
    model: LanguageModel, provider: LocalProvider, useless: str
) -> None:
    provider.when(field="wanted").answer([useless, *WANTED])
    provider.when(field="near_misses").answer(NEAR)
    should, _ = await written(model)
    assert should == WANTED[:10]


async def test_a_near_miss_that_is_nearly_one_that_should_trigger_is_dropped(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when(field="wanted").answer(WANTED)
    provider.when(field="near_misses").answer([f"{WANTED[0]} please", *NEAR])
    should, should_not = await written(model)
    assert should[0] == WANTED[0]
    assert f"{WANTED[0]} please" not in should_not


async def test_a_model_without_an_idea_leaves_the_plans_own_messages(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(generic())
    assert await written(model) == (PLAN.triggers, PLAN.non_triggers)


@pytest.mark.parametrize(
    ("text", "name", "named"),
    [
        ("use release-notes now", "release-notes", True),
        ("use Release-Notes.", "release-notes", True),
        ("write the release notes", "release-notes", False),
        ("the release notes skill", "release-notes", True),
        ("skill: release-notes", "release-notes", True),
        ("/changelog for May", "changelog", True),
        ("update the changelog", "changelog", False),
        ("pre-release-notes-draft", "release-notes", False),
    ],
)
def test_a_name_is_a_name_and_its_words_are_words(text: str, name: str, named: bool) -> None:
    assert names_it(text, name) is named
