"""`up`, `down`, `status`, `worker`, `serve` become the process that does it."""

import os
import sys

import pytest

from settings import CHECKOUT
from tests.cli.conftest import Cli, Program


class Became(Exception):
    """What exec was told; raised, because exec does not return."""


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        (["up"], ["-m", "deploy.local", "up"]),
        (
            ["up", "-d", "--data-dir", "D", "--port", "81", "--no-model"],
            ["-m", "deploy.local", "up", "--data-dir", "D", "--port", "81", "--no-model", "--detach"],
        ),
        (["down", "--data-dir", "D"], ["-m", "deploy.local", "down", "--data-dir", "D"]),
        (["status"], ["-m", "deploy.local", "status"]),
        (["--json", "status"], ["-m", "deploy.local", "status", "--json"]),
        (["worker"], [str(CHECKOUT / "worker.py")]),
        (
            ["serve", "--port", "82"],
            ["-m", "uvicorn", "api.app:create", "--factory", "--host", "127.0.0.1", "--port", "82"],
        ),
    ],
)
def test_the_process_is_replaced_by_the_right_one(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, line: list[str], arguments: list[str]
) -> None:
    def become(program: str, argv: list[str]) -> None:
        raise Became(program, argv)

    monkeypatch.setattr(os, "execv", become)
    done = cli(*line)
    assert isinstance(done.exception, Became)
    assert done.exception.args == (sys.executable, [sys.executable, "-P", *arguments])


def test_the_exit_code_is_that_of_the_other_process(program: Program) -> None:
    """Nothing runs in the fresh data folder, and `status` of the stack says so by failing."""
    done = program("status", "--json")
    assert done.returncode == 1
    assert '"state": "stopped"' in done.stdout


def test_a_port_that_is_none_is_a_usage_error(cli: Cli) -> None:
    assert cli("serve", "--port", "70000").exit_code == 2
