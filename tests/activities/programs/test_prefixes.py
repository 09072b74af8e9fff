"""What all calls of a job say first is the same, so that a provider that keeps prompt prefixes reads it once."""

from itertools import takewhile

from activities.programs.cases import write_cases
from activities.programs.countering import counter
from activities.programs.describe import redescribe
from activities.programs.language_model import LanguageModel
from activities.programs.refine import refine
from activities.programs.revise import revise
from activities.programs.understand import ask_questions, summarize
from activities.programs.write import write
from domain.brief import Brief
from domain.job import Source
from tests.activities.programs.test_write import BRIEF, FAILED, PLAN
from tests.support.provider import LocalProvider
from tests.support.rows import SKILL

SOURCE = Source(name="house-style.md", content="Every pull request has a number, a label and an author. " * 120)


def shared(one: str, other: str) -> int:
    """Characters with which both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def share_read_before(texts: list[str]) -> float:
    """The part of all characters that stood at the same place of an earlier call."""
    kept = [max((shared(text, earlier) for earlier in texts[:at]), default=0) for at, text in enumerate(texts)]
    return sum(kept) / sum(map(len, texts))


async def author_a_skill(model: LanguageModel, brief: Brief) -> None:
    """Every task of an author once, as in a job with one revision."""
    await refine(model, brief)
    await ask_questions(model, brief, most=3)
    await summarize(model, brief)
    await write_cases(model, brief, PLAN)
    await write(model, brief, PLAN, [FAILED])
    await revise(model, brief, SKILL, "Name the pull request in each rule")
    await redescribe(model, brief, SKILL, "Say when to use it")
    await counter(model, brief, SKILL, [FAILED])


async def test_most_of_what_an_author_is_told_was_told_before(model: LanguageModel, provider: LocalProvider) -> None:
    await author_a_skill(model, BRIEF.model_copy(update={"sources": [SOURCE]}))
    texts = [call.text for call in provider.calls()]
    assert len(texts) >= 9
    assert share_read_before(texts) > 0.6, "0.01 when the task stood first"
