"""The text of a PDF, page by page: `python -m api.pdf_text < file.pdf`, a process of its own with limits of its own.

A PDF from a stranger may loop, swell or crash its reader; then only this process ends. Prints UTF-8 with a line before
each page. Imported by nobody. Leaves with 3 when the file is encrypted or damaged.
"""

import io
import logging
import resource
import sys

from pypdf import PdfReader
from pypdf.errors import PyPdfError

MAX_PAGES = 1_000
MAX_CHARACTERS = 4_000_000
CPU_SECONDS = 8
MEMORY = 768 * 1024 * 1024
UNREADABLE = 3


def text_of(data: bytes) -> str:
    """The text of all pages, up to the limits. Raises PyPdfError and what damaged files make pypdf raise."""
    reader = PdfReader(io.BytesIO(data))
    parts: list[str] = []
    size = 0
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text().strip()
        if text:
            parts.append(f"[page {number}]\n{text}\n")
            size += len(text)
        if number >= MAX_PAGES or size >= MAX_CHARACTERS:
            break
    return "\n".join(parts)


def main() -> int:
    """Read, limited in time and memory; print."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable()
    try:
        text = text_of(sys.stdin.buffer.read())
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        MemoryError,
    ) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return UNREADABLE
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
