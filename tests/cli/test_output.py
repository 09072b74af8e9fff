"""Text of strangers is shown, never obeyed; data and messages never mix."""

import io
import json

import pytest

from cli.output import Output, as_json, shown
from cli.progress import Outcome, PlainScreen
from domain.job import JobEvent, JobStatus, Source


@pytest.mark.parametrize("hidden", ["\x1b[31m", "\x9b1m", "\r", "\u202e", "\u200b", "\ufeff", "\U000e0041", "\x07"])
def test_characters_that_steer_or_hide_are_written_out(hidden: str) -> None:
    assert hidden not in shown(f"a{hidden}b")
    assert shown(f"a{hidden}b").startswith("a\\")


def test_ordinary_text_is_left_alone() -> None:
    assert shown("Grüße, 你好 – 🎉\n\tx") == "Grüße, 你好 – 🎉\n\tx"


def test_json_is_one_line_of_ascii_that_means_the_same() -> None:
    source = Source(name="ü", content="a\nb\u2028")
    line = as_json(source)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {"name": "ü", "content": "a\nb\u2028"}


def test_long_lines_and_markup_stay_as_they_are() -> None:
    out, err = io.StringIO(), io.StringIO()
    text = "[red]x[/red] " + "y" * 200
    Output(out=out, err=err).line(text)
    Output(out=out, err=err).say("message")
    assert (out.getvalue(), err.getvalue()) == (text + "\n", "message\n")


def test_nothing_is_said_twice() -> None:
    out = io.StringIO()
    screen = PlainScreen(Output(out=out))
    for seq, words in enumerate(["writes", "writes", "", "writes"]):
        screen.event(JobEvent(seq=seq, type="model_call", status=JobStatus.RUNNING, message=words))
    assert [line.split()[-1] for line in out.getvalue().splitlines()] == ["writes", "call", "writes"]


def test_an_outcome_has_stable_fields() -> None:
    names = set(Outcome.model_fields)
    assert {"type", "job_id", "status", "hitl_type", "exit_code", "error", "next", "promoted", "final_path"} <= names
