"""The list of all commands: every name leads to a command that says the same, and the list itself loads none."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import build
from cli.edge import Command
from cli.registry import COMMANDS, loaded
from tests.cli.conftest import Program

ROOT = Path(__file__).resolve().parents[2]

LIST_LOADS = {"cli", "cli.app", "cli.flags", "cli.registry"}
"""Our own modules that the list of all needs."""

HEAVY = {"pydantic", "httpx", "rich", "domain", "settings", "yaml"}
"""What commands work with, and the list does not."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_name_leads_to_a_command_whose_first_sentence_is_the_one_in_the_list(name: str) -> None:
    command = loaded(name)
    assert isinstance(command, Command)
    assert (command.name, command.hidden) == (name, COMMANDS[name].hidden)
    first = inspect.cleandoc(command.help or "").split(". ")[0].rstrip(".")
    assert f"{first}." == COMMANDS[name].does


def modules_after(*arguments: str) -> set[str]:
    """What is loaded once the program has said this, in a process of its own."""
    code = (
        "import sys; from typer.testing import CliRunner; from cli.app import build; "
        f"done = CliRunner().invoke(build(), {list(arguments)!r}); assert done.exit_code == 0, done.output; "
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_list_of_all_loads_no_command_and_nothing_that_only_commands_need() -> None:
    modules = modules_after("--help")
    assert {name for name in modules if name.split(".")[0] == "cli"} == LIST_LOADS
    assert not {name.split(".")[0] for name in modules} & HEAVY


def test_the_help_of_one_command_loads_only_that_one() -> None:
    modules = modules_after("down", "--help")
    assert modules & {listed.module for listed in COMMANDS.values()} == {"cli.stack"}


def test_a_hidden_command_works_and_is_not_listed() -> None:
    listed = CliRunner().invoke(build(), ["--help"]).stdout
    assert "\n  skills " in listed
    assert "\n  list " not in listed
    assert CliRunner().invoke(build(), ["list", "--help"]).stdout.count("List the skills") == 1


def test_completion_knows_the_commands(program: Program) -> None:
    done = program(_SKILL_FLEET_COMPLETE="complete_bash", COMP_WORDS="skill-fleet ge", COMP_CWORD="1")
    assert done.stdout.split() == ["generate-xml"]
