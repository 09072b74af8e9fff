"""Every history recorded by a release goes through today's code: a deploy must not break a job that runs."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory

from deploy.replay import WHAT_TO_DO, Broken, recorded, verdict
from domain.job import StartJob
from tests.drill import checkouts
from workflows import messages as m
from workflows.promote_skill import PromoteSkill

RECORDED = sorted(Path(__file__).parent.glob("*.json"))


def test_there_are_histories_of_every_shape() -> None:
    assert len(RECORDED) >= 9


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_job_goes_through_todays_code(path: Path) -> None:
    found = await verdict(recorded([path]))
    assert found.replayed == 1
    assert not found.broken, f"{WHAT_TO_DO}\n{found.broken[0].why}"


@workflow.defn(name="CreateSkill", sandboxed=False)
class OneStepLess:
    """A careless deploy: it forgets to open the record."""

    @workflow.run
    async def run(self, start: StartJob) -> m.Outcome:
        await workflow.sleep(1)
        return m.Outcome(job_id=start.job_id, status="completed")


@workflow.defn(name="CreateSkill", sandboxed=False)
class Slip:
    """A careless deploy: it trips over what older jobs were started with."""

    @workflow.run
    async def run(self, start: StartJob) -> m.Outcome:
        raise TypeError("an option that older jobs do not have")


def shape(name: str) -> Path:
    return next(path for path in RECORDED if name in path.stem)


async def test_a_careless_change_is_caught() -> None:
    [broken] = (await verdict(recorded([shape("questions_and_approval")]), [OneStepLess, PromoteSkill])).broken
    assert broken.workflow_id.endswith("questions_and_approval")
    assert "TMPRL1100" in broken.why


async def test_code_that_trips_over_an_older_job_is_caught_and_says_over_what() -> None:
    name = shape("0.2.0-waiting").stem
    found = await verdict(recorded([shape("0.2.0-waiting")]), [Slip])
    assert found.broken == (Broken(name, "an option that older jobs do not have"),)


async def test_a_workflow_that_is_gone_is_caught() -> None:
    [broken] = (await verdict(recorded([shape("0.2.0-promotion")]), [OneStepLess])).broken
    assert "PromoteSkill is not registered" in broken.why


async def test_one_that_breaks_does_not_hide_the_next() -> None:
    async def both() -> AsyncGenerator[WorkflowHistory, None]:
        async for history in recorded([shape("questions_and_approval"), shape("0.2.0-promotion")]):
            yield history

    found = await verdict(both(), [OneStepLess, PromoteSkill])
    assert (found.replayed, len(found.broken)) == (2, 1)


@pytest.mark.slow
async def test_a_change_without_a_patch_fails_the_checks_with_words_that_say_what_to_do(tmp_path: Path) -> None:
    """What `make check` runs, in a copy of the checkout whose workflow has a step more."""
    copy = checkouts.careless(tmp_path / "copy")
    (copy / "pyproject.toml").write_text("[tool.pytest.ini_options]\nasyncio_mode = 'auto'\n")
    for name in ("histories/test_replay.py", "drill/checkouts.py"):
        (copy / "tests" / name).parent.mkdir(exist_ok=True)
        (copy / "tests" / name).write_text((checkouts.ROOT / "tests" / name).read_text())
    code, printed = await ran(
        "-m", "pytest", "-q", "--import-mode=importlib", "tests/histories", "-k", "waiting", at=copy
    )
    assert code == 1
    assert WHAT_TO_DO.split(":")[0] in printed and "workflow.patched" in printed, printed


async def ran(*arguments: str, at: Path) -> tuple[int, str]:
    surroundings = {"PATH": os.defpath, "PYTHONPATH": str(at)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=at, env=surroundings, stdout=PIPE, stderr=PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()
