"""What is being written, line by line, through a window and in spite of lost looks."""

import pytest

from cli.writing import Writing

TEXT = "".join(f"line {number} of the text\n" for number in range(400))


@pytest.mark.parametrize("step", [1, 7, 100, 1_000])
def test_every_line_comes_once(step: int) -> None:
    writing = Writing()
    lines: list[str] = []
    for end in range(step, len(TEXT) + step, step):
        lines += writing.look("draft", TEXT[:end][-1_500:])
    assert lines == TEXT.splitlines()


def test_a_gap_is_shown() -> None:
    writing = Writing()
    writing.look("draft", TEXT[:300])
    lines = writing.look("draft", TEXT[5_000:6_500])
    assert any("…" in line for line in lines)
    assert lines[-1] in TEXT


def test_two_texts_at_once_do_not_mix() -> None:
    writing = Writing()
    assert writing.look("a", "one\ntw") == ["one"]
    assert writing.look("b", "uno\n") == ["uno"]
    assert writing.look("a", "one\ntwo\n") == ["two"]
