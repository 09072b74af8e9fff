"""Installing: verified, whole, where the agent reads; nothing of a person's work is lost, nothing hostile gets in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import lock, placing
from cli.agents import READS, Agent
from cli.problems import CliError
from domain.skill import SkillFileEntry, SkillStatus
from tests.cli.conftest import Cli
from tests.cli.library_site import Site, SiteThread

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = {"scripts/run.sh": b"#!/bin/sh\necho hi\n", "references/a.md": b"# A\n"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def lock_of(project: Path) -> dict[str, dict[str, object]]:
    skills: dict[str, dict[str, object]] = json.loads((project / "skill-fleet.lock.json").read_text())["skills"]
    return skills


@pytest.mark.parametrize("agent", Agent)
def test_a_skill_lies_where_the_agent_reads(
    skills_cli: Cli, site: Site, project: Path, tmp_path: Path, agent: Agent
) -> None:
    site.publish("notes", files=SCRIPT)
    assert skills_cli("install", "notes", "--agent", agent, "--dir", str(project)).exit_code == 0
    folder = project / READS[agent].project / "notes"
    assert sorted(tree(folder)) == ["SKILL.md", "metadata.json", "references/a.md", "scripts/run.sh"]
    assert os.access(folder / "scripts/run.sh", os.X_OK)
    assert not os.access(folder / "SKILL.md", os.X_OK)
    assert skills_cli("install", "notes", "--agent", agent).exit_code == 0
    assert tree(tmp_path / "home" / READS[agent].home / "notes") == tree(folder)


def test_several_agents_share_a_folder_and_the_lock_says_what_lies_where(
    skills_cli: Cli, site: Site, project: Path
) -> None:
    site.publish("notes", files=SCRIPT)
    done = skills_cli("install", "notes", "-a", "codex", "-a", "amp", "-a", "claude", "--dir", str(project), "--json")
    report = json.loads(done.stdout)
    assert [one["outcome"] for one in report["skills"]] == ["new"]
    assert lock_of(project)["notes"]["folders"] == [".agents/skills/notes", ".claude/skills/notes"]
    assert sorted(lock_of(project)["notes"]["files"]) == ["SKILL.md", "metadata.json", *sorted(SCRIPT)]  # type: ignore[call-overload]
    again = skills_cli("install", "notes", "-a", "claude", "--dir", str(project), "--json")
    assert [one["outcome"] for one in json.loads(again.stdout)["skills"]] == ["unchanged"]
    assert [name for name in tree(project) if "/." in name.removeprefix(".")] == []


def test_what_it_requires_comes_first_and_goes_last(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("base")
    site.publish("middle", requires=["base>=1.0.0"])
    site.publish("top", requires=["middle", "base"])
    done = skills_cli("install", "top", "--dir", str(project), "--json")
    assert [one["name"] for one in json.loads(done.stdout)["skills"]] == ["base", "middle", "top"]
    assert {name: one["asked"] for name, one in lock_of(project).items()} == {
        "base": False,
        "middle": False,
        "top": True,
    }
    assert "middle requires base" in skills_cli("uninstall", "base", "--dir", str(project)).stderr
    assert skills_cli("uninstall", "top", "middle", "base", "--dir", str(project)).exit_code == 0
    assert list(tree(project)) == ["skill-fleet.lock.json"]


@pytest.mark.parametrize(
    ("requires", "said"),
    [
        (["other>=2.0.0"], "does not fit"),
        (["other^0.9"], "does not fit"),
        (["top"], "requires itself"),
        (["../x"], "names no skill"),
        (["nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_had_whole_is_not_begun(
    skills_cli: Cli, site: Site, project: Path, requires: list[str], said: str
) -> None:
    site.publish("other")
    site.publish("top", requires=requires)
    done = skills_cli("install", "other", "top", "--dir", str(project))
    assert done.exit_code != 0
    assert said in done.stderr
    assert tree(project) == {}


def test_a_deprecated_skill_is_warned_of_and_a_yanked_one_refused(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("old", status=SkillStatus.DEPRECATED, warning="old should no longer be used. Use new instead.")
    site.publish("bad", status=SkillStatus.YANKED)
    done = skills_cli("install", "old", "--dir", str(project))
    assert (done.exit_code, "warning: old should no longer" in done.stderr) == (0, True)
    refused = skills_cli("install", "bad", "--dir", str(project))
    assert (refused.exit_code, "was yanked" in refused.stderr) == (1, True)


def test_another_archive_than_the_one_that_is_stated_is_refused(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("notes", files={"a.md": b"good"})
    stated = site.releases["notes"]["1.0.0"]
    site.publish("notes", files={"a.md": b"evil"})
    site.releases["notes"]["1.0.0"] = stated
    done = skills_cli("install", "notes", "--dir", str(project))
    assert (done.exit_code, "its digest is not the one" in done.stderr) == (1, True)
    assert tree(project) == {}


@pytest.mark.parametrize("more", [b"", bytes(1 << 20)])
def test_a_damaged_or_endless_archive_is_refused(skills_cli: Cli, site: Site, project: Path, more: bytes) -> None:
    site.publish("notes")
    [url] = site.served
    site.served[url] = site.served[url].replace(b"About", b"Above") + more
    done = skills_cli("install", "notes", "--dir", str(project))
    assert (done.exit_code, "not what was published" in done.stderr) == (1, True)
    assert tree(project) == {}


@pytest.mark.parametrize(
    "lie", [{"name": "../../x"}, {"name": "x/y"}, {"version": "../1"}, {"artifacts": []}, {"requires": ["a b"]}]
)
def test_a_server_that_lies_gets_nothing_written(
    skills_cli: Cli, site: Site, project: Path, lie: dict[str, object]
) -> None:
    site.publish("notes")
    site.change("notes", lie)
    assert skills_cli("install", "notes", "--dir", str(project)).exit_code == 1
    assert tree(project) == {}


def test_an_archive_is_not_fetched_from_elsewhere(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("notes")
    artifact = site.releases["notes"]["1.0.0"].artifacts[0]
    site.change("notes", {"artifacts": [artifact.model_copy(update={"url": "@127.0.0.1:1/notes.zip"})]})
    assert "not what was published" in skills_cli("install", "notes", "--dir", str(project)).stderr


def test_work_done_by_hand_is_not_overwritten(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("notes", files=SCRIPT)
    skills_cli("install", "notes", "--dir", str(project))
    mine = project / ".agents/skills/notes/references/a.md"
    mine.write_text("mine")
    site.publish("notes", "1.1.0", files=SCRIPT)
    for command in (("install", "notes"), ("update",), ("uninstall", "notes")):
        done = skills_cli(*command, "--dir", str(project))
        assert (done.exit_code, "changed by hand" in done.stderr, mine.read_text()) == (1, True, "mine")
    assert skills_cli("update", "--force", "--dir", str(project)).exit_code == 0
    assert mine.read_bytes() == SCRIPT["references/a.md"]
    assert lock_of(project)["notes"]["version"] == "1.1.0"


def test_a_skill_from_elsewhere_is_not_overwritten_but_the_same_one_is_taken_over(
    skills_cli: Cli, site: Site, project: Path
) -> None:
    site.publish("notes")
    skills_cli("install", "notes", "--dir", str(project))
    (project / "skill-fleet.lock.json").unlink()
    assert skills_cli("install", "notes", "--dir", str(project)).exit_code == 0
    (project / "skill-fleet.lock.json").unlink()
    (project / ".agents/skills/notes/SKILL.md").write_text("somebody else's")
    assert skills_cli("install", "notes", "--dir", str(project)).exit_code == 1


def test_files_that_a_new_version_has_no_more_are_gone(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("notes", files=SCRIPT)
    skills_cli("install", "notes", "--dir", str(project))
    site.publish("notes", "2.0.0")
    [behind] = json.loads(skills_cli("outdated", "--json", "--dir", str(project)).stdout)["skills"]
    assert (behind["version"], behind["latest"]) == ("1.0.0", "2.0.0")
    skills_cli("update", "--dir", str(project))
    assert sorted(tree(project / ".agents/skills")) == ["notes/SKILL.md", "notes/metadata.json"]
    assert json.loads(skills_cli("outdated", "--json", "--dir", str(project)).stdout)["skills"] == []
    assert skills_cli("install", "notes@1.0.0", "--dir", str(project)).exit_code == 0
    assert lock_of(project)["notes"]["version"] == "1.0.0"


def test_an_update_leaves_each_skill_with_the_agents_it_was_for(skills_cli: Cli, site: Site, project: Path) -> None:
    for name, agent in (("one", "claude"), ("two", "cursor")):
        site.publish(name)
        skills_cli("install", name, "-a", agent, "--dir", str(project))
    site.publish("base")
    site.publish("one", "1.1.0", requires=["base"])
    assert skills_cli("update", "--dir", str(project)).exit_code == 0
    assert {name: skill["agents"] for name, skill in lock_of(project).items()} == {
        "base": ["claude", "cursor"],
        "one": ["claude"],
        "two": ["cursor"],
    }


def test_a_dry_run_writes_nothing(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("notes")
    assert "nothing was written" in skills_cli("install", "notes", "--dry-run", "--dir", str(project)).stderr
    assert tree(project) == {}


def test_a_link_does_not_lead_out_of_the_project(skills_cli: Cli, site: Site, project: Path, tmp_path: Path) -> None:
    site.publish("notes")
    (tmp_path / "elsewhere").mkdir()
    (project / ".agents").symlink_to(tmp_path / "elsewhere")
    done = skills_cli("install", "notes", "--dir", str(project))
    assert (done.exit_code, "leads out of the project" in done.stderr) == (1, True)
    assert tree(tmp_path / "elsewhere") == {}


def test_a_link_in_the_skills_place_is_replaced_only_by_force_and_never_followed(
    skills_cli: Cli, site: Site, project: Path, tmp_path: Path
) -> None:
    site.publish("notes")
    work = tmp_path / "work"
    work.mkdir()
    (work / "SKILL.md").write_text("mine")
    (project / ".agents/skills").mkdir(parents=True)
    (project / ".agents/skills/notes").symlink_to(work)
    assert skills_cli("install", "notes", "--dir", str(project)).exit_code == 1
    assert skills_cli("install", "notes", "--force", "--dir", str(project)).exit_code == 0
    assert not (project / ".agents/skills/notes").is_symlink()
    assert (work / "SKILL.md").read_text() == "mine"


@pytest.mark.parametrize("folder", ["../victim", "/", ".", "a/../../victim"])
def test_a_hostile_lock_file_removes_nothing_outside(
    skills_cli: Cli, site: Site, project: Path, tmp_path: Path, folder: str
) -> None:
    site.publish("notes")
    skills_cli("install", "notes", "--dir", str(project))
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "x").write_text("x")
    file = project / "skill-fleet.lock.json"
    told = json.loads(file.read_text())
    told["skills"]["notes"]["folders"] = [folder]
    file.write_text(json.dumps(told))
    assert skills_cli("uninstall", "notes", "--force", "--dir", str(project)).exit_code == 1
    assert (tmp_path / "victim" / "x").exists()
    assert (project / ".agents/skills/notes/SKILL.md").exists()


def test_a_broken_lock_file_is_said_not_overwritten(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("notes")
    (project / "skill-fleet.lock.json").write_text("{")
    assert skills_cli("install", "notes", "--dir", str(project)).exit_code == 1
    assert (project / "skill-fleet.lock.json").read_text() == "{"


def test_what_is_installed_is_listed_with_its_state(skills_cli: Cli, site: Site, project: Path) -> None:
    for name in ("fine", "gone", "mended"):
        site.publish(name)
        skills_cli("install", name, "--dir", str(project))
    placing.take_away(project / ".agents/skills/gone")
    (project / ".agents/skills/mended/more.md").write_text("more")
    shown = json.loads(skills_cli("installed", "--json", "--dir", str(project)).stdout)["skills"]
    assert {one["name"]: one["state"] for one in shown} == {"fine": "ok", "gone": "missing", "mended": "changed"}


def test_installs_at_the_same_moment_are_all_recorded(site: Site, project: Path, tmp_path: Path) -> None:
    """Real processes that get their archives at the same moment; each has many files to write before it records."""
    names = [f"skill-{number}" for number in range(4)]
    site.together = len(names)
    for name in names:
        site.publish(name, files={f"references/{number}.md": b"x" for number in range(300)})
    running = SiteThread(site)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SKILL_FLEET_")}
    environment = clean | {"SKILL_FLEET_API_URL": running.url, "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "cli.app", "skills", "install", "--dir", str(project)]
    try:
        started = [subprocess.Popen([*command, name], cwd=ROOT, env=environment) for name in names]
        assert [one.wait(60) for one in started] == [0] * len(names)
    finally:
        running.stop()
    assert sorted(lock_of(project)) == names
    assert sorted(path.name for path in project.iterdir()) == [".agents", "skill-fleet.lock.json"]


def test_an_install_waits_for_another_one_and_says_so_when_it_takes_too_long(
    skills_cli: Cli, site: Site, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish("notes")
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    with lock.Place(project).alone():
        done = skills_cli("install", "notes", "--dir", str(project))
        assert (done.exit_code, "Another skill-fleet is at work" in done.stderr) == (1, True)
        assert skills_cli("install", "notes", "--dry-run", "--dir", str(project)).exit_code == 0
    assert tree(project) == {}
    assert skills_cli("install", "notes", "--dir", str(project)).exit_code == 0


def test_who_was_killed_holds_no_place(skills_cli: Cli, site: Site, project: Path) -> None:
    site.publish("notes")
    holding = (
        "import os, pathlib, sys; from cli.lock import Place\n"
        "with Place(pathlib.Path(sys.argv[1])).alone(): os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", holding, str(project)], cwd=ROOT, check=False)
    assert (killed.returncode, list(tree(project))) == (-9, [".skill-fleet.lock.json.lock"])
    assert skills_cli("install", "notes", "--dir", str(project)).exit_code == 0
    assert ".skill-fleet.lock.json.lock" not in tree(project)


def test_a_failure_in_between_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "skills" / "notes"
    placing.put(place, [SkillFileEntry(path="SKILL.md", data=b"old")])

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CliError, match="cannot be written"):
        placing.put(place, [SkillFileEntry(path="SKILL.md", data=b"new")])
    assert tree(tmp_path) == {"skills/notes/SKILL.md": b"old"}
