"""`python -m tests.drill`: deploys a changed workflow while jobs wait at every kind of prompt. See `drill.py`."""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.drill.drill import drill


def say(text: str) -> None:
    """A line, with the time since the start."""
    sys.stdout.write(f"[{time.monotonic() - BEGAN:5.1f} s] {text}\n")
    sys.stdout.flush()


async def main(jobs: int, pause: float) -> int:
    """Run it and print the table; 1 when a job was lost or a bad version got through. SIGTERM cleans up."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        result = await drill(Path(name), jobs, pause=pause, say=say)
    lost = [job for job in result.jobs if job.id not in result.by]
    sys.stdout.write("\n".join(["", result.table, *result.faults, f"lost: {len(lost)} of {len(result.jobs)}", ""]))
    return 1 if result.faults else 0


BEGAN = time.monotonic()

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20, help="default 20: two at every kind of prompt")
    parser.add_argument("--pause", type=float, default=3.0, help="seconds to watch each step of the ramp; default 3")
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.jobs, given.pause)))
