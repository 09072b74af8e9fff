"""One Chromium for all tests in a browser, and the whole application behind a port for each of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser
from pydantic import SecretStr
from temporalio.testing import WorkflowEnvironment

from api.app import build
from settings import Settings
from store.session import Database
from tests.support.api_server import serving
from tests.support.browser import Site, chromium


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium for the whole run; fails, with what to install, where there is none."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def site(
    browser: Browser, database: Database, database_url: str, temporal: WorkflowEnvironment, tmp_path: Path
) -> AsyncIterator[Site]:
    """The application on an empty database. With `fleet` beside it jobs are worked on; without, rows stand still.

    Fails a test at its end when a page of any visitor did what no page may do.
    """
    library = tmp_path / "skills"
    library.mkdir(exist_ok=True)
    settings = Settings(
        database_url=SecretStr(database_url), library=library, model="openai/stand-in", evidence_policy="warn"
    )
    target = temporal.client.service_client.config.target_host
    async with serving(build(settings, {"target_host": target, "namespace": "default"})) as port:
        site = Site(f"http://127.0.0.1:{port}", browser)
        yield site
        wrong = await site.close()
    assert wrong == []
