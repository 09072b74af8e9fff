"""A ledger in memory, for tests of programs. Keeps the rule of the real one: the first answer under a key stands."""

from domain.model_call import ModelCall


class MemoryLedger:
    """`calls` by key; `announced` in order."""

    def __init__(self) -> None:
        self.calls: dict[str, ModelCall] = {}
        self.announced: list[str] = []

    async def find(self, key: str) -> ModelCall | None:
        return self.calls.get(key)

    async def keep(self, call: ModelCall) -> ModelCall:
        return self.calls.setdefault(call.key, call)

    async def announce(self, label: str) -> None:
        self.announced.append(label)
