"""The page's answer form: what is shown comes back as it was, letter by letter, and nothing is invented."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader
from pydantic import JsonValue
from starlette.datastructures import FormData

from api.errors import InvalidRequest
from api.pages.forms import Form
from api.pages.job.answer_form import Input, answer_request, filled, left_over, sent
from domain.answering.answers import form as schema_of
from domain.answering.forms import typed
from domain.prompt import YOU_DECIDE, AnswerDraft, HitlType, Option, Question
from tests.support.prompts import CASES, shown

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[4] / "api" / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
CHOICES = [Option(id="a", label="b"), Option(id="b", label="Both, really"), Option(id="true", label="<yes>")]
QUESTIONS = [
    Question(id="t", text="Which <data>?"),
    Question(id="b", text="With links?", type="boolean"),
    Question(id="s", text="Which way?", type="single", options=CHOICES),
    Question(id="m", text="Which parts?", type="multi", options=CHOICES),
    Question(id="o", text="What else?", type="multi", required=False),
]
SCHEMA = schema_of(HitlType.CLARIFY, shown(HitlType.CLARIFY, questions=QUESTIONS))


class Controls(HTMLParser):
    """What a browser would send of the controls of a page, and the fields it would show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self._area: str | None = None
        self._text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "textarea":
            self._area, self._text = given["name"], ""
        elif tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.pairs.append((given["name"] or "", given.get("value") or ""))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # A browser drops one line end after the tag, and sends every line end as CR LF.
            self.pairs.append((self._area or "", self._text.removeprefix("\n").replace("\n", "\r\n")))


def form(*fields: tuple[str, str]) -> Form:
    return Form(FormData(list(fields)))


def drawn(inputs: list[Input]) -> str:
    template = TEMPLATES.from_string(
        '{% from "parts/field.html" import question, plain %}'
        "{% for input in inputs %}{{ question(input, loop.index) if input.field.decide else plain(input) }}{% endfor %}"
    )
    return template.render(inputs=inputs)


def through_the_page(schema: dict[str, JsonValue], draft: AnswerDraft) -> list[tuple[str, str]]:
    """The draft shown in the page and sent back untouched, as a browser without scripts does it."""
    pairs = Controls(drawn(filled(schema, draft, "", {}))).pairs
    return parse_qsl(urlencode(pairs), keep_blank_values=True)


def sent_back(schema: dict[str, JsonValue], draft: AnswerDraft, action: str = "proceed") -> dict[str, JsonValue]:
    came = through_the_page(schema, draft)
    whole = form(*came, ("action", action), ("interaction_id", str(uuid4())))
    return answer_request(whole, schema).model_dump(exclude_none=True, exclude={"interaction_id", "action"})


LINES = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")
TRICKY = ["\nlate", " x ", "true", "a, b", "</textarea>", "b", "&amp;"]
SAID = (st.text(LINES, min_size=1, max_size=20) | st.sampled_from(TRICKY)).filter(
    lambda text: text.strip() != "" and text != YOU_DECIDE
)
PICKED = st.lists(st.sampled_from(["a", "b", "true"]), unique=True).map(sorted)


@given(
    st.fixed_dictionaries(
        {
            "t": SAID | st.just(YOU_DECIDE),
            "b": st.booleans() | st.just(YOU_DECIDE),
            "s": st.sampled_from(["a", "b", "true"]) | SAID | st.just(YOU_DECIDE),
            "m": st.tuples(PICKED, st.lists(SAID.filter(lambda text: text not in ("a", "b", "true"))))
            .map(lambda parts: [*parts[0], *parts[1]])
            .filter(bool)
            | st.just(YOU_DECIDE),
        },
        optional={"o": st.lists(SAID, min_size=1, max_size=3)},
    )
)
def test_what_the_page_shows_comes_back_letter_by_letter(answers: dict[str, JsonValue]) -> None:
    assert sent_back(SCHEMA, AnswerDraft(answers=answers)) == {"answers": answers}


@given(SAID, SAID)
def test_texts_of_a_review_come_back_letter_by_letter(feedback: str, reason: str) -> None:
    schema = schema_of(HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x"]))
    draft = AnswerDraft(feedback=feedback, reason=reason)
    assert sent_back(schema, draft, "revise") == {"feedback": feedback}
    assert sent_back(schema, draft, "waive") == {"feedback": feedback, "reason": reason}


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ([("q.t", "words"), ("decide.t", "1")], {"t": YOU_DECIDE}),
        ([("q.b", "false")], {"b": False}),
        ([("q.s", "a"), ("own.s", "mine")], {"s": "mine"}),
        ([("q.s", "a"), ("own.s", " ")], {"s": "a"}),
        ([("own.s", "b")], {"s": "b"}),
        ([("q.m", "a"), ("q.m", "b"), ("own.m", ""), ("own.m", "mine")], {"m": ["a", "b", "mine"]}),
        ([("own.o", "a, b"), ("own.o", "c")], {"o": ["a, b", "c"]}),
        ([("q.t", " "), ("own.m", "")], None),
        ([("q.unknown", "x")], None),
    ],
)
def test_controls_become_the_value_their_question_wants(
    fields: list[tuple[str, str]], answers: dict[str, JsonValue] | None
) -> None:
    request = answer_request(form(("interaction_id", str(uuid4())), ("action", "proceed"), *fields), SCHEMA)
    assert request.answers == answers


def test_a_field_counts_only_for_the_action_that_reads_it_but_feedback_always() -> None:
    schema = schema_of(HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x"]))
    fields = (("interaction_id", str(uuid4())), ("content", "# New"), ("feedback", "more"), ("reason", "so"))
    edited = answer_request(form(*fields, ("action", "edit")), schema)
    revised = answer_request(form(*fields, ("action", "revise")), schema)
    waived = answer_request(form(*fields, ("findings", "x"), ("action", "waive")), schema)
    assert (edited.content, edited.reason, edited.feedback) == ("# New", None, "more")
    assert (revised.content, revised.feedback) == (None, "more")
    assert (waived.reason, waived.findings) == ("so", ["x"])


def test_accepting_suggestions_sends_no_values_of_ones_own() -> None:
    schema = schema_of(HitlType.STRUCTURE_FIX, shown(HitlType.STRUCTURE_FIX))
    assert sent_back(schema, AnswerDraft(), "accept") == {}
    own = {"skill_name": "release-notes", "description": "Writes notes."}
    assert sent_back(schema, AnswerDraft(), "proceed") == {"answers": own}


def test_a_number_that_is_none_is_refused_by_its_field() -> None:
    schema = schema_of(HitlType.BUDGET, shown(HitlType.BUDGET))
    fields = [("interaction_id", str(uuid4())), ("action", "raise"), ("q.calls", "many"), ("q.usd", "2.5")]
    with pytest.raises(InvalidRequest) as refused:
        answer_request(form(*fields), schema)
    assert list(refused.value.fields) == ["answers.calls"]
    fields[2] = ("q.calls", " 12 ")
    assert answer_request(form(*fields), schema).answers == {"calls": 12, "usd": 2.5}


def test_a_button_that_is_none_is_refused_by_field() -> None:
    with pytest.raises(InvalidRequest) as refused:
        answer_request(form(("interaction_id", "x"), ("action", "dance")), SCHEMA)
    assert set(refused.value.fields) == {"interaction_id", "action"}


def test_editing_starts_from_the_draft_else_from_the_text_that_stands() -> None:
    schema = schema_of(HitlType.TDD_RED, shown(HitlType.TDD_RED))
    feedback, content = filled(schema, None, CASES, {"content": "no cases"})
    assert (feedback.text, content.text, content.wrong) == ("", CASES, "no cases")
    assert filled(schema, AnswerDraft(content="- mine"), CASES, {})[1].text == "- mine"
    assert 'aria-invalid="true"' in drawn([content]) and "no cases" in drawn([content])


def test_a_text_that_was_only_shown_for_editing_is_not_what_a_person_typed() -> None:
    schema = schema_of(HitlType.PREVIEW, shown(HitlType.PREVIEW))
    inputs = sent(form(("content", "# Skill"), ("feedback", "more")), schema)
    assert [entry.field.name for entry in left_over(inputs, "revise")] == ["feedback"]
    assert [entry.field.name for entry in left_over(inputs, "edit")] == ["feedback", "content"]


def test_a_draft_of_another_kind_of_value_does_not_break_the_page() -> None:
    odd: dict[str, JsonValue] = {"t": ["x"], "b": "maybe", "s": 7, "m": {"a": 1}}
    for entry in filled(SCHEMA, AnswerDraft(answers=odd), "", {}):
        assert drawn([entry])
    assert typed(filled(SCHEMA, AnswerDraft(answers={"s": "a"}), "", {})[2].field, ["a"]) == "a"
