"""Asking at the terminal: kind by kind, type by type, again where it was wrong, and nothing is lost by leaving."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import JsonValue

from cli.client import Api
from cli.commands import JobStopped, Leave
from cli.dialogue import Dialogue
from cli.problems import ApiProblem, CliError
from domain.job import JobStatus
from domain.prompt import AnswerDraft, HitlType
from domain.skill import RevisionSummary
from tests.cli.scripted_api import NOW, Fault, Script
from tests.cli.terminal import Person, answered, drafts

QUESTIONS: dict[str, JsonValue] = {
    "summary": "You handle user data.",
    "questions": [
        {"id": "q1", "text": "Which law?", "type": "text", "why": "laws differ"},
        {"id": "q2", "text": "Encrypted?", "type": "boolean"},
        {
            "id": "q3",
            "text": "Where is it?",
            "type": "single",
            "options": [{"id": "db", "label": "Database"}, {"id": "s3", "label": "Bucket"}],
        },
    ],
}
MULTI: dict[str, JsonValue] = {
    "questions": [
        {
            "id": "q1",
            "text": "Which ones?",
            "type": "multi",
            "options": [{"id": "py", "label": "Python"}, {"id": "go", "label": "Go"}],
        }
    ]
}
PREVIEW: dict[str, JsonValue] = {
    "content": "# Skill",
    "revision": 2,
    "digest": "d",
    "against": 1,
    "diff": "+ more",
    "highlights": [{"section": "Rules", "why": "new"}],
}
FINDING: JsonValue = {"code": "name-missing", "severity": "error", "message": "no name", "fix": "add it"}
VALIDATE: dict[str, JsonValue] = {
    "passed": False,
    "score": 0.5,
    "findings": [FINDING],
    "report": "one error",
    "revision": 1,
    "digest": "d",
}
CONFIRM: dict[str, JsonValue] = {
    "summary": "s",
    "path": "data/user-data",
    "plan": ["write"],
    "key_assumptions": ["it is legal"],
    "estimate": {"model_calls": 9},
}
STRUCTURE: dict[str, JsonValue] = {
    "skill_name": "User Data",
    "description": "x",
    "suggested_fixes": [
        {"field": "skill_name", "issue": "has a space", "current": "User Data", "suggested": "user-data"}
    ],
}
TDD: dict[str, JsonValue] = {
    "cases": [{"id": "c1", "prompt": "delete a user", "expectations": [{"text": "asks first", "check": "judge"}]}],
    "results": [{"case_id": "c1", "arm": "without", "passed": False, "missed": ["asks first"], "output": "done"}],
    "rationalizations": ["it was urgent"],
    "checklist": {"baseline_run": True, "skill_written": False},
    "content": "- id: c1\n",
}
BUDGET: dict[str, JsonValue] = {
    "spent": {"calls": 20, "tokens": 5},
    "limit": {"calls": 20},
    "estimate": {"model_calls": 30},
    "reason": "20 of 20 model calls are spent",
}


def says(api: Api, script: Script, person: Person) -> dict[str, JsonValue]:
    """The answer that comes of a dialogue."""
    assert script.prompt
    Dialogue(person.desk(api, script)).answer(script.prompt)
    return answered(script)


def test_each_question_is_asked_by_its_type(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    person = Person("GDPR", "perhaps", "y", "2")
    assert says(api, script, person)["answers"] == {"q1": "GDPR", "q2": True, "q3": "s3"}
    for words in ("You handle user data.", "1/3 Which law?", "laws differ", "answer yes or no", "1) Database"):
        assert words in person.screen.getvalue()


def test_enter_leaves_the_decision_to_the_model(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    assert says(api, script, Person("", "you decide", ""))["answers"] == {
        "q1": "you decide",
        "q2": "you decide",
        "q3": "you decide",
    }


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (["1, Go"], ["py", "go"]),
        (["2,3", "Rust, with care"], ["go", "Rust, with care"]),
        (["GO"], ["go"]),
        ([""], "you decide"),
        (["zig"], ["zig"]),
    ],
)
def test_several_choices_and_own_words(api: Api, script: Script, typed: list[str], value: JsonValue) -> None:
    script.asks(HitlType.DEEP_UNDERSTANDING, MULTI)
    person = Person(*typed)
    assert says(api, script, person)["answers"] == {"q1": value}
    assert "3) other, in your own words" in person.screen.getvalue()


def test_what_was_begun_elsewhere_is_kept_by_enter(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    assert script.prompt
    script.prompt = script.prompt.model_copy(update={"draft": AnswerDraft(answers={"q1": "HIPAA", "q2": False})})
    person = Person("", "", "1")
    assert says(api, script, person)["answers"] == {"q1": "HIPAA", "q2": False, "q3": "db"}
    assert "keeps: no" in person.asked[1]


def test_only_the_refused_answer_is_asked_again(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    path = f"/hitl/{script.job.job_id}/response"
    script.faults[path] = [Fault(status=422, body={"errors": {"answers.q1": "too long"}})]
    person = Person("long", "y", "1", "short")
    assert says(api, script, person)["answers"] == {"q1": "short", "q2": True, "q3": "db"}
    assert "answers.q1: too long" in person.screen.getvalue()


def test_a_refusal_that_nobody_can_mend_here_ends_it(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    path = f"/hitl/{script.job.job_id}/response"
    script.faults[path] = [Fault(status=422, body={"errors": {"elsewhere": "no"}})]
    with pytest.raises(ApiProblem):
        says(api, script, Person("1"))


@pytest.mark.parametrize("leaves", [KeyboardInterrupt, EOFError])
def test_leaving_keeps_the_answers_as_a_draft(api: Api, script: Script, leaves: type[BaseException]) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    with pytest.raises(leaves):
        says(api, script, Person("GDPR", leaves))
    assert drafts(script)[-1] == {"answers": {"q1": "GDPR"}}


def test_what_stood_on_the_line_is_kept_too(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    person = Person("revise", KeyboardInterrupt)
    person.unfinished = "more exam"
    with pytest.raises(KeyboardInterrupt):
        says(api, script, person)
    assert drafts(script)[-1] == {"feedback": "more exam"}


def test_each_answer_is_kept_at_once_for_this_very_prompt(api: Api, script: Script) -> None:
    interaction = script.asks(HitlType.CLARIFY, QUESTIONS)
    says(api, script, Person("GDPR", "y", "1"))
    assert drafts(script) == [{"answers": {"q1": "GDPR"}}, {"answers": {"q1": "GDPR", "q2": True}}]
    assert str(interaction) in script.sent(f"/hitl/{script.job.job_id}/draft")[0].query


def test_the_api_going_away_leaves_the_answer_in_a_file(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    script.faults[f"/hitl/{script.job.job_id}/response"] = [Fault(status=200, body={"what": "no receipt"})]
    with pytest.raises(CliError) as caught:
        says(api, script, Person("revise", "shorter"))
    found = re.search(r"--file (\S+)", caught.value.next_step)
    assert found
    assert '"feedback":"shorter"' in Path(found.group(1)).read_text()


@pytest.mark.parametrize(
    ("kind", "data", "typed", "body"),
    [
        (HitlType.PREVIEW, PREVIEW, ["1"], {"action": "proceed"}),
        (HitlType.PREVIEW, PREVIEW, ["x", "revise", "", "more"], {"action": "revise", "feedback": "more"}),
        (HitlType.PREVIEW, PREVIEW, ["c"], {"action": "cancel"}),
        (HitlType.CONFIRM, CONFIRM, ["revise", "shorter\nplease"], {"action": "revise", "feedback": "shorter\nplease"}),
        (HitlType.VALIDATE, VALIDATE, ["1", ""], {"action": "revise"}),
        (HitlType.VALIDATE, VALIDATE, ["w", "it is meant so", ""], {"action": "waive", "reason": "it is meant so"}),
        (
            HitlType.VALIDATE,
            VALIDATE,
            ["waive", "meant", "1"],
            {"action": "waive", "reason": "meant", "findings": ["name-missing"]},
        ),
        (HitlType.STRUCTURE_FIX, STRUCTURE, [""], {"action": "accept"}),
        (
            HitlType.STRUCTURE_FIX,
            STRUCTURE,
            ["proceed", "my-data", ""],
            {"action": "proceed", "answers": {"skill_name": "my-data", "description": "x"}},
        ),
        (HitlType.TDD_RED, TDD, ["p"], {"action": "proceed"}),
        (HitlType.TDD_GREEN, TDD, ["r", "stricter"], {"action": "revise", "feedback": "stricter"}),
        (HitlType.TDD_REFACTOR, TDD, ["4"], {"action": "cancel"}),
        (HitlType.BUDGET, BUDGET, ["raise", "40", ""], {"action": "raise", "answers": {"calls": 40}}),
        (HitlType.BUDGET, BUDGET, ["raise", "many", "", ""], {"action": "raise"}),
        (HitlType.BUDGET, BUDGET, ["f"], {"action": "finish"}),
    ],
)
def test_every_kind_is_decided(
    api: Api,
    script: Script,
    kind: HitlType,
    data: dict[str, JsonValue],
    typed: Sequence[str],
    body: dict[str, JsonValue],
) -> None:
    status = JobStatus.PENDING_REVIEW if kind is HitlType.VALIDATE else JobStatus.PENDING_HITL
    interaction = script.asks(kind, data, status)
    assert says(api, script, Person(*typed)) == {"interaction_id": str(interaction), **body}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (HitlType.PREVIEW, PREVIEW, ["# Skill", "+ more", "Look at Rules: new", "since revision 1"]),
        (HitlType.CONFIRM, CONFIRM, ["Path: data/user-data", "- write", "- it is legal", "9 model calls"]),
        (HitlType.VALIDATE, VALIDATE, ["error name-missing SKILL.md: no name Fix: add it", "Fix issues"]),
        (HitlType.STRUCTURE_FIX, STRUCTURE, ["skill_name: has a space", "suggested: user-data"]),
        (
            HitlType.TDD_RED,
            TDD,
            ["FAILED without the skill; missed: asks first", "“it was urgent”", "[x] baseline run"],
        ),
        (HitlType.BUDGET, BUDGET, ["20 of 20 model calls are spent", "Limit: 20 model calls", "about 30 model calls"]),
    ],
)
def test_every_kind_is_told(
    api: Api, script: Script, kind: HitlType, data: dict[str, JsonValue], words: Sequence[str]
) -> None:
    script.asks(kind, data)
    person = Person("cancel")
    says(api, script, person)
    for said in words:
        assert said in person.screen.getvalue()


def test_data_of_another_version_are_told_as_they_are(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, {"outline": "unheard of"})
    person = Person("cancel")
    says(api, script, person)
    assert "outline: unheard of" in person.screen.getvalue()


def edits(text: str) -> "type[str] | object":
    """Somebody who opens the named file and adds a text."""

    def edit(ask: str) -> str:
        found = re.search(r"Edit (\S+) and", ask)
        assert found
        file = Path(found.group(1))
        file.write_text(file.read_text() + text)
        return ""

    return edit


def test_an_edit_goes_through_a_file_that_holds_the_present_text(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    assert says(api, script, Person("edit", edits(" by hand")))["content"] == "# Skill by hand"  # type: ignore[arg-type]


def test_an_edit_that_changes_nothing_leads_back_to_the_choice(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    person = Person("edit", "", "proceed")
    assert says(api, script, person)["action"] == "proceed"
    assert "nothing was changed" in person.screen.getvalue()


def test_a_validated_text_is_edited_from_its_revision(api: Api, script: Script) -> None:
    script.asks(HitlType.VALIDATE, VALIDATE, JobStatus.PENDING_REVIEW)
    script.record.revisions = [RevisionSummary(n=1, digest="d", made_by="m", by_person=False, created_at=NOW)]
    script.record.content = "# First"
    assert says(api, script, Person("edit", edits("!")))["content"] == "# First!"  # type: ignore[arg-type]


def test_the_editor_of_ones_choice_is_used(api: Api, script: Script, tmp_path: Path) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    editor = tmp_path / "ed it.sh"
    editor.write_text('#!/bin/sh\nprintf " with $1" >> "$2"\n')
    editor.chmod(0o755)
    assert script.prompt
    Dialogue(Person("edit").desk(api, script, f"'{editor}' care")).answer(script.prompt)
    assert answered(script)["content"] == "# Skill with care"


def test_an_editor_that_fails_is_told_and_nothing_is_lost(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    assert script.prompt
    person = Person("edit", "proceed")
    Dialogue(person.desk(api, script, "no-such-editor-here")).answer(script.prompt)
    assert answered(script)["action"] == "proceed"
    assert "no-such-editor-here" in person.screen.getvalue()


def test_an_answer_that_came_too_late_is_not_asked_again(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    script.faults[f"/hitl/{script.job.job_id}/response"] = [Fault(status=409, body={"code": "answer_conflict"})]
    with pytest.raises(ApiProblem):
        says(api, script, Person("proceed"))


@pytest.mark.parametrize("route", ["response", "draft"])
def test_who_was_too_late_is_told_where_their_words_are(api: Api, script: Script, route: str) -> None:
    """At the answer itself, and at the draft of the first of several steps."""
    script.asks(*((HitlType.PREVIEW, PREVIEW) if route == "response" else (HitlType.CLARIFY, QUESTIONS)))
    script.faults[f"/hitl/{script.job.job_id}/{route}"] = [Fault(status=409, body={"code": "answer_conflict"})]
    with pytest.raises(ApiProblem) as caught:
        says(api, script, Person(*(["revise", "more examples"] if route == "response" else ["more examples"])))
    [kept] = [line for line in caught.value.lines() if line.startswith("kept: ")]
    assert "more examples" in Path(kept.rpartition(" ")[2]).read_text()


def test_who_said_nothing_of_their_own_has_lost_nothing(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    script.faults[f"/hitl/{script.job.job_id}/response"] = [Fault(status=410, body={"code": "job_ended"})]
    with pytest.raises(ApiProblem) as caught:
        says(api, script, Person("", "", ""))
    assert not caught.value.kept


def test_back_goes_to_the_question_before_and_enter_keeps_what_was_said(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    person = Person("/back", "GDPR", "y", "/back", "/back", "HIPAA", "", "1")
    assert says(api, script, person)["answers"] == {"q1": "HIPAA", "q2": True, "q3": "db"}
    assert "this is the first question" in person.screen.getvalue()


def test_back_leads_to_another_action(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    assert says(api, script, Person("revise", "/back", "proceed"))["action"] == "proceed"


def test_save_keeps_a_draft_and_stays(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    person = Person("/save", "GDPR", "/save", "y", "1")
    says(api, script, person)
    assert "nothing was answered yet" in person.screen.getvalue()
    assert "kept as a draft" in person.screen.getvalue()


def test_show_tells_the_prompt_once_more(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    person = Person("/show", "proceed")
    says(api, script, person)
    assert person.screen.getvalue().count("# Skill") == 2


def test_exit_leaves_with_a_draft(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    with pytest.raises(Leave):
        says(api, script, Person("GDPR", "/exit"))
    assert drafts(script)[-1] == {"answers": {"q1": "GDPR"}}


def test_cancel_asks_why_and_sends_it(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    with pytest.raises(JobStopped):
        says(api, script, Person("/cancel", "", "/cancel", "not needed"))
    assert [seen.body for seen in script.sent(f"/jobs/{script.job.job_id}/cancel")] == [{"reason": "not needed"}]


def test_a_text_may_begin_with_a_slash_after_a_blank(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    person = Person("/tmp", " /tmp", "y", "1")
    assert says(api, script, person)["answers"] == {"q1": "/tmp", "q2": True, "q3": "db"}
    assert "there is no /tmp" in person.screen.getvalue()


def test_who_else_looks_and_for_whom_it_is(api: Api, script: Script) -> None:
    script.asks(HitlType.PREVIEW, PREVIEW)
    assert script.prompt
    script.prompt = script.prompt.model_copy(update={"assignee": "group:reviewers", "watching": ["ada", "bob"]})
    person = Person("proceed")
    says(api, script, person)
    assert "for group:reviewers; looking at the job now: ada, bob" in person.screen.getvalue()


def test_a_prompt_that_somebody_else_answers_is_not_asked_to_its_end(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    conflict = Fault(status=409, body={"code": "answer_conflict", "detail": "ada answered"})
    script.faults[f"/hitl/{script.job.job_id}/draft"] = [conflict]
    with pytest.raises(ApiProblem, match="no longer yours"):
        says(api, script, Person("GDPR"))


def test_a_draft_that_cannot_be_saved_stops_nobody(api: Api, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    script.faults[f"/hitl/{script.job.job_id}/draft"] = [Fault(status=500)] * 3
    person = Person("GDPR", "/save", "y", "1")
    assert says(api, script, person)["answers"] == {"q1": "GDPR", "q2": True, "q3": "db"}
    assert "The api failed." in person.screen.getvalue()
