"""The agent on trial, with the skill and without it."""

from activities.programs.agent import READ, try_case
from activities.programs.language_model import LanguageModel
from activities.programs.together import together
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

    assert (await try_case(model, CASE, None)).text == ""


async def test_references_are_labelled_resources_before_the_case_and_bounded(
    model: LanguageModel, provider: LocalProvider
) -> None:
    beside = {"references/b.md": "x" * (2 * READ), "references/a.md": "Ids come first."}
    await try_case(model, CASE, "# Notes", beside)
    await try_case(model, CASE.model_copy(update={"prompt": "And for 2.5?"}), "# Notes", beside)
    first, second = (call.messages[0].text for call in provider.calls())
    assert first == second, "the prefix is the same for every case, so that a provider reads it once"
    assert '<resource path="references/a.md">\nIds come first.\n</resource>' in first
    assert first.index("a.md") < first.index("b.md")
    assert len(first) < READ + 1_000


async def test_tokens_and_seconds_are_those_of_its_own_call_also_when_it_was_paid_before(model: LanguageModel) -> None:
    first, other = await together(try_case(model, CASE, None), try_case(model, CASE, "# Notes " + "word " * 500))
    assert 0 < first.tokens < other.tokens - 300
    assert first.seconds > 0
    assert await try_case(model, CASE, None) == first
