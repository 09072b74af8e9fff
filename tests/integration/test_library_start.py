"""A worker that starts gives rows to the folders of the library that have none; several may start at once."""

import asyncio
from pathlib import Path

import pytest

from activities.shelves import Shelves
from tests.support.fleet import Fleet
from tests.support.wanted import told
from worker import register_library

pytestmark = pytest.mark.integration

SKILL = """---
name: reading-logs
description: Reads logs of servers and says what went wrong. Use when a server failed and its logs are at hand.
---

# Reading logs

1. Read the last hundred lines.
2. Name the first error, with its time.
"""


def shipped(library: Path) -> None:
    folder = library / "operations" / "reading-logs"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(SKILL)


async def test_a_shipped_skill_is_listed_once_however_many_workers_start(fleet: Fleet) -> None:
    shipped(fleet.library)
    for _ in range(2):
        await asyncio.gather(*(register_library(fleet.client) for _ in range(3)))
        await fleet.client.get_workflow_handle("register-library").result()
    seen = await told(fleet.database, Shelves(fleet.library), "reading-logs")
    assert seen == ("active", "1.0.0", "1.0.0", ["1.0.0"], False)
