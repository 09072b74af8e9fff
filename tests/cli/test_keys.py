"""Typing with keys: what sends, what makes a new line, what is left behind by Ctrl-C."""

from collections.abc import Iterator

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from cli.keys import KeyReader

ENTER, ALT_ENTER, CTRL_C, CTRL_D = "\r", "\x1b\r", "\x03", "\x04"
PASTE = "\x1b[200~one\ntwo\x1b[201~"


@pytest.fixture
def keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe:
        yield pipe


def typed(keyboard: PipeInput, keys: str, start: str = "") -> str:
    keyboard.send_text(keys)
    return KeyReader(keyboard, DummyOutput()).read("> ", start)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (f"a line{ENTER}", "a line"),
        (f"one{ALT_ENTER}two{ENTER}", "one\ntwo"),
        (f"{PASTE}{ENTER}", "one\ntwo"),
        (ENTER, ""),
    ],
)
def test_enter_sends_and_alt_enter_makes_a_line(keyboard: PipeInput, keys: str, text: str) -> None:
    assert typed(keyboard, keys) == text


def test_a_text_can_be_on_the_line_already(keyboard: PipeInput) -> None:
    assert typed(keyboard, f" more{ENTER}", "some") == "some more"


def test_ctrl_c_leaves_what_stood_on_the_line(keyboard: PipeInput) -> None:
    keyboard.send_text(f"half a th{CTRL_C}")
    reader = KeyReader(keyboard, DummyOutput())
    with pytest.raises(KeyboardInterrupt):
        reader.read("> ")
    assert reader.unfinished == "half a th"
    keyboard.send_text(f"whole{ENTER}")
    assert (reader.read("> "), reader.unfinished) == ("whole", "")


def test_ctrl_d_on_an_empty_line_ends_it(keyboard: PipeInput) -> None:
    with pytest.raises(EOFError):
        typed(keyboard, CTRL_D)
