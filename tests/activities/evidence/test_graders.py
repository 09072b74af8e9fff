"""What code can decide of an answer: schemas, commands in the sandbox, and what says that it could not be decided."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.evidence.graders import Graders
from activities.evidence.sandbox import NoSandbox, Ran, Sandbox
from domain.evaluation import CheckedExpectation, EvaluationCase, Expectation
from domain.evidence.grading import decided

CASE = EvaluationCase(id="c", prompt="Do it.", expectations=[], by_person=True)
SLOW = "(.*,){10}X"
SCHEMA = json.dumps({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}})


class Scripted(Sandbox):
    """A sandbox that notes what it is told, and ends as it was said."""

    def __init__(self, ends: Ran | NoSandbox) -> None:
        super().__init__()
        self.ends = ends
        self.told: list[tuple[Sequence[str], str]] = []

    async def run(self, argv: Sequence[str], given: str) -> Ran:
        self.told.append((argv, given))
        if isinstance(self.ends, NoSandbox):
            raise self.ends
        return self.ends


async def verdict(
    check: str, value: str, output: str, *, case: EvaluationCase = CASE, sandbox: Sandbox | None = None
) -> CheckedExpectation:
    expectation = Expectation.model_validate({"text": "Holds", "check": check, "value": value})
    found = await Graders(sandbox or Scripted(Ran(code=0))).check(case, expectation, output)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("output", "passed"),
    [
        ('{"name": "x"}', True),
        ('Here it is:\n\n```json\n{"name": "x"}\n```\nDone.', True),
        ('```\nno json\n```\n~~~\n{"name": "x"}\n~~~', True),
        ('{"name": 1}', False),
        ("{}", False),
        ("name: x", False),
        ("", False),
    ],
)
async def test_json_in_the_answer_fits_the_schema_or_not(output: str, passed: bool) -> None:
    found = await verdict("json_schema", SCHEMA, output)
    assert (found.passed, decided(found)) == (passed, True)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("not json", "no JSON"),
        ("[1]", "refuses anything"),
        ('{"type": "wrong"}', "cannot be used"),
        ('{"pattern": "(a+)+$"}', "exponential"),
        ('{"$ref": "https://example.org/schema.json"}', "points outside"),
        ('{"$ref": "#"}', "without end"),
    ],
)
async def test_a_schema_that_cannot_be_used_decides_nothing(schema: str, why: str) -> None:
    found = await verdict("json_schema", schema, '{"name": "x"}')
    assert not found.passed
    assert not decided(found)
    assert why in found.reason


@pytest.mark.parametrize(("check", "value"), [("regex", SLOW), ("json_schema", json.dumps({"pattern": SLOW}))])
async def test_a_slow_grader_decides_nothing_and_holds_nobody_up(check: str, value: str) -> None:
    grading = asyncio.create_task(verdict(check, value, json.dumps("a," * 9_000)))
    turns = 0
    while not grading.done():
        await asyncio.sleep(0.005)
        turns += 1
    found = await grading
    assert (found.passed, decided(found), "seconds" in found.reason) == (False, False, True)
    assert turns > 5, "the event loop stood still"


@given(st.text(max_size=200), st.text(max_size=200))
async def test_no_schema_and_no_answer_stops_the_grader(schema: str, output: str) -> None:
    assert (await verdict("json_schema", schema, output)).check == "json_schema"


async def test_a_command_of_a_person_decides_by_how_it_ends() -> None:
    sandbox = Scripted(Ran(code=0))
    assert (await verdict("command", "jq -e '.a b'", "the answer", sandbox=sandbox)).passed
    assert sandbox.told == [(["jq", "-e", ".a b"], "the answer")]
    failed = await verdict("command", "jq .", "x", sandbox=Scripted(Ran(code=4, said="parse  error")))
    assert (failed.passed, failed.reason) == (False, "The command ended with 4: parse error")
    stopped = await verdict("command", "yes", "x", sandbox=Scripted(Ran(code=None, stopped="it printed too much")))
    assert (stopped.passed, decided(stopped)) == (False, True)


@pytest.mark.parametrize("text", ["rm 'x", "", "  ", "a\0b"])
async def test_what_is_no_command_is_not_run(text: str) -> None:
    sandbox = Scripted(Ran(code=0))
    assert not decided(await verdict("command", text, "x", sandbox=sandbox))
    assert sandbox.told == []


async def test_a_command_that_a_model_wrote_is_never_run() -> None:
    sandbox = Scripted(Ran(code=0))
    of_model = CASE.model_copy(update={"by_person": False})
    found = await verdict("command", "true", "x", case=of_model, sandbox=sandbox)
    assert (found.passed, decided(found), sandbox.told) == (False, False, [])


async def test_without_a_sandbox_a_command_decides_nothing() -> None:
    found = await verdict("command", "true", "x", sandbox=Scripted(NoSandbox("none here")))
    assert (found.passed, decided(found), "none here" in found.reason) == (False, False, True)


async def test_a_real_command_in_the_real_sandbox() -> None:
    assert (await verdict("command", "grep -q flag", "The flag.", sandbox=Sandbox())).passed
    assert not (await verdict("command", "grep -q flag", "Nothing.", sandbox=Sandbox())).passed


async def test_a_judge_is_left_to_the_judge() -> None:
    judged = Expectation(text="Is clear", check="judge")
    assert await Graders(Scripted(Ran(code=0))).check(CASE, judged, "x") is None
