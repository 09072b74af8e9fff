"""A worker that dies after so many paid model calls: what a retry must find, and what it must pay again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from activities.models import Models, Role
from activities.programs.language_model import LanguageModel, Ledger
from domain.model_call import ModelCall


class Killed(Exception):
    """The worker is gone."""


@dataclass
class MortalLedger:
    """A ledger that allows calls while there are lives left."""

    ledger: Ledger
    lives: list[None]

    async def find(self, key: str) -> ModelCall | None:
        return await self.ledger.find(key)

    async def keep(self, call: ModelCall) -> ModelCall:
        return await self.ledger.keep(call)

    async def show(self, label: str, text: str) -> None:
        await self.ledger.show(label, text)

    @asynccontextmanager
    async def paying(self, key: str, label: str) -> AsyncIterator[ModelCall | None]:
        if not self.lives:
            raise Killed
        self.lives.pop()
        async with self.ledger.paying(key, label) as standing:
            yield standing


class MortalModels(Models):
    """Models that die after `lives` calls."""

    lives: list[None]

    def mortal(self, lives: int) -> "MortalModels":
        object.__setattr__(self, "lives", [None] * lives)
        return self

    def of(self, role: Role, job_id: UUID, scope: str, attempt: int = 0, *, model: str = "") -> LanguageModel:
        made = super().of(role, job_id, scope, attempt, model=model)
        made._ledger = MortalLedger(made._ledger, self.lives)
        return made
