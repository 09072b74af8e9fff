"""What is typed becomes the value of a question, or a hint what would be one."""

import pytest
from pydantic import JsonValue

from cli import values
from cli.problems import UsageProblem
from domain.answers import question_problems
from domain.prompt import YOU_DECIDE, Option, Question

OPTIONS = [Option(id="py", label="Python"), Option(id="go", label="Go")]
TEXT = Question(id="q1", text="Why?")
TRUTH = Question(id="q2", text="Really?", type="boolean")
SINGLE = Question(id="q3", text="Which?", type="single", options=OPTIONS)
MULTI = Question(id="q4", text="Which ones?", type="multi", options=OPTIONS)


@pytest.mark.parametrize(
    ("question", "typed", "value"),
    [
        (TEXT, " GDPR applies ", "GDPR applies"),
        (TEXT, "", YOU_DECIDE),
        (TRUTH, "Y", True),
        (TRUTH, "no", False),
        (TRUTH, "you decide", YOU_DECIDE),
        (SINGLE, "2", "go"),
        (SINGLE, "python", "py"),
        (MULTI, "1, Go", ["py", "go"]),
        (MULTI, "You Decide", YOU_DECIDE),
    ],
)
def test_every_type_of_question_takes_its_words(question: Question, typed: str, value: JsonValue) -> None:
    assert values.parse(question, typed) == value
    assert question_problems([question], {question.id: value}) == {}


@pytest.mark.parametrize(("question", "typed"), [(TRUTH, "maybe"), (SINGLE, "3"), (SINGLE, "rust"), (MULTI, "py, c")])
def test_what_is_no_answer_says_what_would_be(question: Question, typed: str) -> None:
    with pytest.raises(values.NotAValueError, match="you decide"):
        values.parse(question, typed)


def test_an_id_that_is_a_number_is_an_id() -> None:
    years = Question(
        id="q", text="?", type="single", options=[Option(id="2", label="two"), Option(id="1", label="one")]
    )
    assert values.parse(years, "1") == "1"


def test_set_flags_become_answers() -> None:
    assert values.settled([TEXT, TRUTH], ["q1=a=b", "q2=yes"]) == {"q1": "a=b", "q2": True}


@pytest.mark.parametrize("pair", ["q9=x", "q1", "q2=maybe"])
def test_a_set_flag_that_fits_no_question_is_a_usage_error(pair: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        values.settled([TEXT, TRUTH], [pair])
    assert caught.value.why
