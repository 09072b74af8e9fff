"""What needs no model."""

from activities.programs.certain import demands, framed, seen_mistakes, steps_of
from activities.programs.facts import facts_of
from domain.brief import Brief, Decision
from domain.evaluation import Arm, CaseRun, CheckedExpectation
from domain.manuscript import Step
from tests.activities.programs.conftest import REQUEST

BRIEF = Brief(task=REQUEST)


def missed(*texts: str) -> CaseRun:
    checked = [CheckedExpectation(text=text, check="regex", passed=False, reason="no") for text in texts]
    return CaseRun(case_id="c", arm=Arm.WITHOUT, output="x", passed=False, checked=checked)


def test_long_answers_are_pointed_to_and_quoted_only_once() -> None:
    brief = Brief(task="Do it well", decisions=[Decision(question="Which steps?", answer="step " * 100)])

    assert demands(brief) == ["Which steps: see the decisions below."]


def test_a_request_without_conditions_demands_nothing() -> None:
    assert demands(Brief(task="Create a skill for handling user data")) == []


def test_only_what_really_went_wrong_is_a_seen_mistake() -> None:
    assert seen_mistakes(BRIEF, []) == []
    [headings] = seen_mistakes(BRIEF, [missed("Has the heading “Fixed”", "Has the heading “Added”")])
    [words] = seen_mistakes(BRIEF, [missed("Has at most 300 words")])

    assert headings.instead.startswith("Use the form in Quick Start")
    assert words.mistake == "Writing more than 300 words."


def test_headings_and_a_limit_ask_for_steps_of_their_own() -> None:
    assert [step.action for step in steps_of(facts_of([REQUEST]))] == [
        "Decide for each item which heading it belongs under",
        "Write every item under its heading",
        "Count the words",
    ]
    assert "“Added”, “Fixed” or “Breaking”" in steps_of(facts_of([REQUEST]))[0].detail
    assert steps_of(facts_of(["Create a skill for handling user data"])) == []


def test_steps_are_framed_by_reading_and_checking_unless_they_are_already() -> None:
    whole = [Step(action="Read the list"), Step(action="Sort"), Step(action="Verify the order")]

    assert framed(whole, BRIEF) == whole
    assert [step.action.split()[0] for step in framed(whole[1:2], BRIEF)] == ["Read", "Sort", "Check"]


def test_without_any_step_the_task_itself_is_the_step() -> None:
    assert framed([], BRIEF)[1] == Step(action="Do the task", detail=f"{REQUEST}.")
