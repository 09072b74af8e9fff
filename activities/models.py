"""The language models of a worker, by role, and the ledger that keeps their answers in the database."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from activities.programs.language_model import LanguageModel, ModelSpec
from domain.errors import NoProvider
from domain.model_call import ModelCall
from store import calls, jobs
from store.session import Database
from workflows.messages import Spent


class Role(StrEnum):
    """What a model is used for; each may have its own."""

    AUTHOR = "author"
    JUDGE = "judge"
    AGENT = "agent"


@dataclass(frozen=True)
class JobLedger:
    """The ledger of one step of one job: one row a call, each in its own short transaction."""

    database: Database
    job_id: UUID
    scope: str

    async def find(self, key: str) -> ModelCall | None:
        """The answer kept under this key."""
        async with self.database.transaction() as session:
            return await calls.find(session, self.job_id, key)

    async def keep(self, call: ModelCall) -> ModelCall:
        """Keep an answer; of two overlapping attempts the first one's stands."""
        async with self.database.transaction() as session:
            return await calls.keep(session, self.job_id, call)

    async def announce(self, label: str) -> None:
        """Tell people which call is being made, once."""
        async with self.database.transaction() as session:
            await jobs.change(session, self.job_id, f"call:{self.scope}:{label}", "progress", label)


@dataclass(frozen=True)
class Models:
    """Every model this worker may ask; `limit` calls are in flight at once."""

    database: Database
    specs: Mapping[Role, ModelSpec]
    limit: int
    gate: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """One gate for the worker: a slow provider is not asked more at once than it was said to bear."""
        object.__setattr__(self, "gate", asyncio.Semaphore(self.limit))

    def of(self, role: Role, job_id: UUID, scope: str, attempt: int = 0) -> LanguageModel:
        """The role's model at one step of one job. Raises NoProvider."""
        spec = self.specs.get(role)
        if spec is None:
            raise NoProvider(
                f"No model is configured for the {role}. Set SKILL_FLEET_MODEL and SKILL_FLEET_MODEL_API_KEY, or run "
                "`skill-fleet up` without --no-model for the local model; then restart the worker and retry the job."
            )
        return LanguageModel(spec, JobLedger(self.database, job_id, scope), scope, self.gate, attempt)

    async def spent(self, job_id: UUID) -> Spent:
        """What the job's calls came to so far."""
        async with self.database.transaction() as session:
            usage = await calls.usage(session, job_id)
        return Spent(calls=usage.calls, tokens=usage.input_tokens + usage.output_tokens)
