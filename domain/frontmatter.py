"""YAML between strangers and us: reads a mapping whose scalars all stay text, writes one that all readers agree on.

Reading follows strictyaml, which the reference validator uses: no anchors, aliases, tags, merge keys, duplicate keys or
(unless asked) flow style; `name: 123` is the text "123". The limits exist because a 332-byte alias bomb grows to 10^9
leaves and 100,000 brackets exhaust the stack. Must not know what a skill's fields mean.
"""

import re
from collections.abc import Sequence

import yaml
from pydantic import JsonValue

from domain.errors import SkillFileError
from domain.shape import Shape
from domain.skill import Frontmatter

MAX_DEPTH = 8
MAX_BYTES = 16 * 1024
MAX_PARTS = 10_000
"""Scalars, beginnings and ends of lists in one text: more than 16 KiB of YAML can hold; each costs some 15 µs."""

_ODD_BREAK = re.compile("[\x85\u2028\u2029]")
_HALF = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ,.;()/_'+-]*[A-Za-z0-9.)])?")
_TYPED = frozenset({"true", "false", "yes", "no", "on", "off", "null"})
_UNQUOTED = re.compile(r"^([A-Za-z][\w-]*):[ \t]+([^\s\"'|>\[{&*!#].*?)[ \t\r]*$", re.MULTILINE)


class Loaded(Shape):
    """A YAML mapping: texts, lists and mappings only. `lines` gives the line of each top-level key."""

    fields: dict[str, JsonValue]
    lines: dict[str, int]


def load(text: str, *, first_line: int = 1, flow: bool = False) -> Loaded:
    """Reads a YAML mapping; `first_line` is the line of `text` in its file, `flow` allows `[a]` and `{a: b}`.

    Raises SkillFileError with code `yaml-…` or `frontmatter-…` and the line in the file.
    """
    if odd := _ODD_BREAK.search(text):
        what = f"the character U+{ord(odd[0]):04X} ends a line for some readers only, write a blank"
        raise _invalid(what, first_line, text[: odd.start()])
    root = _composed(text, first_line, flow, MAX_BYTES)
    if not isinstance(root, yaml.MappingNode):
        raise SkillFileError("frontmatter-not-mapping", "The YAML must be a mapping of `key: value` lines.", first_line)
    lines = {str(key.value): first_line + key.start_mark.line for key, _ in root.value}
    return Loaded(fields=_mapping(root, first_line), lines=lines)


def load_list(text: str, *, limit: int = MAX_BYTES) -> list[tuple[int, JsonValue]]:
    """Reads a YAML list of at most `limit` bytes in any style; gives each item with its line. Raises as `load`."""
    root = _composed(text, 1, True, limit)
    if not isinstance(root, yaml.SequenceNode):
        raise SkillFileError("yaml-not-list", "The YAML must be a list: one `- ` for each item.", 1)
    return [(item.start_mark.line + 1, _value(item, 1)) for item in root.value]


def _composed(text: str, first_line: int, flow: bool, limit: int) -> yaml.Node | None:
    if len(text.encode("utf-8", "replace")) > limit:
        raise SkillFileError(
            "frontmatter-too-large",
            f"The YAML is larger than {limit} bytes; move long text into the body.",
            first_line,
        )
    try:
        return _Composer(_harmless(text, first_line, flow)).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "it cannot be read"
        raise _invalid(what, first_line, text[: mark.index if mark else 0]) from error
    except yaml.reader.ReaderError as error:
        what = f"the character U+{ord(text[error.position]):04X} is not allowed"
        raise _invalid(what, first_line, text[: error.position]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _invalid("it cannot be read", first_line, "") from error


def _invalid(what: str, first_line: int, before: str) -> SkillFileError:
    """One sentence with line and column, which are told by the text before the place."""
    line, column = first_line + before.count("\n"), len(before) - before.rfind("\n")
    said = " ".join(what.split()).rstrip(".")
    return SkillFileError("yaml-invalid", f"This is not valid YAML: {said} (line {line}, column {column}).", line)


def _harmless(text: str, first_line: int, flow: bool) -> list[yaml.Event]:
    """The events of the text, looked at before anything is built, so never from an alias, a tag or an abyss."""
    depth, events = 0, list[yaml.Event]()
    for number, event in enumerate(yaml.parse(text, Loader=yaml.BaseLoader)):
        code = "yaml-too-many" if number > MAX_PARTS else _hostile(event, flow)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            code = "yaml-too-deep"
        if code:
            line = first_line + (event.start_mark.line if event.start_mark else 0)
            raise SkillFileError(code, _HOSTILE[code], line)
        events.append(event)
    return events


class _Composer(yaml.composer.Composer, yaml.resolver.BaseResolver):
    """Builds the nodes of events that are there already: scanning takes most of the time of reading YAML."""

    def __init__(self, events: Sequence[yaml.Event]) -> None:
        yaml.composer.Composer.__init__(self)
        yaml.resolver.BaseResolver.__init__(self)
        self._events, self._next = events, 0

    def peek_event(self) -> yaml.Event | None:
        """The event that is next, or None at the end."""
        return self._events[self._next] if self._next < len(self._events) else None

    def get_event(self) -> yaml.Event | None:
        """The event that is next; it is passed."""
        event = self.peek_event()
        self._next += 1
        return event

    def check_event(self, *choices: type[yaml.Event]) -> bool:
        """Whether the next event is one of these kinds; any at all when none is named."""
        event = self.peek_event()
        return event is not None and (not choices or isinstance(event, choices))


_HOSTILE = {
    "yaml-alias": "Anchors and aliases (`&name`, `*name`) are refused; write the value out.",
    "yaml-tag": "Tags (`!name`) are refused; write plain text.",
    "yaml-flow": "Flow style (`[a, b]`, `{a: b}`) is refused by the strict format; write one item per line or quote.",
    "yaml-too-many": f"The YAML has more than {MAX_PARTS} parts; shorten it.",
    "yaml-too-deep": f"The YAML is nested deeper than {MAX_DEPTH} levels.",
}


def _hostile(event: yaml.Event, flow: bool) -> str | None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        return "yaml-alias"
    if getattr(event, "tag", None):
        return "yaml-tag"
    if not flow and isinstance(event, yaml.CollectionStartEvent) and event.flow_style:
        return "yaml-flow"
    return None


def _value(node: yaml.Node, first_line: int) -> JsonValue:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, first_line)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, first_line) for item in node.value]
    return _scalar(node, first_line)


def _scalar(node: yaml.Node, first_line: int) -> str:
    text = str(node.value)
    if half := _HALF.search(text):
        line = first_line + node.start_mark.line
        what = f"U+{ord(half[0]):04X} is half a character"
        raise SkillFileError("yaml-invalid", f"This is not valid YAML: {what} (line {line}).", line)
    return text


def _mapping(node: yaml.MappingNode, first_line: int) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    for key, value in node.value:
        line = first_line + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise SkillFileError("yaml-key", "A key must be plain text.", line)
        if key.value == "<<":
            raise SkillFileError("yaml-merge", "Merge keys (`<<`) are refused; write the values out.", line)
        if key.value in result:
            raise SkillFileError("yaml-duplicate-key", f"`{key.value[:80]}` is given twice; keep one.", line)
        result[_scalar(key, first_line)] = _value(value, first_line)
    return result


def quoted(text: str) -> str:
    """The YAML with every value quoted that reads like plain text: mends `description: Use when: x`."""
    return _UNQUOTED.sub(lambda found: f"{found[1]}: {_double_quoted(found[2])}", text)


def dump(frontmatter: Frontmatter) -> str:
    """The frontmatter as lines of YAML without fences; PyYAML and strictyaml read the same from it.

    Every value becomes one line without control characters. Empty optional fields are left out.
    """
    lines = [f"name: {scalar(one_line(frontmatter.name))}"]
    lines.append(f"description: {scalar(one_line(frontmatter.description))}")
    for key in ("license", "compatibility", "allowed_tools"):
        value = getattr(frontmatter, key)
        if value:
            lines.append(f"{key.replace('_', '-')}: {scalar(one_line(value))}")
    if frontmatter.metadata:
        lines.append("metadata:")
        lines += [
            f"  {scalar(one_line(key))}: {scalar(one_line(value))}" for key, value in frontmatter.metadata.items()
        ]
    return "\n".join(lines) + "\n"


def one_line(text: str) -> str:
    """The text with every run of white space as one space and without control characters or half surrogates."""
    kept = "".join(char for char in text if char.isspace() or not _control(char))
    return " ".join(kept.split())


def _control(char: str) -> bool:
    return char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff"


def scalar(text: str) -> str:
    """One YAML scalar, plain where no reader can take it for anything else.

    Always quoted where it holds `---`, because the reference validator would end the frontmatter there.
    """
    if _PLAIN.fullmatch(text) and "---" not in text and len(text) > 1 and text.lower() not in _TYPED:
        return text
    return _double_quoted(text)


def _double_quoted(text: str) -> str:
    escaped = "".join(_escaped(char) for char in text)
    return '"' + escaped.replace("---", "--\\x2D") + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
