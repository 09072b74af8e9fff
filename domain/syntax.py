"""Where a text stops being Python, JSON, YAML, TOML, shell or JavaScript. Parses, never runs, never imports.

The grammars of shell and JavaScript are tree-sitter's: a pure function of the bytes, and the one thing beside pydantic
and yaml that the domain takes from outside. They know less than a shell does, so what they refuse is a doubt.
"""

import ast
import json
import re
import threading
import tomllib
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import tree_sitter_bash
import tree_sitter_javascript
import yaml
from tree_sitter import Language, Node, Parser

MAX_PARSED = 256 * 1024
"""Characters; a longer file is not parsed."""
MAX_GROWN = 8 * 1024
"""Bytes of a shell or JavaScript text that is parsed."""
MOST_HEREDOCS = 200
MOST_DOTS = 60
"""Of one key of TOML. What has more of either takes its parser more than linear time, and is not parsed."""
_DEEPEST = 60
_BRACKET = re.compile(r"[\[\]{}]")
_DOTTED = re.compile(rf"(?:[^.\n]{{0,80}}\.){{{MOST_DOTS}}}")
_DASHES = re.compile(rf"(?:[-?:][ \t]{{1,9}}){{{_DEEPEST}}}")
_WIDEST = 2_000
"""Nodes that are looked at in search of a mistake."""

_ONE_AT_A_TIME = threading.Lock()
"""Python's filters of warnings belong to the process, and a script may bring warnings of its own."""

_Events = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

Mistake = tuple[int, str]
"""Line, from 1, and what the parser says."""


def python(text: str) -> Mistake | None:
    """By Python's own parser."""
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return 1, str(error) or "it is nested too deeply"
    return None


def json_(text: str) -> Mistake | None:
    """By the standard's grammar; numbers stay text, because a long one takes quadratic time."""
    try:
        json.loads(text.removeprefix("\ufeff"), parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return error.lineno, error.msg
    except RecursionError:
        return 1, "it is nested too deeply"
    return None


def yaml_(text: str) -> Mistake | None:
    """By events: nothing is built, so no alias grows; any number of documents, any tags."""
    if _abyss(text):
        return 1, "it is nested too deeply"
    try:
        for _ in yaml.parse(text, Loader=_Events):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1 if mark else 1), error.problem or "it is not YAML"
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return 1, str(error).split("\n")[0]
    return None


def _abyss(text: str) -> bool:
    """Whether flow style or dashes nest deeper than any file does; the parser takes quadratic time for them."""
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            return True
    return _DASHES.search(text) is not None


def toml(text: str) -> Mistake | None:
    """By the standard library."""
    if _DOTTED.search(text):
        return None
    try:
        tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        found = str(error)
        line = found.partition("(at line ")[2].partition(",")[0]
        return (int(line) if line.isdigit() else text.count("\n") + 1), found.partition(" (at ")[0]
    except (RecursionError, ValueError):
        return 1, "it is nested too deeply or has too long a number"
    return None


def shell(text: str) -> Mistake | None:
    """By the grammar of bash."""
    return _grown(_parser("bash"), text)


def javascript(text: str) -> Mistake | None:
    """By the grammar of JavaScript with JSX."""
    return _grown(_parser("javascript"), text)


@cache
def _parser(language: str) -> Parser:
    grammar = {"bash": tree_sitter_bash.language, "javascript": tree_sitter_javascript.language}[language]
    return Parser(Language(grammar()))


def _grown(parser: Parser, text: str) -> Mistake | None:
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_GROWN or text.count("<<") > MOST_HEREDOCS:
        return None
    with _ONE_AT_A_TIME:
        tree = parser.parse(data)
        return _first_mistake(tree.root_node) if tree.root_node.has_error else None


def _first_mistake(root: Node) -> Mistake:
    """Down to the first node that is an error or was made up; a bounded walk, because the tree may be hostile."""
    cursor = root.walk()
    node = root
    for _ in range(_WIDEST):
        seen = cursor.node or node
        if seen.has_error or seen.is_missing:
            node = seen
            if node.is_missing or node.type == "ERROR" or not cursor.goto_first_child():
                break
        elif not cursor.goto_next_sibling():
            break
    said = f"`{node.type}` is missing" if node.is_missing else "this is not understood"
    return node.start_point[0] + 1, said


PARSERS: Mapping[str, Callable[[str], Mistake | None]] = MappingProxyType(
    {"python": python, "json": json_, "yaml": yaml_, "toml": toml, "shell": shell, "javascript": javascript}
)
CERTAIN = frozenset({"python", "json", "yaml", "toml"})
"""Languages whose parser is the language's own."""


def mistake(language: str, text: str) -> Mistake | None:
    """The first place where the text is not of the language; None also for a language or a length nobody parses."""
    parse = PARSERS.get(language)
    return parse(text) if parse and len(text) <= MAX_PARSED else None
