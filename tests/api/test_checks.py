"""Readiness of notifications: shown only where they are on, and never a reason to take the api out of service."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.app import lazy_client
from api.checks import Check, readiness
from api.dependencies import Services
from api.hub import Hub
from api.library import LibraryFolder
from api.temporal import Temporal
from store import jobs, outbox
from store.session import Database
from tests.support.rows import make_job


@pytest.fixture
async def telling(database: Database, database_url: str) -> AsyncIterator[Database]:
    """The same empty database, with notifications on."""
    telling = Database.connect(database_url, pool_size=5, max_overflow=5, notify=True)
    yield telling
    await telling.dispose()


async def looked(database: Database, library: Path) -> dict[str, Check]:
    """Every check, with Temporal away."""
    temporal = Temporal(await lazy_client({"target_host": "127.0.0.1:1", "namespace": "default"}))
    return await readiness(Services(database, temporal, LibraryFolder(library), Hub()))


async def test_off_nothing_is_said_of_notifications(database: Database, tmp_path: Path) -> None:
    assert "notifications" not in await looked(database, tmp_path)


async def test_on_it_says_what_waits_and_what_went_wrong_last(telling: Database, tmp_path: Path) -> None:
    job = await make_job(telling)
    assert (await looked(telling, tmp_path))["notifications"] == Check(ok=True, detail="0 wait, 0 given up")
    now = datetime.now(UTC)
    async with telling.transaction() as session:
        for key in "ab":
            await jobs.change(session, job, key, "parked", "")
    async with telling.transaction() as session:
        [lost] = await outbox.claim(session, now + timedelta(minutes=1), 1, timedelta(seconds=60))
        await outbox.failed(session, lost, None, "the receiver answered 410")
    check = (await looked(telling, tmp_path))["notifications"]
    assert check.ok
    assert check.detail == "1 wait, 1 given up; last error: the receiver answered 410"
    assert "docs/notifications.md" in check.fix
