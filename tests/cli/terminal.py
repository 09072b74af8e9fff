"""The real program on a real pseudo-terminal, and a person who types what a test says."""

import io
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable

from pydantic import JsonValue

from cli.client import Api
from cli.desk import Desk
from cli.output import Output
from cli.reading import Editor
from tests.cli.scripted_api import Script

CTRL_C, CTRL_D = "\x03", "\x04"


class Person:
    """Types what a test says; raises what it says to raise; `screen` holds what they saw."""

    def __init__(self, *typed: str | Callable[[str], str] | type[BaseException]) -> None:
        self._typed = iter(typed)
        self.asked: list[str] = []
        self.screen = io.StringIO()
        self.unfinished = ""
        self.more = "Alt-Enter: one more line"

    def read(self, ask: str, start: str = "") -> str:
        """The next thing."""
        self.asked.append(f"{ask}{start}")
        said = next(self._typed)
        if isinstance(said, type):
            raise said
        return said if isinstance(said, str) else said(ask)

    def desk(self, api: Api, script: Script | None = None, editor: str | None = None) -> Desk:
        """Where they sit."""
        out = Output(out=self.screen, err=self.screen)
        job = script.job.job_id if script else None
        return Desk(api=api, out=out, reader=self, editor=Editor(self, editor), job_id=job)


def answered(script: Script) -> dict[str, JsonValue]:
    """The body of the last answer that was sent."""
    body = script.sent(f"/hitl/{script.job.job_id}/response")[-1].body
    assert isinstance(body, dict)
    return body


def drafts(script: Script) -> list[JsonValue]:
    """The drafts that were saved, in order."""
    return [seen.body for seen in script.sent(f"/hitl/{script.job.job_id}/draft")]


class Terminal:
    """The real program on a real pseudo-terminal."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._end, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.app", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.shown = ""
        self._read = 0

    def until(self, words: str) -> None:
        """Read until the words are on the screen, after those waited for before; fails after 20 s of silence."""
        while (place := self.shown.find(words, self._read)) < 0:
            ready, _, _ = select.select([self._end], [], [], 20)
            assert ready, f"never saw {words!r} in: {self.shown}"
            try:
                self.shown += os.read(self._end, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                assert words in self.shown[self._read :], self.shown
                return
        self._read = place + len(words)

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def leave(self) -> int:
        """Wait for the end; what is still to come is read, so that nobody waits for us."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if not select.select([self._end], [], [], 0.5)[0]:
                continue
            try:
                self.shown += os.read(self._end, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                break
        os.close(self._end)
        if self.process.poll() is None and time.monotonic() > end:
            self.process.kill()
        return self.process.wait(20)
