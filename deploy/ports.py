"""The ports of the stack: free ones, the same as last time where possible, all on the loopback interface."""

import random
import socket
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.errors import StackError
from deploy.stack_file import write_private

HOST = "127.0.0.1"
RANGE = range(20_000, 32_000)
"""Below Linux's ephemeral range (32768 and up): no outgoing connection takes a part's port while it restarts."""


class Ports(BaseModel):
    """One port per listener."""

    model_config = ConfigDict(frozen=True)

    api: int
    temporal: int
    temporal_ui: int
    postgres: int
    model: int


def is_free(port: int) -> bool:
    """Whether a server could listen there now. Servers reuse addresses, so connections in TIME_WAIT do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(remembered: Path, api: int | None = None, patience: float = 0.0) -> Ports:
    """Ports for this run, written down for the next.

    `api` is the port the person asked for; StackError when it is taken. `patience` is how long (seconds) to wait for
    the ports of a run that was killed a moment ago.
    """
    last = recall(remembered)
    if last is not None:
        wait_free(last, patience)
    if api is not None and not is_free(api):
        raise StackError(
            f"port {api} of {HOST} is taken by another program. Name another with --port, or none for a free one."
        )
    taken = set() if api is None else {api}
    wanted = {name: getattr(last, name, None) for name in Ports.model_fields} | ({} if api is None else {"api": api})
    chosen = {name: port if name == "api" and api else pick(port, taken) for name, port in wanted.items()}
    ports = Ports(**chosen)
    write_private(remembered, ports.model_dump_json() + "\n")
    return ports


def pick(preferred: int | None, taken: set[int]) -> int:
    """The preferred port if it is free, else any; never one of `taken`, which it joins."""
    candidates = [preferred] if preferred else []
    candidates += random.sample(RANGE, 200)
    port = next((c for c in candidates if c not in taken and is_free(c)), None)
    if port is None:
        raise StackError(
            f"no free port found between {RANGE.start} and {RANGE.stop}: too many servers run on this machine."
        )
    taken.add(port)
    return port


def recall(remembered: Path) -> Ports | None:
    """The ports of the last run, if it left any."""
    try:
        return Ports.model_validate_json(remembered.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def wait_free(ports: Ports, patience: float) -> None:
    """Return when all ports are free or patience ends."""
    end = time.monotonic() + patience
    numbers = [getattr(ports, name) for name in Ports.model_fields]
    while time.monotonic() < end and not all(is_free(n) for n in numbers):
        time.sleep(0.05)
