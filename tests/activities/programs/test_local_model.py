"""The whole chain of programs with the real local model. Needs its weights in the cache; never downloads them.

The budget is counted in tokens, because seconds depend on who else uses the machine: at 56 tokens a second read and 20
written (measured on 2 cores) it comes to some 150 s.
"""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from activities.programs.agent import try_case
from activities.programs.cases import write_cases
from activities.programs.gate import Gate
from activities.programs.judge import judge
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.plan import plan
from activities.programs.refine import refine
from activities.programs.write import write
from deploy.model_server import ALIAS, KEY
from deploy.weights import QWEN, default_cache_dir
from domain.brief import Brief
from domain.evaluation import Arm, CaseRun, EvaluationCase
from domain.evidence.grading import check, run_passed
from domain.evidence.numbers import numbers, shown
from domain.manuscript import body
from domain.skill import SKILL_FILE, Frontmatter, Severity, SkillFileEntry
from domain.skill_file import render
from domain.validation import validate
from tests.activities.programs.conftest import REQUEST
from tests.support.ledger import MemoryLedger

pytestmark = [pytest.mark.local_model, pytest.mark.slow, pytest.mark.long]

READ = 5_500
WRITTEN = 2_400
"""Tokens of the whole chain."""


@pytest.fixture
async def local(ledger: MemoryLedger) -> AsyncIterator[LanguageModel]:
    weights = default_cache_dir() / "models" / QWEN.file
    if not weights.exists():
        pytest.skip(f"no weights at {weights}: python -m deploy.weights fetches them")
    key, port = secrets.token_hex(16), _free_port()
    server = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "deploy.model_server", "--weights", str(weights), "--port", str(port)],
        env={**os.environ, KEY: key},
        cwd=Path(__file__).parents[3],
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_healthy(f"http://127.0.0.1:{port}/health")
        spec = ModelSpec(f"openai/{ALIAS}", f"http://127.0.0.1:{port}/v1", key, timeout=900, small_local=True)
        yield LanguageModel(spec, ledger, "job-1", Gate(1))
    finally:
        server.terminate()
        await server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_healthy(url: str) -> None:
    async with asyncio.timeout(90), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.2)


async def run_case(model: LanguageModel, case: EvaluationCase, skill: str | None) -> CaseRun:
    output = (await try_case(model, case, skill)).text
    checked = [check(item, output) or await judge(model, case, item, output) for item in case.expectations]
    arm = Arm.WITH if skill else Arm.WITHOUT
    return CaseRun(case_id=case.id, arm=arm, output=output, passed=run_passed(checked), checked=checked)


async def test_from_a_sentence_to_a_skill_that_helps(local: LanguageModel, ledger: MemoryLedger) -> None:
    brief = Brief(task=REQUEST)
    refined = await refine(local, brief)
    brief = brief.model_copy(update={"refined": refined.task_description})
    planned = await plan(local, brief, categories=["data", "writing"], taken=[], category=None)
    cases = await write_cases(local, brief, planned)
    red = [await run_case(local, case, None) for case in cases]
    manuscript = await write(local, brief, planned, [run for run in red if not run.passed])
    content = render(Frontmatter(name=planned.name, description=planned.description), body(manuscript))
    green = [await run_case(local, case, content.decode()) for case in cases]

    report = validate([SkillFileEntry(path=SKILL_FILE, data=content)], planned.name)
    evidence = shown(numbers(cases, [*red, *green]))
    calls = list(ledger.calls.values())
    seconds = sum(call.latency for call in calls)
    told = [f"{call.label:28} {call.input_tokens:5} read {call.output_tokens:4} written" for call in calls]
    sys.stdout.write("\n".join([content.decode(), str(evidence), *told, f"{len(calls)} calls, {seconds:.0f} s\n"]))
    assert [item.message for item in report.findings if item.severity is Severity.ERROR] == []
    assert REQUEST in content.decode()
    assert evidence.with_ is not None
    assert evidence.without is not None
    assert evidence.with_ >= evidence.without
    assert sum(call.input_tokens for call in calls) < READ
    assert sum(call.output_tokens for call in calls) < WRITTEN
