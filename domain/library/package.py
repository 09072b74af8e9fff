"""The files of a skill as a package: paths that stay inside it everywhere, and no program or archive among them.

Names are judged for every system a skill may be installed on, not only this one. Must not read what text files say.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from domain.names import is_device
from domain.scan.hidden_text import look_alikes_as_latin, mixed_scripts, visible
from domain.skill import Finding, Severity, SkillFileEntry

MAX_PATH = 255
MAX_ENTRY = 5 * 1024 * 1024
"""Bytes of one file."""
MAX_ALL = 100 * 1024 * 1024
MAX_FILES = 10_000
"""Bytes and files of a whole skill: what the known scanners cap, so that no archive grows without end."""

_PROGRAMS = frozenset(
    {".exe", ".dll", ".so", ".dylib", ".pyc", ".pyo", ".class", ".jar", ".msi", ".com", ".scr", ".node"}
)
_ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".whl", ".skill", ".iso", ".dmg"})
_DOCUMENTS = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub"})
_KNOWN_BINARY = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".pdf", ".ttf", ".otf", ".woff", ".woff2"})
_STARTED = re.compile(r"(?i)(?:.*/)?(?:[^/]+\.pth|(?:site|user)customize\.py)")
"""What Python runs by itself when it starts, once it lies among its packages."""
_TEXTS = frozenset({".md", ".txt", ".sh", ".py", ".js", ".ts", ".rb", ".json", ".yaml", ".yml", ".toml", ".html"})
_LOOKED_AT = 8192
_PROGRAM_STARTS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm")
_ARCHIVE_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")


_IMAGES = {
    ".png": (b"\x89PNG",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF8",),
    ".webp": (b"RIFF",),
    ".pdf": (b"%PDF", b"\xef\xbb\xbf%PDF"),
    ".ico": (b"\0\0\1\0", b"\x89PNG"),
}
"""How a file of that ending begins."""
_ARCHIVE_TAIL = b"PK\x05\x06"
_MALWARE_TEST = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
"""What every virus scanner reports, by agreement of their makers."""
_EXECUTED = re.compile(rb"#!\s{0,4}/|<\?php|<script\b|<%@", re.IGNORECASE)


def packaging(files: Sequence[SkillFileEntry]) -> Iterator[Finding]:
    """Findings about paths, kinds and sizes of files."""
    for entry in files:
        yield from (_finding(code, entry.path) for code in [path_problem(entry.path)] if code)
        yield from (_finding(code, entry.path) for code in [kind_problem(entry)] if code)
    counts = Counter(_same(entry.path) for entry in files)
    yield from (_finding("path-collision", path) for path, number in counts.items() if number > 1)
    if len(files) > MAX_FILES:
        yield _finding("package-count", ".")
    if sum(len(entry.data) for entry in files) > MAX_ALL:
        yield _finding("package-large", ".")


def _same(path: str) -> str:
    """Equal for paths that are one file on some system: by case, or by how an accent is written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def path_problem(path: str) -> str | None:
    """The code of what is wrong with a relative POSIX path, or None."""
    if path.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", path):
        return "path-absolute"
    parts = path.split("/")
    if ".." in parts or "\\" in path:
        return "path-outside"
    if not path or len(path) > MAX_PATH or any(_bad_part(part) for part in parts):
        return "path-illegal"
    if not path.isascii() and any(mixed_scripts(word) for word in re.split(r"[\W_]+", path)):
        return "path-look-alike"
    return (
        "path-hidden-character" if look_alikes_as_latin(path) != path and visible(path, MAX_PATH * 8) != path else None
    )


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
    if disguise := _disguise(entry.data, ending):
        return disguise
    if ending in _DOCUMENTS:
        return "file-document"
    if _STARTED.fullmatch(entry.path) and not _opaque(entry.data[:_LOOKED_AT]):
        return "file-startup"
    return "file-binary" if ending not in _KNOWN_BINARY and _opaque(entry.data[:_LOOKED_AT]) else None


def _opaque(data: bytes) -> bool:
    """True for bytes that are no text in any usual encoding of it."""
    if b"\0" in data:
        return True
    odd = data.translate(None, bytes(range(9, 14)) + bytes(range(32, 256)))
    return len(odd) > len(data) // 20


def _disguise(data: bytes, ending: str) -> str | None:
    """The code of a file that is not, or not only, what its ending says."""
    if _MALWARE_TEST in data[:_LOOKED_AT]:
        return "malware-test-file"
    starts = _IMAGES.get(ending)
    if starts is None or not data:
        return None
    if not data.startswith(starts):
        return "file-disguised"
    return "file-polyglot" if _ARCHIVE_TAIL in data[-_LOOKED_AT:] or _EXECUTED.search(data, 0, _LOOKED_AT) else None


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
    "path-look-alike": ("The name mixes alphabets whose letters look alike.", "Use the letters of one alphabet."),
    "path-hidden-character": ("The name has a character that nobody sees.", "Delete it."),
    "path-collision": ("Two files have the same path when case and accents' spelling do not count.", "Rename one."),
    "package-count": (f"The skill has more than {MAX_FILES} files.", "Leave out what an agent never reads."),
    "package-large": (f"The skill has more than {MAX_ALL} bytes.", "Leave out what an agent never reads."),
    "file-disguised": ("The file is not what its ending says.", "Give it the right ending, or leave it out."),
    "file-polyglot": ("The file is an image or document and an archive or script at once.", "Save it anew."),
    "malware-test-file": ("Virus scanners report this file, by agreement.", "Leave it out."),
    "file-program": ("Compiled programs cannot be reviewed.", "Ship the source as a script instead."),
    "file-archive": ("What is inside an archive cannot be reviewed.", "Add the files themselves."),
    "file-large": (f"The file is larger than {MAX_ENTRY} bytes.", "Leave it out, or say where to get it."),
    "file-document": ("Rules cannot read this document; a person should.", "Prefer a text format."),
    "file-startup": ("Python runs this file by itself whenever it starts.", "Leave it out."),
    "file-binary": ("Nobody can tell what is in this binary file.", "Leave it out, or use a format that can be read."),
}


def _finding(code: str, path: str) -> Finding:
    message, fix = _MESSAGES[code]
    severity = Severity.WARNING if code in ("file-document", "file-startup") else Severity.ERROR
    return Finding(code=code, severity=severity, message=message, file=visible(path) or ".", fix=fix)
