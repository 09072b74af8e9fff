"""A file is what its bytes are, and its name must agree; whatever else comes is refused with what is taken."""

import pytest

from domain.sniff import Sniffer, UnsupportedFile, decoded

ZIP, GZIP, PDF = b"PK\x03\x04" + b"\0" * 600, b"\x1f\x8b\x08" + b"\0" * 600, b"%PDF-1.7\n\xff\xfe" + b"\0" * 600


def sniffed(filename: str, data: bytes, declared: str = "", piece: int = 7) -> str:
    sniffer = Sniffer(filename, declared)
    for start in range(0, len(data), piece):
        sniffer.feed(data[start : start + piece])
    return sniffer.finish()


@pytest.mark.parametrize(
    ("filename", "data", "media_type"),
    [
        ("notes.md", b"# Notes\n", "text/markdown"),
        ("notes.md", "# Grüße ✓\n".encode() * 300, "text/markdown"),
        ("data.json", b'{"a": 1}', "application/json"),
        ("conf.yml", b"a: 1\n", "application/yaml"),
        ("page.html", b"<p>hi</p>", "text/html"),
        ("rows.csv", b"a,b\n1,2\n", "text/csv"),
        ("main.rs", b"fn main() {}\n", "text/plain"),
        ("LICENSE", b"MIT\n", "text/plain"),
        ("notes.txt", "\ufeffhi".encode("utf-16-le"), "text/plain"),
        ("notes.txt", b"\xef\xbb\xbfhi", "text/plain"),
        ("paper.pdf", PDF, "application/pdf"),
        ("skills.zip", ZIP, "application/zip"),
        ("one.skill", ZIP, "application/zip"),
        ("skills.tar.gz", GZIP, "application/gzip"),
        ("skills.tgz", GZIP, "application/gzip"),
    ],
)
def test_texts_pdfs_and_archives_are_taken(filename: str, data: bytes, media_type: str) -> None:
    assert sniffed(filename, data) == media_type


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("tool", b"\x7fELF" + b"\0" * 900),
        ("tool.txt", b"MZ" + b"\0" * 900),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 900),
        ("photo.txt", b"\x89PNG\r\n\x1a\n" + b"\0" * 900),
        ("photo.png", b"only text"),
        ("paper.pdf", b"only text"),
        ("paper.txt", PDF),
        ("notes.md", ZIP),
        ("report.docx", ZIP),
        ("a.tar.gz", ZIP),
        ("late.txt", b"a" * 5000 + b"\xff\xfe"),
        ("nul.txt", b"a" * 5000 + b"\0"),
        ("latin.txt", "Grüße".encode("latin-1")),
        ("cut.txt", "é".encode()[:1]),
        ("empty.md", b""),
    ],
)
def test_anything_else_is_refused_and_told_what_is_taken(filename: str, data: bytes) -> None:
    with pytest.raises(UnsupportedFile, match="Taken are"):
        sniffed(filename, data)


def test_a_declared_image_is_refused_before_its_first_byte() -> None:
    with pytest.raises(UnsupportedFile):
        Sniffer("a.txt", "image/png")


def test_a_text_is_read_without_its_mark_and_with_plain_line_ends() -> None:
    assert decoded("\ufeffa\r\nb\rc".encode("utf-16-le")) == "a\nb\nc"
    assert decoded(b"\xef\xbb\xbfa\r\n") == "a\n"
