"""`make bench`: what durability costs here and elsewhere, in one run on one machine.

`python -m tests.bench [--quick] [--only a,c] [--markdown FILE] [--no-peers]`. Rows that we lose are printed like those
that we win. Machines are noisy: read ratios and ranges, and the load beside them.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import answers, many, memory, pages, proof, recovery, startup, validator, wall
from tests.bench.arithmetic import Table, goals_table
from tests.bench.site import PEERS, Site, running
from tests.support.command_line import positive_int, run

ROWS = "abcdefghijk"


class Options(argparse.Namespace):
    """The command line, typed."""

    quick: bool = False
    no_peers: bool = False
    only: str = ",".join(ROWS)
    markdown: Path | None = None
    waiting: int | None = None


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    runs: int = 3
    rounds: int = 30
    jobs: int = 200
    kills: int = 20
    peer_kills: int = 3
    waiting: int = 1000
    starts: int = 5
    reading: float = 40.0


QUICK = Size(runs=1, rounds=15, jobs=20, kills=3, peer_kills=1, waiting=50, starts=2, reading=10.0)


async def waiting(site: Site, size: Size) -> list[Table]:
    """(f), and (c) once more with the jobs that (f) has left waiting."""
    return [*await memory.rows(site, size.waiting), *await answers.rows(site, size.rounds, size.waiting)]


Measure = Callable[[Site, Size], Awaitable[list[Table]]]
MEASURES: dict[str, Measure] = {
    "h": lambda site, size: startup.rows(site, size.starts),
    "ab": lambda site, size: wall.rows(site, size.runs),
    "c": lambda site, size: answers.rows(site, size.rounds),
    "e": lambda site, size: recovery.rows(site, size.kills, size.peer_kills),
    "dg": lambda site, size: many.rows(site, size.jobs),
    "f": waiting,
    "i": lambda site, size: validator.rows(),
    "j": lambda site, size: proof.rows(size.runs),
    "k": lambda site, size: pages.rows(site, size.jobs, size.reading),
}
"""By the letters of their rows, in the order in which they run: what leaves the least behind comes first."""


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What durability costs.")
    parser.add_argument("--quick", action="store_true", help="fewer runs: four minutes instead of twenty")
    parser.add_argument("--only", help="letters of rows, with commas: a,c")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file too")
    parser.add_argument("--no-peers", action="store_true", help="without DBOS, LangGraph and raw Temporal")
    parser.add_argument("--waiting", type=positive_int, help="jobs that wait in row f")
    options = parser.parse_args(arguments, namespace=Options())
    if not set(options.only.split(",")) <= set(ROWS):
        parser.error(f"--only takes letters from {', '.join(ROWS)}")
    return options


def say(text: str) -> None:
    """Print now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def measure(site: Site, options: Options) -> list[Table]:
    """Every table that was asked for, each shown as soon as it is there."""
    size = QUICK if options.quick else Size()
    if options.waiting is not None:
        size = replace(size, waiting=options.waiting)
    wanted = set(options.only.split(","))
    tables: list[Table] = []
    for letters, found in MEASURES.items():
        if wanted & set(letters):
            began, before = time.perf_counter(), os.getloadavg()[0]
            new = await found(site, size)
            load = f"load {before:.1f} → {os.getloadavg()[0]:.1f}, {time.perf_counter() - began:.0f} s"
            new[-1].notes.append(f"[{load}]")
            tables += new
            say("\n\n".join(table.plain() for table in new) + "\n")
    return sorted(tables, key=lambda table: table.title)


async def main(folder: Path, options: Options) -> int:
    """Start everything, measure, tell; 0: what is measured is for people to judge."""
    began, load = time.perf_counter(), os.getloadavg()[0]
    async with running(folder, [] if options.no_peers else list(PEERS)) as site:
        where = f"{os.cpu_count()} cores, Python {platform.python_version()}, load at the start {load:.1f}"
        say(f"{where}\n{site.durability}\n")
        tables = await measure(site, options)
    goals = goals_table(tables)
    took = f"{time.perf_counter() - began:.0f} s in all"
    say(f"{goals.plain()}\n\n{took}")
    if options.markdown is not None:
        told = [f"{where}; {took}.  \n{site.durability}.", *(table.markdown() for table in (goals, *tables))]
        options.markdown.write_text("\n\n".join(told) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    options = parse(sys.argv[1:])
    run("bench", lambda folder: main(folder, options))
