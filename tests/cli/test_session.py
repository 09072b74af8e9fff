"""A conversation: task, job, what next; and the commands at every question."""

import pytest
from pydantic import JsonValue

from cli.client import Api
from cli.exits import ExitCode
from cli.session import Session
from domain.evaluation import Evidence
from domain.job import JobStatus
from domain.prompt import AnswerRequest, HitlType
from tests.cli.scripted_api import Fault, Script
from tests.cli.terminal import Person, answered

CONFIRM: dict[str, JsonValue] = {"summary": "s", "path": "data/user-data", "plan": ["write"]}


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", environment["XDG_STATE_HOME"])


def talk(api: Api, person: Person, task: str | None = None, **options: JsonValue) -> ExitCode:
    return Session(person.desk(api), dict(options)).run(task, None)


def ended(script: Script) -> None:
    script.ends(JobStatus.COMPLETED)


def tasks(script: Script) -> list[JsonValue]:
    return [seen.body["task_description"] for seen in script.sent("/skills") if isinstance(seen.body, dict)]


def test_it_asks_for_a_task_stays_and_offers_what_next(api: Api, script: Script) -> None:
    ended(script)
    person = Person("handle user data safely", "exit")
    assert talk(api, person) is ExitCode.DONE
    assert tasks(script) == ["handle user data safely"]
    for words in (f"job {script.job.job_id}", "promote: publish", "another task"):
        assert words in person.screen.getvalue()


def test_a_task_of_two_words_is_asked_again_with_what_was_typed(api: Api, script: Script) -> None:
    ended(script)
    script.faults["/skills"] = [Fault(status=422, body={"errors": {"task_description": "at least 3 words"}})]
    person = Person("two words", "now three words", "exit")
    talk(api, person)
    assert person.asked[1].endswith("two words")
    assert tasks(script) == ["two words", "now three words"]


def test_a_refused_task_is_told_in_the_words_of_its_field_only(api: Api, script: Script) -> None:
    ended(script)
    script.faults["/skills"] = [Fault(status=422, body={"errors": {"task_description": "at least 3 words"}})]
    person = Person("two words", "now three words", "exit")
    talk(api, person)
    assert person.screen.getvalue().count("at least 3 words") == 1
    assert "run the command again" not in person.screen.getvalue()


def test_it_publishes_and_begins_another(api: Api, script: Script) -> None:
    ended(script)
    person = Person("promote", "another", "a second task here", "x", "exit")
    assert talk(api, person, "a first task here") is ExitCode.DONE
    assert "published data/user-data" in person.screen.getvalue()
    assert len(tasks(script)) == 2


def test_it_tells_what_the_evidence_of_the_published_skill_lacks(api: Api, script: Script) -> None:
    ended(script)
    poor = Evidence(status="measured", lacking=["the gain is 0 points; more than 0 is needed"])
    script.job = script.job.model_copy(update={"result": script.job.result.model_copy(update={"evidence": poor})})
    person = Person("promote", "exit")
    talk(api, person, "a first task here")
    assert "warning: the gain is 0 points; more than 0 is needed" in person.screen.getvalue()


def test_a_failed_promotion_is_told_and_offered_again(api: Api, script: Script) -> None:
    ended(script)
    script.faults[f"/drafts/{script.job.job_id}/promote"] = [Fault(status=409, body={"code": "promotion_refused"})]
    person = Person("promote", "promote", "exit")
    talk(api, person, "a first task here")
    assert "may not be published" in person.screen.getvalue()
    assert "published data/user-data" in person.screen.getvalue()


def test_a_failed_job_is_not_offered_for_publishing_and_leaves_with_5(api: Api, script: Script) -> None:
    script.ends(JobStatus.FAILED, error="nonsense")
    person = Person("exit")
    assert talk(api, person, "a first task here") is ExitCode.JOB_FAILED
    assert "promote: publish" not in person.screen.getvalue()


def test_prompts_are_asked_on_the_way(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    script.on_answer = lambda _: ended(script)
    assert talk(api, Person("proceed", "exit"), "a first task here") is ExitCode.DONE
    assert answered(script)["action"] == "proceed"


def test_exit_at_a_prompt_leaves_the_job_waiting(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    person = Person("/exit")
    assert talk(api, person, "a first task here") is ExitCode.WAITING
    assert f"skill-fleet watch {script.job.job_id}" in person.screen.getvalue()


def test_cancel_at_a_prompt_follows_the_job_to_its_end(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    person = Person("/cancel no longer needed", "exit")
    assert talk(api, person, "a first task here") is ExitCode.CANCELLED
    assert script.sent(f"/jobs/{script.job.job_id}/cancel")[0].body == {"reason": "no longer needed"}


def test_the_commands_tell_what_they_are_asked(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    script.on_answer = lambda _: ended(script)
    person = Person("/help", "/status", "/checklist", "/queue", "/edit", "proceed", "exit")
    talk(api, person, "a first task here")
    for words in (
        "/checklist ",
        "Status      pending_hitl",
        "no tests yet",
        "(here)",
        "due -",
        "/edit has no use here",
    ):
        assert words in person.screen.getvalue()


def test_a_command_that_fails_is_told_and_the_question_stands(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    script.on_answer = lambda _: ended(script)
    script.faults[f"/jobs/{script.job.job_id}/cancel"] = [Fault(status=403)]
    person = Person("/cancel because", "proceed", "exit")
    assert talk(api, person, "a first task here") is ExitCode.DONE
    assert "You may not do this." in person.screen.getvalue()


def test_one_more_job_is_queued_and_stayed_with_later(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    script.on_answer = lambda _: ended(script)
    person = Person("/queue a second task here", "proceed", "next", "exit")
    assert talk(api, person, "a first task here") is ExitCode.DONE
    assert tasks(script) == ["a first task here", "a second task here"]
    assert "stay with the next job (1 queued)" in person.screen.getvalue()
    assert person.screen.getvalue().count(f"job {script.job.job_id}") == 1  # only of the one that is stayed with


def test_who_leaves_is_told_of_the_jobs_that_wait_in_the_queue(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    person = Person("/queue a second task here", "/exit")
    talk(api, person, "a first task here")
    assert "queued here go on too: skill-fleet jobs" in person.screen.getvalue()


def test_a_task_can_be_written_in_an_editor(api: Api, script: Script) -> None:
    ended(script)
    person = Person("/edit", "exit")
    Session(person.desk(api, editor="sh -c 'echo write a long task > \"$0\"'"), {}).run(None, None)
    assert tasks(script) == ["write a long task"]


@pytest.mark.parametrize(("leaves", "code"), [("/exit", 0), (EOFError, 130), (KeyboardInterrupt, 130)])
def test_who_leaves_before_the_task_has_started_nothing(
    api: Api, script: Script, leaves: "str | type[BaseException]", code: int
) -> None:
    assert talk(api, Person("/back", leaves)) == code
    assert script.sent("/skills") == []


def test_a_job_that_was_to_be_published_and_is_not_says_so(api: Api, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)

    def then(_: AnswerRequest) -> None:
        ended(script)

    script.on_answer = then
    assert talk(api, Person("proceed", "exit"), "a first task here", promote=True) is ExitCode.FAILED
