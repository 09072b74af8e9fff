"""Scores how well a description triggers: recall, precision, the queries that went wrong, and whom they went to.

    python score_triggers.py queries.json results.jsonl

`queries.json`: {"skill": NAME, "queries": [{"id": "q1", "text": "...", "expect": "NAME" or null, "split": "train" or
"held-out"}]}. `expect` is the skill that should be chosen, null for none.
`results.jsonl`: one line a run: {"id": "q1", "chose": "NAME" or null}; three runs a query at least.
Standard library only. Exit code: 0 held-out recall >= 0.8 and precision >= 0.9, 1 less than that, 2 bad input, or no
query triggers at all, which nearly always means that the harness is broken and not the description.
"""
# ruff: noqa: T201 (a program for the command line prints)

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

RECALL, PRECISION = 0.8, 0.9

Table = dict[str, Any]


def counted(skill: str, queries: list[Table], runs: list[Table]) -> tuple[int, int, int]:
    """Hits, misses and false alarms of one skill over the runs of these queries."""
    expect = {query["id"]: query["expect"] for query in queries}
    hit = missed = false = 0
    for run in runs:
        if run["id"] not in expect:
            continue
        wanted, chose = expect[run["id"]] == skill, run["chose"] == skill
        hit, missed, false = hit + (wanted and chose), missed + (wanted and not chose), false + (chose and not wanted)
    return hit, missed, false


def share(part: int, rest: int) -> float:
    """part / (part + rest); 0 when there is neither, so that silence is never perfect."""
    return part / (part + rest) if part + rest else 0.0


def wrong(skill: str, query: Table, runs: list[Table]) -> str | None:
    """One line about a query whose runs did not all go right; None when they did."""
    chosen = Counter(run["chose"] for run in runs if run["id"] == query["id"])
    if not chosen:
        return f"never run: {query['text']}"
    if set(chosen) == {query["expect"]} or (query["expect"] != skill and skill not in chosen):
        return None
    told = ", ".join(f"{name or 'none'} {times}x" for name, times in chosen.most_common())
    return f"expected {query['expect'] or 'none'}, chose {told}: {query['text']}"


def report(told: Table, runs: list[Table]) -> int:
    """Print the scores of both splits and what went wrong in training; 0 when the held-out ones are good enough."""
    skill, good = told["skill"], True
    for split in ("train", "held-out"):
        queries = [query for query in told["queries"] if query["split"] == split]
        hit, missed, false = counted(skill, queries, runs)
        recall, precision = share(hit, missed), share(hit, false)
        print(f"{split:9} recall {recall:.2f}  precision {precision:.2f}  ({len(queries)} queries)")
        good = (recall >= RECALL and precision >= PRECISION) if split == "held-out" else good
        if split == "train":
            print("\n".join(f"  {line}" for query in queries if (line := wrong(skill, query, runs))))
    if not any(run["chose"] == skill for run in runs):
        print("the skill was never chosen: check the harness with a query that names it outright", file=sys.stderr)
        return 2
    print("what went wrong in the held-out half is not shown: whoever writes the description must not see it")
    return 0 if good else 1


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queries")
    parser.add_argument("results")
    options = parser.parse_args()
    try:
        told = json.loads(Path(options.queries).read_text())
        runs = [json.loads(line) for line in Path(options.results).read_text().splitlines() if line.strip()]
        code = report(told, runs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot read these files: {error!r}", file=sys.stderr)
        code = 2
    sys.exit(code)


if __name__ == "__main__":
    main()
