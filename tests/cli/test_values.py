"""What is typed on one line becomes the value of a field, the same as on the page."""

import pytest
from pydantic import JsonValue

from cli import values
from cli.problems import UsageProblem
from domain.answering.answers import form
from domain.answering.forms import FormField, fields, typed
from domain.prompt import YOU_DECIDE, HitlType, Option, Question, QuestionsData

OPTIONS = [Option(id="py", label="Python"), Option(id="go", label="Go")]
QUESTIONS = [
    Question(id="q1", text="Why?"),
    Question(id="q2", text="Really?", type="boolean"),
    Question(id="q3", text="Which?", type="single", options=OPTIONS),
    Question(id="q4", text="Which ones?", type="multi", options=OPTIONS),
]
FIELDS = fields(form(HitlType.CLARIFY, QuestionsData(questions=QUESTIONS)))
TEXT, TRUTH, SINGLE, MULTI = FIELDS


@pytest.mark.parametrize(
    ("field", "line", "value"),
    [
        (TEXT, " GDPR applies ", "GDPR applies"),
        (TRUTH, "Y", True),
        (TRUTH, "no", False),
        (TRUTH, "you decide", YOU_DECIDE),
        (SINGLE, "2", "go"),
        (SINGLE, "python", "py"),
        (SINGLE, "Rust", "Rust"),
        (MULTI, "1, Go", ["py", "go"]),
        (MULTI, "You Decide", YOU_DECIDE),
    ],
)
def test_every_type_of_question_takes_its_words(field: FormField, line: str, value: JsonValue) -> None:
    given = [values.chosen(field, part) for part in values.parts(field, line)]
    assert typed(field, given) == value


def test_an_id_that_is_a_number_is_an_id() -> None:
    years = FormField(
        name="q", title="?", kind="single", choices=[Option(id="2", label="a"), Option(id="1", label="b")]
    )
    assert values.chosen(years, "1") == "1"


def test_set_flags_become_fields_by_short_or_whole_name() -> None:
    given = values.settled(FIELDS, ["q1=a=b", "answers.q2=yes", "q4=go, Rust"])
    assert given == {"answers.q1": "a=b", "answers.q2": True, "answers.q4": ["go", "Rust"]}


@pytest.mark.parametrize("pair", ["q9=x", "q1", "q2=maybe"])
def test_a_set_flag_that_fits_no_question_is_a_usage_error(pair: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        values.settled(FIELDS, [pair])
    assert caught.value.why


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        (TRUTH, "yes", True),
        (TRUTH, True, True),
        (MULTI, ["Python", "zig"], ["py", "zig"]),
        (TRUTH, "perhaps", "perhaps"),
        (None, "as it is", "as it is"),
        (TEXT, 7, 7),
    ],
)
def test_values_of_a_file_are_read_as_the_field_means_them(
    field: FormField | None, value: JsonValue, read: JsonValue
) -> None:
    assert values.read_as(field, value) == read
