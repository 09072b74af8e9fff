"""The product as a person has it: a whole stack of real processes, and commands typed without a screen."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.stack_file import Stack

ROOT = Path(__file__).resolve().parents[2]
HOME = str(Path.home())


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

    async def run(self, *arguments: str, within: float = 120, stdin: str | None = None) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=ROOT,
            env=self.environment,
            stdin=DEVNULL if stdin is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        given = None if stdin is None else stdin.encode()
        try:
            out, err = await asyncio.wait_for(process.communicate(given), within)
        finally:
            if process.returncode is None:  # whoever waits was told to stop: the command stops what it has started
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)
                await process.wait()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def fleet(self, *arguments: str, within: float = 120, stdin: str | None = None) -> Ran:
        """Run `skill-fleet` as installed."""
        program = str(Path(sys.executable).with_name("skill-fleet"))
        return await self.run(program, *arguments, within=within, stdin=stdin)

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
        "XDG_STATE_HOME": str(folder / "state"),
        "SKILL_FLEET_LIBRARY": str(folder / "skills"),
        "SKILL_FLEET_DATA_DIR": str(folder / "data"),
        **settings,
    }
    terminal = Terminal(environment, folder / "data")
    try:
        started = await terminal.fleet("up", "-d", *flags, within=240)
        assert started.code == 0, started.out + started.err
        yield terminal
    finally:
        stopped = await terminal.fleet("down")
        assert stopped.code == 0, stopped.out + stopped.err
    assert not (folder / "data" / "stack.json").exists()
