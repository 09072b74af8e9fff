"""The files of a skill as a package: paths that stay inside it everywhere, and no program or archive among them.

Names are judged for every system a skill may be installed on, not only this one. Must not read what text files say.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from domain.hidden_text import visible
from domain.names import is_device
from domain.skill import Finding, Severity, SkillFileEntry

MAX_PATH = 255
MAX_ENTRY = 5 * 1024 * 1024
"""Bytes of one file."""

_PROGRAMS = frozenset(
    {".exe", ".dll", ".so", ".dylib", ".pyc", ".pyo", ".class", ".jar", ".msi", ".com", ".scr", ".node"}
)
_ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".whl", ".skill", ".iso", ".dmg"})
_DOCUMENTS = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub"})
_KNOWN_BINARY = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".pdf", ".ttf", ".otf", ".woff", ".woff2"})
_TEXTS = frozenset({".md", ".txt", ".sh", ".py", ".js", ".ts", ".rb", ".json", ".yaml", ".yml", ".toml", ".html"})
_LOOKED_AT = 8192
_PROGRAM_STARTS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm")
_ARCHIVE_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")


def packaging(files: Sequence[SkillFileEntry]) -> Iterator[Finding]:
    """Findings about paths, kinds and sizes of files."""
    for entry in files:
        yield from (_finding(code, entry.path) for code in [path_problem(entry.path)] if code)
        yield from (_finding(code, entry.path) for code in [kind_problem(entry)] if code)
    counts = Counter(entry.path.casefold() for entry in files)
    yield from (_finding("path-collision", path) for path, number in counts.items() if number > 1)


def path_problem(path: str) -> str | None:
    """The code of what is wrong with a relative POSIX path, or None."""
    if path.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", path):
        return "path-absolute"
    parts = path.split("/")
    if ".." in parts or "\\" in path:
        return "path-outside"
    if not path or len(path) > MAX_PATH or any(_bad_part(part) for part in parts):
        return "path-illegal"
    return None


def _bad_part(part: str) -> bool:
    odd = any(ord(char) < 32 or char in '<>:"|?*' for char in part)
    return part in ("", ".", ".git") or part.endswith((" ", ".")) or odd or is_device(part.partition(".")[0])


def kind_problem(entry: SkillFileEntry) -> str | None:
    """The code of what speaks against a file by its ending, first bytes and size, or None."""
    ending = PurePosixPath(entry.path.replace("\0", "")).suffix.lower()
    if ending in _PROGRAMS or entry.data.startswith(_PROGRAM_STARTS):
        return "file-program"
    if ending in _ARCHIVES or (entry.data.startswith(_ARCHIVE_STARTS) and ending not in _DOCUMENTS):
        return "file-archive"
    if len(entry.data) > MAX_ENTRY:
        return "file-large"
    if ending in _DOCUMENTS or (b"\0" in entry.data[:_LOOKED_AT] and ending not in _KNOWN_BINARY):
        return "file-binary"
    return None


def is_text(entry: SkillFileEntry) -> bool:
    """True for what is read as text by a person, an agent or a shell, even when a NUL byte was put into it."""
    ending = PurePosixPath(entry.path.replace("\0", "")).suffix.lower()
    return b"\0" not in entry.data[:_LOOKED_AT] or ending in _TEXTS or entry.data.startswith(b"#!")


_MESSAGES = {
    "path-absolute": (
        "The path is absolute; files lie in the skill's own folder.",
        "Use a path relative to the skill.",
    ),
    "path-outside": ("The path leaves the skill's folder or uses backslashes.", "Use forward slashes and no `..`."),
    "path-illegal": ("The path cannot exist on every system.", "Use letters, digits, `-`, `_` and `.`; at most 255."),
    "path-collision": ("Two files have the same path when case does not count.", "Rename one."),
    "file-program": ("Compiled programs cannot be reviewed.", "Ship the source as a script instead."),
    "file-archive": ("What is inside an archive cannot be reviewed.", "Add the files themselves."),
    "file-large": (f"The file is larger than {MAX_ENTRY} bytes.", "Leave it out, or say where to get it."),
    "file-binary": ("Rules cannot read this binary file; a person should.", "Prefer a text format."),
}


def _finding(code: str, path: str) -> Finding:
    message, fix = _MESSAGES[code]
    severity = Severity.WARNING if code == "file-binary" else Severity.ERROR
    return Finding(code=code, severity=severity, message=message, file=visible(path) or ".", fix=fix)
