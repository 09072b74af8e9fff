"""The next command for every state, and numbers in words."""

from uuid import UUID

import pytest

from cli.exits import ExitCode, exit_code_of
from cli.overview import cost, evidence, is_small, next_step, overview
from domain.evaluation import Evidence
from domain.job import JobStatus, JobStatusView, JobView, Usage
from domain.prompt import HitlType
from tests.cli.scripted_api import NOW

JOB = UUID(int=7)


@pytest.mark.parametrize(
    ("facts", "command", "code"),
    [
        ({"status": JobStatus.RUNNING}, "watch", ExitCode.DONE),
        ({"status": JobStatus.PENDING}, "watch", ExitCode.DONE),
        ({"status": JobStatus.PENDING_HITL, "hitl_type": HitlType.CLARIFY}, "answer", ExitCode.WAITING),
        (
            {"status": JobStatus.PENDING_HITL, "hitl_type": HitlType.CLARIFY, "parked_at": NOW},
            "answer",
            ExitCode.WAITING,
        ),
        ({"status": JobStatus.RUNNING, "error": "no key", "parked_at": NOW}, "retry", ExitCode.WAITING),
        ({"status": JobStatus.FAILED, "error": "x", "parked_at": NOW}, "create", ExitCode.JOB_FAILED),
        ({"status": JobStatus.COMPLETED}, "promote", ExitCode.DONE),
        ({"status": JobStatus.CANCELLED}, "create", ExitCode.CANCELLED),
    ],
)
def test_each_state_has_its_next_command_and_code(facts: dict[str, object], command: str, code: ExitCode) -> None:
    view = JobStatusView.model_validate({"job_id": JOB, **facts})
    assert next_step(view).startswith(f"skill-fleet {command}")
    assert exit_code_of(view) is code


def test_a_published_skill_is_in_the_library() -> None:
    view = JobStatusView(job_id=JOB, status=JobStatus.COMPLETED)
    assert next_step(view, promoted=True) == "skill-fleet skills"


def test_evidence_is_told_in_percent_or_as_pending() -> None:
    measured = Evidence(status="pending", with_=1.0, without=0.5, n=2, note="Low confidence.")
    assert evidence(measured) == "with 100%, without 50% (+50 points, 2 cases, more runs pending) Low confidence."
    assert evidence(Evidence(status="pending")) == "pending"


def test_evidence_says_how_sure_it_is_and_what_it_lacks() -> None:
    found = Evidence(
        status="measured",
        with_=0.9,
        without=0.4,
        delta=0.5,
        n=3,
        interval=(-0.2, 0.8),
        recall=0.7,
        precision=0.95,
        note="Read this.",
        lacking=["too few cases", "found too seldom"],
    )
    assert evidence(found) == (
        "with 90%, without 40% (+50 points [95%: -20 to +80], 3 cases), recall 70%, precision 95% Read this.; "
        "lacks: too few cases; found too seldom"
    )
    pending = Evidence(status="pending", lacking=["the evidence is pending"])
    assert evidence(pending) == "pending", "what is pending lacks everything"


def test_money_is_told_only_when_it_is_known() -> None:
    assert "USD" not in cost(Usage(calls=1))
    assert cost(Usage(calls=1, usd=0.5)).endswith("0.5000 USD")


def test_the_small_model_is_known_by_its_name() -> None:
    assert is_small(["openai/gpt-5", "local/qwen2.5-coder-1.5b-instruct-q4_k_m"])
    assert not is_small(["openai/qwen2.5-coder-32b"])


def test_the_workflow_is_named_where_it_can_be_looked_at() -> None:
    view = JobView(job_id=JOB, status=JobStatus.RUNNING, user_id="ada", task_description="Write notes")
    assert not any(line.startswith("Workflow") for line in overview(view))
    shown = overview(view.model_copy(update={"workflow_url": "http://ui/namespaces/default/workflows/x"}))
    assert "Workflow    http://ui/namespaces/default/workflows/x" in shown
