"""A published skill in git: its path and nothing else, by whom it was promoted; whatever git says, nothing fails."""

import subprocess
from pathlib import Path
from threading import Timer
from uuid import UUID

import pytest

from activities.library_git import Git
from workflows.library_messages import Commit

WANTED = Commit(job_id=UUID(int=7), path="general/notes", version="1.2.0", digest="d" * 64, by="Ada <x> Lovelace")


def git(root: Path, *arguments: str) -> str:
    told = ["git", "-c", "user.name=someone", "-c", "user.email=s@example.invalid", *arguments]
    return subprocess.run(told, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library in a repository with one commit, a staged file and an edited one."""
    git(tmp_path, "init", "-q")
    root = tmp_path / "skills"
    (root / "general" / "notes").mkdir(parents=True)
    (root / "taxonomy.yaml").write_text("one")
    git(tmp_path, "add", "skills/taxonomy.yaml")
    git(tmp_path, "commit", "-q", "-m", "first")
    (root / "taxonomy.yaml").write_text("two")
    (tmp_path / "staged").write_text("x")
    git(tmp_path, "add", "staged")
    (root / "general" / "notes" / "SKILL.md").write_text("notes")
    return root


def test_exactly_the_skill_is_committed_by_its_promoter(root: Path) -> None:
    done = Git(root).commit(WANTED)
    assert done.commit == git(root, "rev-parse", "HEAD")
    assert git(root, "show", "--name-only", "--format=", "HEAD") == "skills/general/notes/SKILL.md"
    said = git(root, "show", "-s", "--format=%an|%s|%b", "HEAD")
    assert said.startswith("Ada x Lovelace|notes 1.2.0|")
    assert "d" * 64 in said
    assert str(WANTED.job_id) in said
    assert git(root, "status", "--porcelain") == "M skills/taxonomy.yaml\nA  staged"


def test_a_retry_finds_nothing_to_commit_and_that_is_fine(root: Path) -> None:
    Git(root).commit(WANTED)
    again = Git(root).commit(WANTED)
    assert (again.commit, "nothing has changed" in again.why) == (None, True)
    assert git(root, "rev-list", "--count", "HEAD") == "2"


def test_a_file_that_left_the_skill_leaves_the_history_too(root: Path) -> None:
    more = root / "general" / "notes" / "more.md"
    more.write_text("x")
    Git(root).commit(WANTED)
    more.unlink()
    assert Git(root).commit(WANTED).commit is not None
    assert "more.md" not in git(root, "ls-tree", "-r", "--name-only", "HEAD")


def test_hooks_and_signing_never_stop_it(root: Path) -> None:
    hook = root.parent / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git(root, "config", "commit.gpgsign", "true")
    assert Git(root).commit(WANTED).commit is not None


def test_a_locked_index_is_waited_for(root: Path) -> None:
    lock = root.parent / ".git" / "index.lock"
    lock.touch()
    Timer(0.4, lock.unlink).start()
    assert Git(root).commit(WANTED).commit is not None


def test_a_path_that_looks_like_a_pattern_means_itself(root: Path) -> None:
    other = root / "general" / "other"
    other.mkdir()
    (other / "SKILL.md").write_text("x")
    Git(root).commit(WANTED.model_copy(update={"path": "general/*"}))
    assert git(root, "rev-list", "--count", "HEAD") == "1"


def test_the_first_commit_of_a_new_repository_works(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "general" / "notes").mkdir(parents=True)
    (tmp_path / "general" / "notes" / "SKILL.md").write_text("notes")
    assert Git(tmp_path).commit(WANTED).commit is not None


def test_no_work_tree_is_said_and_fails_nothing(tmp_path: Path) -> None:
    done = Git(tmp_path).commit(WANTED)
    assert (done.commit, "no git work tree" in done.why) == (None, True)


def test_no_git_is_said_and_fails_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.defpath", "/nowhere")
    assert "there is no git" in Git(root).commit(WANTED).why
