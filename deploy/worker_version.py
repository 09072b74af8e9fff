"""Which version of the code the worker runs, and making that version the one Temporal gives work to.

Before any version is current, started workflows sit unpicked; after an upgrade, the old one would keep getting them.
`python -m deploy.worker_version` prints the build of the checkout beside it.
"""

import hashlib
import logging
import sys
import time
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from deploy.routing import WORKFLOW_TASKS, Routing
from settings import CHECKOUT
from workflows.attributes import RUNNING

log = logging.getLogger(__name__)
DEPLOYMENT = "skill-fleet"
SOURCES = ("domain", "workflows", "activities", "store", "worker.py")
"""What a worker's behaviour is made of."""
PATIENCE = 20.0
"""Seconds after which a version that lacks a queue of its predecessor is taken as meant: the queue was removed."""


def build_id(checkout: Path) -> str:
    """A digest (12 hexadecimal digits) over the names and contents of the worker's source files."""
    digest = hashlib.sha256()
    for path in sorted(source_files(checkout)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(checkout).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:12]


def source_files(checkout: Path) -> list[Path]:
    """The files of `SOURCES`, without what Python or an editor leaves beside them."""
    roots = [checkout / name for name in SOURCES]
    files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*"))]
    return [f for f in files if f.is_file() and f.suffix != ".pyc" and not f.name.startswith(".")]


class CurrentVersion:
    """Makes one build current, once, as soon as a worker polls with it; asked again and again until it has.

    It takes over from the build that it first finds current, and from no other: one that was made current since has
    passed a gate of its own, jobs may have taken its steps, and a worker that is merely restarted must not undo that.
    """

    def __init__(self, build: str) -> None:
        self._build = build
        self._replaced: str | None = None
        """The build to take over from; this one itself as soon as it has been current; None until Temporal told."""
        self._refused_since: float | None = None

    async def ensure(self, client: Client, since: float) -> bool:
        """Whether a worker of this build has polled after `since` (Unix time) and nothing is left to do.

        Its version is current then, or the log says which one was made current meanwhile. RPCError when Temporal is
        away.
        """
        routing = Routing(client, DEPLOYMENT)
        current = (await routing.look()).current
        if self._replaced is None or current == self._build:
            self._replaced = current
        if not await routing.polls(self._build, [WORKFLOW_TASKS], since):
            return False
        if current == self._build:
            return True
        if current not in ("", self._replaced):
            log.warning("%s", superseded(self._build, current))
            return True
        return await self._made_current(routing)

    async def _made_current(self, routing: Routing) -> bool:
        refused = self._refused_since
        meant = refused is not None and time.monotonic() - refused > PATIENCE
        try:
            await routing.make_current(self._build, ignore_missing=meant)
        except RPCError as error:
            if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}:
                raise
            # The version is registered a moment after the first poll, and its queues one after the other.
            self._refused_since = self._refused_since or time.monotonic()
            return False
        self._replaced = self._build
        return True


def superseded(own: str, current: str) -> str:
    """What a person is told whose worker gets no work because another build was made current."""
    return (
        f"build {current} of the worker was made current since this stack started, so its own worker (build {own}) "
        f"gets no work. Keep a worker of build {current} running. To change to it for good: `skill-fleet down`, then "
        "`up` with its code. To go back: `python -m deploy.rollout` from this checkout, which replays the jobs first."
    )


async def jobs_that_change_builds(client: Client, build: str) -> int:
    """How many executions run that would go on with this build after another; RPCError when Temporal is away."""
    current = (await Routing(client, DEPLOYMENT).look()).current
    return 0 if current in ("", build) else (await client.count_workflows(RUNNING)).count


if __name__ == "__main__":
    sys.stdout.write(build_id(CHECKOUT) + "\n")
