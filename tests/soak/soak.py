"""A whole stack of processes under slow models: jobs go through it, streams are open, and every pool is watched."""

import asyncio
import os
import socket
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psutil
import psycopg

from deploy.folder import Folder
from tests.soak import idle
from tests.soak.options import Options
from tests.soak.report import Found
from tests.soak.watch import API, WORKER, Watch
from tests.support.provider import Provider, SpawnedProvider
from tests.support.terminal import Terminal, up

TASK = "Write release notes for the Acme CLI from merged pull requests, number {n}"

OURS = 60.0
"""Seconds after which our connections ask the server to end a transaction that idles (store/session.py)."""

SLOW, ENDED_WITH = "a transaction took", "It ended with: "
"""Words of the warning (store/pool.py)."""

SHOWN = 70
"""Characters of a statement in the table."""


async def soak(folder: Path, options: Options) -> Found:
    """Run it, in this folder; leaves nothing running. TimeoutError when the jobs do not end in time."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    async with (
        Provider.spawn(folder) as provider,
        up(
            folder,
            **provider.settings,
            SKILL_FLEET_MODEL_CONCURRENCY="64",
            SKILL_FLEET_METRICS_PORT=str(port),
        ) as terminal,
    ):
        provider.pace(options.model_seconds, options.slowest_call)
        await prepared(terminal, options)
        return await watched(terminal, provider, options, f"http://127.0.0.1:{port}/metrics")


async def prepared(terminal: Terminal, options: Options) -> None:
    """Lower the server's limit if told so, and see that it is in force."""
    if options.idle_limit is not None:
        password = Folder(terminal.data).password.read_text()
        await idle.lower(terminal.stack.database_url, password, options.idle_limit)
    await idle.shown_to_be_in_force(terminal.stack.database_url, options.idle_limit or OURS)


async def watched(terminal: Terminal, provider: SpawnedProvider, options: Options, worker: str) -> Found:
    """Start the jobs, follow each, look until all have ended."""
    stack, logs, began = terminal.stack, terminal.data / "logs", time.monotonic()
    killed = idle.killed(logs / "postgres.log")
    async with (
        AsyncExitStack() as following,
        httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=None)) as client,
        await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True, application_name="soak") as record,
    ):
        watch = Watch(stack.api_url, worker, record)
        for n in range(options.jobs):
            job = await started(client, stack.api_url, n)
            events = client.stream("GET", f"{stack.api_url}/api/v1/jobs/{job}/events")
            (await following.enter_async_context(events)).raise_for_status()
        async with asyncio.timeout(options.within):
            while watch.ended < options.jobs:
                await watch.look(client)
                await asyncio.sleep(options.pause)
    calls = provider.calls()
    return Found(
        options=options,
        wall=time.monotonic() - began,
        looks=watch.looks,
        jobs=watch.jobs,
        calls=len(calls),
        shortest_call=min((call.ended_at - call.started_at).total_seconds() for call in calls if call.ended_at),
        pools=watch.pools,
        scrapes=watch.scrapes,
        killed=idle.killed(logs / "postgres.log") - killed,
        cpu={API: cpu_of(stack.pids.api), WORKER: cpu_of(stack.pids.worker)},
        load=os.getloadavg()[0],
        slow=Counter(slow for name in ("api", "worker") for slow in slow_in(logs / f"{name}.log")),
    )


def cpu_of(pid: int | None) -> float:
    """Seconds of both kinds."""
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def slow_in(log: Path) -> list[str]:
    """The last statement of each slow transaction that was logged."""
    lines = log.read_text(errors="replace").splitlines()
    return [line.partition(ENDED_WITH)[2][:SHOWN] for line in lines if SLOW in line]


async def started(client: httpx.AsyncClient, api: str, n: int) -> str:
    """One job that asks nobody."""
    body = {"task_description": TASK.format(n=n), "options": {"auto_approve": True, "max_questions": 0}}
    response = await client.post(f"{api}/api/v1/skills", json=body)
    response.raise_for_status()
    return str(response.json()["job_id"])
