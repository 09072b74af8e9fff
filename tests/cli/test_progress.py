"""The line that lives: where the job is, for how long, and which model call is in flight."""

import io
import signal
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from cli.output import Output
from cli.progress import LiveScreen, Now, screen_for
from cli.reasoning import Reasoning
from cli.signals import unbroken
from domain.job import JobEvent, JobStatus, Phase


def event(kind: str, message: str = "", **data: object) -> JobEvent:
    return JobEvent(
        seq=1, type=kind, status=JobStatus.RUNNING, phase=Phase.GENERATION, progress=40, message=message, data=data
    )


def line(now: Now) -> str:
    return now.__rich__().plain


def test_it_names_phase_percent_time_and_the_call_in_flight() -> None:
    now = Now()
    now.event(event("phase", "writing"))
    assert line(now) == "40 % generation · 0:00"
    now.event(event("progress", "writing Examples"))
    assert line(now) == "40 % generation · 0:00 · writing Examples"
    now.event(event("revision", "revision 1 is written"))
    assert line(now) == "40 % generation · 0:00"


def test_its_time_is_that_of_the_present_step(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 75.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    now = Now()
    now.event(event("answered", "by ada"))
    now.event(event("progress", "writing Examples"))
    assert line(now) == "40 % generation · 1:05 · writing Examples"


def test_an_api_that_stays_away_is_said_until_it_is_back() -> None:
    now = Now()
    now.event(event("phase"))
    now.there(False)
    assert "the api does not answer" in line(now)
    now.there(True)
    assert line(now) == "40 % generation · 0:00"


def test_it_shows_the_last_lines_of_what_is_being_written() -> None:
    now = Now()
    now.event(event("phase"))
    now.token(event("token", label="draft", text="\n".join(f"line {number} \x1b[2J" for number in range(9))))
    assert line(now).splitlines()[0] == "40 % generation · 0:00 · draft"
    assert line(now).splitlines()[1:] == [f"line {number} \\x1b[2J" for number in range(3, 9)]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveScreen]:
    out = Output(out=io.StringIO())
    out.console = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setenv("TERM", "xterm")
    found = screen_for(out, Reasoning.FULL)
    assert isinstance(found, LiveScreen)
    yield found
    found.hold()


def test_a_terminal_gets_it_until_somebody_else_writes(screen: LiveScreen) -> None:
    screen.event(event("phase", "writing"))
    screen.token(event("token", label="draft", text="x"))
    screen.hold()
    screen.hold()  # twice is as good as once


def test_ctrl_c_waits_for_what_must_not_be_half_done() -> None:
    done: list[str] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # another test's loop may have its own
    try:
        with pytest.raises(KeyboardInterrupt), unbroken():
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")
        assert done == ["all of it"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
