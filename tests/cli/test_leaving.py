"""Leaving a real terminal: Ctrl-C once, twice, at a prompt, and Ctrl-D. The job is only touched when it is meant."""

import re
import signal

import pytest
from pydantic import JsonValue

from domain.job import JobStatus
from domain.prompt import AnswerRequest, HitlType
from tests.cli.scripted_api import Script
from tests.cli.terminal import CTRL_C, CTRL_D, Terminal, drafts
from tests.cli.test_dialogue import QUESTIONS

TASK = "handle user data safely"


def screen(environment: dict[str, str], *arguments: str, **more: str) -> Terminal:
    return Terminal(environment | {"TERM": "xterm", "COLUMNS": "200"} | more, *arguments)


def test_create_asks_on_a_terminal_and_goes_on_to_the_end(environment: dict[str, str], script: Script) -> None:
    def then(_: AnswerRequest) -> None:
        script.event("writes")
        script.ends(JobStatus.COMPLETED)

    script.on_answer = then
    script.asks(HitlType.CLARIFY, QUESTIONS)
    terminal = screen(environment, "create", TASK)
    for question, typed in (("Which law?", "GDPR\r"), ("Encrypted?", "yes\r"), ("Where is it?", "1\r")):
        terminal.until(question)
        terminal.until(">")
        terminal.type(typed)
    assert terminal.leave() == 0, terminal.shown
    assert terminal.shown.index(str(script.job.job_id)) < terminal.shown.index("Which law?")
    body = script.sent(f"/hitl/{script.job.job_id}/response")[0].body
    assert isinstance(body, dict)
    assert body["answers"] == {"q1": "GDPR", "q2": True, "q3": "db"}


def test_ctrl_c_detaches_and_says_how_to_come_back(environment: dict[str, str], script: Script) -> None:
    script.event("writes")
    terminal = screen(environment, "create", TASK)
    terminal.until("writes")
    terminal.process.send_signal(signal.SIGINT)  # what the terminal's driver does for Ctrl-C
    assert terminal.leave() == 130, terminal.shown
    assert f"skill-fleet watch {script.job.job_id}" in terminal.shown
    assert script.sent(f"/jobs/{script.job.job_id}/cancel") == []


@pytest.mark.parametrize(
    ("says", "code", "cancels"),
    [
        (["y\r", "no need\r"], 3, [{"reason": "no need"}]),
        (["n\r"], 130, []),
        ([CTRL_C], 130, []),
    ],
)
def test_a_second_ctrl_c_asks_whether_to_cancel(
    environment: dict[str, str], script: Script, says: list[str], code: int, cancels: list[JsonValue]
) -> None:
    script.event("writes")
    terminal = screen(environment, "create", TASK)
    terminal.until("writes")
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("Ctrl-C once more")
    terminal.process.send_signal(signal.SIGINT)
    for asked, typed in zip(("Cancel the job?", "Why?"), says, strict=False):
        terminal.until(asked)
        terminal.until(">")
        terminal.type(typed)
    assert terminal.leave() == code, terminal.shown
    assert [seen.body for seen in script.sent(f"/jobs/{script.job.job_id}/cancel")] == cancels


@pytest.mark.parametrize(("keys", "kept"), [(f"half{CTRL_C}", {"answers": {"q1": "half"}}), (CTRL_D, None)])
def test_at_a_prompt_ctrl_c_and_ctrl_d_keep_what_was_typed(
    environment: dict[str, str], script: Script, keys: str, kept: JsonValue
) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    terminal = screen(environment, "create", TASK)
    terminal.until("Which law?")
    terminal.until(">")
    terminal.type(keys)
    assert terminal.leave() == 130, terminal.shown
    assert "detached; the job goes on" in terminal.shown
    assert drafts(script) == ([kept] if kept else [])


def test_chat_in_a_real_terminal(environment: dict[str, str], script: Script) -> None:
    def then(_: AnswerRequest) -> None:
        script.ends(JobStatus.COMPLETED)

    script.on_answer = then
    script.asks(HitlType.CONFIRM, {"summary": "s", "path": "data/user-data", "plan": ["write"]})
    terminal = screen(environment, "chat")
    for asked, typed in (
        ("able to do?", "handle user data\x1b\rand nothing else\r"),
        ("number or a word", "/status\r"),
        ("pending_hitl", "1\r"),
        ("promote: publish", "exit\r"),
    ):
        terminal.until(asked)
        terminal.until(">")
        terminal.type(typed)
    assert terminal.leave() == 0, terminal.shown
    body = script.sent("/skills")[0].body
    assert isinstance(body, dict)
    assert body["task_description"] == "handle user data\nand nothing else"


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}])
def test_a_plain_terminal_gets_no_colours(environment: dict[str, str], script: Script, more: dict[str, str]) -> None:
    script.event("writes")
    script.ends(JobStatus.COMPLETED)
    terminal = Terminal(environment | more, "create", TASK)
    assert terminal.leave() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.shown)
    if more["TERM"] == "dumb":
        assert "\x1b" not in terminal.shown


def test_plain_redraws_nothing_and_still_asks(environment: dict[str, str], script: Script) -> None:
    script.on_answer = lambda _: script.ends(JobStatus.COMPLETED)
    script.asks(HitlType.CLARIFY, QUESTIONS)
    terminal = screen(environment, "create", TASK, "--plain")
    for question, typed in (("Which law?", "GDPR\n"), ("Encrypted?", "yes\n"), ("Where is it?", "1\n")):
        terminal.until(question)
        terminal.until(">")
        terminal.type(typed)
    assert terminal.leave() == 0, terminal.shown
    assert not re.search(r"\x1b\[[0-9]*[A-KJ]", terminal.shown)
