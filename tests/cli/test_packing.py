"""A folder becomes an archive: the same bytes each time, no link followed, and what is left out is named."""

import gzip
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from cli import packing
from cli.checkout import checkout_of
from cli.packing import pack
from cli.problems import CliError
from domain.library.importing import repository, without_login


def filled(root: Path) -> Path:
    folder = root / "mine"
    for path, data in {
        "b.md": b"text",
        "a/x.py": b"print()",
        "a/logo.png": b"\x89PNG\0",
        "node_modules/m/index.js": b"x",
        ".git/config": b"secret",
        ".DS_Store": b"x",
    }.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    return folder


def packed(folder: Path, *, texts_only: bool = False) -> tuple[bytes, list[str]]:
    done = pack(folder, texts_only=texts_only)
    with done.file:
        return b"".join(done.pieces()), done.left_out


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        return archive.getnames()


def test_links_pipes_and_folders_of_tools_are_left_out_and_named(tmp_path: Path) -> None:
    data, left_out = packed(filled(tmp_path))
    assert names(data) == ["mine/a/logo.png", "mine/a/x.py", "mine/b.md", "mine/link", "mine/pipe"]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        link, pipe = archive.getmember("mine/link"), archive.getmember("mine/pipe")
    assert (link.issym(), link.linkname, pipe.isfifo()) == (True, "", True)
    told = "\n".join(left_out)
    for words in ("link: a link", "pipe: no regular file", "node_modules: folder of a tool", ".DS_Store"):
        assert words in told
    assert b"secret" not in gzip.decompress(data)


def test_of_sources_only_texts_are_taken(tmp_path: Path) -> None:
    data, left_out = packed(filled(tmp_path), texts_only=True)
    assert names(data) == ["mine/a/x.py", "mine/b.md"]
    assert any("logo.png: no text" in line for line in left_out)


def test_the_same_files_give_the_same_bytes_whatever_their_times(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    first, _ = packed(folder)
    os.utime(folder / "b.md", (1, 1))
    (folder / "b.md").chmod(0o755)
    assert packed(folder)[0] == first


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_MEMBERS", 2)
    with pytest.raises(CliError, match="too large"):
        pack(filled(tmp_path), texts_only=False)


def test_the_commit_is_read_without_running_git(tmp_path: Path) -> None:
    git = tmp_path / ".git"
    (git / "hooks").mkdir(parents=True)
    (tmp_path / "skills/a").mkdir(parents=True)
    assert checkout_of(tmp_path / "skills/a") is None
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack-refs\n" + "b" * 40 + " refs/heads/main\n")
    (git / "config").write_text('[core]\n\turl = no\n[remote "origin"]\n\turl = git@git.example:x/y.git\n')
    found = checkout_of(tmp_path / "skills/a")
    assert found is not None
    assert (found.commit, found.dirty, found.remote) == (None, True, "git@git.example:x/y.git")
    assert found.path == "skills/a"
    (git / "HEAD").write_text("ref: ../../etc/passwd\n")
    again = checkout_of(tmp_path)
    assert again is not None
    assert again.commit is None


def test_a_token_in_an_address_never_goes_on_record() -> None:
    assert without_login("https://user:token@git.example:8443/x?key=1") == "https://git.example:8443/x"
    assert without_login("tok:en@git.example:x/y") == "git@git.example:x/y"
    assert without_login("http://[") == "http://["


def test_every_address_of_one_repository_means_the_same() -> None:
    addresses = (
        "git@git.example:x/y.git",
        "https://git.example/x/y",
        "ssh://git@GIT.example/x/y.git/",
        "https://t@git.example/x/y.git",
    )
    assert {repository(address) for address in addresses} == {"git.example/x/y"}
    assert repository("https://git.example/x/z") != repository("https://git.example/x/y")


def git(root: Path, *words: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    subprocess.run(
        ["git", *names, *words],
        cwd=root,
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(root)},
    )


def repo(root: Path) -> Path:
    place = root / "repo"
    (place / "skills/a").mkdir(parents=True)
    (place / "skills/a/SKILL.md").write_text("one\n")
    (place / "other.txt").write_text("one\n")
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "first")
    return place


def at(folder: Path) -> tuple[bool, bool]:
    """Whether a commit is named, and whether the folder counts as changed."""
    found = checkout_of(folder)
    assert found is not None
    return found.commit is not None, found.dirty


CLEAN, DIRTY = (True, False), (False, True)


def test_a_commit_is_named_only_for_files_that_are_as_it_has_them(tmp_path: Path) -> None:
    place = repo(tmp_path)
    folder = place / "skills/a"
    assert at(place) == at(folder) == CLEAN
    (place / "other.txt").write_text("two\n")
    assert (at(place), at(folder)) == (DIRTY, CLEAN)
    git(place, "add", "-A")
    assert at(folder) == DIRTY, "what is staged may be anywhere"
    git(place, "commit", "-qm", "second")
    assert at(place) == CLEAN
    (folder / "new.md").write_text("x")
    assert at(folder) == DIRTY
    (folder / "new.md").unlink()
    (folder / "SKILL.md").unlink()
    assert at(folder) == DIRTY
    git(place, "checkout", "-q", "--", ".")
    assert at(place) == CLEAN
    git(place, "reset", "-q", "--soft", "HEAD~1")
    assert at(place) == DIRTY
    (place / ".git/index").write_bytes(b"DIRC" + b"\xff" * 100)
    assert at(place) == DIRTY


def test_a_clone_elsewhere_has_its_commit_and_the_same_places(tmp_path: Path) -> None:
    place = repo(tmp_path)
    git(tmp_path, "clone", "-q", "--no-local", str(place), "elsewhere")
    found = [checkout_of(tmp_path / "elsewhere"), checkout_of(tmp_path / "elsewhere/skills")]
    assert [one is not None and one.commit is not None for one in found] == [True, True]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].place("elsewhere/skills/a") == found[1].place("skills/a") == "skills/a"
