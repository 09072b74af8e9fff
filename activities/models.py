"""The language models of a worker, by role, and the ledger that keeps their answers in the database."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio import activity

from activities.draining import handed_back
from activities.edge import LONGEST_WAIT
from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, Learned, ModelSpec
from activities.programs.tracing import kept
from domain.budget import Budget, exhausted
from domain.errors import BudgetExhausted, NoProvider
from domain.model_call import ModelCall, TraceMode
from store import calls, jobs, notifications
from store.session import Database, Session, will_pass
from workflows.messages import Spent

KEEPING = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between the tries to keep an answer: PostgreSQL that was killed is back within them."""


class Role(StrEnum):
    """What a model is used for; each may have its own."""

    AUTHOR = "author"
    JUDGE = "judge"
    AGENT = "agent"


Asking = WeakValueDictionary[tuple[UUID, str], asyncio.Lock]
"""Held while a call is paid for: of overlapping attempts in this worker the second waits for the first one's answer."""

InFlight = defaultdict[UUID, Counter[str]]
"""The keys of the calls that each job is paying for at this moment, in this worker."""


@dataclass
class JobLedger:
    """The ledger of one step of one job: one row a call, each in its own short transaction."""

    database: Database
    job_id: UUID
    scope: str
    in_flight: InFlight = field(default_factory=lambda: defaultdict(Counter))
    asking: Asking = field(default_factory=WeakValueDictionary)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    known: Mapping[str, ModelCall] | None = None
    traces: TraceMode = "off"

    async def find(self, key: str) -> ModelCall | None:
        """The answer that an earlier attempt kept under this key: all of the step's are read at the first question.

        One that is kept since then is found by `paying`.
        """
        async with self.reading:
            if self.known is None:
                async with self.database.transaction() as session:
                    self.known = await calls.kept(session, self.job_id, f"{self.scope}/")
        return self.known.get(key)

    async def keep(self, call: ModelCall) -> ModelCall:
        """Keep an answer; of two overlapping attempts the first one's stands.

        It is paid: a database that is away for a moment is waited for, rather than that the answer is asked for again.
        """
        for patience in KEEPING:
            try:
                return await self._keep(call)
            except (DBAPIError, PoolTimeout) as error:
                if not will_pass(error):
                    raise
            await asyncio.sleep(patience)
        return await self._keep(call)

    async def _keep(self, call: ModelCall) -> ModelCall:
        async with self.database.transaction() as session:
            return await calls.keep(session, self.job_id, call, kept(self.traces, call.trace))

    @asynccontextmanager
    async def paying(self, key: str, label: str) -> AsyncIterator[ModelCall | None]:
        """Tell people which call is being made, once, if the budget allows it; or give what was kept meanwhile.

        Raises BudgetExhausted; in a worker that stops, what hands the step back: what is paid is kept, no more is.
        """
        if activity.in_activity() and activity.is_worker_shutdown():
            raise handed_back()
        alone = self.asking.setdefault((self.job_id, key), asyncio.Lock())
        async with alone:
            with ExitStack() as counted:
                yield await self._standing(key, label, counted)

    async def _standing(self, key: str, label: str, counted: ExitStack) -> ModelCall | None:
        """What was kept meanwhile; else the call is told of, and counted as one in flight."""
        async with self.database.transaction() as session:
            # Locks the job's row: of calls that begin together, each counts those before it.
            job = await jobs.locked(session, self.job_id)
            standing = await calls.find(session, self.job_id, key)
            if standing is None:
                await jobs.change_locked(session, job, f"call:{self.scope}:{label}", "progress", label)
                await self._check_budget(session, jobs.effective(job.options, job.budget).budget)
                counted.enter_context(self._counted(key))
        return standing

    async def _check_budget(self, session: Session, budget: Budget | None) -> None:
        """A call in flight counts as one, whether or not its answer has just been kept; at the job's mean tokens and
        price. So calls are never one too many; tokens and money pass their limit by what the calls in flight take
        more than the mean, and before the first answer, when there is no mean, by those calls."""
        if budget is None or not budget.limited:
            return
        paying = Counter(self.in_flight.get(self.job_id, {}))
        spent = await calls.spent(session, self.job_id, without=list(paying))
        reason = exhausted(budget, spent, coming=paying.total() + 1)
        if reason is not None:
            raise BudgetExhausted(reason)

    @contextmanager
    def _counted(self, key: str) -> Iterator[None]:
        self.in_flight[self.job_id][key] += 1
        try:
            yield
        finally:
            self.in_flight[self.job_id][key] -= 1
            self.in_flight[self.job_id] = +self.in_flight[self.job_id]
            if not self.in_flight[self.job_id]:
                del self.in_flight[self.job_id]

    async def show(self, label: str, text: str) -> None:
        """Let people see what is written so far; lost if the database is away for a moment."""
        try:
            async with self.database.transaction() as session:
                await notifications.tell_tokens(session, self.job_id, label, text)
        except (DBAPIError, PoolTimeout) as error:
            if not will_pass(error):
                raise


@dataclass(frozen=True)
class Models:
    """Every model this worker may ask: `limit` calls of a provider at once, `per_minute` begun in a minute."""

    database: Database
    specs: Mapping[Role, ModelSpec]
    limit: int
    per_minute: int | None = None
    traces: TraceMode = "off"
    gates: Mapping[tuple[str, str | None], Gate] = field(init=False)
    in_flight: InFlight = field(init=False, default_factory=lambda: defaultdict(Counter))
    asking: Asking = field(init=False, default_factory=WeakValueDictionary)
    others: dict[tuple[tuple[str, str | None], str], ModelSpec] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """One gate for each provider: a slow one is not asked more than it was said to bear, and holds up no other."""
        providers = {spec.provider for spec in self.specs.values()}
        gates = {provider: Gate(self.limit, self.per_minute, LONGEST_WAIT) for provider in providers}
        object.__setattr__(self, "gates", gates)

    def of(self, role: Role, job_id: UUID, scope: str, attempt: int = 0, *, model: str = "") -> LanguageModel:
        """The role's model at one step of one job; `model` instead of it, if that is named. Raises NoProvider."""
        spec = self.named(role, model) if model else self.specs.get(role)
        if spec is None:
            raise NoProvider(
                f"No model is configured for the {role}. Set SKILL_FLEET_MODEL and SKILL_FLEET_MODEL_API_KEY, or run "
                "`skill-fleet up` without --no-model for the local model; then restart the worker and retry the job."
            )
        # What no attempt has begun yet cannot be on record: `paying` looks once more, so this is no promise.
        known: dict[str, ModelCall] | None = {} if attempt == 0 and _first_attempt() else None
        ledger = JobLedger(self.database, job_id, scope, self.in_flight, self.asking, known=known, traces=self.traces)
        return LanguageModel(spec, ledger, scope, self.gates[spec.provider], attempt)

    async def agent(self, job_id: UUID, scope: str, attempt: int = 0) -> LanguageModel:
        """The agent's model at one step of one job: the one that the job names, else the role's. Raises NoProvider."""
        async with self.database.transaction() as session:
            wanted = await jobs.agent_model_of(session, job_id)
        return self.of(Role.AGENT, job_id, scope, attempt, model=wanted)

    def named(self, role: Role, model: str) -> ModelSpec:
        """Another model of a provider that is configured, reached as that one is: a key goes only where it was meant
        to go. The role's own provider comes first. What the small local model is reached by serves no other model,
        whatever its name begins with. Raises NoProvider."""
        wanted = model.split("/", 1)[0]
        known = [self.specs[one] for one in (role, *Role) if one in self.specs]
        near = next((spec for spec in known if spec.model == model), None)
        near = near or next((spec for spec in known if spec.provider[0] == wanted and not spec.small_local), None)
        if near is None:
            raise NoProvider(_unknown(role, model, known))
        return self.others.setdefault((near.provider, model), replace(near, model=model, learned=Learned()))


def _unknown(role: Role, model: str, known: Sequence[ModelSpec]) -> str:
    """Why a named model cannot be asked, and what to do."""
    wanted = model.split("/", 1)[0]
    hosted = dict.fromkeys(spec.provider[0] for spec in known if not spec.small_local)
    local = dict.fromkeys(f"the small local model, as {spec.model} only" for spec in known if spec.small_local)
    there = ", ".join([*hosted, *local]) or "none"
    return (
        f"No model of the provider {wanted!r} is configured (there is: {there}), so no key is known for {model}. Set "
        f"SKILL_FLEET_{role.upper()}_MODEL and its key, restart the worker and retry the job; or cancel it and name a "
        "model of a configured provider."
    )


async def spent(session: Session, job_id: UUID) -> Spent:
    """What the job's calls came to so far; what every step that may pay tells its workflow."""
    used = await calls.spent(session, job_id)
    return Spent(calls=used.calls, tokens=used.tokens)


def _first_attempt() -> bool:
    """Whether this runs in a step that Temporal tries for the first time."""
    return activity.in_activity() and activity.info().attempt == 1
