"""`python -m tests.soak --jobs 12 --model-seconds 120` prints a table; exit code 1: a limit of scenario H is broken.

With model calls of two minutes it takes about half an hour: a job has some fifteen calls that follow one another.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.soak.options import Options
from tests.soak.soak import soak


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--model-seconds", type=float, default=120.0)
    parser.add_argument("--idle-limit", type=float, help="seconds of idling in a transaction (default: our 60)")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between looks")
    told = parser.parse_args()
    options = Options(told.jobs, told.model_seconds, told.idle_limit, told.pause)
    with tempfile.TemporaryDirectory(prefix="skill-fleet-soak-") as folder:
        found = asyncio.run(soak(Path(folder), options))
    sys.stdout.write(found.table() + "\n")
    return 1 if found.broken() or found.late() else 0


if __name__ == "__main__":
    sys.exit(main())
