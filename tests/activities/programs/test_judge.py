"""Verdicts with reasons, excuses word for word, advice that never blocks."""

import pytest
from pydantic import JsonValue

from activities.programs.judge import UNCITED, cited, expects_absence, judge, rationalizations, review
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


MADE_UP: JsonValue = {"quote": "the login command is gone", "reason": "it is named", "verdict": "yes"}
BARE: JsonValue = {"quote": "", "reason": "it is so", "verdict": "yes"}
CITED: JsonValue = {"quote": "All else is there", "reason": "it is named", "verdict": "yes"}


async def test_a_made_up_quote_is_no_evidence_however_often_it_comes(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(MADE_UP)

    found = await judge(model, CASE, WANTED, OUTPUT)

    assert not found.passed
    assert found.reason == f"{UNCITED} It gave as its reason: It is named."
    assert len(provider.calls()) == 2


@pytest.mark.parametrize("first", [MADE_UP, BARE])
async def test_a_judge_that_cites_nothing_is_asked_once_more(
    model: LanguageModel, provider: LocalProvider, first: JsonValue
) -> None:
    provider.when().answer(CITED)
    provider.when().answer(first, times=1)

    found = await judge(model, CASE, WANTED, OUTPUT)

    assert found.passed
    assert found.reason == "It is named. “All else is there”"
    assert len(provider.calls()) == 2


@pytest.mark.parametrize("quote", ["", "none", "N/A"])
async def test_what_must_not_be_there_need_not_be_quoted(
    model: LanguageModel, provider: LocalProvider, quote: str
) -> None:
    provider.when().answer({"quote": quote, "reason": "nothing is invented", "verdict": "yes"})

    found = await judge(model, CASE, Expectation(text="Does not invent a version", check="judge"), OUTPUT)

    assert found.passed
    assert len(provider.calls()) == 1


async def test_of_what_must_not_be_there_an_invented_quote_is_no_evidence_either(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(MADE_UP)

    assert not (await judge(model, CASE, Expectation(text="Does not invent", check="judge"), OUTPUT)).passed


async def test_a_no_needs_no_quote(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"quote": "", "reason": "it is not there", "verdict": "no"})

    assert (await judge(model, CASE, WANTED, OUTPUT)).reason == "It is not there."
    assert len(provider.calls()) == 1


async def test_a_small_judge_is_not_asked_twice(make_model: MakeModel, provider: LocalProvider) -> None:
    provider.when().answer(MADE_UP)

    assert not (await judge(make_model(small=True), CASE, WANTED, OUTPUT)).passed
    assert len(provider.calls()) == 1


@pytest.mark.parametrize(
    ("text", "absence"),
    [
        ("Does not mention the login", True),
        ("The answer doesn’t apologise", True),
        ("Contains no apology", True),
        ("Never invents a number", True),
        ("Leaves out the internals", True),
        ("Without a word on prices", True),
        ("Says nothing of prices", True),
        ("Names the login command", False),
        ("Names the flag without explaining it", False),
        ("States that no data is lost", False),
        ("Says it does not know the number", False),
        ("Asks for what is not given", False),
        ("Notes the crash", False),
    ],
)
def test_whether_something_must_not_be_there_is_told_by_the_first_words(text: str, absence: bool) -> None:
    assert expects_absence(text) is absence


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("We added the --json flag", True),
        ("We added … the --json flag. It doesn't crash", True),
        ("“It doesn't crash”", True),
        ("We removed the --json flag", False),
        ("We added … a crash", False),
        ("…", False),
        ("", False),
    ],
)
def test_a_quote_may_leave_out_emphasis_and_words_but_not_make_any_up(quote: str, found: bool) -> None:
    assert bool(cited("We **added** the `--json` flag.\nIt doesn’t crash.", quote)) is found


async def test_judges_of_one_answer_share_all_that_stands_before_the_expectation(
    model: LanguageModel, provider: LocalProvider
) -> None:
    for text in ("Names the login command", "Is brief"):
        await judge(model, CASE, Expectation(text=text, check="judge"), OUTPUT)
    asked = [call.messages[-1].text for call in provider.calls()]
    assert len({text.partition("Names the login")[0].partition("Is brief")[0] for text in asked}) == 1
    assert all(text.index(OUTPUT) < text.index("## expectation ##") for text in asked)


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
