"""What tests of single steps share: a way to run one, as a worker would, without a worker."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import pytest
from temporalio.testing import ActivityEnvironment

Given = TypeVar("Given")
Made = TypeVar("Made")


class Run(Protocol):
    """Runs one step on one argument."""

    async def __call__(self, step: Callable[[Given], Awaitable[Made]], given: Given) -> Made: ...


@pytest.fixture
def run() -> Run:
    """A step in an activity's context."""

    async def in_context(step: Callable[[Given], Awaitable[Made]], given: Given) -> Made:
        return await ActivityEnvironment().run(step, given)

    return in_context
