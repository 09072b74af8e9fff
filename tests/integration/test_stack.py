"""The product as its users meet it: `skill-fleet` and the `temporal` command against the whole stack."""

import json
from pathlib import Path

import pytest
import skills_ref

from deploy.temporal_server import find_binary
from tests.support.terminal import Ran, Terminal, up

TASK = "Write release notes for the Acme CLI from merged pull requests, grouped into Added, Fixed and Breaking"

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def created(terminal: Terminal, *flags: str) -> tuple[str, Ran]:
    ran = await terminal.fleet("create", TASK, "--json", *flags)
    return str(ran.lines[0]["job_id"]), ran


async def test_the_whole_job_in_a_terminal_without_a_screen(terminal: Terminal) -> None:
    job, asked = await created(terminal)
    assert asked.code == 8 and asked.lines[-1]["hitl_type"] == "clarify"
    partial = await terminal.fleet("answer", job, "--action", "proceed", "--set", "q1=Markdown", "--json")
    assert partial.code == 2 and "q2" in partial.err
    answers = [word for question in ("q2", "q3") for word in ("--set", f"{question}=you decide")]
    answered = await terminal.fleet("answer", job, "--action", "proceed", "--set", "q1=Markdown", *answers, "--json")
    assert answered.code == 0, answered.err
    assert (await terminal.fleet("watch", job, "--json")).lines[-1]["hitl_type"] == "preview"
    revised = await terminal.fleet("answer", job, "--action", "revise", "--feedback", "More examples", "--json")
    assert revised.code == 0, revised.err
    assert (await terminal.fleet("watch", job, "--json")).lines[-1]["hitl_type"] == "preview"
    assert (await terminal.fleet("answer", job, "--action", "proceed", "--json")).code == 0
    assert (await terminal.fleet("watch", job, "--json")).code == 0
    promoted = await terminal.fleet("promote", job, "--json")
    assert promoted.code == 0, promoted.err
    shown = (await terminal.fleet("show", job, "--json")).document
    assert skills_ref.validate(terminal.library / str(shown["final_path"])) == []
    assert (await terminal.fleet("promote", job, "--json")).code == 0


async def test_a_job_answered_with_the_temporal_command_goes_on_the_same_way(terminal: Terminal) -> None:
    job, _ = await created(terminal, "--max-questions", "0")
    signal = json.dumps({"action": "proceed", "responded_by": "grace"})
    named = ("--workflow-id", f"create-skill:{job}", "--address", terminal.stack.temporal_address)
    sent = await terminal.run(str(find_binary()), "workflow", "signal", *named, "--name", "answer", "--input", signal)
    assert sent.code == 0, sent.err
    assert (await terminal.fleet("watch", job, "--json")).code == 0


async def test_doctor_finds_nothing_wrong(terminal: Terminal) -> None:
    ran = await terminal.fleet("doctor")
    assert ran.code == 0, ran.out + ran.err


@pytest.mark.parametrize("task", ["two words", "word " * 2001])
async def test_a_bad_task_is_refused_with_a_sentence(terminal: Terminal, task: str) -> None:
    ran = await terminal.fleet("create", task)
    assert ran.code == 2 and ("3 words" in ran.err or "characters" in ran.err) and "Traceback" not in ran.err


@pytest.mark.long
@pytest.mark.local_model
async def test_a_sentence_becomes_a_published_skill_with_the_real_local_model(tmp_path: Path) -> None:
    async with up(tmp_path, SKILL_FLEET_EVIDENCE_POLICY="warn") as terminal:  # as `make demo` does
        ran = await terminal.fleet("create", TASK, "--auto-approve", "--promote", "--json", within=900)
        outcome = ran.lines[-1]
        assert ran.code == 0, ran.err
        folder = terminal.library / str(outcome["final_path"])
        assert skills_ref.validate(folder) == []
        text = (folder / "SKILL.md").read_text()
        assert all(word in text for word in ("Acme", "Added", "Fixed", "Breaking")) and "TODO" not in text
        shown = await terminal.fleet("show", str(outcome["job_id"]))
        assert "small local model" in shown.out and "Evidence" in shown.out
        report = await terminal.fleet("evidence", str(outcome["final_path"]), "--json")
        found = json.loads(report.out)
        assert (found["profile"], found["policy"]["mode"]) == ("local-small", "warn")
        assert any("of at least 3 cases" in text for text in found["lacking"])
