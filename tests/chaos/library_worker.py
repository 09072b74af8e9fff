"""The steps and workflows of the library in a process that can be killed: `python -m tests.chaos.library_worker`.

The real steps and the real wiring of `worker.py`, without the models, so that it is up again at once.
"""

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import Client

from activities.records import DatabaseRecords
from settings import Settings
from store.session import Database
from worker import running, stored_steps, workers
from workflows.converter import COMPACT


async def main(address: str, url: str, library: str) -> None:
    """Work until killed."""
    database = Database.connect(url, pool_size=5, max_overflow=5)
    client = await Client.connect(address, data_converter=COMPACT)
    settings = Settings(database_url=SecretStr(url), library=Path(library), evidence_policy="warn")
    steps = stored_steps(settings, database)
    records = DatabaseRecords(database)
    async with running(workers(client, steps, records.tell_trouble, records.enter_phase)):
        sys.stdout.write("up\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
