"""MLflow gets what dspy does, without keys, and costs no job anything when its server is away.

It patches the whole process, so each test asks in a process of its own.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.mlflow_needed import required
from tests.support.provider import FaultKind, LocalProvider

ROOT = Path(__file__).parents[3]

ASKING = """
import asyncio, json, os, sys, time
import worker
from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.refine import refine
from domain.brief import Brief
from tests.support.ledger import MemoryLedger

uri, base, key, wait = sys.argv[1:]

async def main():
    await asyncio.to_thread(worker.load_models, uri)
    import mlflow
    ledger, spec = MemoryLedger(), ModelSpec("openai/stand-in", base, key)
    began = time.monotonic()
    for number in range(3):
        model = LanguageModel(spec, ledger, f"job-{number}", Gate(4))
        await asyncio.gather(*(refine(model, Brief(task=f"Write notes {number} {n}")) for n in range(2)))
    took = time.monotonic() - began
    if wait == "all":
        await asyncio.to_thread(mlflow.flush_trace_async_logging)
    print(json.dumps({"took": took, "calls": len(ledger.calls), "telemetry": os.environ["MLFLOW_DISABLE_TELEMETRY"]}))

asyncio.run(main())
sys.stdout.flush()
os._exit(0)
"""


@asynccontextmanager
async def tracking_server() -> AsyncIterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server that takes whatever comes; its address, and what came: (request line, body)."""
    got: list[tuple[str, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(size[1])) if size else b""
        got.append((head.split(b"\r\n")[0].decode(), head + body))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n")
        writer.write(b"content-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got
    server.close()


async def asked(uri: str, provider: LocalProvider, *, wait: bool = False) -> dict[str, JsonValue]:
    """Six questions in a process that sends its traces there (`wait`: until all are sent): how long they took, and how
    many answers were kept."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ASKING, uri, provider.url, provider.key, "all" if wait else "no"),
        cwd=ROOT,
        env={**{name: value for name, value in os.environ.items() if "MLFLOW" not in name}, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    told: dict[str, JsonValue] = json.loads(out.decode().splitlines()[-1])
    assert err.count(b"Failed to") <= 3, "a server that is away leaves few lines in the log"
    return told


async def test_a_trace_of_each_question_arrives_without_the_key(provider: LocalProvider) -> None:
    async with tracking_server() as (uri, got):
        told = await asked(uri, provider, wait=True)
    traces = [sent for line, sent in got if line.startswith("POST /api/3.0/mlflow/traces ")]
    assert told["calls"] == len(traces) == 6
    assert all(b"Write notes" in sent for sent in traces)
    assert not [line for line, sent in got if provider.key.encode() in sent]
    assert told["telemetry"] == "true"


async def test_no_job_waits_or_fails_for_a_server_that_is_away(provider: LocalProvider) -> None:
    told = await asked("http://127.0.0.1:9", provider)
    assert told["calls"] == 6
    assert isinstance(told["took"], float) and told["took"] < 4, "one request that nobody answers takes longer"


async def test_a_usage_that_cannot_be_true_loses_no_answer_under_mlflow_either(provider: LocalProvider) -> None:
    provider.fail(FaultKind.ABSURD_USAGE, times=None)
    assert (await asked("http://127.0.0.1:9", provider))["calls"] == 6


def test_a_worker_without_mlflow_says_at_its_start_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    required("http://mlflow.example")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    required(None)
    with pytest.raises(SystemExit, match=r"skill-fleet\[mlflow\].*uv sync --extra mlflow"):
        required("http://mlflow.example")
