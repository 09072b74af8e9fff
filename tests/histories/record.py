"""Records one history per shape of a job: `pytest tests/histories/record.py`. Never writes over an older one.

Run it once when a release is made, with `record_library.py` beside it for the library's workflows and `record_proof.py`
for the experiment. A change that breaks a recorded history needs `workflow.patched`, not a new file. To try it out:
`HISTORIES=/tmp/somewhere pytest tests/histories/record*.py`.
"""

import os
import re
import tomllib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.job import CancelRequest, Origin
from domain.prompt import HitlType
from tests.support import old_rows
from tests.support.fleet import Fleet
from tests.support.provider import FaultKind
from tests.support.provider_models import ChatRequest
from workflows import messages as m
from workflows import promote_messages as pm
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill
from workflows.retention import Retention
from workflows.steps import WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]

FOLDER = Path(os.environ.get("HISTORIES", Path(__file__).parent))
"""Where histories go."""

RELEASE: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
"""Of this checkout: what is installed may be named as the release before."""

FAILS = """\
- id: groups
  prompt: Write the release notes of version 2.
  expectations:
  - {text: it names a group that nobody would guess, check: contains, value: Zanzibar}
"""

BROKEN = "---\nname: no-description\n---\n\n# Nothing\n"


async def keep(fleet: Fleet, name: str, workflow_id: str) -> None:
    """Store a history."""
    file = FOLDER / f"{RELEASE}-{name}.json"
    assert not file.exists(), f"{file.name} is recorded already: histories are never overwritten"
    history = await fleet.client.get_workflow_handle(workflow_id).fetch_history()
    file.write_text(anonymous(history.to_json()) + "\n")


def anonymous(text: str) -> str:
    """A history without the names and paths of the machine that recorded it."""
    text = re.sub(r'"\d+@[^"]+"', '"worker"', text.replace(f"{ROOT}/", ""))
    return re.sub(r"/[^ ]*/(site-packages|lib/python[\d.]+)/", "", text)


async def questions_and_approval(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.CLARIFY)
    await fleet.answer(job_id, HitlType.PREVIEW)


async def three_revisions(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.CLARIFY)
    seen = None
    for feedback in ("Shorter", "More examples in Quick Start", "Name the groups"):
        seen = await fleet.answer(job_id, HitlType.PREVIEW, "revise", after=seen, feedback=feedback)
    await fleet.answer(job_id, HitlType.PREVIEW, after=seen)


async def invalid_then_waived(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.CLARIFY)
    seen = await fleet.answer(job_id, HitlType.PREVIEW, "edit", content=BROKEN)
    await fleet.answer(job_id, HitlType.PREVIEW, after=seen)
    await fleet.answer(job_id, HitlType.VALIDATE, "waive", reason="a try-out")


async def cancelled(fleet: Fleet, job_id: UUID) -> None:
    await fleet.prompt(job_id, HitlType.CLARIFY)
    await fleet.handle(job_id).signal(CreateSkill.cancel, CancelRequest(by="ada", reason="not needed"))


async def cancelled_in_preview(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.CLARIFY)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    await fleet.handle(job_id).signal(CreateSkill.cancel, CancelRequest(by="ada", reason="not now"))


async def problem_and_retry(fleet: Fleet, job_id: UUID) -> None:
    await fleet.parked(job_id)
    await fleet.handle(job_id).signal(CreateSkill.retry, m.RetryRequest(by="ada"))
    await questions_and_approval(fleet, job_id)


async def waiting(fleet: Fleet, job_id: UUID) -> None:
    await fleet.prompt(job_id, HitlType.CLARIFY)


async def deeper_questions(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.CLARIFY, answers=dict.fromkeys(("q1", "q2", "q3"), "As the changelog has it"))
    await fleet.answer(job_id, HitlType.DEEP_UNDERSTANDING)
    await fleet.answer(job_id, HitlType.PREVIEW)


async def structure_fix(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.STRUCTURE_FIX, "accept")
    await fleet.answer(job_id, HitlType.CLARIFY)
    await fleet.answer(job_id, HitlType.PREVIEW)


async def checkpoints(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.CLARIFY)
    seen = await fleet.answer(job_id, HitlType.TDD_RED, "edit", content=FAILS)
    await fleet.answer(job_id, HitlType.TDD_RED, after=seen)
    seen = await fleet.answer(job_id, HitlType.TDD_GREEN, "revise", feedback="Name the groups in Quick Start")
    await fleet.answer(job_id, HitlType.TDD_GREEN, after=seen)
    await fleet.answer(job_id, HitlType.TDD_REFACTOR)
    await fleet.answer(job_id, HitlType.PREVIEW)


async def no_skill_needed(fleet: Fleet, job_id: UUID) -> None:
    await fleet.answer(job_id, HitlType.TDD_RED)
    await fleet.answer(job_id, HitlType.PREVIEW)


async def budget_raised_then_finished(fleet: Fleet, job_id: UUID) -> None:
    seen = await fleet.answer(job_id, HitlType.BUDGET, "raise", answers={"calls": 30})
    preview = await fleet.answer(job_id, HitlType.PREVIEW, "revise", feedback="Shorter")
    for _ in range(20):
        with suppress(TimeoutError):
            await fleet.prompt(job_id, HitlType.BUDGET, after=seen, within=1)
            break
        preview = await fleet.answer(job_id, HitlType.PREVIEW, "revise", after=preview, feedback="Shorter still")
    await fleet.answer(job_id, HitlType.BUDGET, "finish", after=seen)
    await fleet.answer(job_id, HitlType.PREVIEW, after=preview)


def thorough(request: ChatRequest) -> str:
    """An agent that needs no skill: every heading and everything it was asked about."""
    return "## Added\n\n## Fixed\n\n## Breaking\n\n" + request.messages[-1].text


async def reminded_parked_reopened(fleet: Fleet, job_id: UUID) -> None:
    await fleet.parked(job_id)
    await fleet.handle(job_id).signal(CreateSkill.reopen, m.ReopenRequest(by="ada"))
    await questions_and_approval(fleet, job_id)


BRIEF = timedelta(seconds=2)

NEW: dict[str, tuple[Callable[[Fleet, UUID], Awaitable[None]], dict[str, Any]]] = {
    "deeper_questions": (deeper_questions, {}),
    "structure_fix": (structure_fix, {"task": "Create a skill called “Acme Notes!” that writes release notes"}),
    "checkpoints": (checkpoints, {"tdd_checkpoints": True}),
    "no_skill_needed": (no_skill_needed, {"max_questions": 0}),
    "budget_raised_then_finished": (budget_raised_then_finished, {"max_questions": 0, "budget": {"calls": 3}}),
    "reminded_parked_reopened": (
        reminded_parked_reopened,
        {"hitl_timeout": BRIEF, "remind_after": [BRIEF / 4], "escalate_after": BRIEF / 2},
    ),
}

SHAPES: dict[str, Callable[[Fleet, UUID], Awaitable[None]]] = {
    "questions_and_approval": questions_and_approval,
    "three_revisions": three_revisions,
    "invalid_then_waived": invalid_then_waived,
    "cancelled": cancelled,
}


@pytest.mark.parametrize("shape", NEW)
async def test_record_a_job_of_the_second_release(fleet: Fleet, shape: str) -> None:
    if shape == "deeper_questions":
        fleet.provider.when(field="ready").answer(False)
    if shape == "no_skill_needed":
        fleet.provider.when(field="verdict").answer("yes")
        fleet.provider.when(contains="Do the task with what you are given").answer(thorough)
    way, options = NEW[shape]
    job_id = await fleet.start(**options)
    await way(fleet, job_id)
    await fleet.outcome(job_id)
    await keep(fleet, shape, f"create-skill:{job_id}")


async def test_record_a_job_that_goes_on_from_another(fleet: Fleet) -> None:
    first = await fleet.start()
    await cancelled_in_preview(fleet, first)
    await fleet.outcome(first)
    job_id = await fleet.start(origin=Origin(job_id=first, revision=1))
    seen = await fleet.answer(job_id, HitlType.PREVIEW, "revise", feedback="Shorter")
    await fleet.answer(job_id, HitlType.PREVIEW, after=seen)
    await fleet.outcome(job_id)
    await keep(fleet, "from_a_revision", f"create-skill:{job_id}")


@pytest.mark.parametrize("shape", SHAPES)
async def test_record_a_job(fleet: Fleet, shape: str) -> None:
    job_id = await fleet.start()
    await SHAPES[shape](fleet, job_id)
    await fleet.outcome(job_id)
    await keep(fleet, shape, f"create-skill:{job_id}")


async def test_record_a_job_that_met_a_problem(fleet: Fleet) -> None:
    fleet.provider.fail(FaultKind.UNAUTHORIZED, times=1)
    job_id = await fleet.start()
    await problem_and_retry(fleet, job_id)
    await fleet.outcome(job_id)
    await keep(fleet, "problem_and_retry", f"create-skill:{job_id}")


async def test_record_a_job_that_still_waits(fleet: Fleet) -> None:
    job_id = await fleet.start()
    await waiting(fleet, job_id)
    await keep(fleet, "waiting", f"create-skill:{job_id}")


async def test_record_a_parked_confirmation_by_auto_approve(fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True, confirm=True, promote=True)
    await fleet.outcome(job_id)
    await keep(fleet, "auto_approve_and_promote", f"create-skill:{job_id}")
    await keep(fleet, "promoted_as_a_child", f"promote-skill:{job_id}")


async def test_record_a_night_of_retention(fleet: Fleet) -> None:
    await old_rows.full(fleet.database)
    await old_rows.send(fleet.database)
    job_id = await fleet.start(hitl_timeout=BRIEF)
    await fleet.parked(job_id)
    await old_rows.park(fleet.database, job_id)
    await fleet.client.execute_workflow(Retention.run, id="retention", task_queue=WORKFLOWS)
    await keep(fleet, "retention", "retention")


async def test_record_a_promotion_by_a_person(fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True)
    await fleet.outcome(job_id)
    request = pm.PromoteRequest(job_id=job_id, by="ada")
    name = f"promote-skill:{job_id}"
    await fleet.client.execute_workflow(PromoteSkill.run, request, id=name, task_queue=WORKFLOWS)
    await keep(fleet, "promotion", name)
