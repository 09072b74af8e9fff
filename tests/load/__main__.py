"""A stack of real processes under load. `python -m tests.load --waiting 1000` or `--at-once 200`.

Prints what it saw as it goes, and the whole table at the end. Exit code 1 when a job failed or a request was refused;
times are for people to judge, on a quiet machine. 5,000 waiting jobs take some twenty minutes to start.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from domain.job import JobStatus
from tests.load.scenes import Seen, crowded, together, waiting

ANSWERED = 1_000
BESIDE = 20


async def run(told: argparse.Namespace) -> Seen:
    """One scene on a stack of its own."""
    folder = Path(tempfile.mkdtemp(prefix="skill-fleet-load-"))
    async with crowded(folder) as (crowd, client):
        if told.waiting:
            return await waiting(crowd, client, told.waiting, min(told.answered, told.waiting))
        return await together(crowd, told.at_once, BESIDE)


def main() -> int:
    """Run what is asked for, and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--waiting", type=int, help="jobs that wait for people while the worker is killed")
    which.add_argument("--at-once", type=int, help="jobs from request to published skill at once")
    parser.add_argument("--answered", type=int, default=ANSWERED, help="how many of those that wait are answered")
    seen = asyncio.run(run(parser.parse_args()))
    head = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    sys.stdout.write("\n".join([head, *seen.lines, *seen.refused[:10]]) + "\n")
    sys.stdout.flush()
    return 1 if seen.refused or seen.by_status.get(JobStatus.FAILED) else 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the interpreter's own end can abort in the SDK's threads (temporalio/sdk-python#300)
