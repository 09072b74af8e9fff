"""What the Temporal Web UI shows of a job: how to answer, ready to be pasted into a shell; foreign words stay words."""

import json
import re
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.answering.answers import LEGAL, check
from domain.job import JobStatus, Phase
from domain.prompt import AnswerSignal, HitlType, Question
from tests.support.prompts import shown
from workflows import messages as m
from workflows.details import describe

DUE = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
QUESTIONS = {
    HitlType.CLARIFY: [Question(id="q1", text="Which data?"), Question(id="q2", text="Which tone?")],
    HitlType.DEEP_UNDERSTANDING: [Question(id="q2_1", text="Which limits?")],
}
"""As the author numbers them: the first round, and the first deeper one."""


@dataclass
class Standing:
    """A job as far as it is shown."""

    id: UUID = field(default_factory=uuid4)
    status: JobStatus = JobStatus.RUNNING
    phase: Phase | None = Phase.PREVIEW
    open_prompt: m.Prompt | None = None
    open_id: UUID | None = None
    problem: str = ""
    draft: m.Draft = field(default_factory=m.Draft)
    spent: m.Spent = field(default_factory=m.Spent)

    @property
    def workflow_id(self) -> str:
        return f"create-skill:{self.id}"

    @workflow_id.setter
    def workflow_id(self, _: str) -> None:
        raise AssertionError


def asking(kind: HitlType, **given: object) -> Standing:
    standing = Standing(status=JobStatus.PENDING_HITL, open_id=uuid4())
    questions = len(QUESTIONS.get(kind, []))
    standing.open_prompt = m.Prompt(job_id=standing.id, kind=kind, round=1, timeout=DUE, questions=questions)
    for name, value in given.items():
        setattr(standing, name, value)
    return standing


def command(shown: str) -> list[str]:
    """The words of the command that is shown, as a shell reads them."""
    block = re.search(r"```shell\n(.*?)\n```", shown, re.DOTALL)
    assert block is not None
    return shlex.split(block[1].replace("\\\n", " "))


@pytest.mark.parametrize("kind", LEGAL)
def test_the_command_that_is_shown_is_a_legal_answer_to_the_open_prompt(kind: HitlType) -> None:
    job = asking(kind)
    words = command(describe(job))
    assert words[:3] == ["temporal", "workflow", "signal"]
    assert dict(zip(words[3:7:2], words[4:8:2], strict=True)) == {
        "--workflow-id": f"create-skill:{job.id}",
        "--name": "answer",
    }
    signal = AnswerSignal.model_validate(json.loads(words[words.index("--input") + 1]))
    assert signal.interaction_id == job.open_id
    check(kind, shown(kind, questions=QUESTIONS.get(kind, [])).model_dump(mode="json"), signal)


@pytest.mark.parametrize("kind", LEGAL)
def test_every_legal_action_is_named(kind: HitlType) -> None:
    shown = describe(asking(kind))
    assert all(f'"{action}"' in shown or f"`{action}`" in shown for action in LEGAL[kind])


def test_a_parked_job_shows_how_to_go_on() -> None:
    job = Standing(problem="The provider refused the key (401).")
    shown = describe(job)
    assert "The provider refused the key (401)." in shown
    words = command(shown)
    assert words[words.index("--name") + 1] == "retry"
    m.RetryRequest.model_validate_json(words[words.index("--input") + 1])


def test_a_refused_answer_is_told_beside_its_prompt() -> None:
    shown = describe(asking(HitlType.CLARIFY, problem="Not answered yet: Which tone?"))
    assert shown.index("Not answered yet") < shown.index("Waiting for a person")
    assert "retry" not in shown


def test_an_ended_job_asks_for_nothing() -> None:
    shown = describe(asking(HitlType.CLARIFY, status=JobStatus.CANCELLED, problem="The provider refused the key."))
    assert "Waiting" not in shown and "temporal workflow" not in shown


def test_words_of_others_stay_words() -> None:
    shown = describe(Standing(problem="`![x](http://127.0.0.1:9)`\n\n# <b>big</b>"))
    assert "> `'![x](http://127.0.0.1:9)' # <b>big</b>`" in shown


def test_revision_evidence_and_spend_are_told() -> None:
    draft = m.Draft(path="writing/notes", revision=2, latest=2, cases=3, passed_without=1)
    shown = describe(Standing(draft=draft, spent=m.Spent(calls=4, tokens=900)))
    assert "Skill `writing/notes`, revision 2" in shown
    assert "without the skill: 1 of 3; with it: not measured yet" in shown
    assert "4 model calls, 900 tokens" in shown
    draft.passed_with = 3
    assert "with it: 3 of 3" in describe(Standing(draft=draft))
