"""Reading without keys of its own, and editors."""

import io
from pathlib import Path

import pytest

from cli.output import Output
from cli.problems import CliError
from cli.reading import Editor, PlainReader, reader_for
from tests.cli.terminal import Person


def reader(*lines: str) -> PlainReader:
    given = iter(lines)
    return PlainReader(lambda _: next(given))


def test_a_backslash_at_the_end_goes_on() -> None:
    assert reader("one\\", "two\\", "three").read("> ") == "one\ntwo\nthree"


def test_nothing_typed_keeps_what_was_there() -> None:
    assert reader("").read("> ", "some") == "some"


@pytest.mark.parametrize("leaves", [KeyboardInterrupt, EOFError])
def test_what_is_said_after_leaving_has_a_line_of_its_own(leaves: type[BaseException]) -> None:
    ended: list[bool] = []

    def answer(_: str) -> str:
        raise leaves

    with pytest.raises(leaves):
        PlainReader(answer, left=lambda: ended.append(True)).read("> ")
    assert ended == [True]


def test_a_question_cannot_steer_the_terminal() -> None:
    asked: list[str] = []

    def answer(ask: str) -> str:
        asked.append(ask)
        return ""

    PlainReader(answer).read("\x1b[2J> ")
    assert asked == ["\\x1b[2J> "]


def test_without_a_terminal_that_redraws_it_is_read_plainly() -> None:
    assert isinstance(reader_for(Output(out=io.StringIO())), PlainReader)


def test_an_editor_that_ends_badly_names_the_file_with_the_text() -> None:
    with pytest.raises(CliError) as caught:
        Editor(Person(), "false").changed("precious", "SKILL.md")
    kept = caught.value.next_step.partition("your text is in ")[2].partition(";")[0]
    assert Path(kept).read_text() == "precious"
