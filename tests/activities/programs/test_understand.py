"""Questions that are worth asking, as many as were promised."""

import pytest
from pydantic import JsonValue

from activities.programs.language_model import LanguageModel
from activities.programs.understand import ask_deeper, ask_questions, summarize
from domain.brief import Brief, Decision, Understanding
from domain.research import Hit, OpenPoint, Research
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.support.generic import generic
from tests.support.provider import LocalProvider

DATA = Brief(task="Create a skill for handling user data")
SAME: dict[str, JsonValue] = {
    "text": "Which user data is handled here?",
    "type": "text",
    "options": [],
    "why": "It decides the rules.",
}


@pytest.mark.parametrize(("most", "least"), [(3, 2), (2, 2), (1, 1)])
async def test_between_two_and_the_most_allowed_are_asked(model: LanguageModel, most: int, least: int) -> None:
    found = await ask_questions(model, DATA, most=most)

    assert least <= len(found) <= most
    assert [item.id for item in found] == [f"q{number}" for number in range(1, len(found) + 1)]
    assert all(item.required and item.why and item.text.endswith("?") for item in found)
    assert len({item.text for item in found}) == len(found)


async def test_none_are_asked_where_none_are_allowed_and_no_model_is_bothered(
    model: LanguageModel, provider: LocalProvider
) -> None:
    assert await ask_questions(model, DATA, most=0) == []
    assert provider.calls() == []


async def test_a_model_that_repeats_itself_is_helped_out_with_questions_of_our_own(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"questions": [SAME, SAME, SAME]})

    found = await ask_questions(model, DATA, most=3)

    assert found[0].text == "Which user data is handled here?"
    assert found[1].text == "What goes wrong today when this is done without the skill?"


async def test_what_is_answered_already_is_not_asked_again(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer({"questions": [SAME]})
    answered = [Decision(question="Which user data is handled here?", answer="addresses")]

    found = await ask_questions(model, DATA.model_copy(update={"decisions": answered}), most=3)

    assert len(found) == 2
    assert "Which user data is handled here?" not in [item.text for item in found]


async def test_choices_are_offered_only_where_there_are_some(model: LanguageModel, provider: LocalProvider) -> None:
    choice: JsonValue = {
        "text": "Where does the data live today?",
        "type": "single",
        "options": ["files", "database"],
        "why": "",
    }
    none: JsonValue = {
        "text": "Who may read the data later on?",
        "type": "multi",
        "options": ["anyone", "anyone"],
        "why": "",
    }
    odd: JsonValue = {"text": "Is there a deadline for deletion?", "type": "slider", "options": [], "why": ""}
    provider.when().answer({"questions": [choice, none, odd]})

    found = await ask_questions(model, DATA, most=3)

    assert [(item.type, [option.label for option in item.options]) for item in found] == [
        ("single", ["files", "database"]),
        ("text", []),
        ("text", []),
    ]


async def test_the_summary_is_the_models_and_readiness_one_when_nothing_is_open(
    model: LanguageModel, provider: LocalProvider
) -> None:
    told: JsonValue = {
        "summary": "User data is stored safely.",
        "user_problem": "data leaks",
        "user_goals": ["store it safely", "store it safely"],
        "unknown": [],
        "ready": True,
    }
    provider.when().answer(told)

    found = await summarize(model, DATA)

    assert found.summary == "User data is stored safely."
    assert found.user_problem == "Data leaks."
    assert found.user_goals == ["store it safely"]
    assert found.readiness == 1.0


async def test_an_empty_summary_falls_back_to_what_the_author_said(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer({"summary": "", "user_problem": "", "user_goals": [], "unknown": [], "ready": False})

    found = await summarize(model, DATA)

    assert found.summary == DATA.task
    assert found.user_goals == [DATA.task]
    assert 0 < found.readiness < 1


def asks(*texts: str) -> JsonValue:
    return {"questions": [{"text": text, "type": "text", "options": [], "why": ""} for text in texts]}


async def test_a_later_round_asks_only_what_is_new_and_under_ids_of_its_own(
    model: LanguageModel, provider: LocalProvider
) -> None:
    answered = [Decision(question="Which user data is handled here?", answer="addresses")]
    provider.when().answer(
        asks(
            "Is it user data that is handled here, and which?",
            "Who may read the addresses later on",
            "Where are the backups of it kept?",
            "Create a skill for handling user data",
            "When are old addresses deleted again?",
        )
    )

    found = await ask_deeper(
        model,
        DATA.model_copy(update={"decisions": answered}),
        asked=["Which user data is handled here?", "Where are backups of it kept?"],
        round_number=1,
        most=3,
    )

    assert [(item.id, item.text) for item in found] == [
        ("q2_1", "Who may read the addresses later on?"),
        ("q2_2", "When are old addresses deleted again?"),
    ]


async def test_a_later_round_asks_no_more_than_the_person_allows(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(asks("Who may read the addresses later?", "When are old ones deleted again?"))

    assert len(await ask_deeper(model, DATA, asked=[], round_number=2, most=1)) == 1
    assert await ask_deeper(model, DATA, asked=[], round_number=2, most=0) == []


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("text", ["string", ""])
async def test_where_a_model_has_no_idea_what_every_skill_needs_is_asked_once(
    model: LanguageModel, provider: LocalProvider, text: str, full: bool
) -> None:
    provider.when().answer(generic(text, full=full))
    asked = ["How will you see that a result is good?"]

    deeper = await ask_deeper(model, DATA, asked=asked, round_number=1, most=3)

    assert [item.id for item in deeper] == ["q2_1", "q2_2", "q2_3"]
    assert not {item.text for item in deeper} & set(asked)
    everything = [*asked, *(item.text for item in deeper)]
    assert await ask_deeper(model, DATA, asked=everything, round_number=2, most=3) == []


async def test_what_was_asked_before_reaches_the_model_also_when_it_was_left_open(
    model: LanguageModel, provider: LocalProvider
) -> None:
    await ask_deeper(model, DATA, asked=["Where are backups of it kept?"], round_number=1, most=3)

    assert "1. Where are backups of it kept?" in provider.calls()[0].messages[-1].text


POINTS: JsonValue = [
    {"question": "Who may read the addresses later on", "changes": "It decides what is left out."},
    {"question": "When are old addresses deleted again", "changes": ""},
]


def summed_up(ready: bool, unknown: JsonValue) -> dict[str, JsonValue]:
    return {"summary": "User data is kept.", "user_problem": "", "user_goals": [], "unknown": unknown, "ready": ready}


async def test_what_is_open_is_told_with_what_it_changes_and_lowers_readiness(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(summed_up(False, POINTS))
    answered = [Decision(question="Where does the data live?", answer="in files")]

    found = await summarize(model, DATA.model_copy(update={"decisions": answered}))

    assert found.unknown == [
        OpenPoint(point="Who may read the addresses later on?", changes="It decides what is left out."),
        OpenPoint(
            point="When are old addresses deleted again?", changes="The answer decides how the skill is written."
        ),
    ]
    assert found.readiness == 0.5


async def test_readiness_grows_with_answers_and_is_never_nearly_all_while_something_is_open(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(summed_up(False, POINTS))
    many = [Decision(question=f"Question number {number}?", answer=f"answer {number}") for number in range(60)]

    found = [await summarize(model, DATA.model_copy(update={"decisions": many[:n]})) for n in (0, 1, 3, 60)]

    assert [known.readiness for known in found] == [0.33, 0.5, 0.67, 0.9]


async def test_what_was_asked_is_not_open_again_also_when_it_was_left_to_the_model(
    model: LanguageModel, provider: LocalProvider
) -> None:
    provider.when().answer(summed_up(False, POINTS))

    found = await summarize(model, DATA, ["Who may later on read the addresses?"])

    assert [point.point for point in found.unknown] == ["When are old addresses deleted again?"]


async def test_the_small_model_is_not_asked_what_is_open_a_rule_tells_it(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    provider.when(field="ready").answer(False)

    found = await summarize(make_model(small=True), DATA, ["Which style, tone or format do you prefer?"])

    assert "unknown" not in provider.calls()[0].fields
    assert [point.point for point in found.unknown][:1] == [
        "What goes wrong today when this is done without the skill?"
    ]
    assert len(found.unknown) == 3


async def test_open_points_reach_the_model_and_are_asked_where_it_has_no_question(
    model: LanguageModel, provider: LocalProvider
) -> None:
    open_points = [OpenPoint(point="Who may read the addresses?", changes="It decides what is left out.")]
    known = Understanding(summary="User data.", unknown=open_points)
    provider.when().answer({"questions": []})

    found = await ask_deeper(model, DATA.model_copy(update={"understanding": known}), asked=[], round_number=1, most=3)

    assert "1. Who may read the addresses? It decides what is left out." in provider.calls()[0].text
    assert [(item.id, item.text, item.why) for item in found] == [
        ("q2_1", "Who may read the addresses?", "It decides what is left out.")
    ]


async def test_what_the_request_states_is_not_asked(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when().answer(asks("How long may the release notes be?", "Who reads the release notes later?"))

    found = await ask_questions(model, Brief(task=REQUEST), most=3)

    assert found[0].text == "Who reads the release notes later?"
    assert not any("How long" in item.text for item in found)


async def test_beside_a_near_duplicate_the_first_question_is_what_sets_the_two_apart(
    model: LanguageModel, provider: LocalProvider
) -> None:
    hit = Hit(name="data/user-data", text="Handles user data.", near=True)
    brief = DATA.model_copy(update={"research": [Research(query="data", where="library", hits=[hit])]})

    found = await ask_questions(model, brief, most=2)
    alone = await ask_questions(model, brief, most=1)
    answered = [Decision(question=found[0].text, answer="deletes it")]
    again = await ask_questions(model, brief.model_copy(update={"decisions": answered}), most=1)

    assert len(found) == 2
    assert (
        found[0].text
        == "The library has data/user-data, which does nearly this: what shall this skill do that it does not?"
    )
    assert [item.text for item in alone] == [found[0].text]
    assert again[0].text != found[0].text
