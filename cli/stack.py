"""`up`, `down`, `status`, `worker`, `serve`: become the process that does it. Nothing of it runs in here.

The process is replaced (exec), so signals, exit codes and the terminal belong to it alone.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.flags import Flags
from settings import CHECKOUT

DataDir = Annotated[Path | None, typer.Option("--data-dir", metavar="D", help="Where the stack keeps its state.")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="The api's port; default: a free one.")]


def up(
    data_dir: DataDir = None,
    port: Port = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Without the local model; jobs wait.")] = False,
    background: Annotated[bool, typer.Option("-d", "--detach", help="In the background.")] = False,
) -> None:
    """Start the whole stack on this machine. Temporal, PostgreSQL, api, worker and, if needed, the local model."""
    arguments = _folder(data_dir)
    arguments += ["--port", str(port)] if port else []
    arguments += ["--no-model"] if no_model else []
    arguments += ["--detach"] if background else []
    become("-m", "deploy.local", "up", *arguments)


def down(data_dir: DataDir = None) -> None:
    """Stop the stack that runs in the background."""
    become("-m", "deploy.local", "down", *_folder(data_dir))


def status(ctx: typer.Context, data_dir: DataDir = None) -> None:
    """Say how the stack of this machine is."""
    flags = ctx.find_object(Flags) or Flags()
    become("-m", "deploy.local", "status", *_folder(data_dir), *(["--json"] if flags.json_wanted else []))


def worker() -> None:
    """Run one worker, with the servers of the settings."""
    become(str(CHECKOUT / "worker.py"))


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen, on this machine only.")] = 8000,
) -> None:
    """Run the api and the page, with the servers of the settings."""
    become("-m", "uvicorn", "api.app:create", "--factory", "--host", "127.0.0.1", "--port", str(port))


def become(*arguments: str) -> None:
    """Replace this process by Python with these arguments. `-P`: a folder `api` or `deploy` where the person stands is
    not ours."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", *arguments])  # noqa: S606  (no shell is the point)


def _folder(data_dir: Path | None) -> list[str]:
    return ["--data-dir", str(data_dir)] if data_dir else []
