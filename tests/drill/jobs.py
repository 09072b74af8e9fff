"""The jobs of the drill: how each comes to wait at its kind of prompt, and how it is answered to its end, over HTTP."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from uuid import UUID

import httpx
from pydantic import BaseModel, JsonValue

from domain.job import JobStatus
from domain.prompt import HitlType
from tests.support.fleet import TASK
from tests.support.provider import Provider

STUCK = 180.0
"""Seconds in which every prompt and every end must come."""
AGENT = "Do the task with what you are given"
"""Words of the prompt that the agent under test gets."""
DEEPER = "and ask me everything"
"""Words of the jobs whose first answers are not enough."""
BROKEN = "---\nname: no-description\n---\n\n# Nothing\n"
OUTRIGHT: dict[str, JsonValue] = {"max_questions": 0}
STEPWISE: dict[str, JsonValue] = OUTRIGHT | {"tdd_checkpoints": True}
OPTIONS: dict[HitlType, dict[str, JsonValue]] = {
    HitlType.CLARIFY: {},
    HitlType.DEEP_UNDERSTANDING: {},
    HitlType.STRUCTURE_FIX: {},
    HitlType.CONFIRM: OUTRIGHT | {"confirm": True},
    HitlType.TDD_RED: STEPWISE,
    HitlType.TDD_GREEN: STEPWISE,
    HitlType.TDD_REFACTOR: STEPWISE,
    HitlType.PREVIEW: OUTRIGHT,
    HitlType.VALIDATE: OUTRIGHT,
    HitlType.BUDGET: OUTRIGHT | {"budget": {"calls": 3}},
}
"""What a job is started with, so that it comes to each kind of prompt."""
TASKS = {
    HitlType.STRUCTURE_FIX: "Create a skill called “Acme Notes!” that writes release notes",
    HitlType.DEEP_UNDERSTANDING: f"{TASK}, {DEEPER}",
}
ACTIONS: dict[HitlType, dict[str, JsonValue]] = {
    HitlType.STRUCTURE_FIX: {"action": "accept"},
    HitlType.VALIDATE: {"action": "waive", "reason": "a drill"},
    HitlType.BUDGET: {"action": "raise", "answers": {"calls": 1000}},
}
"""How a prompt is answered so that the job goes on; the others: proceed."""


class Prompt(BaseModel):
    """What `GET /hitl/{job}/prompt` says."""

    status: JobStatus
    hitl_type: HitlType | None = None
    interaction_id: UUID | None = None
    prompt_data: dict[str, JsonValue] | None = None


@dataclass
class DrillJob:
    """One job: where it shall wait, and which prompts were answered."""

    kind: HitlType
    id: str = ""
    answered: list[UUID] = field(default_factory=list)
    status: JobStatus = JobStatus.PENDING


def prepare(provider: Provider) -> None:
    """Make the stand-in lead jobs where they shall wait."""
    provider.when(contains=AGENT).answer("Done.")
    provider.when(contains=DEEPER, field="ready").answer(False)


def planned(count: int) -> list[DrillJob]:
    """So many jobs, spread evenly over all kinds of prompts."""
    return [DrillJob(kind) for kind in islice(cycle(OPTIONS), count)]


class People:
    """Whoever starts the jobs and answers them, at the api."""

    def __init__(self, api: httpx.AsyncClient) -> None:
        self._api = api

    async def bring(self, job: DrillJob) -> None:
        """Start a job and answer until it waits at its kind of prompt. TimeoutError when it never does."""
        body = {"task_description": TASKS.get(job.kind, TASK), "options": OPTIONS[job.kind]}
        response = await self._api.post("/api/v1/skills", json=body)
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        job.id = response.json()["job_id"]
        async with asyncio.timeout(STUCK):
            while (prompt := await self._next(job)).hitl_type is not job.kind:
                assert not prompt.status.final, f"{job.kind}: {prompt.status} before it was asked"
                broken = job.kind is HitlType.VALIDATE and not job.answered
                await self._answer(job, prompt, {"action": "edit", "content": BROKEN} if broken else {})

    async def finish(self, job: DrillJob) -> None:
        """Answer until the job has ended. TimeoutError when it never does."""
        async with asyncio.timeout(STUCK):
            while not (prompt := await self._next(job)).status.final:
                await self._answer(job, prompt, {})
        job.status = prompt.status

    async def _next(self, job: DrillJob) -> Prompt:
        """A prompt that was not answered yet, or the end."""
        while True:
            response = await self._api.get(f"/api/v1/hitl/{job.id}/prompt")
            if response.status_code == httpx.codes.OK:
                prompt = Prompt.model_validate(response.json())
                fresh = prompt.interaction_id is not None and prompt.interaction_id not in job.answered
                if fresh or prompt.status.final:
                    return prompt
            await asyncio.sleep(0.1)

    async def _answer(self, job: DrillJob, prompt: Prompt, answer: Mapping[str, JsonValue]) -> None:
        assert prompt.hitl_type is not None and prompt.interaction_id is not None
        given = {"action": "proceed", **decided(prompt), **ACTIONS.get(prompt.hitl_type, {}), **answer}
        body = {"interaction_id": str(prompt.interaction_id), **given}
        response = await self._api.post(f"/api/v1/hitl/{job.id}/response", json=body)
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        job.answered.append(prompt.interaction_id)


def decided(prompt: Prompt) -> dict[str, JsonValue]:
    """Answers to questions, if it asks any."""
    questions = (prompt.prompt_data or {}).get("questions")
    assert questions is None or isinstance(questions, list)
    ids = [str(question["id"]) for question in questions or [] if isinstance(question, dict)]
    return {"answers": dict.fromkeys(ids, "As the changelog has it")} if ids else {}
