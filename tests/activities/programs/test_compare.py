"""The blind comparison: both orders must agree, and what is quoted must be there."""

import pytest
from pydantic import JsonValue

from activities.programs.compare import compare
from activities.programs.language_model import LanguageModel
from domain.evaluation import EvaluationCase, Expectation
from tests.support.choosing import section
from tests.support.provider import Answer, LocalProvider
from tests.support.provider_models import ChatRequest

CASE = EvaluationCase(id="c1", prompt="Write it.", expectations=[Expectation(text="Names ids", check="judge")])
NEW, OLD = "The flag (#1204) is new.", "Something is new."


def prefers(words: str, quote: str = "") -> Answer:
    """A judge that prefers the answer with these words, wherever it stands."""

    def answer(request: ChatRequest) -> JsonValue:
        place = "A" if words in section(request, "answer_a") else "B"
        said: dict[str, JsonValue] = {"quote_a": "", "quote_b": "", "reason": "it has the ids.", "better": place}
        return said | {f"quote_{place.lower()}": quote or words}

    return answer


async def test_a_judge_that_means_the_answer_is_believed(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(prefers("#1204"))
    verdict, why = await compare(model, CASE, NEW, OLD)
    assert verdict == 1
    assert "“#1204”" in why
    assert (await compare(model, CASE, OLD, NEW))[0] == -1
    first, second = provider.calls()[:2]
    assert {NEW in call.text and OLD in call.text for call in (first, second)} == {True}
    assert (first.text.index(NEW) < first.text.index(OLD)) != (second.text.index(NEW) < second.text.index(OLD))


@pytest.mark.parametrize("place", ["A", "B"])
async def test_a_judge_that_prefers_a_place_is_not(model: LanguageModel, provider: LocalProvider, place: str) -> None:
    said: JsonValue = {"quote_a": "is new", "quote_b": "is new", "reason": "better.", "better": place}
    provider.when().answer(said)
    assert await compare(model, CASE, NEW, OLD) == (0, "")


async def test_a_verdict_without_words_of_the_winner_is_a_tie(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(prefers("#1204", quote="words that nobody wrote"))
    assert await compare(model, CASE, NEW, OLD) == (0, "")


async def test_nobody_is_asked_about_the_same_answer(model: LanguageModel, provider: LocalProvider) -> None:
    assert await compare(model, CASE, NEW, f" {NEW}\n") == (0, "")
    assert provider.calls() == []
