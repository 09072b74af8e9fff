"""The product as its users meet it: `skill-fleet` and the `temporal` command against the whole stack."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import skills_ref

from deploy.stack_file import Stack
from deploy.temporal_server import find_binary
from tests.support.provider import Provider

ROOT = Path(__file__).resolve().parents[2]
HOME = str(Path.home())
TASK = "Write release notes for the Acme CLI from merged pull requests, grouped into Added, Fixed and Breaking"

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Terminal:
    """A person's terminal: their environment, their data folder."""

    environment: dict[str, str]
    data: Path

    async def run(self, *arguments: str, within: float = 120) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *arguments, cwd=ROOT, env=self.environment, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), within)
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def fleet(self, *arguments: str, within: float = 120) -> Ran:
        """Run `skill-fleet` as installed."""
        return await self.run(str(Path(sys.executable).with_name("skill-fleet")), *arguments, within=within)

    @property
    def stack(self) -> Stack:
        return Stack.model_validate_json((self.data / "stack.json").read_bytes())

    @property
    def library(self) -> Path:
        return Path(self.environment["SKILL_FLEET_LIBRARY"])


@asynccontextmanager
async def up(folder: Path, *flags: str, **settings: str) -> AsyncIterator[Terminal]:
    """A whole stack, started and stopped as a person does."""
    environment = {
        "PATH": os.defpath,
        "HOME": HOME,
        "SKILL_FLEET_LIBRARY": str(folder / "skills"),
        "SKILL_FLEET_DATA_DIR": str(folder / "data"),
        **settings,
    }
    terminal = Terminal(environment, folder / "data")
    started = await terminal.fleet("up", "-d", *flags, within=240)
    try:
        assert started.code == 0, started.out + started.err
        yield terminal
    finally:
        stopped = await terminal.fleet("down")
        assert stopped.code == 0, stopped.out + stopped.err
    assert not (folder / "data" / "stack.json").exists()


@pytest.fixture(scope="module")
async def terminal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Terminal]:
    folder = tmp_path_factory.mktemp("stack")
    async with (
        Provider.spawn(folder) as provider,
        up(
            folder,
            SKILL_FLEET_MODEL="openai/stand-in",
            SKILL_FLEET_MODEL_API_BASE=provider.url,
            SKILL_FLEET_MODEL_API_KEY=provider.key,
        ) as terminal,
    ):
        yield terminal


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


@pytest.mark.local_model
async def test_a_sentence_becomes_a_published_skill_with_the_real_local_model(tmp_path: Path) -> None:
    async with up(tmp_path) as terminal:
        ran = await terminal.fleet("create", TASK, "--auto-approve", "--promote", "--json", within=900)
        outcome = ran.lines[-1]
        assert ran.code == 0, ran.err
        folder = terminal.library / str(outcome["final_path"])
        assert skills_ref.validate(folder) == []
        text = (folder / "SKILL.md").read_text()
        assert all(word in text for word in ("Acme", "Added", "Fixed", "Breaking")) and "TODO" not in text
        shown = await terminal.fleet("show", str(outcome["job_id"]))
        assert "small local model" in shown.out and "Evidence" in shown.out
