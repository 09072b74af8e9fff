"""Chaos for publishing: a worker is killed again and again amid promotions, new versions, rollbacks and repairs.

At the end rows, files and search agree for every skill, nobody holds a claim, and a reader that looked all the while
found only whole versions. Long form: `python -m tests.chaos.promotions --rounds 60`.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy import select
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError

from activities import adoption, drafts
from activities.shelves import EDITED, Shelves
from domain.job import JobStatus, Origin
from domain.library.curation import LibraryReport
from store import jobs, revisions, search, versions
from store.library_tables import Publication, Skill
from store.session import Database
from tests.chaos.library_reader import Reader
from tests.support.rows import make_draft, make_job, make_report, new_revision
from tests.support.wanted import told
from workflows.check_library import CheckLibrary
from workflows.curate_skill import CurateSkill
from workflows.library_messages import CheckRequest, CurateRequest, Curation
from workflows.promote_messages import PromoteRequest
from workflows.promote_skill import PromoteSkill
from workflows.steps import WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]
SHELF = "development"
KILL_AFTER = (0.3, 2.5)
"""Seconds between a worker's being up and its end."""
Of = TypeVar("Of")
Made = TypeVar("Made")

TASK = timedelta(seconds=3)


@dataclass
class Seen:
    """What came of it."""

    kills: int = 0
    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass
class Chaos:
    """One run: `names` are skills with versions in a row, `fleeting` ones are yanked and restored too."""

    client: Client
    address: str
    database: Database
    url: str
    shelves: Shelves
    reader: Reader
    dice: random.Random
    seen: Seen = field(default_factory=Seen)
    newest: dict[str, tuple[UUID, int]] = field(default_factory=dict)
    count: int = 0
    final: LibraryReport = field(default_factory=LibraryReport)

    async def run(self, rounds: int, names: list[str], fleeting: list[str]) -> None:
        """Kill a worker `rounds` times while the deeds are done, then let everything come to its end."""
        over = asyncio.Event()
        lives = [asyncio.create_task(self._life(name, over, name in fleeting)) for name in (*names, *fleeting)]
        lives.append(asyncio.create_task(self._repairs(over)))
        self.reader.steady = {f"{SHELF}/{name}" for name in names}
        for _ in range(rounds):
            worker = await asyncio.to_thread(self._worker)
            await asyncio.sleep(self.dice.uniform(*KILL_AFTER))
            _kill(worker)
            self.seen.kills += 1
        over.set()
        worker = await asyncio.to_thread(self._worker)
        try:
            await asyncio.wait_for(asyncio.gather(*lives), 120)
            self.final = await self._check(repair=False)
        finally:
            _kill(worker)

    async def agreed(self) -> list[str]:
        """What does not agree at the end; nothing when all is well."""
        wrong = [f"{each.path}: {each.code}: {each.message}" for each in self.final.differences]
        wrong += [f"failed: {each}" for each in self.seen.failed]
        wrong += self.reader.wrong
        async with self.database.transaction() as session:
            wrong += [f"claimed: {name}" for name in await session.scalars(select(Publication.name))]
            names = list(await session.scalars(select(Skill.name)))
            wrong += [f"not indexed: {name}" for name in await search.unindexed(session)]
        for name in names:
            is_ = await told(self.database, self.shelves, name)
            if is_.lying != is_.version:
                wrong.append(f"{name}: {is_}")
        edited = self.shelves.root / EDITED
        return wrong + ([f"set aside: {sorted(edited.iterdir())}"] if edited.exists() else [])

    async def _life(self, name: str, over: asyncio.Event, fleeting: bool) -> None:
        await self._promote(await self._first(name))
        while not over.is_set():
            deed = self.dice.choice(["next", "next", "rollback", "rivals", *(["yank"] if fleeting else [])])
            if deed == "next":
                await self._promote(await self._next(name))
            elif deed == "rivals":
                rivals = [await self._next(name) for _ in range(2)]
                await asyncio.gather(*map(self._promote, rivals))
            elif deed == "yank":
                await self._curate(name, Curation.YANK)
                await self._curate(name, Curation.RESTORE)
            else:
                await self._curate(name, Curation.ROLLBACK, version="1.0.0")

    async def _repairs(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self._check(repair=True)
            await asyncio.sleep(self.dice.uniform(0.2, 1))

    async def _first(self, name: str) -> UUID:
        job = await make_job(self.database)
        text = self._text(name)
        await make_draft(self.database, job, text=text, name=name)
        return await self._ready(job, name, 1)

    async def _next(self, name: str) -> UUID:
        origin, revision = self.newest[name]
        job = await make_job(self.database, origin=Origin(job_id=origin, revision=revision))
        async with self.database.transaction() as session:
            await adoption.adopt(session, job)
            await revisions.keep(session, job, new_revision(2, self._text(name)))
        return await self._ready(job, name, 2)

    async def _ready(self, job: UUID, name: str, number: int) -> UUID:
        async with self.database.transaction() as session:
            digest = (await revisions.summary(session, job, number)).digest
            await jobs.merge_result(session, job, revision=number, digest=digest)
            await jobs.change(session, job, "end", "completed", "over", status=JobStatus.COMPLETED)
        self.reader.known.setdefault(f"{SHELF}/{name}", set()).add(digest)
        await drafts.save(self.database, self.shelves, job, number)
        await make_report(self.database, job, digest, passed=True)
        return job

    def _text(self, name: str) -> str:
        self.count += 1
        words = "".join(f"\nLine {self.count}.{n}." for n in range(40))
        said = f"Does {name} of step {self.count}. Use when asked."
        return f"---\nname: {name}\ndescription: {said}\n---\n\n# Steps\n{words}\n"

    async def _promote(self, job: UUID) -> None:
        request = PromoteRequest(job_id=job, by="ada")
        handle = await self.client.start_workflow(
            PromoteSkill.run, request, id=f"promote-skill:{job}", task_queue=WORKFLOWS, task_timeout=TASK
        )
        if await self._ended(handle, f"promote {job}"):
            async with self.database.transaction() as session:
                plan = await jobs.plan_of(session, job)
                row = await jobs.get(session, job)
                assert row is not None
                self.newest[plan.name] = (job, int(row.result["revision"]))

    async def _curate(self, name: str, kind: Curation, version: str = "") -> None:
        request = CurateRequest(change_id=uuid4(), kind=kind, name=name, by="bob", reason="chaos", version=version)
        handle = await self.client.start_workflow(
            CurateSkill.run, request, id=f"curate-skill:{request.change_id}", task_queue=WORKFLOWS, task_timeout=TASK
        )
        if await self._ended(handle, f"{kind} {name}") and kind is Curation.ROLLBACK:
            async with self.database.transaction() as session:
                row = await versions.get(session, name, version)
                assert row is not None
                assert row.job_id is not None
                self.newest[name] = (row.job_id, row.revision or 1)

    async def _check(self, *, repair: bool) -> LibraryReport:
        handle = await self.client.start_workflow(
            CheckLibrary.run,
            CheckRequest(repair=repair, by="eve"),
            id="check-library",
            task_queue=WORKFLOWS,
            task_timeout=TASK,
        )
        return await handle.result()

    async def _ended(self, handle: WorkflowHandle[Of, Made], what: str) -> bool:
        try:
            await handle.result()
        except WorkflowFailureError as failure:
            cause = failure.cause.cause if isinstance(failure.cause, ActivityError) else failure.cause
            kind = cause.type if isinstance(cause, ApplicationError) else type(cause).__name__
            (self.seen.refused if kind == "LibraryConflict" else self.seen.failed).append(f"{what}: {cause}")
            return False
        self.seen.done.append(what)
        return True

    def _worker(self) -> subprocess.Popen[bytes]:
        """A worker that is up."""
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.library_worker", self.address, self.url, str(self.shelves.root)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"up\n"
        return worker


def _kill(worker: subprocess.Popen[bytes]) -> None:
    assert worker.stdout is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()


def told_of(chaos: Chaos) -> str:
    """One line for the record."""
    seen, looks = chaos.seen, chaos.reader.seen
    return (
        f"kills {seen.kills}, changes done {len(seen.done)}, refused {len(seen.refused)}, failed {len(seen.failed)}; "
        f"reader: {looks['whole']} whole versions, {looks['exchanged while it was read']} exchanged while read, "
        f"{looks['nothing there']} times nothing there, {len(chaos.reader.wrong)} wrong"
    )


def main() -> int:
    """The long form: the test, with more rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="how often a worker is killed")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chosen = {"CHAOS_ROUNDS": str(given.rounds), "CHAOS_SEED": str(given.seed)}
    test = [sys.executable, "-m", "pytest", "-s", "tests/chaos/test_promotions.py"]
    return subprocess.run(test, cwd=ROOT, env={**os.environ, **chosen}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
