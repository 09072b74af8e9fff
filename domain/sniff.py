"""What a file that was sent in is, by its bytes; its name must agree. Texts, PDFs and archives are taken, nothing else.

Bytes come piece by piece, and the whole is never held. Must not look inside a PDF or an archive.
"""

import codecs
import re
from enum import StrEnum
from pathlib import PurePosixPath

from domain.errors import SkillFleetError
from domain.scan.hidden_text import visible

LOOKED_AT = 512
"""Bytes at the beginning that tell the kinds apart; the longest mark is that of a tar archive, at byte 257."""

TAKEN = (
    "Taken are texts in UTF-8 (or UTF-16 with its mark): Markdown, JSON, YAML, HTML, CSV, source code; PDFs; and "
    "archives of these as .zip or .tar.gz."
)


class Medium(StrEnum):
    """What kind of bytes."""

    TEXT = "text"
    UTF16 = "utf-16"
    PDF = "pdf"
    ZIP = "zip"
    TAR_GZ = "tar.gz"


class UnsupportedFile(SkillFleetError):
    """Bytes of a kind that is not taken, or that are not what their name says; the text says what is taken."""


_ENDINGS = {
    ".pdf": Medium.PDF,
    ".zip": Medium.ZIP,
    ".skill": Medium.ZIP,
    ".gz": Medium.TAR_GZ,
    ".tgz": Medium.TAR_GZ,
}
"""Endings that promise something; every other one promises a text."""

_FOREIGN = re.compile(
    r"\.(?:png|jpe?g|gif|webp|ico|bmp|tiff?|mp[34]|wav|mov|exe|dll|so|dylib|class|jar|pyc|wasm|docx|xlsx|pptx|odt|rar|7z"
    r"|bz2|xz|tar|iso|dmg|whl|epub)"
)
_MEDIA = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".html": "text/html",
    ".htm": "text/html",
    ".csv": "text/csv",
}
_FIXED = {Medium.PDF: "application/pdf", Medium.ZIP: "application/zip", Medium.TAR_GZ: "application/gzip"}
_MARKS = (
    (b"%PDF-", Medium.PDF),
    (b"PK\x03\x04", Medium.ZIP),
    (b"PK\x05\x06", Medium.ZIP),
    (b"\x1f\x8b", Medium.TAR_GZ),
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm")


class Sniffer:
    """Looks at one file as it comes. Raises UnsupportedFile as soon as it is known not to be taken."""

    def __init__(self, filename: str, declared: str = "") -> None:
        """Take the file's name, and the media type that its sender says it has."""
        self.filename = filename
        self.medium: Medium | None = None
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        if _FOREIGN.fullmatch(ending(filename)) or declared.split("/")[0].strip().lower() in (
            "image",
            "audio",
            "video",
        ):
            raise self._refused("is of a kind that is not taken")

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        if self.medium is None:
            self._head += piece
            if len(self._head) < LOOKED_AT:
                return
            piece = self._decided()
        self._text(piece, last=False)

    def finish(self) -> str:
        """There are no more bytes; gives the media type."""
        piece = self._decided() if self.medium is None else b""
        self._text(piece, last=True)
        if self.medium in (Medium.TEXT, Medium.UTF16):
            return _MEDIA.get(ending(self.filename), "text/plain")
        assert self.medium is not None
        return _FIXED[self.medium]

    def _decided(self) -> bytes:
        if not self._head:
            raise self._refused("is empty")
        if self._head.startswith(_PROGRAMS):
            raise self._refused("is a program")
        self.medium = medium_of(self._head)
        promised = _ENDINGS.get(ending(self.filename), Medium.TEXT)
        if promised is not (Medium.TEXT if self.medium is Medium.UTF16 else self.medium):
            raise self._refused(f"has the name of a {promised} file and the bytes of a {self.medium} file")
        if self.medium in (Medium.TEXT, Medium.UTF16):
            self._decoder = codecs.getincrementaldecoder("utf-16" if self.medium is Medium.UTF16 else "utf-8")()
        return self._head

    def _text(self, piece: bytes, *, last: bool) -> None:
        if self._decoder is None:
            return
        try:
            text = self._decoder.decode(piece, last)
        except UnicodeDecodeError as error:
            raise self._refused("is neither a known kind of file nor text in UTF-8; save a text as UTF-8") from error
        if "\0" in text:
            raise self._refused("holds NUL characters, which no text has")

    def _refused(self, why: str) -> UnsupportedFile:
        return UnsupportedFile(f"{visible(self.filename)[:120]!r} {why}. {TAKEN}")


def ending(filename: str) -> str:
    """The last ending of a name, in small letters: `.md`."""
    return PurePosixPath(filename.replace("\\", "/")).suffix.lower()


def medium_of(head: bytes) -> Medium:
    """What these first bytes begin; a text when they have no mark of anything else."""
    if head.startswith(_UTF16):
        return Medium.UTF16
    return next((medium for mark, medium in _MARKS if head.startswith(mark)), Medium.TEXT)


def decoded(data: bytes) -> str:
    """The text of bytes that the sniffer took for text, or of a file of an archive: without its mark, with LF.

    Raises UnicodeDecodeError for bytes that are no text.
    """
    text = data.decode("utf-16") if data.startswith(_UTF16) else data.decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")
