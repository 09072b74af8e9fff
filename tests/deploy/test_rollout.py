"""`python -m deploy.rollout`: its command line, its words, its exit codes, on a real Temporal."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.client import Client

from deploy.release import Pace
from deploy.replay import WHAT_TO_DO, Broken
from deploy.rollout import RECORDED, parse, refusal
from deploy.worker_version import build_id
from settings import CHECKOUT
from tests.deploy.builds import DEPLOYMENT, Patched, Wait, address, at_work, begun, temporal, waiting

IN_STEPS = ("--pause", "0", "--ramp", "50")


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


async def rollout(client: Client | None, *arguments: str) -> Ran:
    """Run it as an operator does."""
    where = {"TEMPORAL_ADDRESS": address(client) if client else "127.0.0.1:1", "TEMPORAL_CONFIG_FILE": "/dev/null"}
    where |= {"TEMPORAL_NAMESPACE": client.namespace} if client else {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.rollout", "--deployment", DEPLOYMENT, *arguments),
        cwd=CHECKOUT,
        env={"PATH": os.defpath, **where},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Of a server without a past."""
    async with temporal() as client:
        yield client


async def test_a_build_is_rolled_out_shown_and_rolled_back(client: Client) -> None:
    async with at_work(client, "one", Wait), at_work(client, "two", Patched):
        first = await rollout(client, "--build", "one", "--only-running")
        assert (first.code, first.err) == (0, "")
        assert "build one is current: the first one" in first.out
        second = await rollout(client, "--build", "two", "--only-running", "--json", *IN_STEPS)
        assert second.code == 0, second.err
        document = json.loads(second.out)
        assert (document["ok"], document["previous"], document["drained"]) == (True, "one", True)
        assert set(document["seconds"]) == {"worker polls", "replay gate", "ramp", "drained"}
        back = await rollout(client, "rollback")
        assert back.code == 0 and "build one is current again" in back.out
        shown = await rollout(client, "status")
        assert sorted(shown.out.split()[::2]) == ["one", "two"] and "current" in shown.out
    there = await rollout(client, "rollback", "--build", "three")
    assert there.code == 1 and "no worker of build three polls" in there.err


async def test_the_gate_names_the_jobs_that_would_break_and_says_what_to_do(client: Client) -> None:
    async with at_work(client, "one", Wait):
        await rollout(client, "--build", "one", "--only-running")
        [handle] = await waiting(client, 1)
        await begun(handle)
        refused = await rollout(client, "gate", "--only-running", "--json")
        assert refused.code == 1
        [broken] = json.loads(refused.out)["broken"]
        assert broken["workflow_id"] == "wait-0"
        assert "Wait is not registered" in refused.err and WHAT_TO_DO in refused.err


async def test_without_a_past_there_is_nothing_to_go_back_to(client: Client) -> None:
    ran = await rollout(client, "rollback")
    assert ran.code == 1 and "none was current before" in ran.err
    shown = await rollout(client, "status")
    assert shown.code == 0 and f"no build of {DEPLOYMENT} has polled yet" in shown.out


@pytest.mark.parametrize("command", ["status", "gate", "rollback", "deploy"])
async def test_a_namespace_that_does_not_exist_is_not_taken_for_one_without_builds(
    client: Client, command: str
) -> None:
    ran = await rollout(await Client.connect(address(client), namespace="nowhere"), command, "--only-running")
    assert (ran.code, ran.out.count("no build")) == (1, 0)
    assert "Namespace nowhere is not found. Set TEMPORAL_NAMESPACE" in ran.err


async def test_a_worker_that_ends_at_once_ends_the_rollout_with_its_last_words(client: Client, tmp_path: Path) -> None:
    program = (sys.executable, "-c", "raise SystemExit('no such database')")
    ran = await rollout(client, "--log", str(tmp_path / "worker.log"), "--start", *program)
    assert ran.code == 1 and "the worker ended (exit 1)" in ran.err and "no such database" in ran.err


async def test_a_temporal_that_is_away_is_told_with_its_address() -> None:
    ran = await rollout(None, "status")
    assert ran.code == 1 and "Temporal does not answer at 127.0.0.1:1" in ran.err


def test_the_command_line_has_the_pace_of_a_release_and_takes_a_command_at_its_end() -> None:
    usual = parse([])
    assert (usual.command, usual.ramp, usual.pause) == ("deploy", Pace.steps, Pace.pause)
    given = parse(["--ramp", "5,25.5", "--stop-old", "12", "--start", "python", "worker.py", "--verbose"])
    assert (given.ramp, given.stop_old, given.start) == ((5.0, 25.5), 12, ["python", "worker.py", "--verbose"])
    assert parse(["--ramp", ""]).ramp == ()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--ramp", "50,10"],
        ["--ramp", "0"],
        ["--ramp", "100"],
        ["--ramp", "many"],
        ["--pause", "-1"],
        ["--stop-old", "1"],
        ["--stop-old", "-5"],
        ["turn-around"],
    ],
)
def test_a_wrong_command_line_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(wrong)
    assert ended.value.code == 2


def test_a_refusal_names_a_few_and_fits_into_what_up_shows() -> None:
    many = refusal([Broken(f"create-skill:{number}", "x" * 900) for number in range(30)])
    assert len(many.splitlines()) <= 8
    assert "30 histories" in many and "and 26 more" in many and WHAT_TO_DO in many


def test_the_build_is_named_by_its_code_and_recorded_histories_are_found() -> None:
    assert len(build_id(CHECKOUT)) == 12
    assert len(RECORDED) >= 9
