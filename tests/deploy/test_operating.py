"""The operator's page says what is true: settings and defaults, links, commands, names that appear in code."""

import re
from pathlib import Path

from typer.main import get_group

from cli.app import build
from deploy.failing import MOST
from deploy.rollout import Options, parse
from deploy.worker_version import DEPLOYMENT
from settings import CHECKOUT, PREFIX, Settings
from workflows.attributes import KEYS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operating.md"
TEXT = PAGE.read_text()


def test_the_table_of_settings_is_complete_and_its_defaults_hold() -> None:
    rows = re.findall(r"^\| `(SKILL_FLEET_\w+)` \| .+ \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows == [(PREFIX + name.upper(), told(field.default)) for name, field in Settings.model_fields.items()]


def told(default: object) -> str:
    """A default as the page shows it."""
    if default is None:
        return "–"
    return f"`{default.relative_to(CHECKOUT)}` of the checkout" if isinstance(default, Path) else str(default)


def test_no_setting_is_named_that_does_not_exist() -> None:
    named = set(re.findall(r"SKILL_FLEET_[A-Z_]*[A-Z]", TEXT))
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    assert [link for link in links if not (PAGE.parent / link.partition("#")[0]).resolve().exists()] == []


def test_every_command_exists() -> None:
    named = set(re.findall(r"`?skill-fleet (?:--\S+ \S+ )?([a-z]+)", TEXT))
    assert {"up", "down", "doctor", "retry", "worker", "serve"} <= named
    assert named <= set(get_group(build()).commands)


def test_every_search_attribute_is_named() -> None:
    assert [key.name for key in KEYS if f"`{key.name}`" not in TEXT] == []


def test_every_module_that_is_run_exists() -> None:
    named = set(re.findall(r"python -m ((?:deploy|tests)(?:\.[a-z_]+)+)", TEXT))
    assert {"deploy.rollout", "deploy.worker_version"} <= named
    places = {name: ROOT.joinpath(*name.split(".")) for name in named}
    assert [
        n for n, at in places.items() if not (at.with_suffix(".py").exists() or (at / "__main__.py").exists())
    ] == []


def test_the_rollout_is_described_with_its_own_options_and_numbers() -> None:
    section = TEXT.partition("### The rollout")[2].partition("### The drill")[0]
    usual = parse([])
    shown = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", section))
    assert {"--start", "--stop-old", "--ramp"} <= shown
    assert shown <= {f"--{name.replace('_', '-')}" for name in Options.__annotations__}
    assert "10 %, then 50 %" in section and list(usual.ramp) == [10.0, 50.0]
    assert f"{usual.pause:g} s each" in section and f"at most {usual.drain / 60:g} minutes" in section
    assert f"first {MOST}" in section
    commands = re.findall(r"deploy\.rollout ([a-z]+)", section)
    assert {parse([command]).command for command in commands} == {"gate", "status", "rollback"}


def test_whoever_versions_workers_is_told_the_two_variables_and_the_name() -> None:
    assert all(f"`{name}`" in TEXT for name in ("TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID"))
    assert f"`{DEPLOYMENT}`" in TEXT
