"""Replays recorded workflow histories with the code of this checkout: 0 all replay, 1 some do not, 2 wrong usage.

    python replay_histories.py --workflows myapp.registered:WORKFLOWS --histories tests/histories

`--workflows` names a list of workflow classes as module:attribute, looked up from the working folder. The files are
what `temporal workflow show -w ID -o json` or `WorkflowHistory.to_json()` wrote. With `--running ADDRESS` it fetches
the executions that `--query` finds as well; run that before a deploy, and narrow the query in a shared namespace.
Needs temporalio; `--converter` names a data converter if it is not temporalio's for pydantic.
"""
# ruff: noqa: T201 (a program for the command line prints)

import argparse
import asyncio
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer


def named(place: str) -> Any:  # noqa: ANN401 (whatever stands there)
    """The object at `module:attribute`."""
    module, _, attribute = place.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute or "no attribute was named")
    except (AttributeError, ImportError, ValueError) as error:
        print(f"{place!r} is not module:attribute of this folder: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def recorded(folder: str) -> list[Path]:
    """The history files of a folder, in the order of their names."""
    return sorted(Path(folder).glob("*.json"))


async def replay(options: argparse.Namespace) -> int:
    """Replay everything, print one line for each history that breaks, return how many did."""
    workflows = list(named(options.workflows))
    converter = named(options.converter)
    replayer = Replayer(workflows=workflows, data_converter=converter)
    broken = total = 0
    for file in recorded(options.histories):
        total += 1
        history = WorkflowHistory.from_json(file.stem, file.read_text())
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        broken += told(file.name, result.replay_failure)
    if options.running:
        client = await Client.connect(options.running, namespace=options.namespace, data_converter=converter)
        running = client.list_workflows(options.query)
        async with replayer.workflow_replay_iterator(running.map_histories()) as results:
            async for result in results:
                total += 1
                broken += told(result.history.workflow_id, result.replay_failure)
    print(f"{total - broken} of {total} replay")
    if total == 0:
        print("nothing was replayed: record histories first", file=sys.stderr)
        return 1
    return broken


def told(name: str, failure: Exception | None) -> int:
    """1 and a line when it broke, else 0."""
    if failure is None:
        return 0
    print(f"BREAKS {name}: {failure}"[:600])
    return 1


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workflows", required=True, metavar="MODULE:LIST")
    parser.add_argument("--histories", default="tests/histories", metavar="FOLDER")
    parser.add_argument("--converter", default="temporalio.contrib.pydantic:pydantic_data_converter")
    parser.add_argument("--running", metavar="HOST:PORT", help="replay what runs there too")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--query", default="ExecutionStatus='Running'")
    options = parser.parse_args()
    sys.path.insert(0, "")
    broken = asyncio.run(replay(options))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if broken else 0)  # a thread of the SDK may abort an interpreter that is torn down: no false alarm in CI


if __name__ == "__main__":
    main()
