"""What is taken away, and what it leaves that nothing needs any more."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.library_site import Site


@pytest.fixture
def project(skills_cli: Cli, site: Site, tmp_path: Path) -> Path:
    """Two skills that were asked for, and what came with them."""
    folder = tmp_path / "project"
    folder.mkdir()
    site.publish("deep")
    site.publish("base", requires=["deep"])
    site.publish("shared")
    site.publish("a", requires=["base", "shared"])
    site.publish("b", requires=["base"])
    site.publish("c", requires=["shared"])
    assert skills_cli("install", "a", "b", "c", "--dir", str(folder)).exit_code == 0
    return folder


def lying(project: Path) -> list[str]:
    names = sorted(json.loads((project / "skill-fleet.lock.json").read_text())["skills"])
    assert sorted({file.parent.name for file in project.rglob("SKILL.md")}) == names
    return names


def test_what_came_with_it_is_told_with_how_to_remove_it(skills_cli: Cli, project: Path) -> None:
    at = ("--dir", str(project))
    assert "came with" not in skills_cli("uninstall", "a", *at).stderr, "b needs base, c needs shared"
    done = skills_cli("uninstall", "b", *at)
    assert "base, deep came with what was removed, and nothing needs them any more" in done.stderr
    assert f"skills uninstall base deep --dir {project}" in done.stderr
    assert lying(project) == ["base", "c", "deep", "shared"]
    assert skills_cli("uninstall", "base", "deep", *at).exit_code == 0
    assert lying(project) == ["c", "shared"]


def test_with_unused_takes_them_too_and_nothing_that_others_need(skills_cli: Cli, project: Path) -> None:
    looked = skills_cli("uninstall", "a", "b", "--dry-run", "--dir", str(project))
    assert "add --with-unused" in looked.stderr
    assert len(lying(project)) == 6
    done = skills_cli("uninstall", "a", "b", "--with-unused", "--dir", str(project))
    assert (done.exit_code, "came with" in done.stderr) == (0, False)
    assert lying(project) == ["c", "shared"]


def test_programs_are_told_what_is_unused(skills_cli: Cli, project: Path) -> None:
    done = skills_cli("uninstall", "a", "b", "--json", "--dir", str(project))
    assert json.loads(done.stdout)["unused"] == ["base", "deep"]


def test_what_was_asked_for_is_never_unused(skills_cli: Cli, project: Path) -> None:
    assert skills_cli("install", "base", "--dir", str(project)).exit_code == 0
    done = skills_cli("uninstall", "a", "b", "--with-unused", "--dir", str(project))
    assert done.exit_code == 0
    assert lying(project) == ["base", "c", "deep", "shared"]
