"""A folder becomes an archive: the same bytes each time, no link followed, and what is left out is named."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from cli import packing
from cli.checkout import checkout_of, without_login
from cli.packing import pack
from cli.problems import CliError


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
    assert names(data) == ["mine/a/logo.png", "mine/a/x.py", "mine/b.md"]
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
    assert (found.commit, found.remote) == ("b" * 40, "git@git.example:x/y.git")
    (git / "HEAD").write_text("ref: ../../etc/passwd\n")
    again = checkout_of(tmp_path)
    assert again is not None
    assert again.commit is None


def test_a_token_in_an_address_never_goes_on_record() -> None:
    assert without_login("https://user:token@git.example:8443/x?key=1") == "https://git.example:8443/x"
