"""`python -m tests.drill`: deploys a changed workflow while jobs wait at every kind of prompt. See `drill.py`."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.drill.drill import drill
from tests.support.command_line import positive_float, positive_int, run


class Options(argparse.Namespace):
    """The command line, typed."""

    jobs: int = 20
    pause: float = 3.0


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--jobs", type=positive_int, help="default 20: two at every kind of prompt")
    parser.add_argument("--pause", type=positive_float, help="seconds to watch each step of the ramp; default 3")
    return parser.parse_args(arguments, namespace=Options())


def say(text: str) -> None:
    """A line, with the time since the start."""
    sys.stdout.write(f"[{time.monotonic() - BEGAN:5.1f} s] {text}\n")
    sys.stdout.flush()


async def main(folder: Path, options: Options) -> int:
    """Run it and print the table; 1 when a job was lost or a bad version got through."""
    result = await drill(folder, options.jobs, pause=options.pause, say=say)
    lost = [job for job in result.jobs if job.id not in result.by]
    sys.stdout.write("\n".join(["", result.table, *result.faults, f"lost: {len(lost)} of {len(result.jobs)}", ""]))
    return 1 if result.faults else 0


BEGAN = time.monotonic()

if __name__ == "__main__":
    options = parse(sys.argv[1:])
    run("drill", lambda folder: main(folder, options))
