"""Asking at the terminal: type by type, again where it was wrong, and nothing is lost by leaving."""

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from cli.client import Api
from cli.dialogue import Dialogue
from cli.output import Output
from cli.problems import ApiProblem
from domain.job import JobStatus
from domain.prompt import AnswerDraft, AnswerRequest, HitlType
from tests.cli.scripted_api import Fault, Script

QUESTIONS: dict[str, JsonValue] = {
    "summary": "You handle user data.",
    "questions": [
        {"id": "q1", "text": "Which law?", "type": "text", "why": "laws differ"},
        {"id": "q2", "text": "Encrypted?", "type": "boolean"},
        {
            "id": "q3",
            "text": "Where is it?",
            "type": "single",
            "options": [{"id": "db", "label": "Database"}, {"id": "s3", "label": "Bucket"}],
        },
    ],
}
PREVIEW: dict[str, JsonValue] = {"content": "# Skill", "revision": 2, "digest": "d", "against": 1, "diff": "+ more"}


class Person:
    """Types what a test says; raises what it says at its end."""

    def __init__(self, *typed: str | Callable[[str], str] | type[BaseException]) -> None:
        self._typed = iter(typed)
        self.asked: list[str] = []
        self.screen = io.StringIO()

    def read(self, ask: str) -> str:
        self.asked.append(ask)
        said = next(self._typed)
        if isinstance(said, type):
            raise said
        return said if isinstance(said, str) else said(ask)

    def answers(self, api: Api, script: Script) -> dict[str, JsonValue]:
        assert script.prompt
        Dialogue(Output(out=self.screen), self.read).answer(api, script.prompt)
        body = script.sent(f"/hitl/{script.job.job_id}/response")[-1].body
        assert isinstance(body, dict)
        return body


def test_each_question_is_asked_by_its_type(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    person = Person("GDPR", "perhaps", "y", "2")
    assert person.answers(api, script)["answers"] == {"q1": "GDPR", "q2": True, "q3": "s3"}
    for words in ("You handle user data.", "1/3 Which law?", "laws differ", "answer yes or no", "1) Database"):
        assert words in person.screen.getvalue()


def test_enter_leaves_the_decision_to_the_model(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    assert Person("", "you decide", "").answers(api, script)["answers"] == {
        "q1": "you decide",
        "q2": "you decide",
        "q3": "you decide",
    }


def test_what_was_begun_elsewhere_is_kept_by_enter(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    assert script.prompt
    script.prompt = script.prompt.model_copy(update={"draft": AnswerDraft(answers={"q1": "HIPAA", "q2": False})})
    person = Person("", "", "1")
    assert person.answers(api, script)["answers"] == {"q1": "HIPAA", "q2": False, "q3": "db"}
    assert "keeps: no" in person.asked[1]


def test_only_the_refused_answer_is_asked_again(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    path = f"/hitl/{script.job.job_id}/response"
    script.faults[path] = [Fault(status=422, body={"errors": {"answers.q1": "too long"}})]
    person = Person("long", "y", "1", "short")
    assert person.answers(api, script)["answers"] == {"q1": "short", "q2": True, "q3": "db"}
    assert "answers.q1: too long" in person.screen.getvalue()


@pytest.mark.parametrize("leaves", [KeyboardInterrupt, EOFError])
def test_leaving_keeps_the_answers_as_a_draft(api: Api, script: Script, leaves: type[BaseException]) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    with pytest.raises(leaves):
        Person("GDPR", leaves).answers(api, script)
    assert script.sent(f"/hitl/{script.job.job_id}/draft")[0].body == {"answers": {"q1": "GDPR"}}


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        (["1"], {"action": "proceed"}),
        (["x", "revise", "", "more examples"], {"action": "revise", "feedback": "more examples"}),
        (["c"], {"action": "cancel"}),
    ],
)
def test_a_preview_is_decided(api: Api, script: Script, typed: list[str], body: dict[str, JsonValue]) -> None:
    interaction = script.asks(HitlType.PREVIEW, PREVIEW)
    person = Person(*typed)
    assert person.answers(api, script) == {"interaction_id": str(interaction), **body}
    assert "+ more" in person.screen.getvalue()


def test_an_edit_goes_through_a_file_that_holds_the_present_text(api: Api, script: Script) -> None:
    def edit(ask: str) -> str:
        found = re.search(r"Edit (\S+) and", ask)
        assert found
        file = Path(found.group(1))
        file.write_text(file.read_text() + " by hand")
        return ""

    script.asks(HitlType.PREVIEW, PREVIEW)
    assert Person("edit", edit).answers(api, script)["content"] == "# Skill by hand"


def test_a_waiver_needs_its_reason(api: Api, script: Script) -> None:
    finding: JsonValue = {"code": "name-missing", "severity": "error", "message": "no name", "fix": "add it"}
    data: dict[str, JsonValue] = {
        "passed": False,
        "score": 0.5,
        "findings": [finding],
        "report": "one error",
        "revision": 1,
        "digest": "d",
    }
    script.asks(HitlType.VALIDATE, data, status=JobStatus.PENDING_REVIEW)
    person = Person("waive", "it is meant so")
    assert person.answers(api, script)["reason"] == "it is meant so"
    assert "error name-missing SKILL.md: no name Fix: add it" in person.screen.getvalue()


def test_an_answer_that_came_too_late_is_not_asked_again(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    script.faults[f"/hitl/{script.job.job_id}/response"] = [Fault(status=409, body={"code": "answer_conflict"})]
    with pytest.raises(ApiProblem):
        Person("proceed").answers(api, script)


class Terminal:
    """The real program on a real pseudo-terminal."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._end, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.app", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.shown = ""

    def until(self, words: str) -> None:
        """Read until the words are on the screen; fails after 20 s of silence."""
        while words not in self.shown:
            ready, _, _ = select.select([self._end], [], [], 20)
            assert ready, f"never saw {words!r} in: {self.shown}"
            try:
                self.shown += os.read(self._end, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                assert words in self.shown, self.shown
                return

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


def test_create_asks_on_a_terminal_and_goes_on_to_the_end(environment: dict[str, str], script: Script) -> None:
    def then(_: AnswerRequest) -> None:
        script.event("writes")
        script.ends(JobStatus.COMPLETED)

    script.on_answer = then
    script.asks(HitlType.CLARIFY, QUESTIONS)
    terminal = Terminal(environment | {"TERM": "xterm"}, "create", "handle user data safely")
    for question, typed in (("Which law?", "GDPR\n"), ("Encrypted?", "yes\n"), ("Where is it?", "1\n")):
        terminal.until(question)
        terminal.type(typed)
    assert terminal.leave() == 0, terminal.shown
    assert terminal.shown.index(str(script.job.job_id)) < terminal.shown.index("Which law?")
    body = script.sent(f"/hitl/{script.job.job_id}/response")[0].body
    assert isinstance(body, dict)
    assert body["answers"] == {"q1": "GDPR", "q2": True, "q3": "db"}


def test_ctrl_c_detaches_and_says_how_to_come_back(environment: dict[str, str], script: Script) -> None:
    script.event("writes")
    terminal = Terminal(environment | {"TERM": "xterm"}, "create", "handle user data safely")
    terminal.until("writes")
    terminal.process.send_signal(signal.SIGINT)  # what the terminal's driver does for Ctrl-C
    assert terminal.leave() == 130, terminal.shown
    assert f"skill-fleet watch {script.job.job_id}" in terminal.shown
    assert script.sent(f"/jobs/{script.job.job_id}/cancel") == []


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}])
def test_a_plain_terminal_gets_no_colours(environment: dict[str, str], script: Script, more: dict[str, str]) -> None:
    script.event("writes")
    script.ends(JobStatus.COMPLETED)
    terminal = Terminal(environment | more, "create", "handle user data safely")
    assert terminal.leave() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.shown)
    if more["TERM"] == "dumb":
        assert "\x1b" not in terminal.shown
