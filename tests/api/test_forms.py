"""Fields of sent forms: clean text, and what the first page asks for."""

from starlette.datastructures import FormData

from api.forms import Form, start_request


def form(*fields: tuple[str, str]) -> Form:
    return Form(FormData(list(fields)))


def test_text_from_a_browser_gets_one_kind_of_line_end_and_no_nul() -> None:
    assert form(("x", "a\r\nb\0c")).text("x") == "a\nbc"


def test_notes_travel_as_a_source_and_boxes_as_options() -> None:
    wanted = start_request(form(("task_description", "Handle all user data"), ("notes", "GDPR"), ("promote", "1")))
    assert [source.content for source in wanted.sources] == ["GDPR"]
    assert wanted.options.promote and not wanted.options.confirm
    assert (wanted.options.category, wanted.options.max_questions) == (None, 3)
