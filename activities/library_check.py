"""Checks the library: what differs is told, and mended on request under the claim that a publication would take.

The rows are believed: files go back to what the versions say. Nobody's publication is disturbed: what is being
published is left alone, and a claim is taken only where something differs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from temporalio import activity
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.evidence.files import EvidenceFiles
from activities.evidence.library import LostEvidence
from activities.library_git import Git
from activities.library_look import Look
from activities.library_mend import Mend
from activities.library_whole import Whole
from activities.publishing import Publisher
from activities.shelves import Shelves
from domain.errors import LibraryConflict
from domain.library.curation import Difference, LibraryReport
from domain.skill import SkillStatus
from store import jobs, publications, skills
from store.library_tables import Publication, Skill
from store.session import Database
from workflows import library_messages as lib
from workflows.library_steps import Keeper

STALE = timedelta(minutes=10)
"""A claim that is older, and whose workflow does not run, was left by something that died."""

MOST = 200
"""Differences that one report carries."""

Running = Callable[[str], Awaitable[bool]]
"""Whether a workflow runs, by its id."""


async def runs(workflow_id: str) -> bool:
    """Whether Temporal runs this workflow now."""
    try:
        found = await activity.client().get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return found.status is WorkflowExecutionStatus.RUNNING


class LibraryKeeper(Keeper):
    """Compares and mends. `git`: if promotions are to be committed; `stale` and `running` are other ones in tests."""

    def __init__(
        self,
        database: Database,
        shelves: Shelves,
        git: Git | None = None,
        *,
        stale: timedelta = STALE,
        running: Running = runs,
    ) -> None:
        """Take what the steps need."""
        self.database = database
        self.shelves = shelves
        self.git = git
        self.stale = stale
        self.running = running

    @activity.defn
    async def check_library(self, request: lib.CheckRequest) -> LibraryReport:
        """Find what differs, and mend it if asked to; nothing that people wrote is lost."""
        check = Check(self.database, self.shelves, request, activity.info().workflow_id or "check")
        await check.own_claims()
        if not request.register_only:
            await self._claims(check)
            await check.skills()
            await check.each(await check.look.at_leftovers())
            await check.each(await check.look.at_drafts())
            await check.each(await check.whole.differences())
            check.told += await check.evidence.differences(repair=check.repair)
        await check.folders()
        return check.report()

    @activity.defn
    async def commit_skill(self, commit: lib.Commit) -> lib.Committed:
        """Put a published skill into the library's git history, if the settings ask for it. Never fails a promotion."""
        if self.git is None:
            return lib.Committed(why="off")
        done = await asyncio.to_thread(self.git.commit, commit)
        said = f"committed as {done.commit[:12]}" if done.commit else f"not committed to git: {done.why}"
        async with self.database.transaction() as session:
            await jobs.change(session, commit.job_id, f"git:{commit.digest}", "committed", said)
        return done

    async def _claims(self, check: "Check") -> None:
        async with self.database.transaction() as session:
            standing = await publications.before(session, datetime.now(UTC) - self.stale)
        for claim in standing:
            if await self.running(claim.token):
                continue
            mended = ""
            if check.repair and await check.publisher.abandon(claim.token, claim.name):
                mended = "the name is free, and the files are what the rows say"
            why = f"{claim.token} died while it published {claim.version}"
            check.told.append(Difference(code="stale-claim", path=claim.path, message=why, mended=mended))


class Check:
    """One look at the whole library, with its report."""

    def __init__(self, database: Database, shelves: Shelves, request: lib.CheckRequest, token: str) -> None:
        """Take what is compared, and who mends."""
        self.request = request
        self.repair = request.repair or request.register_only
        self.token = token
        self.look = Look(database, shelves)
        self.whole = Whole(database, shelves)
        self.evidence = LostEvidence(database, EvidenceFiles(shelves.root))
        self.publisher = Publisher(database, shelves)
        self.mender = Mend(self.publisher, request.by, token)
        self.counted = {"skills": 0, "folders": 0}
        self.told: list[Difference] = []

    async def own_claims(self) -> None:
        """Give back what an earlier try of this check held when it died."""
        async with self.publisher.database.transaction() as session:
            standing = await publications.of_token(session, self.token)
        for claim in standing:
            await self.publisher.abandon(claim.token, claim.name)

    async def skills(self) -> None:
        """All rows against their folders."""
        async with self.publisher.database.transaction() as session:
            names = list(await session.scalars(select(Skill.name).where(Skill.status != SkillStatus.DRAFT)))
        for name in sorted(names):
            self.counted["skills"] += 1
            if await self.look.at_skill(name):
                async with self._alone(name) as mine:
                    await self.each(await self.look.at_skill(name) if mine else [])

    async def folders(self) -> None:
        """All folders against their rows."""
        whole_look = not self.request.register_only
        for path in await asyncio.to_thread(self.publisher.shelves.places):
            self.counted["folders"] += 1
            found = await self.look.at_folder(path, self.request.by, rows=whole_look)
            if found and found[0].code == "misplaced":
                async with self._alone(path.rpartition("/")[2]) as mine:
                    await self.each(await self.look.at_folder(path, self.request.by) if mine else [])
            elif not await self._claimed(path):
                await self.each(found)
        if whole_look:
            await self.each(await self.look.at_links())

    async def each(self, found: list[Difference]) -> None:
        """Tell of differences, mended where it was asked for and can be done."""
        for one in found:
            try:
                mended = await self.mender.mend(one) if self.repair else ""
                self.told.append(one.model_copy(update={"mended": mended}))
            except (OSError, LibraryConflict) as why:
                self.told.append(one.model_copy(update={"next_step": str(why)}))

    def report(self) -> LibraryReport:
        """Everything, the open ones first."""
        ordered = sorted(self.told, key=lambda each: (bool(each.mended), each.path))
        return LibraryReport(
            **self.counted, differences=ordered[:MOST], dropped=max(0, len(ordered) - MOST), repaired=self.repair
        )

    async def _claimed(self, path: str) -> bool:
        """Whether somebody publishes under this name: then its folder may be there before its row."""
        async with self.publisher.database.transaction() as session:
            standing = await publications.get(session, path.rpartition("/")[2])
        return standing is not None and standing.token != self.token

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[bool]:
        """Nobody publishes this skill meanwhile. False: somebody does just now, and it is left to them."""
        async with self.publisher.database.transaction() as session:
            row = await skills.get(session, name, lock=True)
            claim = Publication(
                name=name,
                token=self.token,
                path=f"{row.category}/{name}" if row else "",
                digest="",
                version=row.version if row else "",
                kind="checked",
                person=self.request.by,
                claimed_at=datetime.now(UTC),
            )
            standing = await publications.claim(session, claim)
        try:
            yield standing.token == self.token
        finally:
            async with self.publisher.database.transaction() as session:
                await publications.release(session, name, self.token)
