"""Cases of the kinds that a plan calls for: asked for side by side, mended once, and never fewer than three."""

import asyncio

import pytest
from pydantic import JsonValue

from activities.programs.case_tasks import SharpenCase, WriteOccasions, WritePressures, WriteQuestions, WriteSights
from activities.programs.cases_by_kind import FEWEST, TASKS, WANTED, revise_by_kind, write_by_kind
from activities.programs.language_model import LanguageModel
from activities.programs.task import Task, response_schema
from domain.brief import Brief, Kind, Plan
from domain.errors import ProviderError
from domain.evaluation import EvaluationCase, Expectation
from domain.evidence.case_checks import problems
from domain.evidence.choices import right_of
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.support.generic import generic
from tests.support.ledger import MemoryLedger
from tests.support.provider import FaultKind, LocalProvider

BRIEF = Brief(task=REQUEST)
KINDS: list[Kind] = ["technique", "discipline", "pattern", "reference"]
OCCASIONS, PRESSURES = "an ordinary day: the task as it really comes", "inconvenient"
"""Words of the two prompts, by which their calls are known."""


def plan(kind: Kind = "technique") -> Plan:
    return Plan(
        name="notes",
        title="Notes",
        description="Writes notes.",
        category="writing",
        kind=kind,
        triggers=["Please do the notes for this release"],
        non_triggers=["Announce the release on the blog"],
        success_criteria=["Every item appears once", "No jargon"],
    )


TOWNS = ["Aachen", "Berlin", "Cairo", "Dublin", "Essen"]


def occasion(town: str, **more: JsonValue) -> dict[str, JsonValue]:
    lines = {
        "Aachen": ["#12 add --json to list", "#14 crash on an empty file"],
        "Berlin": ["pay slips of March, twice", "the new printer driver"],
        "Cairo": ["renamed login to signin", "faster search over archives"],
        "Dublin": ["typo in the help text", "drop Python 3.9"],
        "Essen": ["colours in dark terminals", "a leak in the watcher"],
    }[town]
    asks = {
        "Aachen": "Can you write up what we merged this week?",
        "Berlin": "The office in Berlin needs to hear what changed for them.",
        "Cairo": "Put together something for users who upgrade tonight.",
        "Dublin": "My colleague is ill, please finish her overview of the patch level.",
        "Essen": "What shall I tell people about the build of yesterday?",
    }
    material: list[JsonValue] = [*lines]
    return {"variant": "application", "ask": asks[town], "material": material, "expected": [], **more}


def scene(town: str, **more: JsonValue) -> dict[str, JsonValue]:
    return occasion(town) | {
        "variant": "pressure",
        "material": [],
        "pressures": ["time", "authority", "sunk cost"],
        "right": f"Read every pull request of {town} first",
        "tempting": [f"Send what is there to {town}", f"Write it from the titles alone, {town} reads no more"],
        **more,
    }


def some(*cases: JsonValue) -> JsonValue:
    return {"cases": [*cases]}


def is_sound(cases: list[EvaluationCase]) -> bool:
    return all(problems(case, cases[:number]) == [] for number, case in enumerate(cases))


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_skill_gets_its_kinds_of_cases_in_one_call_each(
    model: LanguageModel, provider: LocalProvider, kind: Kind
) -> None:
    cases = await write_by_kind(model, BRIEF, plan(kind), most=5)

    assert FEWEST <= len(cases) <= 5
    assert [case.id for case in cases] == [f"case-{number}" for number in range(1, len(cases) + 1)]
    assert is_sound(cases)
    wanted = {TASKS[variant] for variant in WANTED[kind]}
    assert len(provider.calls()) == len(wanted)
    first = {"technique": "application", "discipline": "pressure", "pattern": "recognition", "reference": "retrieval"}
    assert cases[0].kind == first[kind]
    assert "command" not in {item.check for case in cases for item in case.expectations}


async def test_the_model_is_told_the_plan_and_what_is_wanted(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(some(*(occasion(town) for town in TOWNS)))
    cases = await write_by_kind(model, BRIEF, plan(), most=5)
    assert len(cases) == 5
    text = provider.calls()[0].text
    assert "2 of the variant `application`, 2 of the variant `variation`, 1 of the variant `missing`" in text
    for said in (REQUEST, "No jargon", "Announce the release on the blog"):
        assert said in text


async def test_the_kinds_are_asked_for_side_by_side(model: LanguageModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.HANG, times=2)
    writing = asyncio.ensure_future(write_by_kind(model, BRIEF, plan("discipline"), most=5))
    try:
        calls = await provider.until_calls(2)
        assert all(call.ended_at is None for call in calls)
    finally:
        provider.release()
    assert await writing


async def test_no_more_are_taken_than_the_profile_has(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(some(*(occasion(town) for town in TOWNS)))
    assert len(await write_by_kind(model, BRIEF, plan(), most=3)) == 3


async def test_too_few_are_asked_for_once_more_with_what_was_wrong(
    model: LanguageModel, provider: LocalProvider
) -> None:
    telling = scene("Cairo", right="Read them, as the policy requires")
    provider.when(contains=PRESSURES).answer(some(scene("Aachen"), scene("Aachen"), telling))
    provider.when(contains=OCCASIONS).answer(some())
    provider.when(contains="The question says which option is right.").answer(some(scene("Berlin"), scene("Dublin")))

    cases = await write_by_kind(model, BRIEF, plan("discipline"), most=5)

    assert [case.kind for case in cases] == ["pressure", "pressure", "pressure"]
    assert is_sound(cases)
    assert len({right_of(case) for case in cases}) > 1
    again = [call.text for call in provider.calls()[2:]]
    assert len(again) == 2
    assert any("2 of the variant `pressure`" in text for text in again)
    assert all("The question says which option is right." in text for text in again)


@pytest.mark.parametrize("text", ["string", ""])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_without_an_idea_leaves_three_cases_made_by_rule(
    model: LanguageModel, provider: LocalProvider, kind: Kind, text: str
) -> None:
    provider.when().answer(generic(text, full=True))
    cases = await write_by_kind(model, BRIEF, plan(kind), most=5)
    assert [case.id for case in cases] == ["case-1", "case-2", "case-3"]
    assert is_sound(cases)
    assert all(REQUEST.split(",")[0] in case.prompt or "notes for this release" in case.prompt for case in cases)
    assert not any("Added" in case.prompt for case in cases)


async def test_a_request_without_any_condition_has_sound_cases_too(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(generic())
    cases = await write_by_kind(model, Brief(task="Create a skill for handling user data"), plan(), most=5)
    assert len(cases) == FEWEST
    assert is_sound(cases)


async def test_a_retry_pays_nothing(model: LanguageModel, provider: LocalProvider, ledger: MemoryLedger) -> None:
    first = await write_by_kind(model, BRIEF, plan("discipline"), most=5)
    assert await write_by_kind(model, BRIEF, plan("discipline"), most=5) == first
    assert len(provider.calls()) == len(ledger.calls) == 2


async def test_after_a_failure_only_what_was_not_answered_is_paid_again(
    model: LanguageModel, provider: LocalProvider, ledger: MemoryLedger
) -> None:
    provider.when(contains=PRESSURES).fail(FaultKind.SERVER_ERROR, times=1)
    with pytest.raises(ProviderError):
        await write_by_kind(model, BRIEF, plan("discipline"), most=5)
    assert len(ledger.calls) == 1
    assert await write_by_kind(model, BRIEF, plan("discipline"), most=5)
    texts = [call.text for call in provider.calls()]
    assert sum(OCCASIONS in text for text in texts) == 1
    assert sum(PRESSURES in text for text in texts) == 2


async def test_a_limit_waits_as_the_provider_says(make_model: MakeModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.RATE_LIMIT, times=1, seconds=1)
    with pytest.raises(ProviderError):
        await write_by_kind(make_model(), BRIEF, plan("discipline"), most=5)
    assert await write_by_kind(make_model(), BRIEF, plan("discipline"), most=5)


MINE = EvaluationCase(
    id="r1-board",
    prompt="Write the notes for the board of Ghent.",
    expectations=[Expectation(text="Says hello", check="contains", value="hello")],
    by_person=True,
)
THEIRS = MINE.model_copy(update={"id": "r1-case-1", "prompt": "Write up the week.\n\n- a\n- b", "by_person": False})


async def test_feedback_changes_the_models_cases_and_keeps_those_of_people(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(some(occasion("Aachen"), scene("Berlin"), occasion("Cairo")))

    cases = await revise_by_kind(model, BRIEF, plan(), [MINE, THEIRS], "One about a deadline", most=3)

    assert [(case.id, case.kind, case.by_person) for case in cases] == [
        ("r1-board", "application", True),
        ("case-1", "application", False),
        ("case-2", "pressure", False),
    ]
    [call] = provider.calls()
    assert "One about a deadline" in call.text
    assert "Write the notes for the board of Ghent." in call.text
    assert "Says hello" in call.text


@pytest.mark.parametrize("text", ["string", ""])
async def test_without_an_idea_the_cases_stay(model: LanguageModel, provider: LocalProvider, text: str) -> None:
    provider.when().answer(generic(text, full=True))
    assert await revise_by_kind(model, BRIEF, plan(), [MINE, THEIRS], "More", most=5) == [MINE, THEIRS]


async def test_a_huge_set_of_cases_is_shown_in_part(model: LanguageModel, provider: LocalProvider) -> None:
    many = [MINE.model_copy(update={"id": f"m-{number}", "prompt": "word " * 900}) for number in range(50)]
    await revise_by_kind(model, BRIEF, plan(), many, "More", most=5)
    assert len(provider.calls()[0].text) < 25_000


def test_every_variant_that_is_wanted_has_a_task() -> None:
    assert set(WANTED) == set(KINDS)
    assert {variant for variants in WANTED.values() for variant in variants} == set(TASKS)
    assert all(len(variants) == 5 for variants in WANTED.values())


@pytest.mark.parametrize("task", [WriteOccasions, WritePressures, WriteSights, WriteQuestions, SharpenCase])
def test_no_model_is_offered_a_command(task: type[Task]) -> None:
    schema = str(response_schema(task))
    assert "json_schema" in schema
    assert "command" not in schema
