"""Where a text stops being Python, JSON, YAML, TOML or shell. Parses, never runs, never imports.

It is done in the process of whoever asks, on texts of strangers: so every parser has bounds within which it neither
crashes nor takes long. Shell has a reader of its own, which knows less than a shell does: what it refuses is a doubt.
"""

import ast
import json
import re
import threading
import tomllib
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

import yaml

from domain.rules.shell_syntax import mistake_in_shell

MAX_PARSED = 256 * 1024
"""Characters; a longer file is not parsed."""
MAX_PYTHON = 128 * 1024
"""Characters of Python: a hostile text of this length takes its parser half a second, twice as many a whole one."""
MOST_DOTS = 60
"""Of one key of TOML. What has more takes its parser more than linear time, and is not parsed."""
_DEEPEST = 60
_BRACKET = re.compile(r"[\[\]{}]")
_DOTTED = re.compile(rf"(?:[^.\n]{{0,80}}\.){{{MOST_DOTS}}}")
_DASHES = re.compile(rf"(?:[-?:][ \t]{{1,9}}){{{_DEEPEST}}}")

_ONE_AT_A_TIME = threading.Lock()
"""Python's filters of warnings belong to the process, and a script may bring warnings of its own."""

_Events = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

Mistake = tuple[int, str]
"""Line, from 1, and what the parser says."""


def python(text: str) -> Mistake | None:
    """By Python's own parser; nothing is said of what is longer than `MAX_PYTHON`."""
    try:
        python_tree(text)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return 1, str(error) or "it is nested too deeply"
    return None


def python_tree(text: str) -> ast.Module | None:
    """The syntax tree, None for a text that is too long; raises what `ast.parse` raises for what is no Python."""
    if len(text) > MAX_PYTHON:
        return None
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


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


PARSERS: Mapping[str, Callable[[str], Mistake | None]] = MappingProxyType(
    {"python": python, "json": json_, "yaml": yaml_, "toml": toml, "shell": mistake_in_shell}
)
CERTAIN = frozenset({"python", "json", "yaml", "toml"})
"""Languages whose parser is the language's own."""


def mistake(language: str, text: str) -> Mistake | None:
    """The first place where the text is not of the language; None also for a language or a length nobody parses."""
    parse = PARSERS.get(language)
    return parse(text) if parse and len(text) <= MAX_PARSED else None
