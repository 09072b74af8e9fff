"""Which answers are legal: every action of every prompt, every kind of question, and the form that says the same."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from domain.answering.answers import LEGAL, REQUIRED, WORDS, check, digest, form, open_codes, spoken, valid_part
from domain.errors import InvalidAnswer
from domain.prompt import MAX_ANSWER, MAX_CONTENT, YOU_DECIDE, Answer, HitlType, Option, PromptAction, Question
from tests.support.prompts import CASES, shown

TEXT = Question(id="text", text="Who reads it?", why="It sets the tone.")
YES_NO = Question(id="flag", text="With links?", type="boolean")
OPTIONS = [Option(id="d", label="Delete"), Option(id="a", label="Anonymise")]
SINGLE = Question(id="one", text="Which way?", type="single", options=OPTIONS)
MULTI = Question(id="many", text="Which parts?", type="multi", options=OPTIONS)
OPTIONAL = Question(id="more", text="Anything else?", required=False)
ALL = [TEXT, YES_NO, SINGLE, MULTI, OPTIONAL]
GOOD: dict[str, JsonValue] = {"text": "customers", "flag": False, "one": "d", "many": ["a", "my own"]}

FILLED = {"feedback": "shorter", "content": CASES, "reason": "known and fine"}
OWN: Mapping[HitlType, dict[str, JsonValue]] = {HitlType.STRUCTURE_FIX: {"skill_name": "release-notes"}}
"""Answers without which an action says nothing, besides texts."""


def asked(kind: HitlType, questions: list[Question] | None = None, codes: tuple[str, ...] = ()) -> dict[str, JsonValue]:
    """The stored JSON of a prompt of this kind."""
    return shown(kind, questions=questions or [], codes=codes).model_dump(mode="json")


def refused(
    kind: HitlType, answer: Answer, questions: list[Question] | None = None, codes: tuple[str, ...] = ()
) -> dict[str, str]:
    with pytest.raises(InvalidAnswer) as caught:
        check(kind, asked(kind, questions, codes), answer)
    return caught.value.fields


def clarified(answers: Mapping[str, JsonValue], questions: list[Question] = ALL) -> dict[str, str]:
    try:
        check(HitlType.CLARIFY, asked(HitlType.CLARIFY, questions), Answer(action="proceed", answers=dict(answers)))
    except InvalidAnswer as error:
        return error.fields
    return {}


@pytest.mark.parametrize("kind", HitlType)
@pytest.mark.parametrize("action", PromptAction)
def test_each_prompt_takes_its_own_actions_and_no_others(kind: HitlType, action: PromptAction) -> None:
    answer = Answer(action=action, answers=OWN.get(kind), **FILLED)
    if action in LEGAL[kind]:
        assert check(kind, asked(kind), answer) is action
    else:
        assert list(refused(kind, answer)) == ["action"]


@pytest.mark.parametrize("kind", HitlType)
def test_every_prompt_can_be_cancelled_without_a_word(kind: HitlType) -> None:
    assert check(kind, asked(kind, ALL), Answer(action="cancel")) is PromptAction.CANCEL


def test_a_half_filled_answer_does_not_stop_a_cancel() -> None:
    assert check(HitlType.CLARIFY, asked(HitlType.CLARIFY, ALL), Answer(action="cancel", answers={"text": 7, "x": 1}))
    assert check(HitlType.BUDGET, asked(HitlType.BUDGET), Answer(action="finish", answers={"calls": "many"}))


@pytest.mark.parametrize("action", ["", "PROCEED", " proceed", "explode"])
def test_an_action_that_is_none_is_refused_and_the_legal_ones_are_named(action: str) -> None:
    message = refused(HitlType.PREVIEW, Answer(action=action))["action"]
    assert "proceed, revise, edit, cancel" in message


@pytest.mark.parametrize(("case", "field"), REQUIRED.items())
@pytest.mark.parametrize("blank", [None, "", " \n\t"])
def test_an_action_that_says_nothing_without_its_field_is_refused(
    case: tuple[HitlType, PromptAction], field: str, blank: str | None
) -> None:
    kind, action = case
    assert list(refused(kind, Answer(action=action, **{**FILLED, field: blank}))) == [field]


def test_a_failed_validation_may_be_revised_without_feedback_because_the_findings_say_what_to_do() -> None:
    assert check(HitlType.VALIDATE, asked(HitlType.VALIDATE), Answer(action="revise")) is PromptAction.REVISE


@pytest.mark.parametrize("named", [None, ["a", "b"], ["b", "a"]])
def test_a_waiver_names_every_open_error_or_none_for_all(named: list[str] | None) -> None:
    answer = Answer(action="waive", reason="known", findings=named)
    prompt = asked(HitlType.VALIDATE, codes=("a", "b"))
    assert check(HitlType.VALIDATE, prompt, answer) is PromptAction.WAIVE


@pytest.mark.parametrize(
    ("named", "says"), [(["a"], "“b is wrong” (b)"), ([], "“a is wrong” (a); “b is wrong” (b)"), (["a", "b", "z"], "z")]
)
def test_a_waiver_that_leaves_an_error_open_or_names_another_is_refused(named: list[str], says: str) -> None:
    answer = Answer(action="waive", reason="known", findings=named)
    assert says in refused(HitlType.VALIDATE, answer, codes=("a", "b"))["findings"]


def test_only_the_errors_of_a_validate_prompt_are_open() -> None:
    findings: list[JsonValue] = [
        {"code": "a", "severity": "error", "message": "bad"},
        {"code": "b", "severity": "warning"},
        "odd",
    ]
    assert open_codes({"findings": findings}) == {"a": "bad"}
    assert open_codes({"questions": []}) == open_codes({"findings": None}) == {}


def test_every_kind_has_a_model_and_every_legal_action_has_words_for_people() -> None:
    assert set(LEGAL) == set(HitlType)
    assert {action for actions in LEGAL.values() for action in actions} == set(WORDS) == set(PromptAction)


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
        (MULTI, ["d", YOU_DECIDE]),
        (TEXT, "half \ud800 a pair"),
        (OPTIONAL, 7),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_under_its_question(question: Question, value: JsonValue) -> None:
    assert list(clarified({question.id: value}, [question])) == [f"answers.{question.id}"]


def test_a_multi_answer_is_bounded_like_any_other() -> None:
    assert list(clarified({"many": ["x" * (MAX_ANSWER + 1)]}, [MULTI])) == ["answers.many"]


def test_every_unanswered_question_is_named_at_once() -> None:
    fields = refused(HitlType.CLARIFY, Answer(action="proceed"), ALL)
    assert set(fields) == {"answers.text", "answers.flag", "answers.one", "answers.many"}
    assert "Who reads it?" in fields["answers.text"] and YOU_DECIDE in fields["answers.text"]


def test_an_answer_to_a_question_nobody_asked_is_refused_with_the_known_ones() -> None:
    problems = clarified({**GOOD, "txt": "a slip"})
    assert list(problems) == ["answers.txt"]
    assert "text" in problems["answers.txt"]


def test_you_decide_within_a_list_is_refused_and_told_how_to_be_said() -> None:
    assert "stands alone" in clarified({"many": ["d", YOU_DECIDE]}, [MULTI])["answers.many"]


@pytest.mark.parametrize("name", ["model_config", "_private", "copy", "ä b.c", "1", "class", "answers", ""])
def test_a_question_may_have_any_id(name: str) -> None:
    question = TEXT.model_copy(update={"id": name})
    assert clarified({name: "x"}, [question]) == {}
    assert list(clarified({}, [question])) == [f"answers.{name}"]


def test_a_whole_good_answer_is_taken() -> None:
    prompt = asked(HitlType.CLARIFY, ALL)
    assert check(HitlType.CLARIFY, prompt, Answer(action="proceed", answers=GOOD)) is PromptAction.PROCEED


def test_texts_that_are_too_long_are_refused_with_their_measure() -> None:
    too_long = Answer(action="revise", feedback="x" * (MAX_ANSWER + 1), reason="y" * (MAX_ANSWER + 1))
    fields = refused(HitlType.PREVIEW, too_long)
    assert set(fields) == {"feedback", "reason"}
    assert str(MAX_ANSWER) in fields["feedback"]


def test_an_edited_text_is_measured_in_bytes() -> None:
    fits, over = "ä" * (MAX_CONTENT // 2), "ä" * (MAX_CONTENT // 2) + "x"
    assert check(HitlType.PREVIEW, asked(HitlType.PREVIEW), Answer(action="edit", content=fits)) is PromptAction.EDIT
    assert list(refused(HitlType.PREVIEW, Answer(action="edit", content=over))) == ["content"]


@pytest.mark.parametrize("field", ["feedback", "content", "reason"])
def test_a_text_that_is_no_utf8_is_refused_under_its_field(field: str) -> None:
    fields = refused(HitlType.VALIDATE, Answer(action="cancel", **{field: "a \ud800"}))
    assert list(fields) == [field]
    assert "Character 3" in fields[field]


@pytest.mark.parametrize("kind", [HitlType.TDD_GREEN, HitlType.TDD_REFACTOR, HitlType.PREVIEW, HitlType.VALIDATE])
def test_an_edited_skill_is_taken_as_it_is_whatever_its_validity(kind: HitlType) -> None:
    assert check(kind, asked(kind), Answer(action="edit", content="no frontmatter\x00 at all")) is PromptAction.EDIT


def test_edited_cases_must_be_cases() -> None:
    fields = refused(HitlType.TDD_RED, Answer(action="edit", content="- id: a\n  prompt: p\n  expectations: []\n"))
    assert "no `expectations`" in fields["content"]
    assert check(HitlType.TDD_RED, asked(HitlType.TDD_RED), Answer(action="revise", feedback="x", content="no cases"))


def test_what_was_valid_in_a_refused_answer_is_kept() -> None:
    given: dict[str, JsonValue] = {"text": "customers", "flag": "perhaps", "one": "", "many": None, "other": "x"}
    answer = Answer(action="dance", answers=given, feedback="more", reason=" ", content="y" * (MAX_CONTENT + 1))
    kept = valid_part(HitlType.CLARIFY, asked(HitlType.CLARIFY, ALL), answer)
    assert kept.model_dump(exclude_unset=True) == {"answers": {"text": "customers"}, "feedback": "more"}


def test_cases_that_cannot_be_read_are_kept_to_be_mended() -> None:
    answer = Answer(action="edit", content="- id: [", feedback="too easy")
    kept = valid_part(HitlType.TDD_RED, asked(HitlType.TDD_RED), answer)
    assert kept.model_dump(exclude_unset=True) == {"content": "- id: [", "feedback": "too easy"}


@given(
    st.dictionaries(st.sampled_from([*GOOD, "more", "other"]), st.none() | st.booleans() | st.text() | st.integers())
)
def test_a_kept_part_never_brings_a_problem_of_its_own(given_answers: dict[str, JsonValue]) -> None:
    answer = Answer(action="proceed", answers=given_answers)
    kept = valid_part(HitlType.CLARIFY, asked(HitlType.CLARIFY, ALL), answer).answers or {}
    assert not {f"answers.{name}" for name in kept} & set(clarified(kept))


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
    ids=("person", "prompt", "action", "text", "truth", "feedback", "reason", "findings"),
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


def accepts(kind: HitlType, body: JsonValue, questions: list[Question] | None = None) -> bool:
    return Draft202012Validator(form(kind, shown(kind, questions=questions or []))).is_valid(body)


@pytest.mark.parametrize("kind", HitlType)
@pytest.mark.parametrize("questions", [[], ALL], ids=["plain", "questions"])
def test_a_form_is_a_json_schema_that_names_the_actions(kind: HitlType, questions: list[Question]) -> None:
    schema: Any = form(kind, shown(kind, questions=questions))
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["action"]["enum"] == [str(action) for action in LEGAL[kind]]
    assert set(schema["properties"]["action"]["words"]) == set(LEGAL[kind])
    assert "$ref" not in str(schema) and "$defs" not in schema
    assert not accepts(kind, {"action": "explode"}, questions)
    assert not accepts(kind, {}, questions)


def test_a_form_asks_for_the_questions_that_must_be_answered_and_shows_why() -> None:
    schema: Any = form(HitlType.CLARIFY, shown(HitlType.CLARIFY, questions=ALL))
    answers = schema["properties"]["answers"]
    assert answers["required"] == ["text", "flag", "one", "many"]
    assert answers["properties"]["text"]["title"] == "Who reads it?"
    assert answers["properties"]["text"]["description"] == "It sets the tone."
    assert {"const": "d", "title": "Delete"} in answers["properties"]["one"]["anyOf"]


def test_going_on_without_need_of_a_skill_is_called_by_its_name() -> None:
    for no_need, words in ((True, "Write it anyway"), (False, "Go on")):
        data = shown(HitlType.TDD_RED).model_copy(update={"no_skill_needed": no_need})
        schema: Any = form(HitlType.TDD_RED, data)
        assert schema["properties"]["action"]["words"]["proceed"] == words


@pytest.mark.parametrize(("case", "field"), REQUIRED.items())
def test_a_form_bounds_the_field_of_its_actions_and_says_who_needs_it(
    case: tuple[HitlType, PromptAction], field: str
) -> None:
    kind, action = case
    most = MAX_CONTENT if field == "content" else MAX_ANSWER
    assert accepts(kind, {"action": str(action), field: "x" * most})
    assert not accepts(kind, {"action": str(action), field: "x" * (most + 1)})
    assert not accepts(kind, {"action": str(action)}) and not accepts(kind, {"action": str(action), field: " "})
    assert accepts(kind, {"action": "cancel"})
    schema: Any = form(kind, shown(kind))
    assert schema["properties"][field]["actions"] == [str(action)] and schema["properties"][field]["needed"]


@pytest.mark.parametrize("kind", ["text", "boolean", "single", "multi"])
@pytest.mark.parametrize("blank", [None, "", []], ids=["null", "empty", "none"])
def test_a_blank_that_the_check_takes_for_an_optional_question_the_form_takes_too(kind: str, blank: JsonValue) -> None:
    question = Question.model_validate({"id": "q", "text": "?", "type": kind, "required": False, "options": OPTIONS})
    assert clarified({"q": blank}, [question]) == {}
    assert accepts(HitlType.CLARIFY, {"action": "proceed", "answers": {"q": blank}}, [question])
