"""Which answers are legal: every action of every prompt, every kind of question, and the form that says the same."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from domain.answers import (
    LEGAL,
    REQUIRED,
    WORDS,
    check,
    digest,
    form,
    open_codes,
    question_problems,
    spoken,
    valid_part,
)
from domain.errors import InvalidAnswer
from domain.prompt import MAX_ANSWER, MAX_CONTENT, YOU_DECIDE, Answer, HitlType, Option, PromptAction, Question

TEXT = Question(id="text", text="Who reads it?", why="It sets the tone.")
YES_NO = Question(id="flag", text="With links?", type="boolean")
OPTIONS = [Option(id="d", label="Delete"), Option(id="a", label="Anonymise")]
SINGLE = Question(id="one", text="Which way?", type="single", options=OPTIONS)
MULTI = Question(id="many", text="Which parts?", type="multi", options=OPTIONS)
OPTIONAL = Question(id="more", text="Anything else?", required=False)
ALL = [TEXT, YES_NO, SINGLE, MULTI, OPTIONAL]
GOOD: dict[str, JsonValue] = {"text": "customers", "flag": False, "one": "d", "many": ["a", "my own"]}

FILLED = {"feedback": "shorter", "content": "# A", "reason": "known and fine"}


def refused(kind: HitlType, questions: list[Question], answer: Answer) -> dict[str, str]:
    with pytest.raises(InvalidAnswer) as caught:
        check(kind, questions, answer)
    return caught.value.fields


def clarified(answers: Mapping[str, JsonValue], questions: list[Question] = ALL) -> dict[str, str]:
    return question_problems(questions, answers)


@pytest.mark.parametrize("kind", LEGAL)
@pytest.mark.parametrize("action", PromptAction)
def test_each_prompt_takes_its_own_actions_and_no_others(kind: HitlType, action: PromptAction) -> None:
    answer = Answer(action=action, **FILLED)
    if action in LEGAL[kind]:
        assert check(kind, [], answer) is action
    else:
        assert list(refused(kind, [], answer)) == ["action"]


@pytest.mark.parametrize("kind", LEGAL)
def test_every_prompt_can_be_cancelled_without_a_word(kind: HitlType) -> None:
    assert check(kind, ALL, Answer(action="cancel")) is PromptAction.CANCEL


@pytest.mark.parametrize("action", ["", "PROCEED", " proceed", "explode"])
def test_an_action_that_is_none_is_refused_and_the_legal_ones_are_named(action: str) -> None:
    message = refused(HitlType.PREVIEW, [], Answer(action=action))["action"]
    assert "proceed, revise, edit, cancel" in message


@pytest.mark.parametrize(("case", "field"), REQUIRED.items())
@pytest.mark.parametrize("blank", [None, "", " \n\t"])
def test_an_action_that_says_nothing_without_its_field_is_refused(
    case: tuple[HitlType, PromptAction], field: str, blank: str | None
) -> None:
    kind, action = case
    assert list(refused(kind, [], Answer(action=action, **{**FILLED, field: blank}))) == [field]


def test_a_failed_validation_may_be_revised_without_feedback_because_the_findings_say_what_to_do() -> None:
    assert check(HitlType.VALIDATE, [], Answer(action="revise")) is PromptAction.REVISE


@pytest.mark.parametrize("named", [None, ["a", "b"], ["b", "a"]])
def test_a_waiver_names_every_open_error_or_none_for_all(named: list[str] | None) -> None:
    answer = Answer(action="waive", reason="known", findings=named)
    assert check(HitlType.VALIDATE, [], answer, ["a", "b"]) is PromptAction.WAIVE


@pytest.mark.parametrize(("named", "says"), [(["a"], "b"), ([], "a, b"), (["a", "b", "z"], "z")])
def test_a_waiver_that_leaves_an_error_open_or_names_another_is_refused(named: list[str], says: str) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        check(HitlType.VALIDATE, [], Answer(action="waive", reason="known", findings=named), ["a", "b"])
    assert says in caught.value.fields["findings"]


def test_only_the_errors_of_a_validate_prompt_are_open() -> None:
    findings: list[JsonValue] = [{"code": "a", "severity": "error"}, {"code": "b", "severity": "warning"}, "odd"]
    assert open_codes({"findings": findings}) == {"a"}
    assert open_codes({"questions": []}) == open_codes({"findings": None}) == set()


def test_every_action_that_is_legal_somewhere_has_words_for_people() -> None:
    assert {action for actions in LEGAL.values() for action in actions} == set(WORDS)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (TEXT, "customers"),
        (YES_NO, True),
        (YES_NO, False),
        (SINGLE, "d"),
        (SINGLE, "something of my own"),
        (MULTI, ["d", "a"]),
        (MULTI, ["something of my own"]),
        (OPTIONAL, None),
        (OPTIONAL, ""),
        *((question, YOU_DECIDE) for question in ALL),
    ],
)
def test_a_fitting_value_is_taken(question: Question, value: JsonValue) -> None:
    assert clarified({question.id: value}, [question]) == {}


@pytest.mark.parametrize(
    ("question", "value"),
    [
        *((question, None) for question in (TEXT, YES_NO, SINGLE, MULTI)),
        *((question, "") for question in (TEXT, YES_NO, SINGLE, MULTI)),
        (TEXT, "  "),
        (TEXT, True),
        (TEXT, 3),
        (TEXT, ["a"]),
        (TEXT, "x" * (MAX_ANSWER + 1)),
        (YES_NO, "yes"),
        (YES_NO, 1),
        (YES_NO, [True]),
        (SINGLE, ["d"]),
        (SINGLE, " "),
        (SINGLE, False),
        (SINGLE, {"id": "d"}),
        (MULTI, []),
        (MULTI, "d"),
        (MULTI, ["d", 1]),
        (MULTI, ["d", " "]),
        (MULTI, [None]),
        (OPTIONAL, 7),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_under_its_question(question: Question, value: JsonValue) -> None:
    assert list(clarified({question.id: value}, [question])) == [f"answers.{question.id}"]


def test_a_multi_answer_is_bounded_like_any_other() -> None:
    assert list(clarified({"many": ["x" * (MAX_ANSWER + 1)]}, [MULTI])) == ["answers.many"]


def test_every_unanswered_question_is_named_at_once() -> None:
    fields = refused(HitlType.CLARIFY, ALL, Answer(action="proceed"))
    assert set(fields) == {"answers.text", "answers.flag", "answers.one", "answers.many"}
    assert YOU_DECIDE in fields["answers.text"]


def test_an_answer_to_a_question_nobody_asked_is_refused_with_the_known_ones() -> None:
    problems = clarified({**GOOD, "txt": "a slip"})
    assert list(problems) == ["answers.txt"]
    assert "text" in problems["answers.txt"]


def test_a_whole_good_answer_is_taken() -> None:
    assert check(HitlType.CLARIFY, ALL, Answer(action="proceed", answers=GOOD)) is PromptAction.PROCEED


def test_texts_that_are_too_long_are_refused_with_their_measure() -> None:
    too_long = Answer(action="revise", feedback="x" * (MAX_ANSWER + 1), reason="y" * (MAX_ANSWER + 1))
    fields = refused(HitlType.PREVIEW, [], too_long)
    assert set(fields) == {"feedback", "reason"}
    assert str(MAX_ANSWER) in fields["feedback"]


def test_an_edited_text_is_measured_in_bytes() -> None:
    fits, over = "ä" * (MAX_CONTENT // 2), "ä" * (MAX_CONTENT // 2) + "x"
    assert check(HitlType.PREVIEW, [], Answer(action="edit", content=fits)) is PromptAction.EDIT
    assert list(refused(HitlType.PREVIEW, [], Answer(action="edit", content=over))) == ["content"]


def test_what_was_valid_in_a_refused_answer_is_kept() -> None:
    given: dict[str, JsonValue] = {"text": "customers", "flag": "perhaps", "one": "", "many": None, "other": "x"}
    assert valid_part(ALL, given) == {"text": "customers"}


@given(
    st.dictionaries(st.sampled_from([*GOOD, "more", "other"]), st.none() | st.booleans() | st.text() | st.integers())
)
def test_a_kept_part_never_brings_a_problem_of_its_own(given_answers: dict[str, JsonValue]) -> None:
    kept = valid_part(ALL, given_answers)
    assert not {f"answers.{name}" for name in kept} & set(question_problems(ALL, kept))


PROMPT = uuid4()


def sent(by: str = "ada", prompt: UUID = PROMPT, **fields: object) -> str:
    return digest(Answer.model_validate({"interaction_id": prompt, "action": "proceed", **fields}), by)


def test_the_same_answer_of_the_same_person_is_the_same_however_its_keys_lie() -> None:
    assert sent(answers={"a": 1, "b": {"x": 1, "y": 2}}) == sent(answers={"b": {"y": 2, "x": 1}, "a": 1})
    assert sent(feedback=None) == sent()


@pytest.mark.parametrize(
    "other",
    [
        sent(by="bob"),
        sent(prompt=uuid4()),
        sent(action="cancel"),
        sent(answers={"a": "1"}),
        sent(answers={"a": True}),
        sent(answers={"a": 1}, feedback="x"),
        sent(answers={"a": 1}, reason="x"),
        sent(answers={"a": 1}, findings=["a"]),
    ],
)
def test_any_difference_makes_another_answer(other: str) -> None:
    assert other != sent(answers={"a": 1})


def test_the_order_of_chosen_options_is_part_of_the_answer() -> None:
    assert sent(answers={"a": ["x", "y"]}) != sent(answers={"a": ["y", "x"]})


@pytest.mark.parametrize(
    ("question", "value", "words"),
    [
        (YES_NO, True, "yes"),
        (YES_NO, False, "no"),
        (SINGLE, "d", "Delete"),
        (SINGLE, "my own", "my own"),
        (MULTI, ["a", "my own"], "Anonymise, my own"),
        (TEXT, "customers", "customers"),
    ],
)
def test_an_answer_is_spoken_in_the_words_of_its_options(question: Question, value: JsonValue, words: str) -> None:
    assert spoken(question, value) == words


def accepts(kind: HitlType, questions: list[Question], body: JsonValue) -> bool:
    return Draft202012Validator(form(kind, questions)).is_valid(body)


@pytest.mark.parametrize("kind", LEGAL)
@pytest.mark.parametrize("questions", [[], ALL], ids=["plain", "questions"])
def test_a_form_is_a_json_schema_that_names_the_actions(kind: HitlType, questions: list[Question]) -> None:
    schema = form(kind, questions)
    Draft202012Validator.check_schema(schema)
    assert not accepts(kind, questions, {"action": "explode"})
    assert not accepts(kind, questions, {})


def test_a_form_asks_for_the_questions_that_must_be_answered_and_shows_why() -> None:
    answers: Any = form(HitlType.CLARIFY, ALL)["properties"]
    answers = answers["answers"]
    assert answers["required"] == ["text", "flag", "one", "many"]
    assert answers["properties"]["text"]["description"] == "It sets the tone."
    assert {"const": "d", "title": "Delete"} in answers["properties"]["one"]["anyOf"][0]["anyOf"]


@pytest.mark.parametrize(("case", "field"), REQUIRED.items())
def test_a_form_bounds_the_field_of_its_actions(case: tuple[HitlType, PromptAction], field: str) -> None:
    kind, action = case
    most = MAX_CONTENT if field == "content" else MAX_ANSWER
    assert accepts(kind, [], {"action": str(action), field: "x" * most})
    assert not accepts(kind, [], {"action": str(action), field: "x" * (most + 1)})


VALUES = (
    st.booleans()
    | st.integers()
    | st.text(min_size=1, max_size=20)
    | st.sampled_from(["d", "a", YOU_DECIDE])
    | st.lists(st.text(max_size=5) | st.sampled_from(["d", "a"]) | st.integers(), min_size=1, max_size=3)
)
QUESTION = st.builds(
    lambda number, kind, required: Question(
        id=f"q{number}", text="?", type=kind, options=OPTIONS if kind in ("single", "multi") else [], required=required
    ),
    st.integers(0, 3),
    st.sampled_from(["text", "boolean", "single", "multi"]),
    st.booleans(),
)


@given(
    st.lists(QUESTION, min_size=1, max_size=4, unique_by=lambda question: question.id),
    st.dictionaries(st.sampled_from(["q0", "q1", "q2", "q3"]), VALUES),
)
def test_whatever_the_check_takes_the_form_takes_too(questions: list[Question], answers: dict[str, JsonValue]) -> None:
    try:
        check(HitlType.CLARIFY, questions, Answer(action="proceed", answers=answers))
    except InvalidAnswer:
        return
    assert accepts(HitlType.CLARIFY, questions, {"action": "proceed", "answers": answers})


@pytest.mark.parametrize("kind", ["text", "boolean", "single", "multi"])
@pytest.mark.parametrize("blank", [None, "", []], ids=["null", "empty", "none"])
def test_a_blank_that_the_check_takes_for_an_optional_question_the_form_takes_too(kind: str, blank: JsonValue) -> None:
    question = Question.model_validate({"id": "q", "text": "?", "type": kind, "required": False, "options": OPTIONS})
    check(HitlType.CLARIFY, [question], Answer(action="proceed", answers={"q": blank}))
    assert accepts(HitlType.CLARIFY, [question], {"action": "proceed", "answers": {"q": blank}})
