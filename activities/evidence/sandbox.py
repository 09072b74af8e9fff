"""The one place where a command that a person wrote into a case is run: with nothing of this machine in reach.

It gets the agent's answer on its standard input, and an empty folder; no network, no files but the system's programs,
read only; bounded time, memory, processes and output; and whatever it starts dies with it. Bubblewrap does this where
it is installed, else Linux namespaces by way of util-linux. Where neither works nothing is run: NoSandbox.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from domain.errors import SkillFleetError
from domain.shape import Shape

TIMEOUT = 10.0
"""Seconds for one command, its preparation included, which takes 40 ms."""

MOST_GIVEN = 1024 * 1024
"""Bytes of an answer that a command gets."""

MOST_SAID = 64 * 1024
"""Bytes that a command may print; one that prints more is stopped."""

AT_ONCE = 2
"""Commands that run side by side in one worker."""

NOBODY = 65_534
"""The user that a worker of root runs commands as: no other bound on processes holds for root."""

_LIMITS = ("--cpu=5", "--as=536870912", "--fsize=1048576", "--nproc=32", "--nofile=64", "--core=0")
"""Seconds of computing, 512 MiB of memory a process, 1 MiB a file, 32 processes, 64 open files; no core dumps."""

_ENVIRONMENT: Mapping[str, str] = MappingProxyType({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})

_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "etc/alternatives", "etc/ld.so.cache")
"""All that a command sees of the machine's files."""

_READY = b"ready\n"
"""Printed just before the command begins: without it the sandbox, and not the command, has failed."""

_STARTED, _UNSTARTED = b"\nstarted\n", b"\nunstarted\n"
"""Printed last of all, by the first process: whether the command was started. Its exit code cannot tell, as every code
may be its own; nor can what it prints, as this always comes after it."""

_COMMAND = """printf "ready\\n"; trap ": > /work/.unstarted" EXIT; exec "$@\""""
"""`exec` comes back, and the trap is sprung, only if there is no such program, or none that can be run."""

_BEGIN = f"""
prlimit {" ".join(_LIMITS)} -- setpriv --no-new-privs --inh-caps=-all --bounding-set=-all -- \\
  /bin/sh -c '{_COMMAND}' sandbox "$@" 2>&1
code=$?
if [ -e /work/.unstarted ]; then printf '\\nunstarted\\n'; else printf '\\nstarted\\n'; fi
exit $code
"""
"""The first process inside stays, so that all others end with it; the command is its child and has no privileges."""

_ROOM = f"""
set -e
mount -t tmpfs -o size=32m,mode=755,nosuid,nodev tmpfs /tmp
cd /tmp
mkdir proc dev work old
for place in {" ".join(_SYSTEM)}; do
  if [ -L "/$place" ]; then ln -s "$(readlink "/$place")" "$place"; continue; fi
  if [ -d "/$place" ]; then mkdir -p "$place"
  elif [ -f "/$place" ]; then mkdir -p "${{place%/*}}"; : > "$place"
  else continue; fi
  mount --bind "/$place" "$place"
  mount -o remount,bind,ro "$place"
done
for device in null zero urandom; do : > "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mount -t proc -o subset=pid proc proc
pivot_root . old
umount -l /old
rmdir /old
cd /work
unset OLDPWD
set +e
{_BEGIN}
"""
"""A file system of its own in memory. The old one is let go of before the command begins, so no way leads back to it.
`subset=pid`: nothing of the kernel's settings, which a process of the machine's root could change."""


class NoSandbox(SkillFleetError):
    """No sandbox works here, so the command was not run; the text says why."""


class Ran(Shape):
    """How a command ended: its exit code (None: it was stopped), and the first of what it printed."""

    code: int | None
    said: str = ""
    stopped: str = ""


class Sandbox:
    """Runs commands apart from everything. `tools`: where to look for the programs that do this."""

    def __init__(self, timeout: float = TIMEOUT, tools: str = _ENVIRONMENT["PATH"]) -> None:
        """Take how long a command may take, in seconds."""
        self.timeout = timeout
        self.tools = tools
        self.places = asyncio.Semaphore(AT_ONCE)

    async def run(self, argv: Sequence[str], given: str) -> Ran:
        """Run a program with its arguments (no shell reads them) on this text. Raises NoSandbox."""
        around = self._around()
        async with self.places:
            process = await _started([*around, *argv])
            try:
                return await self._watched(process, given.encode("utf-8", "replace")[:MOST_GIVEN])
            finally:
                await _end(process)

    def _around(self) -> list[str]:
        """The words before the command."""
        for name, words in (("bwrap", _bubblewrap), ("unshare", _namespaces)):
            program = shutil.which(name, path=self.tools)
            if program is not None:
                return words(program)
        raise NoSandbox("neither bubblewrap nor unshare is installed")

    async def _watched(self, process: asyncio.subprocess.Process, given: bytes) -> Ran:
        feeding = asyncio.create_task(_feed(process, given))
        try:
            async with asyncio.timeout(self.timeout):
                printed = await _printed(process)
                if len(printed) > MOST_SAID:
                    return Ran(code=None, stopped=f"it printed more than {MOST_SAID} bytes")
                code = await process.wait()
        except TimeoutError:
            return Ran(code=None, stopped=f"it had not ended after {self.timeout:g} seconds")
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        if not printed.startswith(_READY):
            raise NoSandbox("no sandbox can be made here: namespaces are not allowed to this user")
        last = _UNSTARTED if printed.endswith(_UNSTARTED) else _STARTED
        said = printed[len(_READY) :].removesuffix(last).decode("utf-8", "replace").strip()
        if last is _UNSTARTED:
            raise NoSandbox(f"the command could not be started in the sandbox: {' '.join(said.split())[:200]}")
        return Ran(code=code, said=said)


async def _started(words: Sequence[str]) -> asyncio.subprocess.Process:
    """Raises NoSandbox."""
    user = NOBODY if os.geteuid() == 0 else None
    try:
        return await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env=dict(_ENVIRONMENT),
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except OSError as error:
        raise NoSandbox(f"the sandbox could not begin: {error.strerror or error}") from None


def _namespaces(unshare: str) -> list[str]:
    apart = ("--user", "--map-root-user", "--net", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child")
    return [unshare, *apart, "--", "/bin/sh", "-c", _ROOM, "sandbox"]


def _bubblewrap(bwrap: str) -> list[str]:
    seen: list[str] = []
    for place in _SYSTEM:
        path = Path("/", place)
        if path.is_symlink():
            seen += ["--symlink", str(path.readlink()), str(path)]
        elif path.exists():
            seen += ["--ro-bind", str(path), str(path)]
    apart = ["--unshare-all", "--die-with-parent", "--new-session"]
    room = ["--proc", "/proc", "--dev", "/dev", "--size", str(32 << 20), "--tmpfs", "/work", "--chdir", "/work"]
    return [bwrap, *apart, *seen, *room, "--", "/bin/sh", "-c", _BEGIN, "sandbox"]


async def _feed(process: asyncio.subprocess.Process, given: bytes) -> None:
    """The command may end without having read all of it."""
    assert process.stdin is not None
    with suppress(ConnectionError):
        process.stdin.write(given)
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


async def _printed(process: asyncio.subprocess.Process) -> bytes:
    """All it prints until it closes its output, or the first of a flood."""
    assert process.stdout is not None
    printed = bytearray()
    while len(printed) <= MOST_SAID and (part := await process.stdout.read(16 * 1024)):
        printed += part
    return bytes(printed)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Whatever it started ends with it: its group is killed, and with its first process all of its namespace."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    # asyncio does not notice the end of a process while there is something left to be read of it.
    while await process.stdout.read(MOST_SAID):
        pass
    await process.wait()
