"""The form of the first page as a request to the api, and what is wrong with it by the field it is wrong with."""

from datetime import timedelta
from uuid import uuid4

import pytest
from starlette.datastructures import FormData

from api.errors import InvalidRequest
from api.pages.forms import Form
from api.pages.home.start_form import FIELDS, START_FIELDS, by_field, room_for, start_request
from api.starting import StartOptions
from domain.job import JobOptions

TASK = ("task_description", "Handle all user data")


def form(*fields: tuple[str, str]) -> Form:
    return Form(FormData([*fields]))


def refused(*fields: tuple[str, str]) -> dict[str, str]:
    """What is wrong, by field of the form."""
    with pytest.raises(InvalidRequest) as error:
        start_request(form(*fields))
    return by_field(error.value.fields)


def test_notes_and_files_travel_as_sources_and_boxes_as_options() -> None:
    file = uuid4()
    wanted = start_request(form(TASK, ("notes", "GDPR"), ("promote", "1")), [file])
    assert [(source.content, source.source_id) for source in wanted.sources] == [("GDPR", None), (None, file)]
    assert wanted.options.promote and not wanted.options.confirm


def test_what_is_left_empty_is_as_by_default() -> None:
    empty = [(name, " ") for name in START_FIELDS if name != "task_description" and FIELDS.get(name)]
    assert start_request(form(TASK, *empty)).options.plain() == JobOptions()


def test_every_option_that_a_person_would_set_has_a_field() -> None:
    elsewhere = {"hitl_timeout": "days", "budget": "calls"}
    for_programs = {"remind_after", "escalate_after"}
    wanted = {elsewhere.get(name, name) for name in {*StartOptions.model_fields} - for_programs}
    assert wanted <= {*START_FIELDS}


def test_days_and_limits_travel_as_options() -> None:
    wanted = start_request(form(TASK, ("days", " 30 "), ("calls", " 7 "), ("usd", "0,5"), ("style", "minimal")))
    assert wanted.options.hitl_timeout == timedelta(days=30)
    assert wanted.options.budget is not None
    assert (wanted.options.budget.calls, wanted.options.budget.usd, wanted.options.budget.tokens) == (7, 0.5, None)
    assert wanted.options.style == "minimal"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("calls", value) for value in ("0", "-1", "many", "1.5", "9" * 30)),
        *(("tokens", value) for value in ("0", "x")),
        *(("usd", value) for value in ("0", "-2", "nan", "1,000.50", "inf")),
        *(("days", value) for value in ("0", "366", "1.5", "-1", "P7D", "9999", "99999", "٣")),
        *(("max_questions", value) for value in ("-1", "11", "three")),
        *(("max_rounds", value) for value in ("0", "11")),
        ("style", "long"),
    ],
)
def test_what_does_not_fit_is_told_at_its_field_with_what_would(name: str, value: str) -> None:
    assert refused(TASK, (name, value)) == {name: FIELDS[name].fits}


def test_too_few_words_and_too_long_notes_are_told_at_theirs() -> None:
    wrong = refused(("task_description", "two words"), ("notes", "x" * 70_000))
    assert {*wrong} == {"task_description", "notes"}
    assert "At least 3 words" in wrong["task_description"]


def test_more_sources_than_a_job_takes_are_told_in_words() -> None:
    with pytest.raises(InvalidRequest) as error:
        start_request(form(TASK, ("notes", "one")), [uuid4() for _ in range(20)])
    assert by_field(error.value.fields) == {"notes": "A job takes 20 files at most, and notes count as one."}


def test_notes_take_the_place_of_a_file() -> None:
    assert (room_for(form(), 0), room_for(form(("notes", "x")), 0), room_for(form(), 25)) == (20, 19, 0)
