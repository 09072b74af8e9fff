"""Text of strangers is shown, never obeyed; data and messages never mix."""

import io
import json
import re

import pytest
from rich.console import Console

from cli.output import Output, as_json, broken, shown
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


ID = "7b6f2c1e-0d7a-4f0e-9a57-3f1f0a1c2d3e"


def terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> tuple[Output, io.StringIO]:
    """A person's terminal of so many columns."""
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    out = Output(out=screen)
    out.console = Console(file=screen, force_terminal=True, no_color=True, width=width, highlight=False, markup=False)
    return out, screen


def test_a_long_line_breaks_between_words_below_where_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    out, screen = terminal(monkeypatch, 24)
    out.line("  - ask before you delete a row")
    out.line("Task        handle user data", hang=12)
    assert screen.getvalue().splitlines() == [
        "  - ask before you",
        "    delete a row",
        "Task        handle user",
        "            data",
    ]


def test_what_is_to_be_copied_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    out, screen = terminal(monkeypatch, 24)
    out.line(f"next: skill-fleet watch {ID}")
    out.line(f"the draft is under _drafts/{ID}/x")
    assert screen.getvalue().splitlines() == [
        f"next: skill-fleet watch {ID}",
        "the draft is under",
        f"_drafts/{ID}/x",
    ]


@pytest.mark.parametrize(("text", "rows"), [("", [""]), ("  a b", ["  a b"]), ("你好 你好 x", ["你好", "你好 x"])])
def test_rows_are_counted_in_columns(text: str, rows: list[str]) -> None:
    assert broken(text, 6) == rows


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (80, ["Job" + " " * 35 + "Due     Task", f"{ID}  in 6 d  handle user data"]),
        (44, [ID, "  due in 6 d", "  handle user data"]),
    ],
)
def test_an_id_in_a_table_is_whole_on_every_terminal(
    monkeypatch: pytest.MonkeyPatch, width: int, rows: list[str]
) -> None:
    out, screen = terminal(monkeypatch, width)
    out.rows(("Job", "Due", "Task"), [(ID, "in 6 d", "handle user data")])
    assert [re.sub("\x1b[^m]*m", "", row).rstrip() for row in screen.getvalue().splitlines()] == rows
