"""Archives: their bytes depend on the files alone, and what goes in comes out on every tool."""

import io
import os
import random
import subprocess
import sys
import tarfile
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import SkillFileError
from domain.library.archive import ArchiveFormat, archive, is_lone, shipped
from domain.library.package import path_problem
from domain.library.unpacking import unpacked
from domain.skill import SkillFileEntry

FILES = [
    SkillFileEntry(path="SKILL.md", data=b"---\nname: x\ndescription: y\n---\n"),
    SkillFileEntry(path="metadata.json", data=b"{}\n"),
    SkillFileEntry(path="references/a.md", data=b"a" * 70_000),
    SkillFileEntry(path="scripts/run.sh", data=b"#!/bin/sh\necho\n"),
    SkillFileEntry(path="scripts/data.txt", data=b"no script\n"),
    SkillFileEntry(path="references/grün/" + "long" * 40 + ".md", data="ü".encode()),
]

PINNED = {
    ArchiveFormat.SKILL: "45ad4f76739afa4df634782ad97c39c843f6b7df8605b420c2ba675e1a99003d",
    ArchiveFormat.ZIP: "bea1caa63ebab143620b5433eaf7d06269526eac548b9bb2fd696fb6214ea795",
    ArchiveFormat.TAR_GZ: "52660c65897fb79068e7fb0f795889df2641da2b68036f07efcb8336347925d1",
}
"""SHA-256 of the archives of FILES. They never change: published digests would no longer fit what is served."""

PARTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join).filter(lambda path: path_problem(path) is None)


def plain(paths: dict[str, bytes]) -> list[SkillFileEntry]:
    """The files that may lie beside each other, with a SKILL.md."""
    chosen: dict[str, SkillFileEntry] = {"skill.md": SkillFileEntry(path="SKILL.md", data=b"x")}
    folders = {"skill.md"}
    for path, data in paths.items():
        low = path.casefold()
        above = {"/".join(low.split("/")[:end]) for end in range(1, low.count("/") + 1)}
        if low not in folders and not above & set(chosen) and low not in chosen:
            chosen[low] = SkillFileEntry(path=path, data=data)
            folders |= above
    return shipped(list(chosen.values()))


@pytest.mark.parametrize("form", ArchiveFormat)
@given(paths=st.dictionaries(PATHS, st.binary(max_size=200), max_size=6))
@settings(max_examples=150, deadline=None)
def test_what_goes_in_comes_out(form: ArchiveFormat, paths: dict[str, bytes]) -> None:
    files = plain(paths)
    assert unpacked(archive("x", files, form), form, folder="x") == files


@pytest.mark.parametrize("form", ArchiveFormat)
@given(seed=st.integers())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_files_does_not_matter(form: ArchiveFormat, seed: int) -> None:
    shuffled = random.Random(seed).sample(FILES, len(FILES))
    assert archive("x", shuffled, form) == archive("x", FILES, form)


@pytest.mark.parametrize("form", ArchiveFormat)
def test_the_bytes_are_the_same_for_ever(form: ArchiveFormat) -> None:
    assert sha256(archive("x", FILES, form)).hexdigest() == PINNED[form]


def test_neither_clock_nor_person_nor_zone_is_in_the_bytes() -> None:
    code = (
        "from domain.library.archive import *; from domain.skill import SkillFileEntry as F;"
        "from hashlib import sha256;"
        "f=[F(path='SKILL.md', data=b'x')];"
        "print([sha256(archive('x', f, form)).hexdigest() for form in ArchiveFormat])"
    )
    told = set()
    for zone, umask in (("UTC", 0o022), ("Asia/Kolkata", 0o077)):
        environment = {"PATH": os.defpath, "TZ": zone, "PYTHONPATH": str(Path(__file__).parents[3])}
        told.add(subprocess.check_output([sys.executable, "-c", code], env=environment, umask=umask))
    assert len(told) == 1


def test_modes_times_and_owners_are_fixed() -> None:
    held = zipfile.ZipFile(io.BytesIO(archive("x", FILES, ArchiveFormat.SKILL)))
    modes = {entry.filename: entry.external_attr >> 16 for entry in held.infolist()}
    assert modes["x/scripts/run.sh"] == 0o100755
    assert modes["x/scripts/data.txt"] == modes["x/SKILL.md"] == 0o100644
    assert {(entry.date_time, entry.extra, entry.compress_type) for entry in held.infolist()} == {
        ((1980, 1, 1, 0, 0, 0), b"", zipfile.ZIP_STORED)
    }
    with tarfile.open(fileobj=io.BytesIO(archive("x", FILES, ArchiveFormat.TAR_GZ))) as tar:
        facts = {(entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime) for entry in tar}
        assert facts == {(0, 0, "", "", 0)}
        assert tar.getmember("scripts/run.sh").mode == 0o755
    assert archive("x", FILES, ArchiveFormat.TAR_GZ)[3:8] == bytes(5)


def test_evaluations_and_leftovers_stay_at_home() -> None:
    extra = [
        "evals/evals.json",
        "scripts/__pycache__/a.py",
        "node_modules/x/i.js",
        ".DS_Store",
        "references/evals/k.md",
    ]
    files = [*FILES, *(SkillFileEntry(path=path, data=b"") for path in extra)]
    kept = {file.path for file in shipped(files)}
    assert kept == {file.path for file in FILES} | {"references/evals/k.md"}
    assert is_lone(FILES[:2])
    assert not is_lone(FILES)


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a\\b", "C:x", "a/../b", "con.md", "a\0b", "skill.MD", "SKILL.md/x", "", "a//b", "~/x"]
)
def test_a_hostile_path_gets_into_no_archive(path: str) -> None:
    with pytest.raises(SkillFileError):
        archive("x", [*FILES, SkillFileEntry(path=path, data=b"")], ArchiveFormat.ZIP)


def test_without_a_skill_file_there_is_no_archive() -> None:
    with pytest.raises(SkillFileError, match=r"SKILL\.md"):
        archive("x", FILES[1:], ArchiveFormat.ZIP)


def test_common_tools_read_them(tmp_path: Path) -> None:
    for form in ArchiveFormat:
        (tmp_path / f"x.{form}").write_bytes(archive("x", FILES, form))
    done = subprocess.run(
        [sys.executable, "-m", "zipfile", "-t", str(tmp_path / "x.skill")], check=True, capture_output=True, text=True
    )
    assert done.stdout == "Done testing\n"
    subprocess.run(["tar", "xzf", "x.tar.gz", "--one-top-level=out"], cwd=tmp_path, check=True)
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert found == {file.path for file in FILES}
    assert os.access(tmp_path / "out/scripts/run.sh", os.X_OK)


def test_a_large_skill_is_packed_quickly() -> None:
    files = [*FILES, *(SkillFileEntry(path=f"assets/{n}.bin", data=bytes(1 << 20)) for n in range(20))]
    began = time.perf_counter()
    archive("x", files, ArchiveFormat.TAR_GZ)
    assert time.perf_counter() - began < 5
