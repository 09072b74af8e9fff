"""Many jobs at once on a running stack, started, watched and answered over HTTP as people's programs do it.

Reads the database only for times that no route tells. Must not start or end processes.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import LiteralString, TypeVar

import httpx
import psycopg
from psycopg.rows import scalar_row

from deploy.stack_file import Stack
from domain.job import JobStatus
from tests.support.terminal import Terminal

TASK = "Write release notes for product {} from merged pull requests, grouped into Added, Fixed and Breaking"
REQUESTS = 16
"""Requests in flight at once: more would only wait for each other."""

STALLED = 900.0
"""Seconds in which nothing more was counted, after which a wait is given up: jobs that run side by side also end side
by side, late and together."""

LATER = (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS)

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Asked:
    """A prompt that waits, with the answer it will get."""

    job: str
    interaction: str
    body: dict[str, object]


@dataclass
class Crowd:
    """The jobs of one run. `later`: how often a request was told to come later; `refused`: what else was not taken."""

    terminal: Terminal
    http: httpx.AsyncClient
    jobs: list[str] = field(default_factory=list)
    later: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def stack(self) -> Stack:
        """Where the parts are now; a part that was started again has another pid."""
        return self.terminal.stack

    async def start(self, count: int, **options: object) -> float:
        """Start so many jobs; returns the seconds it took."""
        began = time.monotonic()
        bodies: list[dict[str, object]] = [
            {"task_description": TASK.format(len(self.jobs) + n), "options": options} for n in range(count)
        ]
        for view in await at_once(bodies, lambda body: self.post("/skills", body), "started"):
            self.jobs.append(str(view["job_id"]))
        return time.monotonic() - began

    async def until(self, status: JobStatus, count: int) -> float:
        """Seconds until so many jobs have this status. Raises TimeoutError when nothing moves any more."""

        async def so_many() -> int:
            return (await self.by_status())[status]

        return await self.until_all(count, so_many, f"are {status}")

    async def until_all(self, count: int, so_many: Callable[[], Awaitable[int]], what: str) -> float:
        """Seconds until there are so many. Raises TimeoutError when nothing moves any more."""
        began = moved = time.monotonic()
        before = -1
        while (now := await so_many()) < count:
            if now != before:
                before, moved = now, time.monotonic()
            if time.monotonic() - moved > STALLED:
                raise TimeoutError(f"only {now} of {count} {what}; by status: {await self.by_status()}")
            say(f"{now} of {count} {what}")
            await asyncio.sleep(0.5)
        return time.monotonic() - began

    async def by_status(self) -> dict[JobStatus, int]:
        """How many jobs have each status, as an operator reads it."""
        text = (await self._patiently("GET", self.stack.api_url + "/metrics")).text
        lines = (line.removeprefix('skill_fleet_jobs{status="') for line in text.splitlines())
        told = dict(line.split('"} ', 1) for line in lines if '"} ' in line)
        return {status: int(float(told.get(status, 0))) for status in JobStatus}

    async def asked(self, jobs: Sequence[str]) -> list[Asked]:
        """The open prompts of these jobs, with "you decide" for every question."""
        return await at_once(jobs, self._asked, "read")

    async def answer(self, asked: Sequence[Asked]) -> list[float]:
        """Answer all at once; seconds from sending to being told, one each."""
        return await at_once(asked, self.answer_one, "answered")

    async def answer_one(self, asked: Asked) -> float:
        """Answer one prompt; seconds from sending to being told."""
        began = time.monotonic()
        await self.post(f"/hitl/{asked.job}/response", asked.body)
        return time.monotonic() - began

    async def post(self, address: str, body: dict[str, object]) -> dict[str, object]:
        """The answer to a request, sent again as long as it is told to come later. Raises HTTPStatusError."""
        response = await self._patiently("POST", f"{self.stack.api_url}/api/v1{address}", body)
        found: dict[str, object] = response.json()
        return found

    async def taken_up(self, asked: Sequence[Asked]) -> list[float]:
        """Of the answers that their jobs have gone on with: seconds from the claim to that, one each."""
        return await self._times(
            "SELECT extract(epoch FROM applied_at - responded_at)::float8 FROM hitl_interactions "
            "WHERE interaction_id = ANY(%s::uuid[]) AND applied_at IS NOT NULL",
            asked,
        )

    async def asked_again(self, asked: Sequence[Asked]) -> list[float]:
        """Of the answers after which the job has asked the next question: seconds from the claim to that, one each."""
        return await self._times(
            "SELECT extract(epoch FROM min(n.created_at) - h.responded_at)::float8 FROM hitl_interactions h "
            "JOIN hitl_interactions n ON n.job_id = h.job_id AND n.created_at > h.responded_at "
            "WHERE h.interaction_id = ANY(%s::uuid[]) GROUP BY h.interaction_id, h.responded_at",
            asked,
        )

    async def _times(self, query: LiteralString, asked: Sequence[Asked]) -> list[float]:
        ids = [one.interaction for one in asked]
        async with await psycopg.AsyncConnection.connect(self.stack.database_url) as connection:
            cursor = connection.cursor(row_factory=scalar_row)
            return [float(row) async for row in await cursor.execute(query, (ids,))]

    async def database_bytes(self) -> int:
        """Size of our database."""
        async with await psycopg.AsyncConnection.connect(self.stack.database_url) as connection:
            cursor = connection.cursor(row_factory=scalar_row)
            found = await (await cursor.execute("SELECT pg_database_size(current_database())")).fetchone()
            return int(found or 0)

    async def _asked(self, job: str) -> Asked:
        url = f"{self.stack.api_url}/api/v1/hitl/{job}/prompt"
        prompt = (await self._patiently("GET", url)).json()
        answers = {question["id"]: "you decide" for question in prompt["prompt_data"]["questions"]}
        interaction = str(prompt["interaction_id"])
        return Asked(job, interaction, {"interaction_id": interaction, "action": "proceed", "answers": answers})

    async def _patiently(self, method: str, url: str, body: dict[str, object] | None = None) -> httpx.Response:
        while (response := await self.http.request(method, url, json=body)).status_code in LATER:
            self.later += 1
            await asyncio.sleep(float(response.headers.get("Retry-After", 1)))
        if response.is_error:
            self.refused.append(f"{method} {url}: {response.status_code} {response.text[:200]}")
        return response.raise_for_status()


async def at_once(given: Iterable[Given], work: Callable[[Given], Awaitable[Made]], done: str) -> list[Made]:
    """Do the work for all, a bounded number at a time, saying how far it is."""
    places, all_given, count = asyncio.Semaphore(REQUESTS), list(given), 0

    async def one(item: Given) -> Made:
        nonlocal count
        async with places:
            made = await work(item)
        count += 1
        say(f"{count} of {len(all_given)} {done}")
        return made

    return list(await asyncio.gather(*(one(item) for item in all_given)))


class _Voice:
    """Says at most one thing in ten seconds, so that a long run shows that it lives; `now` says it in any case."""

    def __init__(self) -> None:
        self.said = time.monotonic()

    def __call__(self, words: str) -> None:
        if time.monotonic() - self.said > 10:
            self.said = time.monotonic()
            self.now(f"  … {words}")

    def now(self, words: str) -> None:
        """Say it."""
        sys.stderr.write(f"{words}\n")


say = _Voice()
