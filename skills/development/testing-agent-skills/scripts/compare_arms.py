"""Compares runs with a skill against runs without it: pass rates, the difference with its interval, and each case.

    python compare_arms.py results.jsonl

One JSON object a line: {"case": "groups", "arm": "with" | "without", "passed": true, "tokens": 812, "seconds": 3.1}.
`tokens` and `seconds` may be missing. Several runs of one case and arm are repeats. Standard library only; the interval
is a paired bootstrap over the cases, so that many repeats of one case do not look like many cases.
Exit code: 0 the skill helps, 1 it does not (or cannot be told), 2 the file is not what it should be.
"""
# ruff: noqa: T201 (a program for the command line prints)

import argparse
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

ARMS = ("without", "with")
ROUNDS = 10_000

Run = dict[str, Any]
Rates = dict[str, dict[str, float]]


def read(path: str) -> list[Run]:
    """The runs of a file. Ends with 2 and the line that is wrong."""
    runs = []
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if not line.strip():
            continue
        try:
            run = json.loads(line)
        except ValueError:
            run = None
        if not right(run):
            print(f"line {number}: needs case (text), arm (with or without), passed (true or false)", file=sys.stderr)
            raise SystemExit(2)
        runs.append(run)
    return runs


def right(run: object) -> bool:
    """Whether one line says what a run must say."""
    return (
        isinstance(run, dict)
        and isinstance(run.get("case"), str)
        and run.get("arm") in ARMS
        and isinstance(run.get("passed"), bool)
    )


def rates(runs: list[Run]) -> Rates:
    """The share of passed runs for each case that has both arms."""
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        found[run["case"]][run["arm"]].append(run["passed"])
    whole = {case: arms for case, arms in found.items() if len(arms) == len(ARMS)}
    for case in sorted(found.keys() - whole.keys()):
        print(f"left out: {case} was not run in both arms")
    return {case: {arm: mean(arms[arm]) for arm in ARMS} for case, arms in whole.items()}


def interval(by_case: Rates, seed: int = 7) -> tuple[float, float]:
    """95 % of the mean differences when cases are drawn again with replacement."""
    differences = [arms["with"] - arms["without"] for arms in by_case.values()]
    drawn = random.Random(seed)  # noqa: S311 (resampling)
    means = sorted(mean(drawn.choices(differences, k=len(differences))) for _ in range(ROUNDS))
    return means[int(ROUNDS * 0.025)], means[int(ROUNDS * 0.975) - 1]


def verdict(arms: dict[str, float]) -> str:
    """What one case says about the skill, and about itself."""
    without, with_ = arms["without"], arms["with"]
    if without == with_ == 1:
        return "always passes: tells nothing, sharpen or drop it"
    if without == with_ == 0:
        return "never passes: the case or its check may be broken"
    if with_ < without:
        return "HARM: worse with the skill, read these runs first"
    if with_ == without:
        return "no difference"
    return "the skill helps" if with_ == 1 else "helps, and still fails at times"


def report(runs: list[Run]) -> int:
    """Print everything; 0 when the skill helps."""
    by_case = rates(runs)
    if not by_case:
        print("no case was run in both arms", file=sys.stderr)
        return 2
    for case, arms in sorted(by_case.items()):
        print(f"{case:30} without {arms['without']:4.0%}   with {arms['with']:4.0%}   {verdict(arms)}")
    without, with_ = (mean(arms[arm] for arms in by_case.values()) for arm in ARMS)
    low, high = interval(by_case)
    print(f"\n{len(by_case)} cases: without {without:.0%}, with {with_:.0%}, difference {with_ - without:+.0%}")
    print(f"95 % interval of the difference: {low:+.0%} to {high:+.0%}")
    if without < 1:
        print(f"normalised gain: {(with_ - without) / (1 - without):.2f} of what was missing")
    for what in ("tokens", "seconds"):
        both = [mean([run[what] for run in runs if run["arm"] == arm and what in run] or [0]) for arm in ARMS]
        if any(both):
            print(f"{what} a run: {both[0]:.1f} without, {both[1]:.1f} with")
    helps = low > 0 and len(by_case) >= 3
    print("verdict: helps" if helps else "verdict: not shown; more cases, better cases, or no skill needed")
    return 0 if helps else 1


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", help="a file of JSON lines")
    sys.exit(report(read(parser.parse_args().results)))


if __name__ == "__main__":
    main()
