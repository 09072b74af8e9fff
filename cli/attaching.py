"""`--source FILE|FOLDER`: small texts travel with the request, everything else is sent in before. Tells on stderr."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from cli.client import Api
from cli.output import Output
from cli.packing import PIECE, Packed, medium, pack
from cli.problems import UsageProblem
from domain.job import MAX_SOURCES
from domain.library.importing import SourceView
from domain.shape import StrictShape
from domain.sniff import Medium, UnsupportedFile

MOST_TOLD = 10
"""Files left out that are named; the others are counted."""

LARGE = 4 * 1024 * 1024
"""Bytes from which on progress is told."""


class Attached(StrictShape):
    """A source in the body of `POST /skills`: a text, or the id of what was sent in."""

    name: str | None = None
    content: str | None = None
    source_id: UUID | None = None


def attach(api: Api, out: Output, paths: list[Path]) -> list[Attached]:
    """The sources of a new job. Raises UsageProblem for what cannot be read, CliError for what is not taken."""
    texts = {path: text for path in paths if (text := small_text(path)) is not None}
    if sum(len(text.encode()) for text in texts.values()) > MAX_SOURCES:
        texts = {}
    return [
        Attached(name=path.name, content=texts[path]) if path in texts else Attached(source_id=_sent(api, out, path))
        for path in paths
    ]


def small_text(path: Path) -> str | None:
    """The text of a small file; None for a folder and for what must be sent in. Raises UsageProblem."""
    if path.is_dir():
        return None
    try:
        kind = medium(path.name, _pieces(path))
        if kind is not Medium.TEXT or path.stat().st_size > MAX_SOURCES:
            return None
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        why, next_step = error.strerror or "", "give a readable file or folder"
    except UnsupportedFile as error:
        why, next_step = str(error), "give the text that matters"
    raise UsageProblem(f"{path} cannot be used as a source.", why=why, next_step=next_step)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def send_file(api: Api, out: Output, path: Path) -> SourceView:
    """Send one file in. Raises CliError, UsageProblem."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read.", why=error.strerror or "", next_step="check the path") from error
    pieces = _told(out, path.name, size, lambda: _pieces(path))
    return api.upload("/sources", pieces, SourceView, filename=path.name)


def send_packed(api: Api, out: Output, packed: Packed) -> SourceView:
    """Send a packed folder in, and say what was left out of it. Raises CliError."""
    for line in packed.left_out[:MOST_TOLD]:
        out.say(f"left out: {line}")
    if len(packed.left_out) > MOST_TOLD:
        out.say(f"left out: {len(packed.left_out) - MOST_TOLD} more")
    with packed.file:
        pieces = _told(out, packed.filename, packed.size, packed.pieces)
        return api.upload("/sources", pieces, SourceView, filename=packed.filename)


def _sent(api: Api, out: Output, path: Path) -> UUID:
    if not path.is_dir():
        return send_file(api, out, path).source_id
    packed = pack(path.resolve(), texts_only=True)
    if not packed.taken:
        packed.file.close()
        raise UsageProblem(f"{path} holds no text.", next_step="give a folder with text files in it")
    return send_packed(api, out, packed).source_id


def _told(out: Output, name: str, size: int, pieces: Callable[[], Iterator[bytes]]) -> Callable[[], Iterator[bytes]]:
    def telling() -> Iterator[bytes]:
        sent, next_at = 0, size / 4
        out.say(f"sending {name} ({size / 2**20:.1f} MB)")
        for piece in pieces():
            yield piece
            sent += len(piece)
            if size >= LARGE and sent >= next_at and sent < size:
                out.say(f"  {100 * sent // size} %")
                next_at += size / 4

    return telling
