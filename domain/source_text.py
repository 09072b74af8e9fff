"""The texts in a file that was sent in: of HTML what a reader sees, of an archive each text file in it.

PDFs are read elsewhere, because that takes a library (`api/pdf_text.py`). Must not choose among texts; see
`domain/passages.py`.
"""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import IO

from domain.library.unpack import unpack
from domain.passages import Text
from domain.skill import SkillFileEntry
from domain.sniff import Medium, Sniffer, UnsupportedFile, decoded, ending
from domain.text import clean

MAX_CHARACTERS = 4_000_000
"""Characters of one source that are kept; more is cut off. A thousand pages."""

MAX_TEXTS = 2_000
"""Files of one archive that are kept."""

_UNSEEN = frozenset({"script", "style", "head", "template", "noscript", "svg", "iframe"})
_BREAKS = frozenset(
    {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "article", "table", "ul", "ol"}
)


class _Seen(HTMLParser):
    """Collects what a reader sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class's
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


def html_text(page: str) -> str:
    """What a reader of an HTML page sees, a line for each block."""
    seen = _Seen()
    seen.feed(page)
    seen.close()
    lines = (" ".join(line.split()) for line in "".join(seen.parts).split("\n"))
    return "\n".join(line for line in lines if line)


def text_of(filename: str, data: bytes) -> str:
    """The text of a text file. Raises UnicodeDecodeError."""
    text = clean(decoded(data))
    return html_text(text) if ending(filename) in (".html", ".htm") else text


def archive_texts(filename: str, file: IO[bytes], medium: Medium, packed: int) -> list[Text]:
    """Each text file of an archive as `archive/path`, by path. Raises UnsafeArchive."""
    unpacked = unpack(file, medium, packed)
    texts = [Text(f"{filename}/{entry.path}", text) for entry in unpacked.files if (text := _entry_text(entry))]
    return texts[:MAX_TEXTS]


def _entry_text(entry: SkillFileEntry) -> str:
    """Empty for what is no text: images and programs among texts are no reason to refuse them all."""
    try:
        sniffer = Sniffer(entry.path)
        sniffer.feed(entry.data)
        sniffer.finish()
    except UnsupportedFile:
        return ""
    return text_of(entry.path, entry.data) if sniffer.medium in (Medium.TEXT, Medium.UTF16) else ""


def bounded(texts: Sequence[Text]) -> list[Text]:
    """As much as is kept of one source; the last one may be cut."""
    kept: list[Text] = []
    room = MAX_CHARACTERS
    for text in texts:
        if room <= 0:
            break
        kept.append(Text(text.name, text.content[:room]))
        room -= len(text.content)
    return kept
