"""Where the api is: the flag, the setting, or the running stack's own note. Must not guess a port."""

from pathlib import Path

from pydantic import ValidationError

from cli.problems import CliError, UsageProblem
from domain.shape import Shape
from settings import Settings

STACK_FILE = "stack.json"


class StackPids(Shape):
    """The parts of the running stack that we ask about; None: this stack has no such part."""

    model: int | None = None


class RunningStack(Shape):
    """What we read of DATA_DIR/stack.json, which `skill-fleet up` writes."""

    api_url: str
    pids: StackPids = StackPids()


def find(flag: str | None, settings: Settings) -> str:
    """The api's address without a slash at its end. Raises CliError that says how to start or name one."""
    url = flag or settings.api_url or _noted(settings.data_dir)
    if not url.startswith(("http://", "https://")):
        raise UsageProblem(
            f"{url!r} is no address of an api.",
            why="it must begin with http:// or https://",
            next_step="mend --api-url",
        )
    return url.rstrip("/")


def running_stack(data_dir: Path) -> RunningStack | None:
    """The note of the stack that runs in this folder; None when there is none."""
    try:
        return RunningStack.model_validate_json((data_dir / STACK_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _noted(data_dir: Path) -> str:
    stack = running_stack(data_dir)
    if stack is not None:
        return stack.api_url
    raise CliError(
        "No Skill Fleet api is known.",
        why=f"neither --api-url nor SKILL_FLEET_API_URL is given, and {data_dir / STACK_FILE} names no running stack",
        next_step="start one with `skill-fleet up` (with --data-dir there, set SKILL_FLEET_DATA_DIR here)",
    )
