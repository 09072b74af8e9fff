"""What docs/evidence.md says of graders, sandbox and descriptions is what the steps do."""

import re
from pathlib import Path

import pytest

from activities.evidence import graders, sandbox
from activities.evidence.sharpening import MOST_GUARDS
from activities.evidence.triggering import MOST_PROMPTS
from activities.programs.agent import READ, SMALL_READ
from activities.programs.optimize_description import IMPROVEMENTS, MOST_WHEN
from domain.evaluation import EvaluationCase, Expectation
from domain.evidence.case_file import read_cases
from domain.evidence.grading import decided
from workflows.evaluate_library import MOST_CALLS

TEXT = (Path(__file__).parents[3] / "docs/evidence.md").read_text()
CASES = read_cases(TEXT.partition("```yaml\n")[2].partition("```")[0])


def expected(check: str) -> tuple[EvaluationCase, Expectation]:
    """The example's only expectation of this check, with its case as a person's."""
    [found] = [(case, item) for case in CASES for item in case.expectations if item.check == check]
    return found[0].model_copy(update={"by_person": True}), found[1]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("contains", "It takes an access exclusive lock.", "It takes a lock."),
        ("absent", "Wait.", "Looks good to me."),
        ("regex", "Late.\n\nVerdict: hold", "I would hold it."),
        ("max_words", "word " * 250, "word " * 251),
        ("json_schema", '```json\n[{"severity": "high"}]\n```', '[{"severity": "odd"}]'),
        ("command", "line\n" * 20, "line\n" * 21),
    ],
)
async def test_each_check_of_the_example_tells_a_good_answer_from_a_bad_one(check: str, good: str, bad: str) -> None:
    grader = graders.Graders(sandbox.Sandbox())
    case, expectation = expected(check)
    verdicts = [await grader.check(case, expectation, answer) for answer in (good, bad)]
    assert all(verdict is not None for verdict in verdicts)
    told = [verdict for verdict in verdicts if verdict is not None]
    if check == "command" and not decided(told[0]):
        pytest.skip(told[0].reason)
    assert [verdict.passed for verdict in told] == [True, False], told


def test_the_numbers_are_those_of_the_code() -> None:
    said = " ".join(TEXT.split())
    words = {2: "two", 3: "three", 5: "five"}
    assert f"becomes a **guard** ({words[MOST_GUARDS]} at most" in said
    assert f"{READ:,} characters of them; {SMALL_READ:,} for a small model" in said
    assert f"{sandbox.TIMEOUT:g} seconds, 512 MiB" in said and "--as=536870912" in sandbox._LIMITS
    assert f"up to {MOST_PROMPTS} tasks" in said
    assert f"under {MOST_WHEN + 1} characters" in said and IMPROVEMENTS == 2 and "twice at most" in said
    assert f"each may spend {MOST_CALLS} model calls" in said
    assert f"among up to {words[3 + IMPROVEMENTS]}" in said, "as planned, two styles, and what was improved"


def test_the_sandbox_uses_what_the_page_names() -> None:
    assert re.findall(r"\(`(\w+)`\)", TEXT.partition("**Commands**")[2].partition("\n\n")[0]) == ["bwrap", "unshare"]
