"""A scripted api and the command line run against it: in this process, or as the real program."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import build
from cli.client import Api
from tests.cli.library_site import Site, SiteThread
from tests.cli.scripted_api import Script, ServerThread

Cli = Callable[..., Result]
Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def server(script: Script) -> Iterator[ServerThread]:
    running = ServerThread(script)
    yield running
    running.stop()


@pytest.fixture
def api(server: ServerThread) -> Iterator[Api]:
    """A line to the scripted api that never really waits."""
    with Api(server.url, sleep=lambda _: None) as line:
        yield line


@pytest.fixture
def environment(server: ServerThread, tmp_path: Path) -> dict[str, str]:
    """The settings of a run: the scripted api, and folders of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SKILL_FLEET_")}
    return clean | {
        "SKILL_FLEET_API_URL": server.url,
        "SKILL_FLEET_DATA_DIR": str(tmp_path / "data"),
        "SKILL_FLEET_LIBRARY": str(tmp_path / "library"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "COLUMNS": "80",
    }


@pytest.fixture
def cli(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command in this process; keyword arguments go into the environment."""
    for name in [name for name in os.environ if name.startswith("SKILL_FLEET_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, stdin: str | None = None, **more: str) -> Result:
        return CliRunner().invoke(build(), list(arguments), input=stdin, env=environment | more)

    return run


@pytest.fixture
def program(environment: dict[str, str], tmp_path: Path) -> Program:
    """Run the real program, somewhere else than in the checkout."""

    def run(*arguments: str, stdin: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "cli.app", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment | more,
            cwd=tmp_path,
            check=False,
        )

    return run


@pytest.fixture
def site() -> Site:
    """Published skills."""
    return Site()


@pytest.fixture
def skills_cli(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Run `skill-fleet skills …` against the site, with a home of its own."""
    for name in [name for name in os.environ if name.startswith("SKILL_FLEET_")]:
        monkeypatch.delenv(name)
    running = SiteThread(site)
    home = tmp_path / "home"
    home.mkdir()
    folders = {"HOME": str(home), "XDG_STATE_HOME": str(tmp_path / "state")}

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(build(), ["skills", *arguments], env={"SKILL_FLEET_API_URL": running.url, **folders})

    yield run
    running.stop()
