"""The agent on trial, with the skill and without it."""

from activities.programs.agent import try_case
from activities.programs.language_model import LanguageModel
from domain.evaluation import EvaluationCase
from tests.support.ledger import MemoryLedger
from tests.support.provider import FaultKind, LocalProvider

CASE = EvaluationCase(id="case-1", prompt="Write the notes for 2.4.", expectations=[])


async def test_the_skill_is_the_agents_guidance_and_the_control_has_none(
    model: LanguageModel, provider: LocalProvider
) -> None:
    await try_case(model, CASE, None)
    await try_case(model, CASE, "# Notes\n\nBe brief.")

    without, with_ = ([message.text for message in call.messages] for call in provider.calls())
    assert without[1] == with_[1] == "Write the notes for 2.4."
    assert "skill" not in without[0]
    assert with_[0] == f"{without[0]}\n\nFollow this skill:\n\n# Notes\n\nBe brief."


async def test_both_arms_are_stored_apart(model: LanguageModel, ledger: MemoryLedger) -> None:
    await try_case(model, CASE, None)
    await try_case(model, CASE, "# Notes")

    assert [call.label for call in ledger.calls.values()] == ["case-1 without the skill", "case-1 with the skill"]


async def test_an_agent_that_says_nothing_gives_an_empty_answer(model: LanguageModel, provider: LocalProvider) -> None:
    provider.fail(FaultKind.EMPTY)

    assert await try_case(model, CASE, None) == ""
