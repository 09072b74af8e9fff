"""Imports for real: an archive from the database becomes skills of the library, each whole or not at all.

Nothing of an archive is run, or written anywhere but by the publisher. What is judged is in `activities/entrance.py`.
"""

import asyncio
import re
import time
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO
from uuid import UUID

from temporalio import activity

from activities.entrance import Entrance, Judged
from activities.publishing import Publisher, Wanted
from activities.shelves import Shelves
from domain.errors import LibraryConflict, NotFound
from domain.library.arrivals import Arrival, arrivals
from domain.library.gather import gather
from domain.library.importing import ImportReport, ImportView, LeftOut, SkillLine, Verdict
from domain.library.unpack import Refused, UnsafeArchive, unpack
from domain.sniff import Medium, medium_of
from domain.taxonomy import Taxonomy
from store import imports, uploads, waivers
from store.session import Database, Session
from store.waivers import NewWaiver
from workflows import import_messages as im
from workflows.import_steps import Importing

IN_MEMORY = 1024 * 1024
SKILLS = 25
"""Skills of one batch, so that a retry does little again."""

SECONDS = 20.0
"""After which a batch ends early."""


LONGEST = 90.0
"""Seconds in which an archive must be open; one within the caps takes a few."""

MOST_LEFT_OUT = 200
"""Files left out that a report names; a hostile archive could bring thousands."""


class Heap:
    """What an archive holds, and under which name and digest it came."""

    def __init__(self, view: ImportView, arriving: list[Arrival], digest: str, left_out: list[LeftOut]) -> None:
        self.view, self.arriving, self.digest, self.left_out = view, arriving, digest, left_out


class Importer(Importing):
    """Imports into the library beside the database."""

    def __init__(self, database: Database, shelves: Shelves, taxonomy: Taxonomy) -> None:
        """Take what the steps need."""
        self.database = database
        self.publisher = Publisher(database, shelves)
        self.taxonomy = taxonomy

    @activity.defn
    async def open_archive(self, request: im.ForImport) -> im.Taken:
        """Look at the archive and count its skills. Refuses one that is unsafe or holds no skill."""
        heap = await self._heap(request.import_id)
        total = len(heap.arriving)
        if not total:
            raise UnsafeArchive("no-skills", "There is no SKILL.md in it: nothing to import.")
        report = ImportReport(total=total, archive_sha256=heap.digest, left_out=heap.left_out)
        async with self.database.transaction() as session:
            await imports.found(session, request.import_id, report)
        return im.Taken(next=0, total=total)

    @activity.defn
    async def take_skills(self, batch: im.ImportBatch) -> im.Taken:
        """Judge and publish some skills, each whole or not at all, and note what became of them."""
        heap = await self._heap(batch.import_id)
        skills = heap.arriving
        entrance = Entrance(self.database, self.taxonomy, heap.view, heap.digest, skills)
        until = time.monotonic() + SECONDS
        at = batch.first
        while at < len(skills) and at < batch.first + SKILLS and (at == batch.first or time.monotonic() < until):
            if skills[at].found.folder not in entrance.done:
                judged = await entrance.judge(skills[at])
                await self._note(batch.import_id, await self._published(entrance, judged), entrance)
            at += 1
        return im.Taken(next=at, total=len(skills))

    @activity.defn
    async def close_import(self, ending: im.ImportEnding) -> None:
        """Note the end, and give back what is still held."""
        async with self.database.transaction() as session:
            held = await imports.held(session, ending.import_id)
        for publication in held:
            await self.publisher.abandon(publication.token, publication.name)
        async with self.database.transaction() as session:
            await imports.end(session, ending.import_id, ending.error)

    async def _note(self, import_id: UUID, line: SkillLine, entrance: Entrance) -> None:
        async with self.database.transaction() as session:
            await imports.add_lines(session, import_id, [line])
        entrance.noted(line)

    async def _published(self, entrance: Entrance, judged: Judged) -> SkillLine:
        """The line of a skill, once it is in the library, or is not going to be."""
        wanted = judged.wanted
        if wanted is None or entrance.view.wish.dry_run:
            return judged.line
        try:
            held = await self.publisher.claim(wanted)
            if held is None:
                return judged.line.model_copy(update={"verdict": Verdict.UNCHANGED})
            await self._put(entrance, judged, held)
        except LibraryConflict as taken:
            await self.publisher.abandon(wanted.token, wanted.metadata.name)
            why = {"verdict": Verdict.CONFLICT, "why": str(taken), "codes": ["library-conflict"], "path": None}
            return judged.line.model_copy(update={**why, "version": None})
        return judged.line.model_copy(update={"version": held.metadata.version})

    async def _put(self, entrance: Entrance, judged: Judged, held: Wanted) -> None:
        wish = entrance.view.wish
        new = NewWaiver(digest=held.metadata.digest, person=entrance.view.user_id, reason=wish.reason)

        async def waived(session: Session) -> None:
            await waivers.keep(session, judged.accepted, new)

        await self.publisher.put(held)
        await self.publisher.complete(held, waived)

    async def _heap(self, import_id: UUID) -> Heap:
        """The archive, unpacked. Raises UnsafeArchive, NotFound."""
        async with self.database.transaction() as session:
            view = await imports.view(session, import_id)
            upload = await uploads.get(session, await imports.upload_of(session, import_id))
        if upload is None:
            raise NotFound(f"The archive of import {import_id} is gone.")
        with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
            await uploads.fetch(self.database, upload.source_id, file)
            medium = medium_of(file.read(8))
            file.seek(0)
            if medium not in (Medium.ZIP, Medium.TAR_GZ):
                raise UnsafeArchive("no-archive", f"{upload.filename!r} is no archive: send a .zip or a .tar.gz.")
            try:
                async with asyncio.timeout(LONGEST):
                    arriving, lost = await asyncio.to_thread(_opened, file, medium, upload.size, view)
            except TimeoutError as slow:
                message = f"The archive is not open after {LONGEST:.0f} seconds, so it is given up. Split it."
                raise UnsafeArchive("archive-too-slow", message) from slow
        left_out = [LeftOut(path=one.path, code=one.code) for one in lost[:MOST_LEFT_OUT]]
        return Heap(view, arriving, upload.sha256 or sha256(b"").hexdigest(), left_out)


def _opened(file: IO[bytes], medium: Medium, size: int, view: ImportView) -> tuple[list[Arrival], list[Refused]]:
    """The skills of an archive in the order in which they come in, and what is not taken."""
    unpacked = unpack(file, medium, size, by_case=True)
    gathered = gather(unpacked.files, unpacked.refused)
    stem = re.sub(r"(?:\.tar\.gz|\.tgz|\.zip|\.skill|\.gz)$", "", view.filename, flags=re.IGNORECASE)
    arriving = arrivals(gathered.skills, stem, migrated=view.wish.migrate)
    return arriving, [*unpacked.refused, *gathered.beyond]
