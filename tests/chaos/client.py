"""A client of the chaos: plays one plan over HTTP, and sends again what the api did not answer, under the same key.

Writes into the ledger what it sent and what it was told. Reads nothing but what the api shows.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid5

import httpx
from pydantic import JsonValue

from domain.prompt import HitlType, PromptAction
from tests.chaos.ledger import ACKNOWLEDGED, Ledger, Sent
from tests.chaos.person import Json, Open, Person
from tests.chaos.plans import End, Plan

PAUSE = 0.15
"""Seconds between two looks at a job."""

AGAIN = 0.3
"""Seconds after which a request that got no answer is sent again."""

PATIENCE = 20.0
"""Seconds for one request; the api gives up its own earlier."""

NAMES = UUID("6c9d0c38-3f0e-4f63-9f36-0d3f3f8d7a10")
"""Namespace of the Idempotency-Keys."""

FINAL = frozenset({"completed", "failed", "cancelled"})
FORESEEN: Mapping[str, frozenset[int]] = {
    "start": frozenset({202}),
    "answer": frozenset({200, 202}),
    "rival": frozenset({200, 202, 409}),
    "beside a cancel": frozenset({200, 202, 409, 410}),
    "cancel": frozenset({200, 202}),
    "retry": frozenset({202, 409, 410}),
    "reopen": frozenset({202, 409}),
    "promote": frozenset({200, 202}),
}
"""What may be told to each kind of request; anything else is a fault of the product or of the plan."""


@dataclass
class Notes:
    """What the clients of one seed have to say beside the ledger."""

    reached: list[tuple[datetime, datetime]] = field(default_factory=list)
    """When requests that were answered began, and when they were answered."""
    surprises: list[str] = field(default_factory=list)
    unanswered: int = 0
    retries: int = 0


@dataclass
class Client:
    """One job's person and program. `where` says what it is doing, for whoever finds it stuck."""

    http: httpx.AsyncClient
    plan: Plan
    ledger: Ledger
    notes: Notes
    run: str
    """Makes the keys of this run: the same seed may be played again on the same stack."""
    job: UUID | None = None
    where: str = "not started"
    answered: int = 0
    cancelling: bool = False
    keys: int = 0

    def __post_init__(self) -> None:
        """Think of nothing yet."""
        self.person = Person(self.plan)
        self.last = ""

    async def play(self) -> None:
        """From the request to the end that was planned."""
        self.where = "starting"
        body: Json = {"task_description": self.plan.task, "options": self.plan.options}
        told = await self._post("start", "/skills", body)
        self.job = UUID(str(told["job_id"]))
        while (view := await self._look())["status"] not in FINAL:
            self.where = f"{view['status']} in {view['current_phase']}, asked {view['hitl_type']}"
            if view["error"] is not None and view["parked_at"] is not None:
                await self._retry()
            elif view["hitl_type"] is not None and not self.cancelling:
                await self._prompt()
            await asyncio.sleep(PAUSE)
        if view["status"] == "completed" and self.plan.end is End.PUBLISHED:
            await self._publish()
        self.where = "done"

    async def _look(self) -> Json:
        return await self._get(f"/jobs/{self.job}/status")

    async def _retry(self) -> None:
        self.notes.retries += 1
        await self._post("retry", f"/jobs/{self.job}/retry", {})

    async def _publish(self) -> None:
        self.where = "promoting"
        while not (await self._get(f"/jobs/{self.job}"))["promoted"]:
            await self._post("promote", f"/drafts/{self.job}/promote", {})
            await asyncio.sleep(PAUSE)

    async def _prompt(self) -> None:
        """Deal with the open prompt, if it is a new one."""
        shown = await self._get(f"/hitl/{self.job}/prompt")
        if shown["hitl_type"] is None or shown["interaction_id"] == self.last:
            return
        if self.plan.parks and not self.last and not await self._parked():
            return
        self.last = str(shown["interaction_id"])
        data = shown["prompt_data"]
        assert isinstance(data, dict)
        result = (await self._look())["result"]
        name = str(result.get("skill_name")) if isinstance(result, dict) else ""
        prompt = Open(self.last, HitlType(str(shown["hitl_type"])), int(str(shown["round_number"])), data, name)
        self.where = f"answering {prompt.kind} {prompt.round}"
        await asyncio.sleep(self.plan.chance("thinks", prompt.kind, prompt.round).uniform(0, 0.3))
        await self._answer(prompt)

    async def _parked(self) -> bool:
        """Wait until the first prompt is parked, then ask for it again; False when there is something else to do."""
        while (view := await self._look())["parked_at"] is None:
            if view["status"] in FINAL or view["hitl_type"] is None:
                return False
            await asyncio.sleep(PAUSE)
        if view["error"] is not None:
            return False
        await self._post("reopen", f"/jobs/{self.job}/reopen", {})
        return True

    async def _answer(self, prompt: Open) -> None:
        """Answer it; cancel instead, or right after, if that is the plan."""
        if self.plan.end is End.CANCELLED and self.plan.cancelled != "working":
            self.cancelling = True
            if self.plan.cancelled == "answer":
                await self._send(prompt, {"action": PromptAction.CANCEL}, "answer")
            else:
                await self._cancel()
            return
        given = self.person.answer(prompt)
        chance = self.plan.chance("company", prompt.kind, prompt.round).random()
        if chance < 0.15:
            await asyncio.gather(self._send(prompt, given, "rival"), self._send(prompt, given, "rival", "a-rival"))
        elif chance < 0.35:
            entry, body = self._entered(prompt, given, self.plan.owner)
            await asyncio.gather(*(self._say(entry, body, "answer") for _ in range(2)))
        else:
            await self._send(prompt, given, "answer")
        self.answered += 1
        if self.plan.end is End.CANCELLED:
            self.cancelling = True
            await asyncio.sleep(self.plan.chance("cancel").uniform(0, 1.5))
            await self._cancel()

    async def _cancel(self) -> None:
        await self._post("cancel", f"/jobs/{self.job}/cancel", {"reason": "as planned"})

    async def _send(self, prompt: Open, given: Json, kind: str, person: str | None = None) -> None:
        entry, body = self._entered(prompt, given, person or self.plan.owner)
        await self._say(entry, body, kind)

    def _entered(self, prompt: Open, given: Json, person: str) -> tuple[Sent, Json]:
        """The answer as it is sent; whatever is done, its marker is in its words."""
        assert self.job is not None
        entry = self.ledger.send(self.job, UUID(prompt.interaction_id), person, "http")
        words = f"Add more examples to the Quick Start section ({entry.marker})"
        return entry, {"interaction_id": prompt.interaction_id, **given, "feedback": words, "reason": words}

    async def _say(self, entry: Sent, body: Json, kind: str) -> None:
        response = await self._told("POST", f"/hitl/{entry.job}/response", body, entry.person)
        entry.codes.append(response.status_code)
        self._foreseen(kind, response)

    async def _get(self, path: str) -> Json:
        response = await self._told("GET", path, None, self.plan.owner)
        found: Json = response.json()
        if response.status_code != 200:
            raise RuntimeError(f"GET {path} said {response.status_code}: {response.text[:300]}")
        return found

    async def _post(self, kind: str, path: str, body: Json) -> Json:
        response = await self._told("POST", path, body, self.plan.owner)
        self._foreseen(kind, response)
        found: Json = response.json()
        return found

    def _foreseen(self, kind: str, response: httpx.Response) -> None:
        if response.status_code not in FORESEEN[kind]:
            said = f"{response.status_code} {response.text[:300]}"
            self.notes.surprises.append(f"job {self.job}: {kind} was told {said}")

    async def _told(self, method: str, path: str, body: JsonValue, person: str) -> httpx.Response:
        """The answer that is not "later", whatever it takes; each request has one key, however often it is sent."""
        self.keys += 1
        headers = {"X-User-Id": person}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid5(NAMES, f"{self.run}/{self.plan.number}/{self.keys}"))
        while True:
            began = datetime.now(UTC)
            try:
                response = await self.http.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                self.notes.unanswered += 1
            else:
                if response.status_code < 500 and "Retry-After" not in response.headers:
                    self.notes.reached.append((began, datetime.now(UTC)))
                    return response
                self.notes.unanswered += 1
            await asyncio.sleep(AGAIN)


def acknowledged(sent: list[Sent]) -> int:
    """How many answers stand, as far as their senders were told."""
    return sum(not ACKNOWLEDGED.isdisjoint(entry.codes) for entry in sent)
