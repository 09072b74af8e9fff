"""One scene: a prompt is open, and several people (and machines) do things to it that good manners forbid."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import httpx
from temporalio.service import RPCError

from activities.people import prompt_key
from domain.prompt import AnswerSignal, HitlType
from store.tables import HitlInteraction
from tests.chaos.ledger import Sent
from tests.chaos.world import World
from workflows.create_skill import CreateSkill

TRIES = 60
"""How often a client sends again what was answered "later"; far more than it ever needs."""


@dataclass
class Scene:
    """An open prompt, and whoever comes."""

    world: World
    rng: Random
    job: UUID
    prompt: HitlInteraction
    last: bool
    """Nobody asks for another round any more."""
    others: list[UUID]
    """Prompts of other jobs, and earlier ones of this job."""
    sent: list[tuple[Sent, dict[str, object]]] = field(default_factory=list)

    async def play(self) -> None:
        """Let everybody act at once; then make sure that somebody has answered."""
        self.world.ledger.scenes += 1
        acts = [
            self.answers, self.answers, self.answers, self.answers_twice, self.thinks_again, self.sends_nonsense,
            self.is_late, self.is_early, self.takes_the_wrong_job, self.keeps_a_draft, self.signals, self.knocks,
            self.dies, self.answers_without_temporal, self.hesitates,
        ]  # fmt: skip
        chosen = [self.rng.choice(acts) for _ in range(self.rng.randint(1, 4))]
        if self.rng.random() < 0.02:
            chosen.append(self.cancels)
        await asyncio.gather(*(self._at_some_time(act) for act in chosen))
        now = await self.world.watch.next(self.job)
        if now is not None and now.prompt is not None and now.prompt.interaction_id == self.prompt.interaction_id:
            await self.answers()

    async def answers(self) -> None:
        """A good answer."""
        await self._post(*self._good())

    async def answers_twice(self) -> None:
        """The same good answer, twice at once, under one key or none."""
        entry, body = self._good()
        headers = {"Idempotency-Key": str(uuid4())} if self.rng.random() < 0.5 else {}
        await asyncio.gather(*(self._post(entry, body, headers=headers) for _ in range(2)))

    async def thinks_again(self) -> None:
        """A good answer, and another one of the same person."""
        first, body = self._good()
        second, other = self._good(first.person)
        await asyncio.gather(self._post(first, body), self._post(second, other))

    async def sends_nonsense(self) -> None:
        """An answer that fits no prompt."""
        entry = self._enter(self.prompt.interaction_id)
        await self._post(entry, {**self._body(entry, "revise"), "action": "waive", "reason": entry.marker})

    async def is_late(self) -> None:
        """An answer to a prompt that is closed, or another job's."""
        target = self.rng.choice(self.others or [uuid4()])
        entry = self._enter(target)
        await self._post(entry, self._body(entry, "revise"))

    async def is_early(self) -> None:
        """An answer to the next round."""
        kind = HitlType(self.prompt.interaction_type)
        entry = self._enter(prompt_key(self.job, kind, self.prompt.round_number + 1))
        await self._post(entry, self._body(entry, "proceed" if self.last else "revise"))

    async def takes_the_wrong_job(self) -> None:
        """An answer to a prompt that nobody has."""
        entry = self._enter(uuid4())
        await self._post(entry, self._body(entry, "proceed"))

    async def keeps_a_draft(self) -> None:
        """Saves what was begun."""
        address = f"/api/v1/hitl/{self.job}/draft?interaction_id={self.prompt.interaction_id}"
        await self.world.api.patch(address, json={"feedback": "begun"}, headers={"X-User-Id": self._person()})

    async def signals(self) -> None:
        """A whole answer from the Temporal Web UI, sometimes twice."""
        entry, body = self._good(way="signal")
        signal = AnswerSignal.model_validate({**body, "responded_by": entry.person})
        for _ in range(self.rng.randint(1, 2)):
            await self._signal(signal)

    async def knocks(self) -> None:
        """The api's signal, delivered when nothing was claimed, or once more."""
        await self._signal(AnswerSignal(interaction_id=self.prompt.interaction_id))

    async def dies(self) -> None:
        """The api dies somewhere between the first byte and the last; the sender may come back."""
        entry, body = self._good()
        api = self.world.cut_off if self.rng.random() < 0.3 else self.world.api
        request = asyncio.create_task(self._post(entry, body, api=api))
        await asyncio.wait({request}, timeout=self.rng.uniform(0, 0.03))
        if not request.done():
            request.cancel()
            self.world.ledger.troubles["requests that died"] += 1
        await asyncio.gather(request, return_exceptions=True)
        if self.rng.random() < 0.5:
            await self._post(entry, body)

    async def answers_without_temporal(self) -> None:
        """A good answer to an api that cannot see Temporal."""
        await self._post(*self._good(), api=self.world.cut_off)

    async def hesitates(self) -> None:
        """Answers when the prompt of an impatient job is parked, and asked again."""
        if self.rng.random() < 0.3:
            await asyncio.sleep(self.rng.uniform(2.8, 3.6))
            headers = {"Idempotency-Key": str(uuid4())}
            await self._until_told(self.world.api, f"/api/v1/jobs/{self.job}/reopen", {}, headers)
        await self._post(*self._good())

    async def cancels(self) -> None:
        """Ends the job in the middle of it all."""
        headers = {"Idempotency-Key": str(uuid4())}
        await self._until_told(self.world.api, f"/api/v1/jobs/{self.job}/cancel", {"reason": "chaos"}, headers)

    async def _at_some_time(self, act: Callable[[], Awaitable[None]]) -> None:
        if self.rng.random() < 0.5:
            await asyncio.sleep(self.rng.uniform(0, 0.05))
        await act()

    def _person(self) -> str:
        return f"person-{self.rng.randint(1, 5)}"

    def _enter(self, prompt: UUID, person: str | None = None) -> Sent:
        return self.world.ledger.send(self.job, prompt, person or self._person(), "http")

    def _good(self, person: str | None = None, way: str = "http") -> tuple[Sent, dict[str, object]]:
        entry = self._enter(self.prompt.interaction_id, person)
        entry.way = "signal" if way == "signal" else "http"
        ends = self.last or self.prompt.interaction_type == HitlType.CLARIFY or self.rng.random() < 0.08
        return entry, self._body(entry, "proceed" if ends else "revise")

    def _body(self, entry: Sent, action: str) -> dict[str, object]:
        body: dict[str, object] = {"interaction_id": str(entry.prompt), "action": action, "feedback": entry.marker}
        if self.prompt.interaction_type == HitlType.CLARIFY:
            body |= {"action": "proceed", "answers": {"who": entry.marker, "tone": "dry"}}
        return body

    async def _post(
        self,
        entry: Sent,
        body: dict[str, object],
        *,
        api: httpx.AsyncClient | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        told = {"X-User-Id": entry.person, **(headers or {})}
        address = f"/api/v1/hitl/{entry.job}/response"
        entry.codes.append(await self._until_told(api or self.world.api, address, body, told))

    async def _until_told(
        self, api: httpx.AsyncClient, address: str, body: dict[str, object], headers: dict[str, str]
    ) -> int:
        """The status that is not "later"."""
        for _ in range(TRIES):
            response = await api.post(address, json=body, headers=headers)
            if response.status_code < 500 and "Retry-After" not in response.headers:
                return response.status_code
            self.world.ledger.troubles["told to come later"] += 1
            await asyncio.sleep(0.05)
        return response.status_code

    async def _signal(self, signal: AnswerSignal) -> None:
        try:
            await self.world.handle(self.job).signal(CreateSkill.answer, signal)
        except RPCError:
            self.world.ledger.troubles["signals to ended jobs"] += 1
