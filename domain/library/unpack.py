"""Archives from strangers as files in memory: nothing is written, followed, run or unpacked twice.

What makes the whole archive unusable raises UnsafeArchive; a single member that cannot be taken is refused by name, and
the rest goes on. Every limit counts bytes that were really inflated, never what a header says. Must not judge what
files say; a nested archive stays a file.
"""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, Protocol

from domain.errors import SkillFleetError
from domain.library.package import MAX_ENTRY, path_problem
from domain.scan.hidden_text import visible
from domain.shape import Shape
from domain.skill import SkillFileEntry
from domain.sniff import Medium

MAX_MEMBERS = 10_000
MAX_TOTAL = 100 * 1024 * 1024
"""Bytes of all members together; this and the number of members are what other scanners of skills allow, too."""

MAX_RATIO = 200
"""Inflated bytes for each packed one, once there are RATIO_FROM of them; text packs some 10 to 1."""
RATIO_FROM = 8 * 1024 * 1024

PIECE = 64 * 1024
SKIPPED = frozenset({".git", "node_modules", "__MACOSX", "__pycache__", ".hg", ".svn", ".venv"})
LITTER = frozenset({".DS_Store", "Thumbs.db"})
"""Folders and files that tools leave behind: neither taken in nor handed out."""

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, OverflowError, RuntimeError)
"""What the standard library raises for damaged archives; NotImplementedError is a RuntimeError."""


class UnsafeArchive(SkillFleetError):
    """The archive as a whole is not taken; `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Refused(Shape):
    """A member that was not taken: its path with hidden characters shown, and why."""

    path: str
    code: str


class Unpacked(Shape):
    """The regular files of an archive by path, and what was refused; `skipped` counts what nobody wants (`.git` …)."""

    files: list[SkillFileEntry]
    refused: list[Refused] = []
    skipped: int = 0


class _Member(NamedTuple):
    """One entry: why it is refused at once, or how to read it."""

    path: str
    problem: str | None
    read: Callable[[], IO[bytes] | None]


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Counted:
    """A stream of inflated bytes that ends in an error when there are too many. `packed`: bytes of the archive."""

    def __init__(self, stream: _Readable, packed: int) -> None:
        self._stream = stream
        self._packed = max(packed, 1)
        self._size = 0

    def read(self, size: int = PIECE) -> bytes:
        piece = self._stream.read(size)
        self.add(len(piece))
        return piece

    def add(self, size: int) -> None:
        self._size += size
        if self._size > MAX_TOTAL:
            raise UnsafeArchive("archive-too-large", f"The archive holds more than {MAX_TOTAL // 2**20} MiB; split it.")
        if self._size > RATIO_FROM and self._size > MAX_RATIO * self._packed:
            message = f"The archive inflates to more than {MAX_RATIO} times its size, as bombs do. Pack the files anew."
            raise UnsafeArchive("archive-bomb", message)


def unpack(file: IO[bytes], medium: Medium, packed: int, *, by_case: bool = False) -> Unpacked:
    """The files of an archive of `packed` bytes; `by_case`: paths that differ by case only are two files.

    Raises UnsafeArchive.
    """
    try:
        if medium is Medium.ZIP:
            return _gathered(_zip_members(file), _Counted(file, packed), by_case)
        with gzip.GzipFile(fileobj=file, mode="rb") as inflated:
            stream = _Counted(inflated, packed)
            # As a stream: what a header claims is never sought, and what it costs to get past it is counted.
            with tarfile.open(fileobj=stream, mode="r|", errorlevel=2) as archive:  # type: ignore[call-overload]  # all it needs is `read`
                return _gathered(_tar_members(archive), None, by_case)
    except _BROKEN as error:
        message = f"The archive cannot be read ({str(error)[:120] or type(error).__name__}). Pack the files anew."
        raise UnsafeArchive("archive-broken", message) from error


def _zip_members(file: IO[bytes]) -> Iterator[_Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.filename.endswith("/"):  # `is_dir` fails for a member without a name
                yield _Member(info.filename, _zip_problem(info), lambda info=info: archive.open(info))  # type: ignore[misc]  # a default binds it now


def _zip_problem(info: zipfile.ZipInfo) -> str | None:
    mode = info.external_attr >> 16
    if info.flag_bits & 0x1:
        return "member-encrypted"
    if stat.S_ISLNK(mode):
        return "member-link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "member-special"
    return None if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else "member-compression"


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        if not info.isdir():
            yield _Member(info.name, _tar_problem(info), lambda info=info: archive.extractfile(info))  # type: ignore[misc]  # as above


def _tar_problem(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "member-link"
    if not info.isreg() or info.issparse():
        return "member-special"
    return "member-too-large" if info.size > MAX_ENTRY else None


def _gathered(members: Iterator[_Member], counted: _Counted | None, by_case: bool) -> Unpacked:
    files: dict[str, SkillFileEntry] = {}
    refused: list[Refused] = []
    skipped = 0
    taken: set[str] = set()
    for number, member in enumerate(members):
        if number >= MAX_MEMBERS:
            raise UnsafeArchive("archive-too-many", f"The archive has more than {MAX_MEMBERS} members; split it.")
        path = member.path.removeprefix("./")
        if wanted(path):
            code = path_problem(path) or member.problem or _claimed(path if by_case else path.casefold(), taken)
            data = None
            if not code:
                code, data = _taken(member, counted)
            if data is not None:
                files[path] = SkillFileEntry(path=path, data=data)
            else:
                refused.append(Refused(path=visible(path)[:255], code=code))
        else:
            skipped += 1
    return Unpacked(files=[files[path] for path in sorted(files)], refused=refused, skipped=skipped)


def wanted(path: str) -> bool:
    """Whether a path is no litter of tools or of version control. Illegal paths are wanted: they are to be told of."""
    parts = path.split("/")
    return not SKIPPED.intersection(parts[:-1]) and parts[-1] not in LITTER


def _taken(member: _Member, counted: _Counted | None) -> tuple[str, bytes | None]:
    """The bytes of a member, or the code of why there are none."""
    stream = member.read()
    if stream is None:
        return "member-special", None
    with stream:
        data = bytearray()
        while piece := stream.read(PIECE):
            if counted is not None:
                counted.add(len(piece))
            data += piece
            if len(data) > MAX_ENTRY:
                return "member-too-large", None
    return "", bytes(data)


def _claimed(path: str, taken: set[str]) -> str | None:
    """Take the place of a file and, with a mark of their own, of the folders that it needs; or why it is not free."""
    parts = path.split("/")
    folders = {"/".join(parts[:count]) for count in range(1, len(parts))}
    if path in taken or f"{path}/" in taken or folders & taken:
        return "path-collision"
    taken |= {path, *(f"{folder}/" for folder in folders)}
    return None
