"""What the fields of a form mean: typed values for typed questions, and nothing invented."""

from uuid import uuid4

import pytest
from pydantic import JsonValue
from starlette.datastructures import FormData

from api.errors import InvalidRequest
from api.forms import Form, answer_request, answers_from, start_request
from domain.prompt import Option, PromptView, Question, QuestionsData

CHOICES = [Option(id="a", label="A"), Option(id="b", label="B")]


def form(*fields: tuple[str, str]) -> Form:
    return Form(FormData(list(fields)))


@pytest.mark.parametrize(
    ("question", "fields", "value"),
    [
        (Question(id="q", text="?"), [("q.q", " words ")], "words"),
        (Question(id="q", text="?"), [("q.q", "words"), ("decide.q", "1")], "you decide"),
        (Question(id="q", text="?", type="boolean"), [("q.q", "true")], True),
        (Question(id="q", text="?", type="boolean"), [("q.q", "false")], False),
        (Question(id="q", text="?", type="single", options=CHOICES), [("q.q", "a")], "a"),
        (Question(id="q", text="?", type="single", options=CHOICES), [("q.q", "a"), ("own.q", "mine")], "mine"),
        (Question(id="q", text="?", type="multi", options=CHOICES), [("q.q", "a"), ("q.q", "b")], ["a", "b"]),
        (Question(id="q", text="?", type="multi", options=CHOICES), [("q.q", "a"), ("own.q", "mine")], ["a", "mine"]),
    ],
)
def test_a_field_becomes_the_value_its_question_wants(
    question: Question, fields: list[tuple[str, str]], value: JsonValue
) -> None:
    assert answers_from(form(*fields), [question]) == {"q": value}


@pytest.mark.parametrize("kind", ["text", "boolean", "single", "multi"])
def test_a_field_left_empty_is_no_answer(kind: str) -> None:
    question = Question.model_validate({"id": "q", "text": "?", "type": kind})
    assert answers_from(form(("q.q", " "), ("own.q", "")) if kind != "multi" else form(), [question]) == {}


def test_text_from_a_browser_gets_one_kind_of_line_end_and_no_nul() -> None:
    assert form(("x", "a\r\nb\0c")).text("x") == "a\nbc"


def test_the_edited_text_counts_only_when_it_is_what_was_chosen() -> None:
    prompt = PromptView(job_id=uuid4(), status="pending_hitl", prompt_data=None)
    fields = (("interaction_id", str(uuid4())), ("content", "# New"), ("feedback", "more"), ("reason", "so"))
    edited = answer_request(form(*fields, ("action", "edit")), prompt)
    revised = answer_request(form(*fields, ("action", "revise")), prompt)
    waived = answer_request(form(*fields, ("action", "waive")), prompt)
    assert (edited.content, edited.reason) == ("# New", None)
    assert (revised.content, revised.feedback) == (None, "more")
    assert waived.reason == "so"


def test_a_button_that_is_none_is_refused_by_field() -> None:
    data = QuestionsData(questions=[]).model_dump(mode="json")
    prompt = PromptView(job_id=uuid4(), status="pending_hitl", prompt_data=data)
    with pytest.raises(InvalidRequest) as refused:
        answer_request(form(("interaction_id", "x"), ("action", "dance")), prompt)
    assert set(refused.value.fields) == {"interaction_id", "action"}


def test_notes_travel_as_a_source_and_boxes_as_options() -> None:
    wanted = start_request(form(("task_description", "Handle all user data"), ("notes", "GDPR"), ("promote", "1")))
    assert [source.content for source in wanted.sources] == ["GDPR"]
    assert wanted.options.promote and not wanted.options.confirm
    assert (wanted.options.category, wanted.options.max_questions) == (None, 3)
