"""Verdicts with reasons, excuses word for word, advice that never blocks."""

import pytest
from pydantic import JsonValue

from activities.programs.judge import judge, rationalizations, review
from activities.programs.language_model import LanguageModel
from domain.brief import Plan
from domain.evaluation import CheckedExpectation, EvaluationCase, Expectation
from domain.skill import Severity
from tests.activities.programs.conftest import MakeModel
from tests.support.provider import LocalProvider

CASE = EvaluationCase(id="case-1", prompt="Write the notes.", expectations=[])
WANTED = Expectation(text="Names the login command", check="judge")
MISSED = [CheckedExpectation(text="Names the login command", check="judge", passed=False, reason="It is not there.")]
OUTPUT = "Here are the notes.\nFor brevity I left out the login command. All else is there."
PLAN = Plan(name="notes", title="Notes", description="d", category="writing")


async def test_a_verdict_carries_its_reason_and_the_words_that_decided_it(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"quote": "I left out the  login command", "reason": "it says so", "verdict": "no"})

    found = await judge(model, CASE, WANTED, OUTPUT)

    assert not found.passed
    assert found.reason == "It says so. “I left out the login command”"
    assert not found.low_confidence


async def test_a_made_up_quote_is_dropped(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"quote": "the login command is gone", "reason": "it is named", "verdict": "yes"})

    found = await judge(model, CASE, WANTED, OUTPUT)

    assert found.passed
    assert found.reason == "It is named."


async def test_the_small_models_verdicts_are_marked(make_model: MakeModel) -> None:
    assert (await judge(make_model(small=True), CASE, WANTED, OUTPUT)).low_confidence


async def test_excuses_are_found_by_rule_word_for_word(model: LanguageModel, provider: LocalProvider) -> None:
    assert await rationalizations(model, CASE, OUTPUT, MISSED) == ["For brevity I left out the login command."]
    assert provider.calls() == []


@pytest.mark.parametrize(("output", "checked"), [("", MISSED), (OUTPUT, [])])
async def test_nothing_said_or_nothing_missed_needs_no_excuse(
    model: LanguageModel, output: str, checked: list[CheckedExpectation]
) -> None:
    assert await rationalizations(model, CASE, output, checked) == []


async def test_a_capable_model_finds_other_excuses_but_only_real_sentences_count(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"excuses": ["The command matters little.", "I was tired."]})

    found = await rationalizations(model, CASE, "Done. The command matters little.", MISSED)

    assert found == ["The command matters little."]


async def test_a_small_model_is_not_asked_for_excuses(make_model: MakeModel, provider: LocalProvider) -> None:
    assert await rationalizations(make_model(small=True), CASE, "Done.", MISSED) == []
    assert provider.calls() == []


async def test_a_review_is_advice_with_its_section_and_never_blocks(
    model: LanguageModel, provider: LocalProvider
) -> None:
    remark: JsonValue = {
        "section": "## Rules",
        "problem": "two rules contradict each other",
        "fix": "keep the first one",
    }
    provider.when(field="remarks").answer([remark, {"section": "", "problem": "", "fix": ""}])

    [found] = await review(model, "# Notes\n\n## Rules\n\n- Be brief.\n", PLAN)

    assert found.severity is Severity.WARNING
    assert found.message == "Two rules contradict each other."
    assert found.excerpt == "Rules"
    assert found.fix == "Keep the first one."


async def test_the_small_model_is_not_asked_for_a_review(make_model: MakeModel, provider: LocalProvider) -> None:
    assert await review(make_model(small=True), "# Notes", PLAN) == []
    assert provider.calls() == []
