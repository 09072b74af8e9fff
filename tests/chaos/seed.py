"""One seed on a running stack: its jobs are played, its faults happen, then the books are balanced."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
from pydantic import JsonValue
from temporalio.service import RPCError

from tests.chaos import books, payments
from tests.chaos.books import Books
from tests.chaos.client import FINAL, PATIENCE, Client, Notes, acknowledged
from tests.chaos.faults import Saboteur, Struck
from tests.chaos.histories import handed_out
from tests.chaos.ledger import Ledger
from tests.chaos.payments import Payments, Window
from tests.chaos.plans import plans
from tests.chaos.reading import Reader
from tests.chaos.recovery import Moments
from tests.support.provider import SpawnedProvider
from tests.support.terminal import Terminal

AGENT = "Do the task with what you are given"
"""Words of the prompt that the agent under test gets."""
FASTEST, SLOWEST = 0.05, 0.5
"""Seconds of one model call when nothing is wrong with the provider."""
LAST = 5.0
"""Seconds that the last faults of the provider get to be met by a call."""
STUCK = 180.0
"""Seconds after which a seed's jobs must have ended. A step that failed seven times is tried again after 60."""
DELIVERED = 20.0
"""Seconds in which every answer must have been noted as delivered; the api looks every two."""
ENDS = 25.0
"""Seconds that a stuck job gets to be cancelled before its workflow is terminated."""


@dataclass
class Result:
    """What came of one seed."""

    seed: int
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    struck: list[Struck] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    """Plans and faults in order, for whoever looks into it."""
    moments: Moments | None = None


@dataclass(frozen=True)
class Stage:
    """A stack, the provider it asks, and a reader of what it leaves."""

    terminal: Terminal
    provider: SpawnedProvider
    reader: Reader

    async def play(self, seed: int) -> Result:
        """One seed, from its first request to its balance."""
        loop = asyncio.get_running_loop()
        began, result = loop.time(), Result(seed)
        self.provider.reset(calls=True)
        self.provider.pace(FASTEST, SLOWEST)
        act = _Act(self, seed, result)
        await act.perform()
        await act.balance()
        result.seconds = loop.time() - began
        return result


class _Act:
    """One seed at work."""

    def __init__(self, stage: Stage, seed: int, result: Result) -> None:
        self.stage = stage
        self.seed = seed
        self.result = result
        self.ledger, self.notes = Ledger(), Notes()
        self.saboteur = Saboteur(stage.terminal.data / "stack.json", stage.provider)
        self.began = datetime.now(UTC)
        self.clients: list[Client] = []

    async def perform(self) -> None:
        """Let the jobs run, and things go wrong, until all have ended; the rest of the faults then does not happen."""
        base, run = f"{self.stage.terminal.stack.api_url}/api/v1", str(uuid4())
        async with httpx.AsyncClient(base_url=base, timeout=PATIENCE, trust_env=False) as http:
            self.clients = [Client(http, plan, self.ledger, self.notes, run) for plan in plans(self.seed)]
            self._calm()
            trouble = asyncio.create_task(self._trouble())
            played = [asyncio.create_task(client.play(), name=client.plan.words) for client in self.clients]
            try:
                await asyncio.wait(played, timeout=STUCK)
            finally:
                for task in (trouble, *played):
                    task.cancel()
                await asyncio.gather(trouble, return_exceptions=True)
                self._calm()
            ends = await asyncio.gather(*played, return_exceptions=True)
            await self._ended(http, ends)

    def _calm(self) -> None:
        """No faults; what hangs goes on. The agent never passes: else no skill may be needed."""
        self.stage.provider.reset()
        self.stage.provider.release()
        self.stage.provider.when(contains=AGENT).answer("Done.")

    async def _trouble(self) -> None:
        """All that goes wrong. Faults that no call has met until then are taken back, or they would never end."""
        await self.saboteur.run(self.seed)
        await asyncio.sleep(LAST)
        await asyncio.to_thread(self._calm)

    async def _ended(self, http: httpx.AsyncClient, ends: Sequence[object]) -> None:
        """Tell of clients that got nowhere, and end their jobs, so that the next seed finds the stack at rest."""
        for client, end in zip(self.clients, ends, strict=True):
            if isinstance(end, BaseException):
                how = "is stuck" if isinstance(end, asyncio.CancelledError) else f"broke its client ({end!r})"
                self.result.faults.append(f"lost: job {client.job} {how}: {client.where}; {client.plan.words}")
                if client.job is not None:
                    self.result.faults += [f"    {line}" for line in await self._where(http, client)]
                    await self._end(http, client)

    async def _where(self, http: httpx.AsyncClient, client: Client) -> list[str]:
        """Where a job hangs."""
        found = await self.stage.reader.pending(client.job) if client.job else []
        for path in (f"/jobs/{client.job}/status", f"/hitl/{client.job}/prompt"):
            response = await _asked(http, "GET", path, None, client.plan.owner)
            shown = response.text if response is not None else "no answer"
            found.append(f"{path}: {shown[:600]}")
        return found

    async def _end(self, http: httpx.AsyncClient, client: Client) -> None:
        person, job = client.plan.owner, client.job
        try:
            async with asyncio.timeout(ENDS):
                await _asked(http, "POST", f"/jobs/{job}/cancel", {"reason": "stuck"}, person)
                while not await self._final(http, job, person):  # noqa: ASYNC110 - it ends in other processes
                    await asyncio.sleep(0.5)
        except TimeoutError:
            try:
                await self.stage.reader.temporal.get_workflow_handle(f"create-skill:{job}").terminate("stuck")
            except RPCError as error:
                self.result.faults.append(f"    it could not be terminated either: {error.message}")

    async def _final(self, http: httpx.AsyncClient, job: UUID | None, person: str) -> bool:
        response = await _asked(http, "GET", f"/jobs/{job}/status", None, person)
        return response is not None and response.status_code == 200 and response.json()["status"] in FINAL

    async def balance(self) -> None:
        """Read everything, hold it against what was sent and what was paid, and count."""
        reader, result = self.stage.reader, self.result
        result.faults += [f"lost: {one}" for one in self.notes.surprises]
        await self._delivered()
        known = [(client, client.job) for client in self.clients if client.job is not None]
        kept = [await reader.books(job, client.plan) for client, job in known]
        histories = {str(job): await reader.history(job) for _, job in known}
        result.faults += [fault for one in kept for fault in books.faults(one)]
        result.faults += books.library_faults(await reader.shelves()) + await reader.left_open()
        result.faults += self.ledger.faults({job: await reader.aftermath(job) for _, job in known})
        paid = payments.balance(
            self.stage.provider.calls(), await reader.rows([job for _, job in known]), self._windows(kept)
        )
        result.faults += paid.faults
        events = {str(one.job): one.events for one in kept}
        moves = {job: handed_out(history) for job, history in histories.items()}
        result.moments = Moments(events, moves, self.notes.reached)
        result.struck = self.saboteur.struck
        self._count(kept, paid)
        self._tell()

    async def _delivered(self) -> None:
        """Answers are noted as delivered a moment after their job went on with them."""
        waits = 0.0
        while waits < DELIVERED and await self.stage.reader.undelivered():
            await asyncio.sleep(0.5)
            waits += 0.5

    def _windows(self, kept: Sequence[Books]) -> list[Window]:
        """Times in which a paid answer may be lost."""
        found = [Window(one.began, one.ended) for one in self.saboteur.struck]
        for one in kept:
            ends = [event.at for event in one.events if event.key == "end" or event.key.startswith("answer:")]
            found += [Window(end, end, str(one.job)) for end in ends]
        return found

    def _count(self, kept: Sequence[Books], paid: Payments) -> None:
        count = self.result.counts
        count["jobs"] += len(self.clients)
        count.update(f"jobs {'published' if one.promoted else one.status}" for one in kept)
        count["answers sent"] += len(self.ledger.sent)
        count["answers acknowledged"] += acknowledged(self.ledger.sent)
        count["requests not answered, sent again"] += self.notes.unanswered
        count["retries of a person"] += self.notes.retries
        count["model calls"] += paid.calls
        count["model calls paid"] += paid.paid
        count["model answers stored"] += paid.stored
        count["model calls paid and lost in flight"] += len(paid.in_flight)
        count.update(f"blow: {one.blow.name}" for one in self.saboteur.struck)
        count.update(f"provider: {one.kind}" for one in self.saboteur.said)

    def _tell(self) -> None:
        self.result.story = [f"{client.plan.words} [{client.job}]" for client in self.clients]
        done = [(one.blow.at, f"{one.blow.name} {one.blow.seconds:.1f} s (process {one.pid})", one.began)
                for one in self.saboteur.struck]  # fmt: skip
        self.result.story.append(f"it began at {self.began:%H:%M:%S.%f}")
        self.result.story += [f"at {(began - self.began).total_seconds():5.1f} s: {what}" for _, what, began in done]
        self.result.story += [
            f"at {one.at:5.1f} s: the provider's next {one.times} calls: {one.kind}, {one.seconds:.1f} s"
            for one in self.saboteur.said
        ]


async def _asked(
    http: httpx.AsyncClient, method: str, path: str, body: JsonValue, person: str
) -> httpx.Response | None:
    """One request; None when nobody answers."""
    try:
        return await http.request(method, path, json=body, headers={"X-User-Id": person})
    except httpx.TransportError:
        return None
