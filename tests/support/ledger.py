"""A ledger in memory, for tests of programs. Keeps the rule of the real one: the first answer under a key stands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.model_call import ModelCall


class MemoryLedger:
    """`calls` by key; `announced` in order; `shown` what people saw of calls in flight: (label, text)."""

    def __init__(self) -> None:
        self.calls: dict[str, ModelCall] = {}
        self.announced: list[str] = []
        self.shown: list[tuple[str, str]] = []
        self.looked = asyncio.Event()

    async def find(self, key: str) -> ModelCall | None:
        return self.calls.get(key)

    async def keep(self, call: ModelCall) -> ModelCall:
        return self.calls.setdefault(call.key, call)

    @asynccontextmanager
    async def paying(self, key: str, label: str) -> AsyncIterator[ModelCall | None]:
        if key in self.calls:
            yield self.calls[key]
        else:
            self.announced.append(label)
            yield None

    async def show(self, label: str, text: str) -> None:
        self.shown.append((label, text))
        self.looked.set()
