"""The operator's page says what is true: settings and defaults, links, commands, names that appear in code."""

import re
from pathlib import Path

from typer.main import get_group

from cli.app import build
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
    assert [link for link in links if not (PAGE.parent / link).resolve().exists()] == []


def test_every_command_exists() -> None:
    named = set(re.findall(r"`?skill-fleet (?:--\S+ \S+ )?([a-z]+)", TEXT))
    assert {"up", "down", "doctor", "retry", "worker", "serve"} <= named
    assert named <= set(get_group(build()).commands)


def test_every_search_attribute_is_named() -> None:
    assert [key.name for key in KEYS if f"`{key.name}`" not in TEXT] == []
