"""Fields of sent forms: clean text, and what the first page asks for."""

from uuid import uuid4

import pytest
from starlette.datastructures import FormData

from api.errors import InvalidRequest
from api.pages.forms import Form, go_on_request, start_request


def form(*fields: tuple[str, str]) -> Form:
    return Form(FormData(list(fields)))


def test_text_from_a_browser_gets_one_kind_of_line_end_and_no_nul() -> None:
    assert form(("x", "a\r\nb\0c")).text("x") == "a\nbc"


def test_notes_travel_as_a_source_and_boxes_as_options() -> None:
    wanted = start_request(form(("task_description", "Handle all user data"), ("notes", "GDPR"), ("promote", "1")))
    assert [source.content for source in wanted.sources] == ["GDPR"]
    assert wanted.options.promote and not wanted.options.confirm
    assert (wanted.options.category, wanted.options.max_questions) == (None, 3)
    assert wanted.options.budget is None and not wanted.options.tdd_checkpoints


def test_checkpoints_and_a_limit_of_calls_travel_as_options() -> None:
    fields = (("task_description", "Handle all user data"), ("tdd_checkpoints", "1"), ("calls", " 7 "))
    wanted = start_request(form(*fields))
    assert wanted.options.tdd_checkpoints
    assert wanted.options.budget is not None and wanted.options.budget.calls == 7


@pytest.mark.parametrize("calls", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_none_is_refused_by_its_field(calls: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        start_request(form(("task_description", "Handle all user data"), ("calls", calls)))
    assert list(refused.value.fields) == ["options.budget.calls"]


def test_going_on_leaves_what_is_not_said_as_it_was() -> None:
    job = uuid4()
    wanted = go_on_request(form(("from_revision", "2"), ("task_description", " \n")), job)
    assert wanted.model_dump(exclude_unset=True) == {"from_job": job, "from_revision": 2}
    said = go_on_request(form(("from_revision", "2"), ("task_description", "Handle all user data")), job)
    assert said.task_description == "Handle all user data"
    with pytest.raises(InvalidRequest) as refused:
        go_on_request(form(("from_revision", "last"), ("task_description", "two words")), job)
    assert {"from_revision", "task_description"} >= set(refused.value.fields) > set()
