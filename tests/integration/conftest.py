"""One whole stack for all tests that use it as people do: real processes, a stand-in only for the model provider."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.support.provider import Provider, SpawnedProvider
from tests.support.terminal import Terminal, up

AGENT = "Do the task with what you are given"
"""Words of the prompt that the agent under test gets."""


@dataclass(frozen=True)
class Site:
    """A running stack and the provider that it asks."""

    terminal: Terminal
    provider: SpawnedProvider


@pytest.fixture(scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("stack")
    async with (
        Provider.spawn(folder) as provider,
        up(folder, **provider.settings) as terminal,
    ):
        provider.when(contains=AGENT).answer("Done.")  # an agent that never passes: else no skill may be needed
        yield Site(terminal, provider)


@pytest.fixture
def terminal(site: Site) -> Terminal:
    return site.terminal
