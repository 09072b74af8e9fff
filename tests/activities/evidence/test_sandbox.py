"""The sandbox: a command gets the answer and nothing else, whatever it tries."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from activities.evidence.sandbox import MOST_SAID, NoSandbox, Sandbox

TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture
def tools() -> Iterator[Path]:
    """A folder that every user may look into, as a worker of root starts its commands as nobody."""
    with tempfile.TemporaryDirectory(prefix="tools-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(params=[name for name in ("bwrap", "unshare") if shutil.which(name, path=TOOLS)])
def sandbox(request: pytest.FixtureRequest, tools: Path) -> Sandbox:
    """One for each way that this machine has."""
    program = shutil.which(request.param, path=TOOLS)
    assert program
    (tools / request.param).symlink_to(program)
    return Sandbox(timeout=3, tools=str(tools))


async def python(sandbox: Sandbox, text: str, given: str = "") -> str:
    """What a program prints; a failure is told with its last line."""
    ran = await sandbox.run(["python3", "-c", text], given)
    return ran.said.splitlines()[-1] if ran.said else f"{ran.code} {ran.stopped}"


def living(mark: str) -> list[str]:
    """The processes of this machine that have these words in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace"))
    return [line for line in found if mark in line]


async def test_a_command_reads_the_answer_and_its_end_is_the_verdict(sandbox: Sandbox) -> None:
    assert (await sandbox.run(["grep", "-c", "flag"], "The flag.\nThe rest.")).said == "1"
    assert (await sandbox.run(["grep", "-q", "flag"], "The rest.")).code == 1
    assert (await sandbox.run(["true"], "x" * 2_000_000)).code == 0


async def test_no_shell_reads_the_command(sandbox: Sandbox) -> None:
    assert (await sandbox.run(["echo", "$PATH", ";", "`id`", "&&"], "")).said == "$PATH ; `id` &&"


async def test_there_is_no_network(sandbox: Sandbox) -> None:
    listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    said = await python(sandbox, f"import socket; print(socket.create_connection(('127.0.0.1', {port}), 2))")
    listening.close()
    assert "Error" in said
    assert "Error" in await python(sandbox, "import socket; socket.create_connection(('1.1.1.1', 53), 2)")


async def test_nothing_of_the_machine_can_be_read_but_its_programs(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    ways = [str(secret), str(Path.home()), "/etc/passwd", "/proc/1/environ", "/proc/1/root/etc/passwd", __file__]
    tries = f"""
import os
found = []
for way in {ways!r}:
    try:
        found.append(os.listdir(way) if os.path.isdir(way) else open(way).read())
    except OSError:
        pass
print([one for one in found if 'hidden' in one or 'root:' in one or 'def test' in one], os.listdir('.'))
"""
    assert await python(sandbox, tries) == "[] []"
    assert await python(sandbox, "import os; print(sorted(os.environ))") in ("['LANG', 'PATH', 'PWD']",)
    assert "Error" in await python(sandbox, "open('/usr/made', 'w')")


async def test_it_has_no_privileges_and_gets_none(sandbox: Sandbox) -> None:
    status = "print([l.split()[1] for l in open('/proc/self/status') if l.startswith(('CapEff', 'CapBnd'))])"
    assert await python(sandbox, status) == "['0000000000000000', '0000000000000000']"
    assert (await sandbox.run(["mount", "-t", "tmpfs", "x", "/work"], "")).code != 0


async def test_a_fork_bomb_is_bounded_and_leaves_nothing(sandbox: Sandbox) -> None:
    bomb = """
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            os.setsid(); time.sleep(987654)
        made += 1
except OSError:
    print(made)
"""
    assert int(await python(sandbox, bomb)) < 40
    assert not living("987654")


async def test_what_does_not_end_is_stopped_with_all_it_started(sandbox: Sandbox) -> None:
    hides = "import ctypes, os; ctypes.CDLL(None).prctl(1, 0); os.setsid(); import time; time.sleep(876543)"
    ran = await sandbox.run(["python3", "-c", hides], "")
    assert (ran.code, ran.stopped) == (None, "it had not ended after 3 seconds")
    assert not living("876543")


async def test_a_flood_is_stopped(sandbox: Sandbox) -> None:
    assert (await sandbox.run(["yes"], "")).stopped == f"it printed more than {MOST_SAID} bytes"


async def test_memory_and_files_are_bounded(sandbox: Sandbox) -> None:
    assert "MemoryError" in await python(sandbox, "x = b'a' * (2 << 30)")
    ran = await sandbox.run(["dd", "if=/dev/zero", "of=big", "bs=1M", "count=50"], "")
    assert ran.code != 0


async def test_a_program_that_is_not_there_gives_no_verdict(sandbox: Sandbox) -> None:
    with pytest.raises(NoSandbox, match="could not be started"):
        await sandbox.run(["no-such-program"], "")


async def test_a_program_that_cannot_be_run_gives_no_verdict(sandbox: Sandbox) -> None:
    with pytest.raises(NoSandbox, match="could not be started"):
        await sandbox.run(["/usr/bin"], "")


@pytest.mark.parametrize("code", [0, 1, 126, 127, 255])
async def test_every_exit_code_of_the_command_is_its_own(sandbox: Sandbox, code: int) -> None:
    ran = await sandbox.run(["sh", "-c", f"cat; exit {code}"], "said\nunstarted\n")
    assert (ran.code, ran.said) == (code, "said\nunstarted")


async def test_a_program_that_a_command_lacks_is_the_commands_own_failure(sandbox: Sandbox) -> None:
    assert (await sandbox.run(["sh", "-c", "no-such-program"], "")).code == 127


async def test_without_a_sandbox_nothing_is_run(tmp_path: Path, tools: Path) -> None:
    with pytest.raises(NoSandbox, match="installed"):
        await Sandbox(tools=str(tmp_path)).run(["touch", str(tmp_path / "made")], "")
    broken = tools / "unshare"
    broken.write_text("#!/bin/sh\necho unshare: not permitted\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(NoSandbox, match="not allowed"):
        await Sandbox(tools=str(tools)).run(["touch", str(tmp_path / "made")], "")
    broken.write_text("no program")
    with pytest.raises(NoSandbox, match="begin"):
        await Sandbox(tools=str(tools)).run(["touch", str(tmp_path / "made")], "")
    assert not (tmp_path / "made").exists()
