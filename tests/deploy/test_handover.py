"""A worker that is started and handed over, taken back, or told to stop; nothing is ever killed."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.handover import Handover, ended, stop

SLEEPS = (
    sys.executable,
    "-c",
    "import os, time; print(os.environ['TEMPORAL_WORKER_BUILD_ID'], flush=True); time.sleep(600)",
)


DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def deaf() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not hear SIGTERM."""
    with subprocess.Popen((sys.executable, "-c", DEAF), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


async def test_it_is_told_its_version_and_taken_back_when_refused(tmp_path: Path) -> None:
    log, said = tmp_path / "worker.log", list[str]()
    started = Handover.start(SLEEPS, "skill-fleet", "abc", log)
    started.check()
    async with asyncio.timeout(20):
        while log.read_text() != "abc\n":  # noqa: ASYNC110 - written by the process
            await asyncio.sleep(0.02)
    await started.stop(said.append)
    assert said == [f"stopping the worker that was started for it (process {started.pid})"]
    with pytest.raises(StackError, match="the worker ended"):
        started.check()
    await started.stop(said.append)
    assert len(said) == 1


async def test_one_that_cannot_be_run_is_told_with_its_last_words(tmp_path: Path) -> None:
    started = Handover.start(("no-such-program",), "skill-fleet", "abc", tmp_path / "worker.log")
    async with asyncio.timeout(20):
        while not ended(started.pid):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    with pytest.raises(StackError, match=r"(?s)the worker ended \(exit 127\).*no-such-program"):
        started.check()


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"cannot be started, or .* not be written"):
        Handover.start(SLEEPS, "skill-fleet", "abc", tmp_path / "file" / "worker.log")


async def test_a_named_process_is_asked_and_waited_for(
    stranger: subprocess.Popen[bytes], alive: Callable[[int], bool]
) -> None:
    said: list[str] = []
    await stop(stranger.pid, said.append)
    assert not alive(stranger.pid)
    assert said == [f"process {stranger.pid} has ended"]
    stranger.wait()
    await stop(stranger.pid, said.append)  # gone already: as it shall be


async def test_one_that_stays_is_left_alone_and_told(
    deaf: subprocess.Popen[bytes], alive: Callable[[int], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.handover.GOING", 0.3)
    with pytest.raises(StackError, match=rf"process {deaf.pid} has not ended"):
        await stop(deaf.pid, print)
    assert alive(deaf.pid)
