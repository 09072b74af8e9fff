"""The whole stack on one machine: `python -m deploy.local up | down | status`. A composition root.

No Docker, no account. `skill-fleet up`, `down` and `status` run exactly this. Ends with 0: done; 1: failed; 2: usage.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

import settings as configuration
from deploy import background, weights
from deploy.environment import Surroundings
from deploy.errors import StackError
from deploy.folder import Folder, FolderLock
from deploy.ports import choose
from deploy.stack import LocalStack, Plan
from deploy.supervisor import cancelled
from settings import CHECKOUT, Settings

AFTER_KILL = 3.0
"""Seconds to wait for the ports of a supervisor that was killed a moment ago."""
SMALL_MODEL = (
    "a small local model (Qwen2.5-Coder-1.5B, 4-bit): good for trying, read what it writes; "
    "for better: SKILL_FLEET_MODEL=... and SKILL_FLEET_MODEL_API_KEY=..."
)
NO_MODEL = "nobody yet: jobs wait. Configure a provider: SKILL_FLEET_MODEL=... and SKILL_FLEET_MODEL_API_KEY=..."


class Options(argparse.Namespace):
    """The command line, typed."""

    command: str
    data_dir: Path | None = None
    port: int | None = None
    no_model: bool = False
    detach: bool = False
    json: bool = False


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="Skill Fleet on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything and keep it running")
    up.add_argument("--port", type=port_number, help="port of the page and API (default: a free one)")
    up.add_argument("--no-model", action="store_true", help="start no local model; jobs wait until one is configured")
    up.add_argument("-d", "--detach", action="store_true", help="return when everything is ready")
    down = commands.add_parser("down", help="stop the stack of a data folder")
    status = commands.add_parser("status", help="say how it is")
    status.add_argument("--json", action="store_true", help="for programs")
    for command in (up, down, status):
        command.add_argument("--data-dir", type=Path, help="where everything is kept (default: SKILL_FLEET_DATA_DIR)")
    return parser.parse_args(arguments, namespace=Options())


def port_number(text: str) -> int:
    """A TCP port; ValueError (argparse says so) otherwise."""
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError(text)
    return number


def say(text: str) -> None:
    """Print now. A reader that went away (`up | head`) must not end the stack."""
    with contextlib.suppress(OSError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit code."""
    options = parse(arguments)
    try:
        settings = configuration.load()
    except (configuration.UnknownSettingError, ValidationError) as error:
        return complain(error, 2)
    folder = Folder((options.data_dir or settings.data_dir).absolute())
    # From the first moment: `down` must stop a stack that is still fetching its model.
    signal.signal(signal.SIGTERM, interrupted)
    try:
        return run_command(options, settings, folder)
    except (StackError, OSError) as error:
        return complain(error, 1)
    except KeyboardInterrupt:
        return complain("stopped before the stack was up", 1)


def run_command(options: Options, settings: Settings, folder: Folder) -> int:
    """Dispatch; StackError when it fails."""
    if options.command == "down":
        return 0 if background.stop(folder, say) else 1
    if options.command == "status":
        report = background.status(folder)
        say(report.model_dump_json(indent=2) if options.json else background.told(report))
        return 0 if report.healthy else 1
    folder.create()
    return detached(options, settings, folder) if options.detach else foreground(options, settings, folder)


def foreground(options: Options, settings: Settings, folder: Folder) -> int:
    """`up`: the supervisor is this process."""
    lock = FolderLock.acquire(folder)
    try:
        folder.stack.unlink(missing_ok=True)
        plan = settle(options, settings, folder, patience=AFTER_KILL if lock.after_kill else 0.0)
        asyncio.run(supervise(plan))
    finally:
        lock.release()
    return 0


def detached(options: Options, settings: Settings, folder: Folder) -> int:
    """`up -d`: fetch what is missing where the person sees it, then leave it to a process of its own."""
    background.refuse_second(folder)
    fetch(options, settings)
    arguments = ["up", "--data-dir", str(folder.root)]
    arguments += ["--port", str(options.port)] if options.port else []
    arguments += ["--no-model"] if options.no_model else []
    return 0 if background.start(folder, arguments, say) else 1


def settle(options: Options, settings: Settings, folder: Folder, patience: float) -> Plan:
    """Decide everything that is to be decided before the first part starts."""
    author = settings.model_for("author")
    found = fetch(options, settings)
    return Plan(
        folder=folder,
        checkout=CHECKOUT,
        library=settings.library.absolute(),
        ports=choose(folder.ports, options.port, patience),
        # Handed to the parts whole; nothing is read from it here.
        around=Surroundings.of(os.environ),
        weights=found,
        writer=author.model if author else SMALL_MODEL if found else NO_MODEL,
    )


def fetch(options: Options, settings: Settings) -> Path | None:
    """The local model's weights, downloaded if need be; None when a provider writes or nobody shall."""
    if options.no_model or settings.model_for("author") is not None:
        return None
    return weights.ensure(weights.default_cache_dir(), settings.local_model_file)


async def supervise(plan: Plan) -> None:
    """Run the stack until a signal or a failure, and stop it whatever happens."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    stack = LocalStack(plan, say)
    running = asyncio.create_task(stack.run())
    told = asyncio.create_task(ended.wait())
    await asyncio.wait((running, told), return_when=asyncio.FIRST_COMPLETED)
    say("stopping")
    await cancelled([running, told])
    await stack.stop()
    if not running.cancelled():
        running.result()  # its failure, once everything is down
    say("stopped")


def interrupted(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM before the event loop runs is an interrupt like Ctrl-C."""
    raise KeyboardInterrupt


def complain(error: object, code: int) -> int:
    """Say what is wrong where errors go."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"error: {error}\n")
    return code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a process that was only a client of Temporal can abort in the interpreter's end (sdk-python#300).
    os._exit(code)
