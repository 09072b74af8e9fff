"""A stack of real processes under load. `python -m tests.load --waiting 1000` or `--at-once 200`.

Prints what it saw as it goes, and the whole table at the end. Exit code 1 when a job failed or a request was refused;
times are for people to judge, on a quiet machine. 5,000 waiting jobs take some twenty minutes to start.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from domain.job import JobStatus
from tests.load.scenes import Seen, crowded, together, waiting
from tests.support.command_line import positive_int, run

ANSWERED = 1_000
BESIDE = 20


class Options(argparse.Namespace):
    """The command line, typed: either `waiting` or `at_once` is given."""

    waiting: int | None = None
    at_once: int = 0
    answered: int = ANSWERED


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=(__doc__ or "").splitlines()[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--waiting", type=positive_int, help="jobs that wait for people while the worker is killed")
    which.add_argument("--at-once", type=positive_int, help="jobs from request to published skill at once")
    parser.add_argument("--answered", type=positive_int, help=f"how many that wait are answered; default {ANSWERED}")
    return parser.parse_args(arguments, namespace=Options())


async def scene(folder: Path, options: Options) -> Seen:
    """One scene on a stack of its own."""
    async with crowded(folder) as (crowd, client):
        if options.waiting is not None:
            return await waiting(crowd, client, options.waiting, min(options.answered, options.waiting))
        return await together(crowd, options.at_once, BESIDE)


async def main(folder: Path, options: Options) -> int:
    """Play the scene, and print it; 1 when a job failed or a request was refused."""
    seen = await scene(folder, options)
    head = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    sys.stdout.write("\n".join([head, *seen.lines, *seen.refused[:10]]) + "\n")
    return 1 if seen.refused or seen.by_status.get(JobStatus.FAILED) else 0


if __name__ == "__main__":
    options = parse(sys.argv[1:])
    run("load", lambda folder: main(folder, options))
