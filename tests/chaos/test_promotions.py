"""A short chaos of publishing in every test run. The long one: `python -m tests.chaos.promotions --rounds 60`."""

import os
import random
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.shelves import Shelves
from store.session import Database
from tests.chaos.library_reader import Reader
from tests.chaos.promotions import Chaos, told_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "6"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))


async def test_rows_files_and_search_agree_whatever_dies_and_readers_see_whole_versions_only(
    database: Database, database_url: str, temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    shelves = Shelves(tmp_path / "library")
    shelves.prepare()
    with Reader(shelves.root) as reader:
        chaos = Chaos(
            client=temporal.client,
            address=temporal.client.service_client.config.target_host,
            database=database,
            url=database_url,
            shelves=shelves,
            reader=reader,
            dice=random.Random(SEED),
        )
        await chaos.run(ROUNDS, ["steady-one", "steady-two"], ["fleeting"])
    print(told_of(chaos))  # noqa: T201 - the record of the long form
    assert await chaos.agreed() == []
    assert chaos.seen.kills == ROUNDS
    assert chaos.seen.done  # how many, a busy machine decides
