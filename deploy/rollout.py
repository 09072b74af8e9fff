"""Deploys a build of the worker while jobs wait: `python -m deploy.rollout [deploy | gate | rollback | status]`.

Run it from the new checkout or image: the gate replays with the code beside it. Temporal is found by its own variables
and profiles, as the worker finds it. Ends with 0: done; 1: refused or failed, and the build from before is current; 2:
usage. Stops no process but the one it started itself (when the build is refused) and the one named in `--stop-old`.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError

from deploy import replay
from deploy.errors import StackError
from deploy.handover import Handover, stop
from deploy.release import FRESH, Pace, Release, take_back
from deploy.routing import QUEUES, Routing, lacks_namespace
from deploy.worker_version import DEPLOYMENT, build_id
from settings import CHECKOUT

RECORDED = tuple(sorted((CHECKOUT / "tests" / "histories").glob("*.json")))
"""Not part of the image: there, only running histories are replayed."""
SHOWN = 4
QUIET = TelemetryConfig(logging=LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR")))
"""The SDK's core prints pages to stdout about each history that breaks."""


class Options(argparse.Namespace):
    """The command line, typed."""

    command: str
    deployment: str
    build: str | None = None
    ramp: tuple[float, ...]
    pause: float
    appear: float
    drain: float
    stop_old: int | None = None
    log: Path | None = None
    only_running: bool = False
    json: bool = False
    start: list[str] | None = None


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; leaves with 2 when it is wrong."""
    pace = Pace()
    parser = argparse.ArgumentParser(prog="python -m deploy.rollout", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("command", nargs="?", default="deploy", choices=("deploy", "gate", "rollback", "status"))
    add("--deployment", default=DEPLOYMENT, help="name of the worker deployment (default: %(default)s)")
    add("--build", help="the build (default: a digest of the worker's code beside this; rollback: the one before)")
    add("--ramp", type=shares, default=pace.steps, help="per cent, in steps, before all (default: 10,50)")
    add("--pause", type=seconds, default=pace.pause, help="seconds to watch each step (default: %(default)g)")
    add("--appear", type=seconds, default=pace.appear, help="seconds for the worker to poll (default: %(default)g)")
    add("--drain", type=seconds, default=pace.drain, help="seconds for the old build; 0: none (default: %(default)g)")
    add("--stop-old", type=process_id, metavar="PID", help="SIGTERM to this process once the old build has drained")
    add("--only-running", action="store_true", help="replay no recorded histories")
    add("--json", action="store_true", help="one document on stdout at the end; lines for people on stderr")
    add("--log", type=Path, help="where the started worker writes (default: worker-BUILD.log)")
    add("--start", nargs=argparse.REMAINDER, help="last: the command of the new worker, started here and left running")
    return parser.parse_args(arguments, namespace=Options())


def shares(text: str) -> tuple[float, ...]:
    """`10,50`; ValueError (argparse says so) unless they rise between 0 and 100. Empty: all at once."""
    found = tuple(float(word) for word in text.split(",") if word)
    if list(found) != sorted(set(found)) or not all(0 < share < 100 for share in found):
        raise ValueError(text)
    return found


def seconds(text: str) -> float:
    """Not negative; ValueError otherwise."""
    number = float(text)
    if number < 0:
        raise ValueError(text)
    return number


def process_id(text: str) -> int:
    """Of one process; 0, 1 and negative numbers mean others. ValueError then."""
    number = int(text)
    if number <= 1:
        raise ValueError(text)
    return number


class Rollout:
    """The commands, on one connection. Each raises StackError or RPCError when it does not do what was asked."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._options = options
        self._routing = Routing(client, options.deployment)
        self._build = options.build or build_id(CHECKOUT)
        self.document: dict[str, object] = {}

    def tell(self, text: str) -> None:
        """A line for the person, now."""
        stream = sys.stderr if self._options.json else sys.stdout
        stream.write(text + "\n")
        stream.flush()

    async def deploy(self) -> None:
        """Bring the build to all jobs."""
        options = self._options
        pace = Pace(options.ramp, options.pause, options.appear, options.drain)
        release = Release(self._client, self._routing, self._build, pace, self.tell)
        started = self._started()
        try:
            done = await release.run(self.gate, started.check if started else lambda: None)
        except (StackError, RPCError, asyncio.CancelledError):
            if started:
                await self._taken_back(started)
            raise
        self.document |= asdict(done) | {"worker": started.pid if started else None}
        took = ", ".join(f"{stage} {seconds:g} s" for stage, seconds in done.seconds.items())
        self.tell(f"build {self._build} is out ({took})")
        if options.stop_old is not None and done.drained:
            await stop(options.stop_old, self.tell)

    async def gate(self) -> None:
        """Replay what was recorded and what runs; the error names what would break, and says what to do."""
        kept = replay.Verdict(0, ())
        if not self._options.only_running:
            kept = await replay.verdict(replay.recorded(RECORDED))
        found = await replay.verdict(replay.running(self._client))
        broken = (*kept.broken, *found.broken)
        self.tell(
            f"replayed {kept.replayed} recorded and {found.replayed} running histories; {len(broken)} would break"
        )
        self.document["broken"] = [asdict(one) for one in broken]
        if broken:
            raise StackError(refusal(broken))

    async def rollback(self) -> None:
        """Make the build from before current again; its worker must still poll."""
        now = await self._routing.look()
        build = self._options.build or (now.current if now.ramping else now.previous)
        if not build:
            raise StackError("there is no build to go back to: none was current before. Nothing was changed.")
        if not await self._routing.polls(build, QUEUES, time.time() - FRESH):
            raise StackError(
                f"no worker of build {build} polls, so that jobs would stand still. Start one from its code with "
                f"TEMPORAL_WORKER_BUILD_ID={build}, then roll back again. Nothing was changed."
            )
        await take_back(self._routing, build)
        self.document |= {"build": build, "from": now.ramping or now.current}
        self.tell(
            f"build {build} is current again. A job that has taken a step which only the newer build knows waits for "
            "that build; `python -m deploy.rollout gate` in the older checkout names such jobs."
        )

    async def status(self) -> None:
        """How every build stands."""
        now = await self._routing.look()
        self.document |= asdict(now)
        for build in now.builds:
            self.tell(f"{build.id:<16} {build.standing}" + (f" {now.percentage:g} %" * (build.id == now.ramping)))
        if not now.builds:
            self.tell(f"no build of {self._options.deployment} has polled yet")

    async def _taken_back(self, started: Handover) -> None:
        """Stop the worker that was started, unless its build gets the work."""
        try:
            current = (await self._routing.look()).current
        except RPCError:
            self.tell(f"the worker that was started is left running (process {started.pid}): Temporal does not answer")
            return
        if current != self._build:
            await started.stop(self.tell)

    def _started(self) -> Handover | None:
        options = self._options
        if not options.start:
            return None
        log = options.log or Path(f"worker-{self._build}.log")
        return Handover.start(options.start, options.deployment, self._build, log.absolute())


def refusal(broken: Sequence[replay.Broken]) -> str:
    """What the gate says: eight lines at most, because `up` shows that many."""
    shown = "\n".join(f"    {one.workflow_id}: {one.why[:160]}" for one in broken[:SHOWN])
    more = f"\n    and {len(broken) - SHOWN} more (all of them: --json)" if len(broken) > SHOWN else ""
    return (
        f"{len(broken)} histories do not go on with this code:\n{shown}{more}\n{replay.WHAT_TO_DO}\n"
        "Until then run the code from before. Nothing was changed: jobs wait, and no answer is lost."
    )


async def carried_out(options: Options) -> int:
    """Connect, do it, say how it ended."""
    Runtime.set_default(Runtime(telemetry=QUIET))
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    connect = ClientConfig.load_client_connect_config()
    connect.setdefault("target_host", "localhost:7233")
    try:
        client = await Client.connect(**connect, data_converter=pydantic_data_converter)
    except RuntimeError as error:  # what the client raises when nothing listens
        return complain(f"Temporal does not answer at {connect['target_host']}: {error}")
    rollout = Rollout(client, options)
    commands: dict[str, Callable[[], Awaitable[None]]] = {
        "deploy": rollout.deploy,
        "gate": rollout.gate,
        "rollback": rollout.rollback,
        "status": rollout.status,
    }
    code = await interruptible(commands[options.command]())
    if options.json:
        sys.stdout.write(json.dumps(rollout.document | {"ok": code == 0}) + "\n")
    return code


async def interruptible(work: Awaitable[None]) -> int:
    """Its exit code. SIGTERM and Ctrl-C take back what was begun, as a failure does."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except StackError as error:
        return complain(str(error))
    except RPCError as error:
        return complain(unanswered(error))
    except asyncio.CancelledError:
        return complain("interrupted")
    return 0


def unanswered(error: RPCError) -> str:
    """Why Temporal did not do it, and what to do."""
    if lacks_namespace(error):
        return f"{error.message} Set TEMPORAL_NAMESPACE to the workers' own: `temporal operator namespace list` has it."
    return f"Temporal refused, or went away: {error}. Where it all stands: python -m deploy.rollout status"


def complain(text: str) -> int:
    """Say what is wrong where errors go."""
    sys.stderr.write(f"error: {text}\n")
    return 1


if __name__ == "__main__":
    code = asyncio.run(carried_out(parse(sys.argv[1:])))
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a process that was only a client of Temporal can abort in the interpreter's end (sdk-python#300).
    os._exit(code)
