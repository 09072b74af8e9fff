"""`skills migrate` shows what it would change, writes only when asked, and says what is left for a person."""

import json
from pathlib import Path

from tests.cli.conftest import Cli
from tests.support.foreign_skills import skill


def placed(root: Path, folder: str, data: bytes) -> Path:
    place = root / folder / "SKILL.md"
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    return place.parent


def test_without_write_nothing_changes_and_the_diff_is_shown(cli: Cli, tmp_path: Path) -> None:
    data = skill("my-skill", "version: 1.0\n")
    folder = placed(tmp_path, "my-skill", data)
    done = cli("skills", "migrate", str(folder))
    assert done.exit_code == 0
    assert "-version: 1.0" in done.stdout
    assert "would change: version: moves into metadata" in done.stdout
    assert "1 error before, valid after" in done.stdout
    assert (folder / "SKILL.md").read_bytes() == data


def test_written_it_is_valid_under_its_own_name_and_a_second_run_has_nothing_to_do(cli: Cli, tmp_path: Path) -> None:
    placed(tmp_path, "group/My Skill", skill("My Skill", "allowed-tools: [Read, Grep]\n").replace(b"\n", b"\r\n"))
    assert cli("skills", "migrate", str(tmp_path), "--write").exit_code == 0
    folder = tmp_path / "group/my-skill"
    assert cli("validate", str(folder)).exit_code == 0
    before = (folder / "SKILL.md").read_bytes()
    again = json.loads(cli("--json", "skills", "migrate", str(tmp_path), "--write").stdout)["skills"]
    assert [(one["changes"], one["written"], one["diff"]) for one in again] == [([], False, "")]
    assert (folder / "SKILL.md").read_bytes() == before


def test_a_small_skill_md_gets_its_name(cli: Cli, tmp_path: Path) -> None:
    folder = placed(tmp_path, "a-b", skill("a-b"))
    (folder / "SKILL.md").rename(folder / "skill.md")
    assert cli("skills", "migrate", str(folder), "--write").exit_code == 0
    assert [file.name for file in folder.iterdir()] == ["SKILL.md"]


def test_what_it_cannot_decide_is_left_told_and_fails(cli: Cli, tmp_path: Path) -> None:
    placed(tmp_path, "a-b", b"no frontmatter at all\n")
    done = cli("skills", "migrate", str(tmp_path), "--write")
    assert done.exit_code == 1
    assert "decide: SKILL.md cannot be read" in done.stdout
    assert (tmp_path / "a-b/SKILL.md").read_bytes() == b"no frontmatter at all\n"


def test_a_name_that_is_taken_beside_it_stops_only_that_skill_and_the_dry_run_says_so(cli: Cli, tmp_path: Path) -> None:
    placed(tmp_path, "a-a", skill("a-b", "version: 1\n"))
    placed(tmp_path, "a-b", skill("a-b"))
    placed(tmp_path, "z-z", skill("z-z", "version: 1\n"))
    dry = cli("skills", "migrate", str(tmp_path))
    assert (dry.exit_code, "exists; rename one" in dry.stdout) == (1, True)
    done = cli("--json", "skills", "migrate", str(tmp_path), "--write")
    assert done.exit_code == 1
    skills = json.loads(done.stdout)["skills"]
    assert [(bool(one["stopped"]), one["written"]) for one in skills] == [(True, False), (False, False), (False, True)]
    assert (tmp_path / "a-a/SKILL.md").read_bytes() == skill("a-b", "version: 1\n")
    assert "metadata:" in (tmp_path / "z-z/SKILL.md").read_text()


def test_two_that_would_take_one_name_are_both_left(cli: Cli, tmp_path: Path) -> None:
    placed(tmp_path, "x1", skill("c-d"))
    placed(tmp_path, "x2", skill("c-d"))
    done = cli("skills", "migrate", str(tmp_path), "--write")
    assert (done.exit_code, done.stdout.count("another skill would, too")) == (1, 2)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["x1", "x2"]


def test_no_empty_description_is_written(cli: Cli, tmp_path: Path) -> None:
    folder = placed(tmp_path, "a-b", b"---\nname: a-b\nversion: 1\n---\n\nDo it.\n")
    assert cli("skills", "migrate", str(tmp_path), "--write").exit_code == 1
    written = (folder / "SKILL.md").read_text()
    assert ("metadata:" in written, "description" in written) == (True, False)
    assert "would change" not in cli("skills", "migrate", str(tmp_path)).stdout


def test_paths_without_skills_are_usage_errors(cli: Cli, tmp_path: Path) -> None:
    assert cli("skills", "migrate", str(tmp_path)).exit_code == 2
    assert cli("skills", "migrate", str(tmp_path / "nowhere")).exit_code == 2
