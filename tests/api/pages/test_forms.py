"""Fields of sent forms: clean text, files, and what a job that goes on asks for."""

from io import BytesIO
from uuid import uuid4

import pytest
from starlette.datastructures import FormData, UploadFile

from api.errors import InvalidRequest
from api.pages.forms import Form, go_on_request


def form(*fields: tuple[str, str]) -> Form:
    return Form(FormData(list(fields)))


def test_text_from_a_browser_gets_one_kind_of_line_end_and_no_nul() -> None:
    assert form(("x", "a\r\nb\0c")).text("x") == "a\nbc"


def test_the_files_that_were_chosen_are_told_without_their_folders() -> None:
    chosen, none = UploadFile(BytesIO(b"x"), filename="C:\\me\\a.md"), UploadFile(BytesIO(b""), size=0, filename="")
    sent = Form(FormData([("files", chosen), ("files", none), ("text", "x")]))
    assert sent.files() == [chosen]
    assert sent.filenames() == ["a.md"]
    assert sent.pairs() == [("text", "x")]
    assert sent.text("files") == ""


def test_going_on_leaves_what_is_not_said_as_it_was() -> None:
    job = uuid4()
    wanted = go_on_request(form(("from_revision", "2"), ("task_description", " \n")), job)
    assert wanted.model_dump(exclude_unset=True) == {"from_job": job, "from_revision": 2}
    said = go_on_request(form(("from_revision", "2"), ("task_description", "Handle all user data")), job)
    assert said.task_description == "Handle all user data"
    with pytest.raises(InvalidRequest) as refused:
        go_on_request(form(("from_revision", "last"), ("task_description", "two words")), job)
    assert {"from_revision", "task_description"} >= set(refused.value.fields) > set()
