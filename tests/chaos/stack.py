"""Chaos on the whole stack: processes are killed and stopped, the provider misbehaves, then the books are balanced.

`python -m tests.chaos.stack --seeds 100` starts one stack and plays the seeds on it, one after the other. Exit code 1
when anything was lost, doubled or half-written in any of them; each such seed says how to run exactly it again.
"""

import argparse
import asyncio
import sys
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from tests.chaos.reading import Reader
from tests.chaos.recovery import Recoveries, percentile
from tests.chaos.seed import Result, Stage
from tests.support.command_line import positive_int, run
from tests.support.provider import Provider
from tests.support.terminal import up

MODEL_TIMEOUT = 5
"""Seconds after which the product gives up a call that hangs; minutes in production."""
MOST_FAULTS = 40
"""Lines told of one failing seed."""

Say = Callable[[str], None]


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """A stack of real processes, and a provider outside of it."""
    async with (
        Provider.spawn(folder) as provider,
        up(folder, **provider.settings, SKILL_FLEET_MODEL_TIMEOUT=str(MODEL_TIMEOUT)) as terminal,
    ):
        stack = terminal.stack
        reader = await Reader.open(stack.database_url, stack.temporal_address, terminal.library)
        try:
            yield Stage(terminal, provider, reader)
        finally:
            await reader.database.dispose()


async def unleash(seeds: Sequence[int], say: Say, folder: Path) -> list[Result]:
    """Play these seeds on one stack, and tell of each."""
    results = []
    async with stage(folder) as scene:
        for seed in seeds:
            [played] = await asyncio.gather(scene.play(seed), return_exceptions=True)
            result = played if isinstance(played, Result) else broken(seed, played)
            (folder / "calls.jsonl").write_bytes(b"")  # its calls are counted; a hundred seeds of prompts fill a disk
            results.append(result)
            say(told(result))
    return results


def broken(seed: int, error: BaseException) -> Result:
    """A seed whose books could not be balanced: it is wrong, and the others go on. Raises what is no error."""
    if not isinstance(error, Exception):
        raise error
    where = "".join(traceback.format_exception(error)[-2:])
    return Result(seed, faults=[f"lost: the books could not be balanced: {where}"])


def told(result: Result) -> str:
    """One seed in a line; in all its words when something is wrong."""
    count = result.counts
    head = (
        f"seed {result.seed}: {'WRONG' if result.faults else 'well'}, {result.seconds:.0f} s, {count['jobs']} jobs, "
        f"{count['answers acknowledged']} answers, {len(result.struck)} blows, {count['model calls']} calls, "
        f"{count['model calls paid and lost in flight']} lost in flight"
    )
    if not result.faults:
        return head
    wrong = [f"  {line}" for line in (*result.faults[:MOST_FAULTS], *result.story)]
    return "\n".join([head, *wrong, f"  again: python -m tests.chaos.stack --seeds 1 --seed {result.seed}"])


def summary(results: Sequence[Result]) -> str:
    """Counts and recovery times of all seeds."""
    counts: Counter[str] = sum((result.counts for result in results), Counter())
    recoveries = Recoveries()
    for result in results:
        if result.moments is not None:
            recoveries.add(result.struck, result.moments)
    faults = Counter(fault.split(":")[0] for result in results for fault in result.faults)
    lines = [f"{what:>44}  {number}" for what, number in sorted(counts.items())]
    lines += [f"{kind:>44}  {faults[kind]}" for kind in ("lost", "doubled", "half")]
    lines += ["", "recovery in seconds, until the first progress of any job:", *table(recoveries.first)]
    lines += ["", "recovery in seconds, of each job that was at work:", *table(recoveries.each)]
    bad = [str(result.seed) for result in results if result.faults]
    seconds = sum(result.seconds for result in results)
    return "\n".join([*lines, "", f"{len(results)} seeds, {seconds:.0f} s; wrong: {', '.join(bad) or 'none'}"])


def table(values: Mapping[str, Sequence[float]]) -> list[str]:
    """A line for each kind of blow, and one for all."""
    every = [value for found in values.values() for value in found]
    rows = [*sorted(values.items()), ("all", every)]
    return [
        f"{name:>44}  n {len(found):4}  p50 {percentile(found, 0.5):6.2f}  p99 {percentile(found, 0.99):6.2f}  "
        f"max {max(found):6.2f}"
        for name, found in rows
        if found
    ]


async def main(folder: Path, seeds: range, say: Say) -> int:
    """Play these seeds; 1 when one of them was wrong."""
    began = time.monotonic()
    results = await unleash(seeds, say, folder)
    say(summary(results))
    again = f"python -m tests.chaos.stack --seeds {len(seeds)} --seed {seeds.start}"
    say(f"{time.monotonic() - began:.0f} s in all; again: {again}")
    return 1 if any(result.faults for result in results) else 0


def line(text: str) -> None:
    """Print at once: a run takes an hour, and people look in."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def parse(arguments: Sequence[str]) -> range:
    """The seeds that the command line asks for; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.stack", description=__doc__)
    parser.add_argument("--seeds", type=positive_int, default=100, help="how many; default 100")
    parser.add_argument("--seed", type=int, default=None, help="the first one; default: another each time")
    parser.add_argument("--first", type=int, default=0, help="leave out so many at the beginning")
    given = parser.parse_args(arguments)
    if not 0 <= given.first < given.seeds:
        parser.error(f"--first takes 0 to {given.seeds - 1}: one less than --seeds at most")
    start = Random().randrange(1_000_000) if given.seed is None else given.seed
    return range(start + given.first, start + given.seeds)


if __name__ == "__main__":
    seeds = parse(sys.argv[1:])
    run("chaos", lambda folder: main(folder, seeds, line))
