"""Developer tools refuse odd numbers at once, stop their stack at a signal, and keep its folder only for its logs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.chaos import answers, stack
from tests.drill import __main__ as drill
from tests.load import __main__ as load
from tests.soak import __main__ as soak

ROOT = Path(__file__).resolve().parents[2]
TOOL = """
import asyncio, sys
from contextlib import asynccontextmanager
from tests.support.command_line import run

@asynccontextmanager
async def stack():
    print("up", flush=True)
    try:
        yield
    finally:
        print("stopping", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print("stopped")

async def work(folder):
    (folder / "log").write_text("words")
    async with stack():
        {body}

run("tool", work)
"""
WHOLE, FINITE = "a whole number of 1 or more", "a finite number above 0"


@contextmanager
def tool(body: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A tool whose stack is up, and stops when it gets a line; its temporary folder is made in `folder`."""
    with subprocess.Popen(
        [sys.executable, "-c", TOOL.format(body=body)],
        cwd=ROOT,
        env={"PATH": os.defpath, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_the_stack_and_the_exit_code_tells(number: signal.Signals, code: int, tmp_path: Path) -> None:
    with tool("await asyncio.sleep(60)", tmp_path) as process:
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGTERM)  # as `timeout` and CI systems do
        assert process.communicate("\n", timeout=20)[0] == "stopped\n"
    assert process.returncode == code


@pytest.mark.parametrize(
    ("body", "code"), [("return 0", 0), ("return 3", 3), ("raise RuntimeError('the provider went away')", 1)]
)
def test_a_folder_is_kept_and_named_unless_all_went_well(body: str, code: int, tmp_path: Path) -> None:
    with tool(body, tmp_path) as process:
        said = process.communicate("\n", timeout=20)[1]
    assert process.returncode == code
    assert ("the provider went away" in said) is ("raise" in body)
    left = list(tmp_path.iterdir())
    assert len(left) == (code != 0)
    assert all(f"kept in {folder}\n" in said and (folder / "log").exists() for folder in left)


@pytest.mark.parametrize(
    ("parse", "arguments", "allowed"),
    [
        (soak.parse, "--jobs 0", WHOLE),
        (soak.parse, "--model-seconds -1", FINITE),
        (soak.parse, "--model-seconds nan", FINITE),
        (soak.parse, "--model-seconds inf", FINITE),
        (soak.parse, "--idle-limit 0", FINITE),
        (soak.parse, "--pause 0", FINITE),
        (load.parse, "--waiting 0", WHOLE),
        (load.parse, "--at-once -1", WHOLE),
        (load.parse, "--waiting 5 --answered 0", WHOLE),
        (drill.parse, "--jobs 0", WHOLE),
        (drill.parse, "--pause nan", FINITE),
        (stack.parse, "--seeds 0", WHOLE),
        (stack.parse, "--seeds -3", WHOLE),
        (stack.parse, "--seeds 2.5", WHOLE),
        (stack.parse, "--seeds 3 --first 3", "--first takes 0 to 2"),
        (stack.parse, "--seeds 3 --first -1", "--first takes 0 to 2"),
        (answers.parse, "--rounds 0", WHOLE),
        (answers.parse, "--rounds many", WHOLE),
        (bench.parse, "--waiting 0", WHOLE),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_with_what_is_allowed(
    parse: Callable[[list[str]], object], arguments: str, allowed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(arguments.split())
    assert refused.value.code == 2
    assert allowed in capsys.readouterr().err


def test_numbers_that_make_sense_are_taken() -> None:
    asked = soak.parse(["--jobs", "2", "--model-seconds", "0.5"])
    assert (asked.jobs, asked.model_seconds, asked.idle_limit) == (2, 0.5, None)
    assert (load.parse(["--waiting", "5"]).waiting, load.parse(["--at-once", "7"]).waiting) == (5, None)
    assert load.parse(["--at-once", "7"]).at_once == 7
    assert (drill.parse([]).jobs, drill.parse(["--pause", "0.1"]).pause) == (20, 0.1)
    assert list(stack.parse(["--seeds", "3", "--seed", "500", "--first", "1"])) == [501, 502]
    assert answers.parse(["--rounds", "7", "--seed", "-4"]) == (7, -4)
    assert bench.parse(["--waiting", "9"]).waiting == 9
