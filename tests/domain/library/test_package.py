"""A skill's files: paths that stay inside, no programs, no archives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.library.package import packaging, path_problem
from domain.skill import Severity, SkillFileEntry


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/etc/passwd", "path-absolute"),
        ("C:/x", "path-absolute"),
        ("~/x", "path-absolute"),
        ("../x", "path-outside"),
        ("a/../../x", "path-outside"),
        ("a\\b", "path-outside"),
        ("", "path-illegal"),
        ("a//b", "path-illegal"),
        ("./a", "path-illegal"),
        ("a\0b", "path-illegal"),
        ("con.txt", "path-illegal"),
        ("a/.git/hooks", "path-illegal"),
        ("name. ", "path-illegal"),
        ("x" * 300, "path-illegal"),
        ("p\u0430ypal.md", "path-look-alike"),
        ("a\u200bb.md", "path-hidden-character"),
        ("gpj.\u202eexe.md", "path-hidden-character"),
    ],
)
def test_a_path_that_leaves_or_breaks_is_refused(path: str, code: str) -> None:
    assert path_problem(path) == code


@pytest.mark.parametrize(
    "path", ["SKILL.md", "scripts/run.py", "references/a-b_c.v2.md", "assets/büro.png", ".gitignore"]
)
def test_ordinary_paths_pass(path: str) -> None:
    assert path_problem(path) is None


@given(st.text(max_size=40))
def test_no_accepted_path_climbs(path: str) -> None:
    if path_problem(path) is None:
        assert ".." not in path.split("/")
        assert not path.startswith("/")


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("tool", b"\x7fELF\x02", "file-program"),
        ("logo.png", b"MZ\x90\0", "file-program"),
        ("x.pyc", b"", "file-program"),
        ("x.zip", b"", "file-archive"),
        ("notes.txt", b"PK\x03\x04", "file-archive"),
        ("x.dat", b"a\0b", "file-binary"),
        ("form.docx", b"PK\x03\x04", "file-document"),
        ("noise.bin", bytes(range(1, 9)) * 40, "file-binary"),
        ("logo.png", b"#!/bin/sh\n", "file-disguised"),
        ("photo.jpg", b"<html>", "file-disguised"),
        ("logo.gif", b"GIF89a<script>x</script>", "file-polyglot"),
        ("a.png", b"\x89PNG\r\n\0\0PK\x05\x06" + bytes(18), "file-polyglot"),
        ("a.txt", b"X5O!...EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!", "malware-test-file"),
        ("big.txt", b"x" * (5 * 1024 * 1024 + 1), "file-large"),
    ],
)
def test_files_nobody_can_review_are_findings(path: str, data: bytes, code: str) -> None:
    (finding,) = packaging([SkillFileEntry(path=path, data=data)])
    assert (finding.code, finding.file) == (code, path)
    assert finding.severity is (Severity.WARNING if code == "file-document" else Severity.ERROR)


def test_an_image_is_an_ordinary_file() -> None:
    assert list(packaging([SkillFileEntry(path="a.png", data=b"\x89PNG\r\n\0\0")])) == []


def test_paths_that_differ_in_case_collide() -> None:
    files = [SkillFileEntry(path=path, data=b"") for path in ("a.md", "A.md")]
    assert [finding.code for finding in packaging(files)] == ["path-collision"]


def test_paths_that_differ_in_how_an_accent_is_written_collide() -> None:
    files = [SkillFileEntry(path=path, data=b"") for path in ("caf\u00e9.md", "cafe\u0301.md")]
    assert [finding.code for finding in packaging(files)] == ["path-collision"]


def test_too_many_files_and_too_many_bytes_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.library.package.MAX_FILES", 2)
    monkeypatch.setattr("domain.library.package.MAX_ALL", 5)
    files = [SkillFileEntry(path=f"{number}.md", data=b"ab") for number in range(3)]
    assert [finding.code for finding in packaging(files)] == ["package-count", "package-large"]
