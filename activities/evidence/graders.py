"""Verdicts on an agent's answer that need no model: by the rules of `domain.evidence.grading`, a schema, a command.

Must not ask a model, and must not run anything but in the sandbox. What cannot be decided here says so, and why.
"""

import json
import re
import shlex

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from activities.evidence.sandbox import NoSandbox, Sandbox
from domain.evaluation import CheckedExpectation, EvaluationCase, Expectation
from domain.evidence import grading
from domain.evidence.grading import UNDECIDED

MOST_SCHEMA = 10_000
"""Characters of a schema; a case file is some pages at most."""

MOST_JSON = 200_000
"""Characters of an answer that are read as JSON."""

_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(.*?)^ {0,3}\1", re.MULTILINE | re.DOTALL)

_LOOPS = frozenset({"pattern", "patternProperties", "$ref", "$dynamicRef", "uniqueItems"})
"""Keywords that can take time without bound: their number is bounded, and patterns are looked at first."""

MOST_LOOPS = 40


class Graders:
    """Grades by code, whatever can be."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take where commands are run."""
        self.sandbox = sandbox

    async def check(self, case: EvaluationCase, expectation: Expectation, output: str) -> CheckedExpectation | None:
        """The verdict on one expectation; None when only a judge can tell."""
        certain = grading.check(expectation, output)
        if certain is not None or expectation.check == "judge":
            return certain
        if expectation.check == "json_schema":
            return _verdict(expectation, *_fits(expectation.value, output))
        return await self._command(case, expectation, output)

    async def _command(self, case: EvaluationCase, expectation: Expectation, output: str) -> CheckedExpectation:
        """A command of a person's, on the answer. One that a model wrote is never run."""
        if not case.by_person:
            return undecided(expectation, "commands are only run for cases that a person wrote.")
        try:
            argv = shlex.split(expectation.value)
        except ValueError as error:
            return undecided(expectation, f"the command cannot be read: {error}.")
        if not argv or "\0" in expectation.value:
            return undecided(expectation, "there is no command.")
        try:
            ran = await self.sandbox.run(argv, output)
        except NoSandbox as why:
            return undecided(expectation, f"{why}.")
        said = " ".join(ran.said.split())[:160]
        ended = f"The command was stopped: {ran.stopped}." if ran.stopped else f"The command ended with {ran.code}"
        return _verdict(expectation, ran.code == 0, ended if ran.stopped else f"{ended}{f': {said}' if said else '.'}")


def undecided(expectation: Expectation, why: str) -> CheckedExpectation:
    """No verdict; it counts neither for nor against."""
    return _verdict(expectation, False, f"{UNDECIDED}{why}")


def _verdict(expectation: Expectation, passed: bool, reason: str) -> CheckedExpectation:
    return CheckedExpectation(text=expectation.text, check=expectation.check, passed=passed, reason=reason)


def _fits(schema_text: str, output: str) -> tuple[bool, str]:
    schema, problem = _schema(schema_text)
    if schema is None:
        return False, f"{UNDECIDED}{problem}"
    found, value = _json_in(output)
    if not found:
        return False, "There is no JSON in the answer."
    try:
        # An empty registry: what the schema refers to elsewhere is not fetched.
        error = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(value))
    except Unresolvable as elsewhere:
        return False, f"{UNDECIDED}the schema refers to {elsewhere.ref[:80]!r}, which is not in it."
    except RecursionError:
        return False, f"{UNDECIDED}the schema or the JSON goes too deep."
    if isinstance(error, ValidationError):
        return False, f"The JSON does not fit at {error.json_path[:80]}: {error.message[:160]}"
    return True, "The JSON in the answer fits the schema."


def schema_problem(text: str) -> str | None:
    """Why a schema is not used, or None."""
    return _schema(text)[1] or None


def _schema(text: str) -> tuple[dict[str, JsonValue] | bool | None, str]:
    """The schema; None with the reason when it is none that is used."""
    if len(text) > MOST_SCHEMA:
        return None, f"the schema has {len(text)} characters; at most {MOST_SCHEMA} are read."
    try:
        schema: JsonValue = json.loads(text)
        if not isinstance(schema, dict | bool):
            return None, "the schema is neither an object nor true or false."
        problem = _costly(schema)
        if problem:
            return None, problem
        Draft202012Validator.check_schema(schema)
    except (ValueError, RecursionError) as error:
        return None, f"the schema is no JSON: {str(error)[:120]}."
    except SchemaError as error:
        return None, f"the schema is not valid: {error.message[:120]}."
    return schema, ""


def _costly(schema: JsonValue) -> str:
    """Why a schema could take too long, or an empty text."""
    names, patterns = [], []
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            names += [name for name in part if name in _LOOPS]
            patterns += [part["pattern"]] if isinstance(part.get("pattern"), str) else []
            named = part.get("patternProperties")
            patterns += list(named) if isinstance(named, dict) else []
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    if len(names) > MOST_LOOPS:
        return f"the schema has {len(names)} patterns and references; at most {MOST_LOOPS} are followed."
    problems = (grading.pattern_problem(str(pattern)) for pattern in patterns)
    return next((f"in the schema: {problem}" for problem in problems if problem), "")


def _json_in(output: str) -> tuple[bool, JsonValue]:
    """The JSON of an answer: all of it, or its first fenced block that is JSON."""
    text = output[:MOST_JSON]
    for candidate in (text, *(match[2] for match in _FENCED.finditer(text))):
        try:
            return True, json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return False, None
