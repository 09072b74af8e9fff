"""The command itself, as a person runs it: exit codes, words, signals, the background."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy import local
from deploy.folder import Folder, FolderLock, holder
from deploy.stack_file import Stack, read
from settings import Settings, load

ENTRY = """
import sys
from pathlib import Path
import deploy.local
deploy.local.CHECKOUT = Path(sys.argv[1])
raise SystemExit(deploy.local.main(sys.argv[2:]))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m deploy.local ...` to its end."""
    return subprocess.run(
        (sys.executable, "-m", "deploy.local", *arguments), capture_output=True, text=True, check=False
    )


def started(folder: Folder, checkout: Path) -> subprocess.Popen[str]:
    """`up` in the foreground with placeholders for our own parts."""
    command = (sys.executable, "-c", ENTRY, str(checkout), "up", "--no-model", "--data-dir", str(folder.root))
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def up(folder: Folder, checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """One that is ended with the test."""
    with started(folder, checkout) as process:
        yield process
        process.kill()


def stack_of(folder: Folder) -> Stack:
    """Its stack file."""
    stack = read(folder.stack)
    assert stack is not None
    return stack


def pids_of(folder: Folder) -> list[int]:
    """The processes of its stack file."""
    return [pid for pid in stack_of(folder).pids.model_dump().values() if pid]


def test_one_life_of_a_stack(
    folder: Folder,
    checkout: Path,
    up: subprocess.Popen[str],
    until: Callable[..., float],
    alive: Callable[[int], bool],
) -> None:
    until(folder.stack.exists, 30)
    status = run("status", "--json", "--data-dir", str(folder.root))
    report = json.loads(status.stdout)
    assert (status.returncode, report["state"], report["supervisor"]) == (0, "running", up.pid)
    assert {part["name"] for part in report["parts"] if part["healthy"]} == {"api", "worker", "temporal", "postgres"}
    assert "postgresql://" not in status.stdout

    first, pids = stack_of(folder), pids_of(folder)
    second = run("up", "--no-model", "--data-dir", str(folder.root))
    assert second.returncode == 1
    assert first.api_url in second.stderr
    assert up.poll() is None

    # Killed with -9, it takes all its parts along, and the folder can be used again at once with the same addresses.
    up.kill()
    with started(folder, checkout) as again:
        until(lambda: not any(alive(pid) for pid in pids), 5)
        until(lambda: folder.stack.exists() and stack_of(folder).pids != first.pids, 30)
        assert stack_of(folder).model_copy(update={"pids": first.pids}) == first

        pids = pids_of(folder)
        began = time.monotonic()
        assert run("down", "--data-dir", str(folder.root)).returncode == 0
        assert time.monotonic() - began < 15 + 5, "15 s to stop, the rest to start this command on a busy machine"
        assert again.wait(5) == 0
    assert not any(alive(pid) for pid in pids)
    assert not folder.stack.exists()
    assert not folder.lock.exists()
    assert run("status", "--data-dir", str(folder.root)).returncode == 1


def test_ctrl_c_while_it_starts_leaves_nothing(folder: Folder, up: subprocess.Popen[str]) -> None:
    assert up.stdout is not None
    assert "temporal is ready" in up.stdout.readline()
    up.send_signal(signal.SIGINT)
    assert up.wait(20) == 0
    assert not folder.lock.exists()
    assert not folder.stack.exists()


def test_the_command_line_is_checked() -> None:
    for wrong in ((), ("fly",), ("up", "--port", "0"), ("up", "--port", "many"), ("down", "--port", "1")):
        with pytest.raises(SystemExit) as error:
            local.parse(wrong)
        assert error.value.code == 2


def test_a_setting_nobody_reads_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKILL_FLEET_MODLE", "typo")
    assert local.main(("status", "--data-dir", str(folder.root))) == 2
    assert "SKILL_FLEET_MODLE" in capsys.readouterr().err


def test_down_where_nothing_runs_is_done(folder: Folder) -> None:
    result = run("down", "--data-dir", str(folder.root))
    assert result.returncode == 0
    assert "nothing runs" in result.stdout


def test_a_port_that_is_taken_is_told_and_leaves_no_lock(folder: Folder) -> None:
    with subprocess.Popen(
        (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0"),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as other:
        assert other.stdout is not None
        port = other.stdout.readline().split(" port ")[1].split()[0]
        result = run("up", "--no-model", "--data-dir", str(folder.root), "--port", port)
        other.kill()
    assert result.returncode == 1
    assert f"port {port}" in result.stderr
    assert holder(folder) is None
    assert not folder.lock.exists()


def test_in_the_background_a_start_that_fails_says_why(folder: Folder) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("12")
    result = run("up", "-d", "--no-model", "--data-dir", str(folder.root))
    assert result.returncode == 1
    assert "PostgreSQL 12" in result.stdout
    assert holder(folder) is None


def test_in_the_background_a_second_start_is_refused_before_anything_is_fetched(folder: Folder) -> None:
    lock = FolderLock.acquire(folder)
    result = run("up", "-d", "--data-dir", str(folder.root))
    lock.release()
    assert result.returncode == 1
    assert "already runs" in result.stderr


def test_who_writes_is_told(monkeypatch: pytest.MonkeyPatch, folder: Folder, tmp_path: Path) -> None:
    weights = tmp_path / "weights.gguf"
    monkeypatch.setattr("deploy.weights.ensure", lambda cache, given: weights)
    plain = load({})
    provided = plain.model_copy(update={"author_model": "openai/gpt-5"})

    def writer(settings: Settings, *words: str) -> tuple[str, Path | None]:
        plan = local.settle(local.parse(("up", *words)), settings, folder, patience=0)
        return plan.writer, plan.weights

    assert writer(provided) == ("openai/gpt-5", None)
    assert writer(plain) == (local.SMALL_MODEL, weights)
    assert writer(plain, "--no-model") == (local.NO_MODEL, None)
