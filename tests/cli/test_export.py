"""The library as a folder: strict readers of both indexes and of the marketplace find every skill, whole."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.library_site import Site
from tests.cli.test_install import tree

FILES = {"scripts/run.sh": b"#!/bin/sh\n", "references/a.md": b"# A\n"}


def exported(skills_cli: Cli, folder: Path) -> Path:
    done = skills_cli("export", str(folder))
    assert done.exit_code == 0, done.stderr
    return folder


def test_both_indexes_and_the_marketplace_name_what_is_there(skills_cli: Cli, site: Site, tmp_path: Path) -> None:
    site.publish("lone")
    site.publish("whole", files=FILES)
    root = exported(skills_cli, tmp_path / "out")
    folder = root / ".well-known/agent-skills"
    entries = json.loads((folder / "index.json").read_text())["skills"]
    assert [(one["name"], one["type"]) for one in entries] == [("lone", "skill-md"), ("whole", "archive")]
    for one in entries:
        assert one["digest"] == f"sha256:{sha256((folder / one['url']).read_bytes()).hexdigest()}"
    for one in json.loads((root / ".well-known/skills/index.json").read_text())["skills"]:
        assert all((root / ".well-known/skills" / one["name"] / path).is_file() for path in one["files"])
    shown = json.loads((root / ".claude-plugin/marketplace.json").read_text())
    for plugin in shown["plugins"]:
        assert (root / plugin["source"] / plugin["skills"][0] / "SKILL.md").is_file()


def test_the_same_library_gives_the_same_folder(skills_cli: Cli, site: Site, tmp_path: Path) -> None:
    site.publish("whole", files=FILES)
    first, second = exported(skills_cli, tmp_path / "a"), exported(skills_cli, tmp_path / "b")
    assert tree(first) == tree(second)


def test_a_former_export_is_replaced_and_what_is_not_ours_stays(skills_cli: Cli, site: Site, tmp_path: Path) -> None:
    site.publish("gone")
    root = exported(skills_cli, tmp_path / "out")
    (root / ".git").mkdir()
    (root / ".git/HEAD").write_text("ref")
    site.releases.clear()
    site.publish("lone")
    exported(skills_cli, root)
    assert sorted(path.name for path in (root / "skills").iterdir()) == ["lone"]
    assert (root / ".git/HEAD").read_text() == "ref"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


def test_a_folder_of_somebody_else_is_left_alone(skills_cli: Cli, site: Site, tmp_path: Path) -> None:
    site.publish("lone")
    (tmp_path / "out/skills").mkdir(parents=True)
    (tmp_path / "out/skills/mine").write_text("mine")
    assert skills_cli("export", str(tmp_path / "out")).exit_code == 1
    assert tree(tmp_path / "out") == {"skills/mine": b"mine"}


@pytest.mark.parametrize("spoilt", [b"", b"x"])
def test_a_skill_that_cannot_be_verified_ends_it_before_anything_is_written(
    skills_cli: Cli, site: Site, tmp_path: Path, spoilt: bytes
) -> None:
    site.publish("lone")
    site.publish("whole", files=FILES)
    site.served[list(site.served)[1]] = spoilt
    assert skills_cli("export", str(tmp_path / "out")).exit_code == 1
    assert not (tmp_path / "out").exists()
