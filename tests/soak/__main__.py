"""`python -m tests.soak --jobs 12 --model-seconds 120` prints a table; exit code 1: a limit of scenario H is broken.

With model calls of two minutes it takes about half an hour: a job has some fifteen calls that follow one another.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.soak.options import Options
from tests.soak.soak import soak
from tests.support.command_line import positive_float, positive_int, run


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    add = parser.add_argument
    add("--jobs", type=positive_int, default=12)
    add("--model-seconds", type=positive_float, default=120.0)
    add("--idle-limit", type=positive_float, help="seconds of idling in a transaction (default: our 60)")
    add("--pause", type=positive_float, default=1.0, help="seconds between looks")
    told = parser.parse_args(arguments)
    return Options(told.jobs, told.model_seconds, told.idle_limit, told.pause)


async def main(folder: Path, options: Options) -> int:
    """Soak, and print the table; 1 when a limit is broken."""
    found = await soak(folder, options)
    sys.stdout.write(found.table() + "\n")
    return 1 if found.broken() or found.late() else 0


if __name__ == "__main__":
    options = parse(sys.argv[1:])
    run("soak", lambda folder: main(folder, options))
