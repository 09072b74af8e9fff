"""Archives of strangers: whatever is in them, nothing leaves the folder, nothing fills the memory, nothing crashes."""

import gzip
import io
import tarfile
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import SkillFileError
from domain.library.archive import ArchiveFormat, archive
from domain.library.package import path_problem
from domain.library.unpack import UnsafeArchive
from domain.library.unpacking import unpacked
from domain.skill import SkillFileEntry

ZIP, TAR = ArchiveFormat.ZIP, ArchiveFormat.TAR_GZ
HOSTILE = ["../x", "/etc/x", "..\\x", "a/../../x", "C:/x", "nul", "skill.md", "SKILL.md/x", "a\x07", ".git/config"]


def zipped(entries: list[tuple[zipfile.ZipInfo | str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(held, "w", method) as made:
        warnings.simplefilter("ignore")  # two entries of one name are what the test wants
        for name, data in [("SKILL.md", b"x"), *entries]:
            made.writestr(name, data, method)
    return held.getvalue()


def tarred(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as made:
        for entry, data in [(tarfile.TarInfo("SKILL.md"), b"x"), *entries]:
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def kind(name: str, type_: bytes, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = type_, target
    return entry


def refused(data: bytes, form: ArchiveFormat) -> str:
    with pytest.raises((SkillFileError, UnsafeArchive)) as caught:
        unpacked(data, form, folder="x")
    return str(caught.value.code)  # type: ignore[attr-defined]  # both have one


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_leaves_the_folder_or_hides_another_is_refused(path: str) -> None:
    assert refused(zipped([(path, b"")]), ZIP) == "unpackable"
    assert refused(tarred([(tarfile.TarInfo(path), b"")]), TAR) == "unpackable"


@pytest.mark.parametrize("type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(type_: bytes) -> None:
    assert refused(tarred([(kind("a", type_, "SKILL.md"), b"")]), TAR) == "unpackable"
    link = zipfile.ZipInfo("a")
    link.external_attr = 0o120777 << 16
    assert refused(zipped([(link, b"/etc/passwd")]), ZIP) == "unpackable"


def test_the_same_file_twice_is_refused() -> None:
    assert refused(zipped([("SKILL.md", b"y")]), ZIP) == "unpackable"
    assert refused(tarred([(tarfile.TarInfo("SKILL.md"), b"y")]), TAR) == "unpackable"


def test_a_bomb_is_put_down_before_it_is_unpacked() -> None:
    assert refused(zipped([(f"a{n}", bytes(4 << 20)) for n in range(8)]), ZIP) == "archive-bomb"
    assert refused(gzip.compress(bytes(100 << 20)), TAR) in ("archive-bomb", "unpackable")


def test_what_an_import_would_pass_over_is_refused_here() -> None:
    assert refused(zipped([("node_modules/x.js", b"")]), ZIP) == "unpackable"


def test_a_size_that_lies_is_noticed() -> None:
    whole = bytearray(zipped([("a", bytes(1000))]))
    place = whole.rfind(b"PK\x01\x02") + 24
    whole[place : place + 4] = (10).to_bytes(4, "little")
    assert refused(bytes(whole), ZIP) == "archive-broken"


def test_a_skill_file_has_one_folder_of_the_right_name() -> None:
    files = [SkillFileEntry(path="SKILL.md", data=b"x")]
    assert unpacked(archive("x", files, ArchiveFormat.SKILL), ArchiveFormat.SKILL, folder="x") == files
    assert refused(archive("y", files, ArchiveFormat.SKILL), ArchiveFormat.SKILL) == "unpackable"


@pytest.mark.parametrize("form", ArchiveFormat)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_bytes_crash_it(form: ArchiveFormat, data: st.DataObject) -> None:
    whole = bytearray(archive("x", [SkillFileEntry(path="SKILL.md", data=b"hello")], form))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    try:
        files = unpacked(bytes(whole[:cut] if data.draw(st.booleans()) else whole), form, folder="x")
    except (SkillFileError, UnsafeArchive):
        return
    assert [file.path for file in files if path_problem(file.path)] == []
