"""The image: made of files that are there, pinned, run by nobody special, and without what it does not need."""

import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "deploy" / "Dockerfile").read_text()
PACKAGED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "only-include"
]


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    rest: str


def instructions() -> list[Instruction]:
    """The Dockerfile, read as Docker does: comment lines away, continued lines joined."""
    lines = "\n".join(line for line in TEXT.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", lines)
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def named(name: str) -> list[str]:
    """The rest of every instruction of this name, in order."""
    return [one.rest for one in instructions() if one.name == name]


def copied() -> list[str]:
    """What is copied from the checkout."""
    own = [shlex.split(rest) for rest in named("COPY") if "--from" not in rest]
    return [source for words in own for source in words[:-1]]


def let_in() -> set[str]:
    """What `.dockerignore` lets into the build, which begins by keeping everything out."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_every_copied_source_is_there_and_let_in() -> None:
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert set(copied()) == let_in()


def test_the_image_holds_all_of_the_application_and_no_tests() -> None:
    assert set(copied()) == {*PACKAGED, "README.md", "pyproject.toml", "uv.lock"}


def test_pins_and_licences_of_the_weights_are_in_it_and_the_weights_are_not() -> None:
    assert (ROOT / "deploy" / "weights.txt").is_file()
    assert list((ROOT / "deploy" / "licenses").iterdir())
    assert not list((ROOT / "deploy").rglob("*.gguf"))


def test_the_base_is_pinned_to_a_patch_of_python_3_11_and_slim() -> None:
    assert {rest.split()[0] for rest in named("FROM")} == {"${PYTHON_IMAGE}"}
    assert any(re.fullmatch(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-\w+", rest) for rest in named("ARG"))


def test_it_installs_exactly_what_is_locked_with_a_pinned_uv() -> None:
    syncs = [rest for rest in named("RUN") if "uv sync" in rest]
    assert len(syncs) == 2
    assert all("uv sync --locked --no-dev" in rest for rest in syncs)
    assert any(re.fullmatch(r"UV_VERSION=\d+\.\d+\.\d+", rest) for rest in named("ARG"))


def test_what_a_setting_needs_is_installed_in_both_steps() -> None:
    """The worker ends at once where MLflow is named and not there (activities/mlflow_needed.py)."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert [rest for rest in named("ARG") if rest.startswith("WITH=")] == [
        f'WITH="{" ".join(f"--extra {name}" for name in extras)}"'
    ]
    assert all("${WITH} ${WITHOUT}" in rest for rest in named("RUN") if "uv sync" in rest)


def test_it_runs_as_a_user_who_is_not_root() -> None:
    (user,) = named("USER")
    assert int(user) > 0
    last_stage = TEXT.rindex("\nFROM ")
    assert TEXT.index("\nUSER ") > last_stage


def test_the_build_may_name_itself_for_worker_versions() -> None:
    assert 'TEMPORAL_WORKER_BUILD_ID=""' in named("ARG")
    assert "TEMPORAL_WORKER_BUILD_ID=${TEMPORAL_WORKER_BUILD_ID}" in " ".join(named("ENV"))


def test_its_settings_are_settings() -> None:
    given = set(re.findall(r"\bSKILL_FLEET_(\w+)=", " ".join(named("ENV"))))
    assert given <= {field.upper() for field in Settings.model_fields}


def test_health_is_asked_of_a_route_that_the_api_has() -> None:
    (check,) = named("HEALTHCHECK")
    (command,) = named("CMD")
    assert "/api/v1/health/live" in check
    assert re.findall(r"127\.0\.0\.1:(\d+)", check) == re.findall(r'"--port", "(\d+)"', command) == named("EXPOSE")


@pytest.mark.slow
def test_api_worker_and_command_line_start_without_the_packages_that_are_left_out() -> None:
    left_out = re.findall(r"--no-install-package ([\w-]+)", TEXT)
    assert len(left_out) == 3
    hidden = {package.replace("-", "_"): None for package in left_out}
    code = f"import sys; sys.modules.update({hidden!r}); import worker, api.app, cli.app; worker.load_models(); "
    code += "from cli.registry import COMMANDS, loaded; [loaded(name) for name in COMMANDS]"
    surroundings = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": "/proc/none"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings, cwd=ROOT)
    assert done.returncode == 0, done.stderr
