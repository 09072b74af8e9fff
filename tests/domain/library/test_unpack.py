"""Hostile archives: nothing leaves, nothing explodes, and what is left out is named."""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.library import unpack as subject
from domain.library.gather import gather
from domain.library.package import path_problem
from domain.library.unpack import Unpacked, UnsafeArchive, unpack
from domain.sniff import Medium

SKILL = b"---\nname: a\ndescription: Use when x.\n---\n\nbody\n"


def a_zip(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def a_tar(*members: tuple[str | tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def opened(data: bytes, medium: Medium) -> Unpacked:
    return unpack(io.BytesIO(data), medium, len(data))


def refused(found: Unpacked) -> dict[str, str]:
    return {one.path: one.code for one in found.refused}


def special(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(("make", "medium"), [(a_zip, Medium.ZIP), (a_tar, Medium.TAR_GZ)])
def test_regular_files_come_out_with_their_bytes(make: object, medium: Medium) -> None:
    assert callable(make)
    found = opened(make(("s/SKILL.md", SKILL), ("s/scripts/run.sh", b"\xff\0raw"), ("s/.git/config", b"x")), medium)
    assert {file.path: file.data for file in found.files} == {"s/SKILL.md": SKILL, "s/scripts/run.sh": b"\xff\0raw"}
    assert found.skipped == 1
    assert found.refused == []


@pytest.mark.parametrize(("make", "medium"), [(a_zip, Medium.ZIP), (a_tar, Medium.TAR_GZ)])
@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../../etc/passwd", "path-outside"),
        ("/etc/passwd", "path-absolute"),
        ("C:\\windows\\x", "path-absolute"),
        ("a\\..\\b", "path-outside"),
        ("a/../../b", "path-outside"),
        ("a/nul.txt", "path-illegal"),
        ("a/" + "x" * 300, "path-illegal"),
        ("a//b", "path-illegal"),
        ("a/b ", "path-illegal"),
    ],
)
def test_a_path_that_leaves_or_cannot_exist_is_refused_by_name(
    make: object, medium: Medium, path: str, code: str
) -> None:
    assert callable(make)
    found = opened(make((path, b"x"), ("ok.md", b"y")), medium)
    assert [file.path for file in found.files] == ["ok.md"]
    assert list(refused(found).values()) == [code]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (tarfile.SYMTYPE, "member-link"),
        (tarfile.LNKTYPE, "member-link"),
        (tarfile.CHRTYPE, "member-special"),
        (tarfile.BLKTYPE, "member-special"),
        (tarfile.FIFOTYPE, "member-special"),
    ],
)
def test_links_and_devices_of_a_tar_are_refused(kind: bytes, code: str) -> None:
    found = opened(a_tar((special("s/x", kind), b""), ("s/SKILL.md", SKILL)), Medium.TAR_GZ)
    assert refused(found) == {"s/x": code}
    assert len(found.files) == 1


def test_a_link_of_a_zip_is_refused() -> None:
    link = zipfile.ZipInfo("s/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(opened(a_zip((link, b"/etc/passwd")), Medium.ZIP)) == {"s/link": "member-link"}


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(a_zip(("secret.md", b"x"), ("open.md", b"y")))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        data[start + at] |= 1
    found = opened(bytes(data), Medium.ZIP)
    assert refused(found) == {"secret.md": "member-encrypted"}
    assert [file.path for file in found.files] == ["open.md"]


def test_the_second_of_two_equal_paths_is_refused_and_so_is_a_file_that_is_a_folder() -> None:
    found = opened(a_tar(("a", b"1"), ("A", b"2"), ("a/b", b"3"), ("c/d", b"4"), ("C", b"5")), Medium.TAR_GZ)
    assert {file.path: file.data for file in found.files} == {"a": b"1", "c/d": b"4"}
    assert set(refused(found).values()) == {"path-collision"}


def test_a_pax_header_cannot_smuggle_a_path() -> None:
    info = tarfile.TarInfo("harmless.md")
    info.pax_headers = {"path": "../../evil"}
    assert refused(opened(a_tar((info, b"x")), Medium.TAR_GZ)) == {"../../evil": "path-outside"}


def test_a_sparse_file_is_refused() -> None:
    info = tarfile.TarInfo("s/hole")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**40)}
    out = opened(a_tar((info, b"0\n" + b"\0" * 510)), Medium.TAR_GZ)
    assert set(refused(out).values()) <= {"member-special", "member-too-large"}
    assert out.files == []


@pytest.mark.parametrize("medium", [Medium.ZIP, Medium.TAR_GZ])
def test_a_bomb_is_stopped_before_it_is_in_memory(medium: Medium) -> None:
    zeros = b"\0" * (4 * 1024 * 1024)
    members = [(f"z{number}", zeros) for number in range(20)]
    data = a_zip(*members) if medium is Medium.ZIP else a_tar(*members)
    assert len(data) < 200_000
    with pytest.raises(UnsafeArchive) as caught:
        opened(data, medium)
    assert caught.value.code == "archive-bomb"


def test_more_than_the_most_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_TOTAL", 1000)
    with pytest.raises(UnsafeArchive, match="more than"):
        opened(a_zip(("a", b"x" * 600), ("b", b"y" * 600)), Medium.ZIP)


def test_a_zip_that_lies_about_a_size_is_counted_by_what_comes_out() -> None:
    data = bytearray(a_zip(("big.txt", b"\0" * (6 * 1024 * 1024))))
    at = data.find(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    try:
        found = opened(bytes(data), Medium.ZIP)
    except UnsafeArchive as error:
        assert error.code in ("archive-broken", "archive-bomb")
    else:
        assert all(len(file.data) <= 10 for file in found.files)


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_MEMBERS", 5)
    with pytest.raises(UnsafeArchive) as caught:
        opened(a_tar(*((f"f{number}", b"") for number in range(6))), Medium.TAR_GZ)
    assert caught.value.code == "archive-too-many"


def test_a_file_over_its_cap_is_refused_and_the_others_stay() -> None:
    large = b"0123456789abcdef" * (5 * 65_536 + 1)
    for data, medium in (
        (a_zip(("l", large), ("s", b"x")), Medium.ZIP),
        (a_tar(("l", large), ("s", b"x")), Medium.TAR_GZ),
    ):
        found = unpack(io.BytesIO(data), medium, 10**9)
        assert refused(found) == {"l": "member-too-large"}
        assert [file.path for file in found.files] == ["s"]


def test_a_nested_archive_stays_a_file() -> None:
    inner = a_zip(("x", b"y"))
    assert opened(a_zip(("inner.zip", inner)), Medium.ZIP).files[0].data == inner


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04junk", b"\x1f\x8bjunk", gzip.compress(b"no tar at all" * 100, mtime=0), zlib.compress(b"x")],
    ids=["nothing", "zip", "gzip", "no tar", "zlib"],
)
def test_damaged_archives_are_refused_in_words(data: bytes) -> None:
    for medium in (Medium.ZIP, Medium.TAR_GZ):
        with pytest.raises(UnsafeArchive) as caught:
            opened(data, medium)
        assert caught.value.code == "archive-broken"


@given(st.binary(max_size=400), st.integers(0, 300))
def test_no_damage_crashes_it(noise: bytes, at: int) -> None:
    for data, medium in ((a_zip(("a/SKILL.md", SKILL)), Medium.ZIP), (a_tar(("a/SKILL.md", SKILL)), Medium.TAR_GZ)):
        broken = data[:at] + noise + data[at + len(noise) :]
        try:
            opened(broken, medium)
        except UnsafeArchive:
            continue


PARTS = st.sampled_from(["", ".", "..", "a", "A", "SKILL.md", "\0", "~", "C:", "\\", "\u202e", "x" * 300])
NAMES = st.lists(PARTS, min_size=1, max_size=8).map("/".join).filter(lambda name: bool(name.partition("\0")[0]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=200, deadline=2000)
@given(st.lists(NAMES, max_size=6), st.booleans(), st.sampled_from([a_zip, a_tar]))
def test_whatever_its_members_are_called_an_archive_ends_with_skills_whose_files_have_legal_paths(
    names: list[str], by_case: bool, make: Callable[..., bytes]
) -> None:
    data = make(*((name, SKILL) for name in names))
    medium = Medium.ZIP if make is a_zip else Medium.TAR_GZ
    found = unpack(io.BytesIO(data), medium, len(data), by_case=by_case)
    assert [file.path for file in found.files if path_problem(file.path)] == []
    for one in gather(found.files, found.refused).skills:
        assert not one.folder.startswith("/")


def test_a_member_without_a_name_is_refused_and_stops_nothing() -> None:
    data = a_zip(("QQ", SKILL), ("good/SKILL.md", SKILL)).replace(b"QQ", b"\0\0")
    found = opened(data, Medium.ZIP)
    assert ([file.path for file in found.files], refused(found)) == (["good/SKILL.md"], {"": "path-illegal"})


def test_ten_thousand_folders_in_one_path_cost_little_and_are_refused() -> None:
    for make, medium in ((a_zip, Medium.ZIP), (a_tar, Medium.TAR_GZ)):
        for deep in ("a/" * 10_000 + "SKILL.md", "/" * 10_000 + "SKILL.md"):
            found = opened(make((deep, SKILL)), medium)
            assert [one.code for one in found.refused] == ["path-absolute" if deep[0] == "/" else "path-illegal"]
            assert gather(found.files, found.refused).skills is not None


def test_paths_that_differ_by_case_are_two_files_only_when_that_is_asked_for() -> None:
    data = a_zip(("A/SKILL.md", SKILL), ("a/SKILL.md", SKILL), ("a", b"x"))
    found = unpack(io.BytesIO(data), Medium.ZIP, len(data), by_case=True)
    assert ([file.path for file in found.files], refused(found)) == (
        ["A/SKILL.md", "a/SKILL.md"],
        {"a": "path-collision"},
    )
    assert [file.path for file in opened(data, Medium.ZIP).files] == ["A/SKILL.md"]
