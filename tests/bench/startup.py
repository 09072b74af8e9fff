"""(h) How long processes take from their spawn to their work."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress

from tests.bench.arithmetic import Goal, Table, median, spread
from tests.bench.site import Site
from tests.support.api_server import ApiProcess
from tests.support.terminal import ROOT

READY = b"the worker is ready"


async def worker(environment: dict[str, str]) -> float:
    """Until it says that it is ready; then it is told to drain."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "worker.py"],
        cwd=ROOT,
        env=environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said: list[bytes] = []
    try:
        async for line in process.stdout:
            said.append(line)
            if READY in line:
                return time.perf_counter() - began
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()
    raise AssertionError(b"".join(said).decode())


async def api(environment: dict[str, str]) -> float:
    """Until it answers."""
    server = ApiProcess(environment)
    began = time.perf_counter()
    try:
        await server.start()
        return time.perf_counter() - began
    finally:
        await server.kill()


async def help_of_cli(site: Site) -> float:
    """Until `skill-fleet --help` has ended."""
    began = time.perf_counter()
    assert (await site.terminal.fleet("--help")).code == 0
    return time.perf_counter() - began


async def rows(site: Site, runs: int) -> list[Table]:
    """The table."""
    environment = {
        **site.terminal.environment,
        "SKILL_FLEET_DATABASE_URL": site.terminal.stack.database_url,
        "TEMPORAL_ADDRESS": site.terminal.stack.temporal_address,
        "PATH": os.defpath,
    }
    found: dict[str, list[float]] = {"api": [], "worker": [], "`skill-fleet --help`": []}
    for peer in site.peers:
        found[peer.title] = []
    for _ in range(runs):
        found["api"].append(await api(environment))
        found["worker"].append(await worker(environment))
        found["`skill-fleet --help`"].append(await help_of_cli(site))
        for peer in site.peers:
            await peer.down()
            found[peer.title].append(await peer.up())
    table = Table("(h) Start-up, s", ("process", "spawn → ready"))
    table.rows = [(name, spread(times, 2)) for name, times in found.items()]
    table.notes.append(f"Medians (range) of {runs}, in turn; everything else runs on.")
    table.goals.append(Goal("(h) `skill-fleet --help`", 0.4, median(found["`skill-fleet --help`"]), "s"))
    return [table]
