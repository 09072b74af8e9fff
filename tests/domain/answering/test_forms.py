"""What a form asks, and that nothing which passes through it is lost or changed: the failure of Prefect's #12817."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, JsonValue

from domain.answering.answer_fields import AnswerModel
from domain.answering.answers import LEGAL, check, form, parsed, valid_part
from domain.answering.forms import FormField, NotAValueError, actions, fields, gathered, typed, value_in, written
from domain.errors import InvalidAnswer
from domain.prompt import YOU_DECIDE, Answer, AnswerDraft, HitlType, Option, PromptAction, PromptData, Question
from tests.support.prompts import CASES, shown

TRICKY = [
    *("true", "false", "1", "0", "yes", "null", "None", "[]", "3.0", "a, b", " leading", "trailing \t", "two\nlines"),
    *(
        "\r\n",
        "Delete",
        "delete",
        "d",
        "a",
        "You decide",
        "you decide ",
        "ä ß 漢 😀",
        "‮x",
        '"quoted"',
        "<b>",
        "\x00",
        "#1",
    ),
]
"""Texts that forms love to change: other types, separators, labels and ids of choices, spaces, line ends."""

OPTIONS = [Option(id="d", label="Delete"), Option(id="a", label="d"), Option(id="true", label="Yes, do")]
UTF8 = st.characters(exclude_categories=["Cs"])
TEXT = st.sampled_from(TRICKY) | st.text(UTF8, min_size=1, max_size=20)
SAID = TEXT.filter(lambda text: text.strip() != "")
OWN = SAID.filter(lambda text: text != YOU_DECIDE)

QUESTION = st.builds(
    lambda number, kind, required, options: Question(
        id=f"q{number}",
        text="?",
        type=kind,
        options=options if kind in ("single", "multi") else [],
        required=required,
    ),
    st.integers(0, 4),
    st.sampled_from(["text", "boolean", "single", "multi"]),
    st.booleans(),
    st.sampled_from([OPTIONS, OPTIONS[:1], []]),
)
QUESTIONS = st.lists(QUESTION, min_size=1, max_size=4, unique_by=lambda question: question.id)


def values_of(question: Question) -> st.SearchStrategy[JsonValue]:
    """Every kind of legal value of a question."""
    choice = st.sampled_from([option.id for option in question.options]) if question.options else st.nothing()
    fitting: dict[str, st.SearchStrategy[Any]] = {
        "text": SAID,
        "boolean": st.booleans(),
        "single": choice | SAID,
        "multi": st.lists(choice | OWN, min_size=1, max_size=4),
    }
    blank = st.nothing() if question.required else st.sampled_from([None, "", []])
    return fitting[question.type] | st.just(YOU_DECIDE) | blank


def bodies(kind: HitlType, questions: list[Question]) -> st.SearchStrategy[dict[str, JsonValue]]:
    """Every kind of legal answer to the prompt that `shown` opens."""
    answers: dict[HitlType, st.SearchStrategy[dict[str, Any]]] = {
        HitlType.STRUCTURE_FIX: st.fixed_dictionaries(
            {"skill_name": st.from_regex(r"\A[a-z]{4,9}(-[0-9a-z]{1,9})?\Z")},
            optional={"description": SAID.map(lambda text: text[:1000]) | st.none()},
        ),
        HitlType.BUDGET: st.fixed_dictionaries(
            {"calls": st.integers(6, 1_000_000)},
            optional={
                "tokens": st.integers(901, 10_000_000_000) | st.none(),
                "usd": st.floats(0.26, 1_000_000) | st.integers(1, 99),
            },
        )
        | st.just({}),
    }
    asked = st.fixed_dictionaries({question.id: values_of(question) for question in questions})
    texts = {"feedback": SAID, "reason": SAID, "content": st.just(CASES) if kind is HitlType.TDD_RED else SAID}
    return st.sampled_from(LEGAL[kind]).flatmap(
        lambda action: st.fixed_dictionaries(
            {
                "action": st.just(str(action)),
                **{name: texts[name] for name in texts},
                "answers": answers.get(kind, asked),
            },
            optional={"findings": st.permutations(["x", "y"])},
        )
    )


PROMPT = st.sampled_from(list(HitlType)).flatmap(lambda kind: st.tuples(st.just(kind), QUESTIONS))
ANSWERED = PROMPT.flatmap(lambda asked: st.tuples(st.just(asked[0]), st.just(asked[1]), bodies(asked[0], asked[1])))


def opened(kind: HitlType, questions: list[Question]) -> PromptData:
    return shown(kind, questions=questions, codes=["x", "y"])


def plain(model: BaseModel) -> dict[str, JsonValue]:
    """The model as JSON; what was not given and what says nothing are the same."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def through_the_form(schema: dict[str, JsonValue], model: AnswerModel) -> dict[str, JsonValue]:
    """What arrives when each value of the answer is shown in the form and read back from it."""
    answer = plain(model)
    values = {field.name: typed(field, written(field, value_in(field, answer))) for field in fields(schema)}
    return {"action": answer["action"], **gathered(values)}


@given(ANSWERED)
def test_model_to_form_to_model_loses_nothing(answered: tuple[HitlType, list[Question], dict[str, JsonValue]]) -> None:
    kind, questions, body = answered
    data = opened(kind, questions)
    schema, stored = form(kind, data), data.model_dump(mode="json")
    model = parsed(kind, stored, Answer.model_validate(body))
    arrived = through_the_form(schema, model)
    known = {field.name.partition(".")[0] for field in fields(schema)} | {"action"}
    assert plain(parsed(kind, stored, Answer.model_validate(arrived))) == {
        name: value for name, value in plain(model).items() if name in known
    }


@given(ANSWERED)
def test_the_schema_takes_what_the_check_takes(answered: tuple[HitlType, list[Question], dict[str, JsonValue]]) -> None:
    kind, questions, body = answered
    data = opened(kind, questions)
    read = {field.name.partition(".")[0] for field in fields(form(kind, data)) if body["action"] in field.actions}
    sent = {name: value for name, value in body.items() if name in read | {"action"}}
    assert check(kind, data.model_dump(mode="json"), Answer.model_validate(sent)) == body["action"]
    Draft202012Validator(form(kind, data)).validate(sent)


ODD = (
    st.none()
    | st.booleans()
    | st.integers(-9, 99)
    | st.floats(0, 9)
    | TEXT
    | st.sampled_from(["", " ", YOU_DECIDE])
    | st.lists(TEXT | st.integers() | st.sampled_from(["d", "", YOU_DECIDE]), max_size=3)
    | st.dictionaries(TEXT, st.integers(), max_size=1)
)


@given(QUESTIONS, st.dictionaries(st.sampled_from(["q0", "q1", "q2", "q3", "other"]), ODD), st.data())
def test_schema_and_check_say_the_same_of_any_answers(
    questions: list[Question], answers: dict[str, JsonValue], draw: st.DataObject
) -> None:
    answers |= {question.id: draw.draw(values_of(question)) for question in questions if question.id not in answers}
    data = opened(HitlType.CLARIFY, questions)
    sent: dict[str, JsonValue] = {"action": "proceed", "answers": answers}
    assert accepted(HitlType.CLARIFY, data, sent) == Draft202012Validator(form(HitlType.CLARIFY, data)).is_valid(sent)


@given(st.dictionaries(st.sampled_from(["calls", "tokens", "usd"]), ODD | st.integers(1, 2_000_000)))
def test_schema_and_check_say_the_same_of_any_budget_but_that_the_reached_limit_must_be_named(
    answers: dict[str, JsonValue],
) -> None:
    data = opened(HitlType.BUDGET, [])
    sent: dict[str, JsonValue] = {"action": "raise", "answers": answers}
    valid = Draft202012Validator(form(HitlType.BUDGET, data)).is_valid(sent)
    left_out = answers.get("calls") is None and any(value is not None for value in answers.values())
    assert accepted(HitlType.BUDGET, data, sent) == (valid and not left_out)


def accepted(kind: HitlType, data: PromptData, sent: dict[str, JsonValue]) -> bool:
    try:
        check(kind, data.model_dump(mode="json"), Answer.model_validate(sent))
    except InvalidAnswer:
        return False
    return True


@given(PROMPT, st.dictionaries(st.sampled_from(["q0", "q1", "calls", "skill_name", "z"]), ODD), TEXT, TEXT)
def test_the_valid_part_of_any_answer_is_a_draft_that_brings_no_problem(
    asked: tuple[HitlType, list[Question]], answers: dict[str, JsonValue], feedback: str, content: str
) -> None:
    kind, questions = asked
    stored = opened(kind, questions).model_dump(mode="json")
    kept = valid_part(kind, stored, Answer(action="proceed", answers=answers, feedback=feedback, content=content))
    assert AnswerDraft.model_validate(kept.model_dump(exclude_unset=True)) == kept
    assert None not in kept.model_dump(exclude_unset=True).values()
    for action in LEGAL[kind]:
        try:
            check(kind, stored, Answer(action=action, answers=kept.answers))
        except InvalidAnswer as error:
            reached = "answers.calls" in error.fields and "calls" not in (kept.answers or {})
            assert reached or not {f"answers.{name}" for name in kept.answers or {}} & set(error.fields)


def field(**given: Any) -> FormField:
    return FormField.model_validate({"name": "answers.q", "title": "?", **given})


@pytest.mark.parametrize(
    ("of", "texts", "value"),
    [
        (field(), [" words "], " words "),
        (field(), [], None),
        (field(), [" \n"], None),
        (field(decide=True), [YOU_DECIDE], YOU_DECIDE),
        (field(kind="boolean"), ["Yes "], True),
        (field(kind="boolean"), ["0"], False),
        (field(kind="boolean", decide=True), [YOU_DECIDE], YOU_DECIDE),
        (field(kind="single", choices=OPTIONS, other=True), ["Delete"], "Delete"),
        (field(kind="multi", choices=OPTIONS, other=True), ["d", "", "a, b"], ["d", "a, b"]),
        (field(kind="integer"), [" 12 "], 12),
        (field(kind="number"), ["2.5"], 2.5),
        (field(kind="number"), ["1e3"], 1000.0),
    ],
)
def test_what_was_typed_becomes_the_value_of_its_kind(of: FormField, texts: list[str], value: JsonValue) -> None:
    found = typed(of, texts)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("of", "texts", "says"),
    [
        (field(kind="boolean"), ["perhaps"], "yes or no"),
        (field(kind="integer"), ["2.5"], "whole number"),
        (field(kind="integer"), ["٣"], "whole number"),
        (field(kind="integer"), ["1_000"], "whole number"),
        (field(kind="number"), ["nan"], "number"),
        (field(kind="number"), ["1e999"], "too large"),
        (field(kind="single", choices=OPTIONS), ["x"], "d, a, true"),
        (field(kind="multi", choices=OPTIONS), ["d", "x"], "d, a, true"),
        (field(max_length=3), ["four"], "at most 3"),
        (field(), ["one", "two"], "one answer"),
    ],
)
def test_what_is_no_value_is_refused_with_what_would_be(of: FormField, texts: list[str], says: str) -> None:
    with pytest.raises(NotAValueError, match=says):
        typed(of, texts)


@pytest.mark.parametrize("kind", HitlType)
def test_fields_keep_their_order_in_a_database_that_orders_members_itself(kind: HitlType) -> None:
    questions = [Question(id=name, text="?") for name in ("zebra", "b", "a-long-one", "a")]
    schema = form(kind, opened(kind, questions))
    kept = json.loads(json.dumps(schema, sort_keys=True))
    assert [field.name for field in fields(kept)] == [field.name for field in fields(schema)]
    if kind is HitlType.CLARIFY:
        assert [field.name for field in fields(kept)] == [f"answers.{question.id}" for question in questions]


def test_a_form_of_the_first_version_is_still_read() -> None:
    text: JsonValue = {"type": "string", "maxLength": 9}
    choices: list[JsonValue] = [{"const": "d", "title": "Delete"}]
    old: dict[str, JsonValue] = {
        "type": "object",
        "required": ["action"],
        "properties": {
            "action": {"enum": ["proceed", "revise", "cancel"]},
            "answers": {
                "properties": {
                    "q1": {"title": "Who?", "description": "why", "anyOf": [text, {"const": YOU_DECIDE}]},
                    "q2": {"title": "How?", "anyOf": [{"anyOf": [*choices, text]}, {"const": YOU_DECIDE}]},
                    "q3": {
                        "title": "What?",
                        "anyOf": [
                            {"type": "array", "items": {"anyOf": [*choices, text]}, "minItems": 1},
                            {"const": YOU_DECIDE},
                            {"enum": [None, "", []]},
                        ],
                    },
                },
                "required": ["q1", "q2"],
            },
            "feedback": text,
        },
    }
    q1, q2, q3, feedback = fields(old)
    assert (q1.kind, q1.title, q1.help, q1.decide, q1.required) == ("text", "Who?", "why", True, True)
    assert (q2.kind, q2.other, [option.label for option in q2.choices]) == ("single", True, ["Delete"])
    assert (q3.kind, q3.other, q3.decide, q3.required) == ("multi", True, True, False)
    assert (feedback.kind, feedback.actions) == ("long_text", [PromptAction.REVISE])
    assert [choice.action for choice in actions(old)] == [
        PromptAction.PROCEED,
        PromptAction.REVISE,
        PromptAction.CANCEL,
    ]


def test_what_a_newer_server_asks_is_asked_as_text_and_what_cannot_be_sent_is_left_out() -> None:
    new: dict[str, JsonValue] = {
        "properties": {
            "action": {"enum": ["proceed", "delegate", 7]},
            "answers": {
                "properties": {"when": {"type": "string", "format": "date"}, "map": {"type": "object"}, "x": True}
            },
            "mood": {"type": "string"},
            "content": {"type": "string", "actions": ["delegate"]},
        }
    }
    assert [choice.action for choice in actions(new)] == [PromptAction.PROCEED]
    assert [(one.name, one.kind) for one in fields(new)] == [
        ("answers.when", "text"),
        ("answers.map", "text"),
        ("answers.x", "text"),
        ("content", "long_text"),
    ]
    assert fields(new)[-1].actions == []


@given(
    st.recursive(
        ODD,
        lambda inner: st.dictionaries(
            st.sampled_from(
                [
                    "properties",
                    "action",
                    "answers",
                    "anyOf",
                    "enum",
                    "const",
                    "type",
                    "items",
                    "title",
                    "actions",
                    "required",
                    "q",
                ]
            ),
            inner | st.lists(inner, max_size=3),
            max_size=4,
        ),
        max_leaves=20,
    )
)
def test_no_form_makes_it_stumble(anything: JsonValue) -> None:
    if isinstance(anything, dict):
        assert isinstance(fields(anything), list) and isinstance(actions(anything), list)


def test_empty_values_lie_nowhere_in_an_answer() -> None:
    assert gathered({"answers.a": None, "feedback": "x", "answers.b": False}) == {
        "feedback": "x",
        "answers": {"b": False},
    }
    assert gathered({"answers.a": None}) == {}
