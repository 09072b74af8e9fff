"""Cases that can fail: realistic prompts that give nothing away, and expectations that code checks first."""

import pytest
from pydantic import JsonValue

from activities.programs.cases import MOST_REVISED, WHOLE, revise_cases, write_cases
from activities.programs.language_model import LanguageModel
from domain.brief import Brief, Plan
from domain.evaluation import EvaluationCase, Expectation
from domain.evidence.grading import check
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.support.generic import generic
from tests.support.provider import LocalProvider

PLAN = Plan(
    name="notes", title="Notes", description="d", category="writing", success_criteria=["Every item appears once"]
)
MATERIAL: list[JsonValue] = [
    "#12 add --json to the list command",
    "#14 crash on an empty configuration file",
    "Group it under the headings Added and Fixed, please",
    "#15 the login command is gone",
]
CASE: dict[str, JsonValue] = {
    "ask": "Can you do the notes for release 2.4? Keep it under 300 words.",
    "material": MATERIAL,
    "shows": "names the login command",
}


async def test_prompts_carry_their_material_and_give_nothing_away(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"cases": [CASE]})

    [case] = await write_cases(model, Brief(task=REQUEST), PLAN)

    assert case.prompt == (
        "Can you do the notes for release 2.4?\n\n- #12 add --json to the list command\n"
        "- #14 crash on an empty configuration file\n- #15 the login command is gone"
    )


async def test_what_code_can_check_comes_before_the_judge(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"cases": [CASE]})

    [case] = await write_cases(model, Brief(task=REQUEST), PLAN)

    assert [item.check for item in case.expectations] == [*["regex"] * 3, "max_words", *["regex"] * 2, "judge"]
    assert case.expectations[-1].text == "names the login command"


async def test_an_answer_that_keeps_the_form_and_drops_the_content_fails(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"cases": [CASE]})
    [case] = await write_cases(model, Brief(task=REQUEST), PLAN)

    def passed(output: str) -> bool:
        verdicts = [check(item, output) for item in case.expectations]
        return all(verdict.passed for verdict in verdicts if verdict)

    assert not passed("## Added\n- none\n\n## Fixed\n- none\n\n## Breaking\n- none")
    assert passed("## Added\n- --json\n\n## Fixed\n- a crash\n\n## Breaking\n- `login` is gone")


async def test_a_task_that_chooses_need_not_use_all_its_material(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"cases": [CASE]})

    [case] = await write_cases(model, Brief(task="Pick the top five pull requests for a newsletter"), PLAN)

    assert not any(item.text.startswith("Deals with") for item in case.expectations)


@pytest.mark.parametrize("task", [REQUEST, "Create a skill for handling user data"])
async def test_an_empty_answer_fails_every_case(model: LanguageModel, task: str) -> None:
    cases = await write_cases(model, Brief(task=task), PLAN)

    assert 1 <= len(cases) <= 2
    for case in cases:
        assert any(item.check in ("regex", "contains") for item in case.expectations)
        assert sum(item.check == "judge" for item in case.expectations) == 1
        assert not any((verdict := check(item, "")) is None or verdict.passed for item in case.expectations)


async def test_a_model_without_material_leaves_the_bare_task(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"cases": [CASE | {"material": ["string"]}]})

    [case] = await write_cases(model, Brief(task=REQUEST), PLAN)

    assert case.prompt.startswith("Write release notes for the Acme CLI from a list of merged pull requests.")
    assert "Added" not in case.prompt
    assert case.expectations[-1].text == "Every item appears once"


async def test_a_model_that_repeats_its_instruction_is_not_taken_at_its_word(
    model: LanguageModel, provider: LocalProvider
) -> None:
    parrot = "Invent real situations in which a user needs this task done."
    provider.when().answer({"cases": [CASE | {"ask": parrot}]})

    [case] = await write_cases(model, Brief(task=REQUEST), PLAN)

    assert case.prompt.startswith("Write release notes for the Acme CLI")


async def test_a_small_model_makes_up_the_material_only(make_model: MakeModel, provider: LocalProvider) -> None:
    provider.when(field="first").answer(["#12 add --json to the list command", "#14 fix a crash at the start"])
    provider.when(field="second").answer(["#31 new command login", "#32 the old login command is gone"])

    cases = await write_cases(make_model(small=True), Brief(task=REQUEST), PLAN)

    assert [case.prompt for case in cases] == [
        "Write release notes for the Acme CLI from a list of merged pull requests.\n\n"
        "- #12 add --json to the list command\n- #14 fix a crash at the start",
        "Write release notes for the Acme CLI from a list of merged pull requests.\n\n"
        "- #31 new command login\n- #32 the old login command is gone",
    ]


async def test_a_small_model_judges_only_whether_the_material_was_used(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.when().answer({"first": MATERIAL, "second": MATERIAL})

    cases = await write_cases(make_model(small=True), Brief(task=REQUEST), PLAN)

    assert [case.id for case in cases] == ["case-1"]
    assert cases[0].expectations[-1].text == WHOLE


PRESENT = [
    EvaluationCase(
        id="case-1",
        prompt="Do the notes for 2.4.\n\n- #12 add --json",
        expectations=[Expectation(text="Names #12", check="contains", value="#12")],
    )
]


async def test_cases_are_written_anew_as_the_feedback_wants_them(model: LanguageModel, provider: LocalProvider) -> None:
    other: JsonValue = {**CASE, "ask": "Write up what we merged this week for the board.", "shows": "stays calm"}
    provider.when().answer({"cases": [CASE, other]})

    found = await revise_cases(model, Brief(task=REQUEST), PLAN, PRESENT, "One case for the board, please")

    assert [case.prompt.splitlines()[0] for case in found] == [
        "Can you do the notes for release 2.4?",
        "Write up what we merged this week for the board.",
    ]
    assert all(case.expectations[-1].check == "judge" for case in found)
    told = provider.calls()[0].messages[-1].text
    assert "One case for the board, please" in told
    assert "- #12 add --json" in told


async def test_at_most_four_cases_are_written_anew(model: LanguageModel, provider: LocalProvider) -> None:
    towns = ["Aachen", "Berlin", "Cairo", "Dublin", "Essen", "Florence"]
    many: JsonValue = [{**CASE, "ask": f"Please do the notes of the {town} office."} for town in towns]
    provider.when().answer({"cases": many})

    assert len(await revise_cases(model, Brief(task=REQUEST), PLAN, PRESENT, "More")) <= MOST_REVISED


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("text", ["string", ""])
async def test_a_model_without_an_idea_leaves_the_cases_as_they_are(
    make_model: MakeModel, provider: LocalProvider, small: bool, text: str
) -> None:
    provider.when().answer(generic(text, full=True))

    assert await revise_cases(make_model(small=small), Brief(task=REQUEST), PLAN, PRESENT, "More") == PRESENT


async def test_a_small_model_makes_up_other_material_for_the_feedback(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.when(field="first").answer(["#12 add --json to the list command", "#14 fix a crash at the start"])
    provider.when(field="second").answer([])

    found = await revise_cases(make_model(small=True), Brief(task=REQUEST), PLAN, PRESENT, "With a crash")

    assert [case.prompt.splitlines()[2:] for case in found] == [
        ["- #12 add --json to the list command", "- #14 fix a crash at the start"]
    ]
    assert "With a crash" in provider.calls()[0].messages[-1].text
