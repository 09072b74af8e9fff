"""Whether an expectation can be checked at all: a value that its check can use. Pure; must not look at an answer.

A person is told what is wrong with a value (`case_file`); a model's expectation that cannot be checked is dropped.
"""

import shlex
from collections.abc import Callable

from domain.evaluation import Expectation
from domain.evidence.patterns import pattern_problem
from domain.evidence.schemas import schema_problem

MAX_COMMAND = 500
"""Characters of a command line."""


def expectation_problem(expectation: Expectation) -> str | None:
    """Why this cannot be checked, in words for the person who wrote it; None when it can."""
    if not expectation.text.strip():
        return "the `text` is empty: say what a good answer shows."
    check = _VALUES.get(expectation.check)
    return check(expectation.value) if check else None


def _some_text(value: str) -> str | None:
    return None if value.strip() else "the `value` is empty: name the text to look for."


def _pattern(value: str) -> str | None:
    return _some_text(value) or pattern_problem(value)


def _number(value: str) -> str | None:
    return (
        None if value.strip().isdecimal() and value.isascii() else f"the `value` {value[:20]!r} is no number of words."
    )


def _command(value: str) -> str | None:
    if not value.strip() or len(value) > MAX_COMMAND or not value.isprintable():
        return f"the `value` must be a command line: one line of 1 to {MAX_COMMAND} characters."
    try:
        return None if shlex.split(value) else "the `value` names no command."
    except ValueError as error:
        return f"the `value` is no command line: {error}."


_VALUES: dict[str, Callable[[str], str | None]] = {
    "contains": _some_text,
    "absent": _some_text,
    "regex": _pattern,
    "max_words": _number,
    "json_schema": schema_problem,
    "command": _command,
}
