"""Evaluation cases as text that people edit: read from YAML or JSON written by hand, and written as YAML.

Read by the loader of frontmatters, which refuses aliases, tags, duplicate keys and abysses. Must not run a case.
"""

import json
from collections.abc import Sequence
from typing import NoReturn

from pydantic import JsonValue, ValidationError

from domain import frontmatter
from domain.errors import InvalidAnswer, SkillFileError
from domain.evaluation import EvaluationCase
from domain.evidence.expectations import expectation_problem
from domain.text import utf8_problem

MAX_CASES = 50
"""Cases in one text: each is run twice by an agent model, so more are a slip rather than a wish."""

MAX_CASE_BYTES = 64 * 1024
"""Bytes of the text: the safe loader is slow, and 50 cases of a page each fit."""

MAX_ID = 80

FIELDS = ("id", "kind", "prompt", "expectations")
"""What people write of a case; the rest is found by the experiment."""

_AS_FOUND: dict[str, tuple[JsonValue, ...]] = {"role": ("proof",), "by_person": (False, "false"), "note": ("",)}
"""What a case that was copied whole may say of itself: nothing that is not so anyway."""

_Placed = tuple[str, JsonValue]


def read_cases(text: str) -> list[EvaluationCase]:
    """The cases of a YAML or JSON list. Raises InvalidAnswer on `content`; its text says where and what to write."""
    problem = utf8_problem(text)
    if problem:
        _refuse(problem)
    size = len(text.encode())
    if size > MAX_CASE_BYTES:
        _refuse(f"{size} bytes; at most {MAX_CASE_BYTES} are taken for cases.")
    items = _json(text) if text.lstrip().startswith("[") else _yaml(text)
    if not 1 <= len(items) <= MAX_CASES:
        _refuse(f"{len(items)} cases; write between 1 and {MAX_CASES}.")
    cases = [_case(place, item) for place, item in items]
    _unique([place for place, _ in items], cases)
    return cases


def write_cases(cases: Sequence[EvaluationCase]) -> str:
    """The cases as YAML that `read_cases` reads back unchanged."""
    return "\n".join(_written(case) for case in cases)


def _written(case: EvaluationCase) -> str:
    lines = [f"- id: {_scalar(case.id, 4)}", f"  kind: {case.kind}", f"  prompt: {_scalar(case.prompt, 4)}"]
    lines.append("  expectations:")
    for expectation in case.expectations:
        lines += [f"    - text: {_scalar(expectation.text, 8)}", f"      check: {expectation.check}"]
        lines += [f"      value: {_scalar(expectation.value, 8)}"] if expectation.value else []
    return "\n".join(lines) + "\n"


def _scalar(text: str, indent: int) -> str:
    """One YAML scalar; a text of several plain lines stands as it is, so that it can be read and edited."""
    lines = text.split("\n")
    if len(lines) == 1 or text != text.strip() or not all(line.isprintable() for line in lines):
        return frontmatter.scalar(text)
    return "\n".join(["|-", *(f"{' ' * indent}{line}" if line else "" for line in lines)])


def _yaml(text: str) -> list[_Placed]:
    try:
        return [(f"Line {line}", item) for line, item in frontmatter.load_list(text, limit=MAX_CASE_BYTES)]
    except SkillFileError as error:
        _refuse(f"Line {error.line}: {error}" if error.line else str(error))


def _json(text: str) -> list[_Placed]:
    """JSON is read as JSON: YAML readers break its escaped characters beyond U+FFFF."""
    try:
        items = json.loads(text, object_pairs_hook=_pairs, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        _refuse(f"Line {error.lineno}, column {error.colno}: this is not valid JSON: {error.msg}.")
    except RecursionError:
        _refuse("The JSON is nested too deep: a case holds texts and one list of expectations.")
    return [(f"Case {number}", item) for number, item in enumerate(items, 1)]


def _pairs(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in found:
            _refuse(f"`{key[:MAX_ID]}` is given twice in one object; keep one.")
        found[key] = value
    return found


def _case(place: str, item: JsonValue) -> EvaluationCase:
    if not isinstance(item, dict):
        _refuse(f"{place}: a case is a mapping with id, prompt and expectations.")
    unknown = sorted(set(item) - set(EvaluationCase.model_fields))
    if unknown:
        _refuse(f"{place}: `{unknown[0][:MAX_ID]}` is no field of a case; use {', '.join(FIELDS)}.")
    found = next((name for name in item if name not in FIELDS and item[name] not in _AS_FOUND[name]), None)
    if found:
        _refuse(f"{place}: `{found}` is what the experiment finds, and is not written by hand; leave it out.")
    try:
        case = EvaluationCase.model_validate({name: item[name] for name in FIELDS if name in item})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        _refuse(f"{place}: `{where}`: {_plainly(first['type'], first['msg'])}")
    problem = _case_problem(case)
    if problem:
        _refuse(f"{place}: {problem}")
    return case


def _plainly(kind: str, message: str) -> str:
    return "is missing." if kind == "missing" else f"{message[0].lower()}{message[1:]}."


def _case_problem(case: EvaluationCase) -> str | None:
    if not case.id.strip() or len(case.id) > MAX_ID:
        return f"the `id` must have 1 to {MAX_ID} characters."
    if "/" in case.id or not case.id.isprintable():
        return f"the `id` {case.id!r} has a `/` or a sign that does not print; write letters, digits and `-`."
    if not case.prompt.strip():
        return f"case `{case.id}` has no `prompt`: say what the agent is asked."
    if not case.expectations:
        return f"case `{case.id}` has no `expectations`: name at least one thing that a good answer shows."
    for number, expectation in enumerate(case.expectations, 1):
        problem = utf8_problem(f"{case.id}{case.prompt}{expectation.text}{expectation.value}")
        problem = problem or expectation_problem(expectation)
        if problem:
            return f"case `{case.id}`, expectation {number}: {problem}"
    return None


def _unique(places: Sequence[str], cases: Sequence[EvaluationCase]) -> None:
    seen: dict[str, str] = {}
    for place, case in zip(places, cases, strict=True):
        if case.id in seen:
            _refuse(
                f"{place}: the id `{case.id}` is taken by the case before ({seen[case.id].lower()}); ids are unique."
            )
        seen[case.id] = place


def _refuse(message: str) -> NoReturn:
    raise InvalidAnswer(message, {"content": message})
