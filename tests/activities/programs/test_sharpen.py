"""A case that is passed without the skill is made harder once, or left."""

import pytest
from pydantic import JsonValue

from activities.programs.language_model import LanguageModel
from activities.programs.sharpen import sharpen
from domain.brief import Brief, Plan
from domain.evaluation import CaseKind, EvaluationCase, Expectation
from domain.evidence.case_checks import problems
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.support.generic import generic
from tests.support.ledger import MemoryLedger
from tests.support.provider import LocalProvider

BRIEF = Brief(task=REQUEST)
PLAN = Plan(name="notes", title="N", description="d", category="w", success_criteria=["Every item once"])
CASE = EvaluationCase(
    id="case-2",
    prompt="Write up what we merged.\n\n- #12 add --json\n- #14 fix a crash",
    expectations=[Expectation(text="Names #12", check="contains", value="#12")],
)
HARDER: dict[str, JsonValue] = {
    "variant": "application",
    "ask": "The board meets in ten minutes; give me what we merged, and leave out what nobody will notice.",
    "material": ["#12 add --json, which replaces --format", "#14 fix a crash that came with #12", "#15 chore"],
    "expected": [{"text": "The loss of --format is a breaking change", "check": "judge", "value": ""}],
    "pressures": [],
    "right": "",
    "tempting": [],
}
WHY = "An addition hides a removal now."


def harder(**more: JsonValue) -> dict[str, JsonValue]:
    return {"why": WHY, "cases": [HARDER | more]}


async def test_the_author_reads_the_passing_answer_and_writes_a_harder_case(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(harder())

    found = await sharpen(model, BRIEF, PLAN, CASE, "## Added\nAll of it, “word for word”.")

    assert found is not None
    assert (found.id, found.kind) == ("case-2-s", CaseKind.APPLICATION)
    assert found.note == f"Takes the place of `case-2`, which passed without the skill. {WHY}"
    assert "#12 add --json, which replaces --format" in found.prompt
    assert problems(found) == []
    [call] = provider.calls()
    assert "All of it, “word for word”." in call.text
    assert "Names #12" in call.text
    assert "Every item once" in call.text


async def test_a_stricter_expectation_is_enough(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(harder(ask="Write up what we merged.", material=["#12 add --json", "#14 fix a crash"]))
    found = await sharpen(model, BRIEF, PLAN, CASE, "An answer.")
    assert found is not None
    assert found.expectations != CASE.expectations


@pytest.mark.parametrize("answer", [{"why": "no idea", "cases": []}, harder(ask="string"), harder(material=[])])
async def test_without_an_idea_there_is_no_case(
    model: LanguageModel, provider: LocalProvider, answer: JsonValue
) -> None:
    provider.when().answer(answer)
    assert await sharpen(model, BRIEF, PLAN, CASE, "An answer.") is None


async def test_the_emptiest_answer_is_no_idea_either(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(generic(full=True))
    assert await sharpen(model, BRIEF, PLAN, CASE, "An answer.") is None


async def test_the_same_case_again_is_not_harder(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(harder())
    first = await sharpen(model, BRIEF, PLAN, CASE, "An answer.")
    assert first is not None
    same = first.model_copy(update={"id": "case-9"})
    assert await sharpen(model, BRIEF, PLAN, same, "An answer.") is None


async def test_a_choice_that_says_which_option_is_right_is_refused(
    model: LanguageModel, provider: LocalProvider
) -> None:
    pressed: dict[str, JsonValue] = {
        "variant": "pressure",
        "pressures": ["time", "social", "authority"],
        "right": "Read all of them first (the correct way)",
        "tempting": ["Send what is there", "Ask somebody else to do it"],
    }
    provider.when().answer(harder(**pressed))
    assert await sharpen(model, BRIEF, PLAN, CASE, "An answer.") is None
    provider.when().answer(harder(**pressed | {"right": "Read all of them first"}))
    found = await sharpen(model, BRIEF, PLAN, CASE.model_copy(update={"id": "case-3"}), "An answer.")
    assert found is not None
    assert found.kind is CaseKind.PRESSURE


@pytest.mark.parametrize("change", [{"by_person": True}, {"id": "case-2-s"}])
async def test_cases_of_people_and_sharpened_ones_stay(
    model: LanguageModel, provider: LocalProvider, change: dict[str, object]
) -> None:
    assert await sharpen(model, BRIEF, PLAN, CASE.model_copy(update=change), "An answer.") is None
    assert provider.calls() == []


async def test_a_small_model_is_not_asked(make_model: MakeModel, provider: LocalProvider) -> None:
    assert await sharpen(make_model(small=True), BRIEF, PLAN, CASE, "An answer.") is None
    assert provider.calls() == []


async def test_a_second_time_is_free(model: LanguageModel, provider: LocalProvider, ledger: MemoryLedger) -> None:
    provider.when().answer(harder())
    first = await sharpen(model, BRIEF, PLAN, CASE, "An answer.")
    assert await sharpen(model, BRIEF, PLAN, CASE, "An answer.") == first
    assert len(provider.calls()) == len(ledger.calls) == 1
