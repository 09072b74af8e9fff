"""A skill from elsewhere in the canonical form: strict frontmatter, UTF-8, plain line ends, the name of its folder.

Only what is certain is changed, each change is told, and what cannot be decided is left as it is and told, too. A
second run changes nothing, and the body keeps its words. Must not read or write a disk.
"""

import codecs
import json
import re
import unicodedata
from collections.abc import Sequence
from posixpath import normpath

from pydantic import JsonValue

from domain.errors import SkillFileError
from domain.frontmatter import one_line
from domain.markdown import split_lines, walk, without_inline_code
from domain.names import LEGAL, MAX_NAME, is_device
from domain.rules.format_rules import FIELDS, MAX_DESCRIPTION
from domain.shape import Shape
from domain.skill import SKILL_FILE, Frontmatter, SkillFileEntry
from domain.skill_file import SkillFile, frontmatter_of, parse, with_frontmatter

TEXTS = (".md", ".markdown", ".txt")
"""Files whose bytes are text for readers; those of scripts may mean something and are kept."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LINK = re.compile(r"(\]\(\s*<?)([^()<>\s#?]{1,1000})")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:|/|#|\?")


class Migrated(Shape):
    """The files as they shall be, the name of their folder, what was changed, and what a person must decide."""

    files: list[SkillFileEntry]
    folder: str
    changes: list[str] = []
    undecided: list[str] = []


class _Notes:
    """What is told along the way."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.undecided: list[str] = []


def migrate(files: Sequence[SkillFileEntry], folder: str) -> Migrated:
    """The skill in the canonical form. Never raises: a SKILL.md that cannot be read is left alone, and told."""
    notes = _Notes()
    named = [_named(entry, files, notes) for entry in files]
    texts = [_text_entry(entry, notes) for entry in named]
    main = next((entry for entry in texts if entry.path == SKILL_FILE), None)
    if main is None:
        notes.undecided.append("There is no SKILL.md.")
        return _told(list(files), folder, notes)
    try:
        done = _canonical(parse(_trimmed(main.data, notes), lenient=True), texts, folder, notes)
        parse(next(entry.data for entry in done.files if entry.path == SKILL_FILE))
    except (SkillFileError, UnicodeDecodeError) as error:
        undecided = [*notes.undecided, f"SKILL.md cannot be read: {error}"]
        return Migrated(files=list(files), folder=folder, undecided=undecided)
    return done


def _canonical(skill: SkillFile, files: Sequence[SkillFileEntry], folder: str, notes: _Notes) -> Migrated:
    notes.changes += [f"frontmatter: {repair.message}" for repair in skill.repairs]
    front = _frontmatter(skill, folder, notes)
    body = _linked(skill.body, [entry.path for entry in files], notes)
    data = skill.text.encode()
    if not _is_canonical(skill.text, front):
        text = with_frontmatter(skill.text, front)
        if "description" not in skill.fields:
            text = text.replace('description: ""\n', "", 1)
        data = text.encode("utf-8", "replace")
        if text != skill.text:
            notes.changes.append("frontmatter: is written in block style, one line a field")
    head = data[: len(data) - len(skill.body.encode())]
    written = [
        SkillFileEntry(path=SKILL_FILE, data=head + body.encode()) if entry.path == SKILL_FILE else entry
        for entry in files
    ]
    place = front.name if LEGAL.fullmatch(front.name) and front.name != folder else folder
    if place != folder:
        notes.changes.append(f"folder: `{folder}` becomes `{place}`, the skill's name")
    return _told(written, place, notes)


def _told(files: list[SkillFileEntry], folder: str, notes: _Notes) -> Migrated:
    return Migrated(files=files, folder=folder, changes=notes.changes, undecided=notes.undecided)


def _is_canonical(text: str, front: Frontmatter) -> bool:
    """Whether a strict reader finds exactly this in it already; then its own spelling is kept."""
    try:
        strict = parse(text.encode())
        return frontmatter_of(strict) == front and set(strict.fields) <= set(FIELDS) and _plain(strict)
    except SkillFileError:
        return False


def _plain(skill: SkillFile) -> bool:
    """Whether every field has the type that the format asks for."""
    metadata = skill.fields.get("metadata") or {}
    texts = all(isinstance(value, str) for key, value in skill.fields.items() if key != "metadata")
    return texts and isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())


def _named(entry: SkillFileEntry, files: Sequence[SkillFileEntry], notes: _Notes) -> SkillFileEntry:
    if entry.path == SKILL_FILE or entry.path.lower() != SKILL_FILE.lower():
        return entry
    if any(other.path == SKILL_FILE for other in files):
        return entry
    notes.changes.append(f"{entry.path}: becomes {SKILL_FILE}")
    return entry.model_copy(update={"path": SKILL_FILE})


def _text_entry(entry: SkillFileEntry, notes: _Notes) -> SkillFileEntry:
    """Texts as UTF-8 with LF; a text in no known encoding is read as Windows-1252, the superset of Latin-1."""
    if not entry.path.lower().endswith(TEXTS) or (b"\0" in entry.data and not _bom(entry.data)):
        return entry
    encoding = _bom(entry.data)
    try:
        text = entry.data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding:
            notes.undecided.append(f"{entry.path}: is damaged, it cannot be read as {encoding}")
            return entry
        text, encoding = entry.data.decode("cp1252", "replace"), "Windows-1252"
        if "\ufffd" in text:
            notes.undecided.append(f"{entry.path}: is text in an unknown encoding")
            return entry
    if encoding:
        notes.changes.append(f"{entry.path}: from {encoding} to plain UTF-8")
    if "\r" in text:
        notes.changes.append(f"{entry.path}: line ends become LF")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return entry.model_copy(update={"data": text.encode("utf-8", "replace")})


def _bom(data: bytes) -> str | None:
    return next((name for mark, name in _BOMS if data.startswith(mark)), None)


def _trimmed(data: bytes, notes: _Notes) -> bytes:
    """Blank lines before the first fence are the one thing that may stand there by mistake."""
    text = data.decode()
    start = text.lstrip("\ufeff\n\t ")
    if start != text and start.startswith("---"):
        notes.changes.append("frontmatter: blank lines before it are gone")
        return start.encode()
    return data


def _frontmatter(skill: SkillFile, folder: str, notes: _Notes) -> Frontmatter:
    fields = skill.fields
    metadata = _metadata(fields, notes)
    return Frontmatter(
        name=_name(fields, folder, notes),
        description=_description(fields, notes),
        license=_text(fields, "license", ", ", notes),
        compatibility=_text(fields, "compatibility", ", ", notes),
        metadata=metadata,
        allowed_tools=_tools(fields, notes),
    )


def _name(fields: dict[str, JsonValue], folder: str, notes: _Notes) -> str:
    given = fields.get("name")
    name = one_line(given) if isinstance(given, str) else ""
    if _legal(name):
        return name
    wanted = next((plain for plain in (_slug(name), _slug(folder)) if _legal(plain)), "")
    if not wanted:
        notes.undecided.append(f"name: no legal name can be made of {name or folder!r}; use a-z, 0-9 and hyphens")
        return name
    notes.changes.append(f"name: `{name}` becomes `{wanted}`" if name else f"name: was missing, is `{wanted}` now")
    return wanted


def _legal(name: str) -> bool:
    return len(name) <= MAX_NAME and LEGAL.fullmatch(name) is not None and not is_device(name)


def _slug(text: str) -> str:
    """Only where no letter is lost: a name in another alphabet is a person's to choose."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "-", kept).strip("-") if not re.search(r"[^\W_]", re.sub("[a-z0-9]", "", kept)) else ""


def _description(fields: dict[str, JsonValue], notes: _Notes) -> str:
    given = fields.get("description")
    text = one_line(given) if isinstance(given, str) else ""
    if not text:
        notes.undecided.append("description: is missing; say what the skill does and when to use it")
    if len(text) > MAX_DESCRIPTION:
        notes.undecided.append(f"description: has {len(text)} characters, the most is {MAX_DESCRIPTION}; shorten it")
    return text


def _text(fields: dict[str, JsonValue], key: str, between: str, notes: _Notes) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return one_line(value) or None if value else None
    notes.changes.append(f"{key}: becomes one line of text")
    return one_line(_flat(value, between)) or None


def _tools(fields: dict[str, JsonValue], notes: _Notes) -> str | None:
    value = fields.get("allowed-tools")
    if isinstance(value, str) and not re.search(r",(?![^()]*\))", value):
        return one_line(value) or None
    if not value:
        return None
    said = ",".join(item for item in value if isinstance(item, str)) if isinstance(value, list) else _flat(value, ",")
    notes.changes.append("allowed-tools: becomes one line, parted by blanks")
    return " ".join(one_line(item) for item in re.split(r",(?![^()]*\))", said) if item.strip()) or None


def _metadata(fields: dict[str, JsonValue], notes: _Notes) -> dict[str, str]:
    """Its own pairs as texts, then the fields that the format does not know."""
    given = fields.get("metadata")
    pairs = given if isinstance(given, dict) else {"note": given} if given else {}
    if not isinstance(given, dict) and given:
        notes.changes.append("metadata: becomes a mapping")
    metadata = {one_line(key): one_line(_flat(value, " ")) for key, value in pairs.items()}
    if any(not isinstance(value, str) for value in pairs.values()):
        notes.changes.append("metadata: every value becomes text")
    for key, value in fields.items():
        if key not in FIELDS:
            _move(one_line(key), one_line(_flat(value, " ")), metadata, notes)
    return metadata


def _move(key: str, value: str, metadata: dict[str, str], notes: _Notes) -> None:
    if metadata.get(key, value) == value:
        metadata[key] = value
        notes.changes.append(f"{key}: moves into metadata")
        return
    number, aside = 1, f"original-{key}"
    while metadata.get(aside, value) != value:
        number += 1
        aside = f"original-{key}-{number}"
    notes.undecided.append(f"{key}: is given twice; `metadata.{key}` holds, the other is in `metadata.{aside}`")
    metadata[aside] = value


def _flat(value: JsonValue, between: str) -> str:
    """One text: the value itself, its items, or JSON when it is nested."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return between.join(str(item) for item in value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _linked(body: str, paths: Sequence[str], notes: _Notes) -> str:
    """Links whose file is there under another spelling of its path, and only one such file, lead to it."""
    known = set(paths) | {path.rpartition("/")[0] for path in paths}
    spelled: dict[str, list[str]] = {}
    for path in paths:
        spelled.setdefault(path.casefold(), []).append(path)
    mended = []
    for raw, line in zip(split_lines(body), walk(body), strict=True):
        prose = without_inline_code(line.text)
        mended.append(raw if line.code else _LINK.sub(lambda link: _mended(link, prose, known, spelled, notes), raw))  # noqa: B023 - called at once
    return "".join(mended)


def _mended(link: re.Match[str], prose: str, known: set[str], spelled: dict[str, list[str]], notes: _Notes) -> str:
    target = link[2]
    in_prose = prose[link.start() : link.end()] == link[0]
    if not in_prose or _ELSEWHERE.match(target) or normpath(target) in known:
        return link[0]
    found = spelled.get(normpath(target.replace("\\", "/")).casefold(), [])
    if len(found) != 1:
        return link[0]
    notes.changes.append(f"link: `{target}` becomes `{found[0]}`")
    return link[1] + found[0]
