"""Publishing: one skill's new files and rows, together or not at all, whoever publishes and whatever dies when.

`claim` takes the name, `put` the files, `complete` the rows; `abandon` goes back to what the rows say. Each may run
twice, at once or late: whoever does not hold the claim changes nothing. Must not decide who may publish what.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

from activities import folders
from activities.shelves import Shelves
from domain.errors import LibraryConflict
from domain.library.metadata import OriginKind, SkillMetadata, rendered
from domain.safety import edition
from domain.shape import Shape
from domain.skill import METADATA_FILE, SKILL_FILE, SkillFileEntry, SkillStatus
from store import aliases, changes, publications, search, skills, versions
from store.library_tables import Publication, Skill
from store.session import Database, Session

Kind = Literal["published", "imported", "registered", "rolled_back", "restored"]

STANDING = ("rolled_back", "restored")
"""Kinds that make no version: one that stands is read again, as it was."""

First = Callable[[Session], Awaitable[None]]
"""What else belongs into the transaction of the rows. It comes first: a job's row is locked before a skill's."""


class Wanted(Shape):
    """One version that shall be what agents read. `token`: the workflow that publishes it.

    `files`: its content; `metadata.json` is made of `metadata`, but for a version that goes back as it was. `base`: the
    version it was made from, which agents must still read. `reason` is kept with the change, `forced_reason` with the
    version.
    """

    token: str
    metadata: SkillMetadata
    files: list[SkillFileEntry]
    kind: Kind
    base: str | None = None
    changelog: str = ""
    forced_reason: str | None = None
    provenance: dict[str, JsonValue] = {}
    person: str
    reason: str | None = None

    @property
    def path(self) -> str:
        """Its place in the library."""
        return f"{self.metadata.category}/{self.metadata.name}"

    @property
    def whole(self) -> list[SkillFileEntry]:
        """All files as they lie on the disk."""
        own = [file for file in self.files if file.path == METADATA_FILE]
        if self.kind in STANDING and own:
            return self.files
        return [*(file for file in self.files if file.path != METADATA_FILE), rendered(self.metadata)]

    def held_as(self, claim: Publication) -> "Wanted":
        """The same with what was fixed when the name was claimed: a retry makes the same bytes."""
        if self.kind in STANDING:
            return self
        fixed = {"version": claim.version, "published_at": claim.claimed_at.astimezone(UTC)}
        return self.model_copy(update={"metadata": self.metadata.model_copy(update=fixed)})


@dataclass(frozen=True)
class Publisher:
    """Puts versions into the library, one at a time for each name."""

    database: Database
    shelves: Shelves

    async def claim(self, wanted: Wanted) -> Wanted | None:
        """Take the name. Returns what is to be published, as it was fixed at the first claim; None when agents read
        this very digest already and nothing is to be done.

        Raises LibraryConflict when another publication has the name, when the version or the name is taken.
        """
        metadata = wanted.metadata
        async with self.database.transaction() as session:
            row = await skills.get(session, metadata.name, lock=True)
            if _done(row, wanted):
                await publications.release(session, metadata.name, wanted.token)
                return None
            standing = await publications.claim(session, _claim(wanted))
            if standing.token != wanted.token:
                raise LibraryConflict(busy(standing))
            held = wanted.held_as(standing)
            await _refuse(session, row, held)
        return held

    async def put(self, wanted: Wanted) -> None:
        """Put the files at their place. Raises LibraryConflict when something lies there that is no version of the
        skill, or when the claim is no longer held."""
        if await asyncio.to_thread(self.shelves.holds, wanted.path, wanted.whole):
            return
        await self._only_versions(wanted)
        if await asyncio.to_thread(self.shelves.digest_at, wanted.path) == wanted.metadata.digest:
            made = next(file for file in wanted.whole if file.path == METADATA_FILE)
            await self.holding(wanted.token, wanted.metadata.name, lambda: self.shelves.rewrite(wanted.path, made))
            return
        staged = await asyncio.to_thread(self.shelves.stage, wanted.path, wanted.whole)
        try:
            await self.holding(wanted.token, wanted.metadata.name, lambda: self.shelves.put(wanted.path, staged))
        finally:
            await asyncio.to_thread(folders.discard, staged)

    async def complete(self, wanted: Wanted, first: First | None = None) -> None:
        """Make the rows say so, in one transaction, and give the name back; folders on other shelves go after it.

        Raises LibraryConflict when the claim is no longer held and the rows say something else.
        """
        name = wanted.metadata.name
        async with self.database.transaction() as session:
            if first is not None:
                await first(session)
            row = await skills.get(session, name, lock=True)
            held = await publications.get(session, name, lock=True)
            if held is not None and held.token == wanted.token:
                await _write(session, row, wanted)
            elif not _done(row, wanted):
                raise LibraryConflict(f"The publication of {name} was given up meanwhile. Publish it again.")
        await self._leave_other_shelves(name)

    async def abandon(self, token: str, name: str) -> bool:
        """Go back to what the rows say, and give the name back. False when this workflow does not hold it: then it was
        completed, or given up, before. Only what this publication put there is touched: a folder that was to be
        registered stays."""
        async with self.database.transaction() as session:
            held = await publications.get(session, name)
            if held is None or held.token != token:
                return False
            current = await versions.current(session, name)
        there = await asyncio.to_thread(self.shelves.digest_at, held.path)
        if current is not None and held.path == current.path and there in (None, held.digest):
            if not await asyncio.to_thread(self.shelves.holds, current.path, current.files):
                staged = await asyncio.to_thread(self.shelves.stage, current.path, current.files)
                await asyncio.to_thread(self.shelves.put, current.path, staged)
        elif there == held.digest and held.kind != "registered":
            await asyncio.to_thread(self.shelves.remove, held.path)
        async with self.database.transaction() as session:
            await publications.release(session, name, token)
        return True

    async def forgo(self, token: str, name: str) -> None:
        """Give the name back and leave what lies there: it lay there before."""
        async with self.database.transaction() as session:
            await publications.release(session, name, token)

    async def _only_versions(self, wanted: Wanted) -> None:
        there = await asyncio.to_thread(self.shelves.digest_at, wanted.path)
        if there is None or there == wanted.metadata.digest:
            return
        async with self.database.transaction() as session:
            known = await versions.of_digest(session, wanted.metadata.name, there)
        if known is None:
            raise LibraryConflict(
                f"What lies at {wanted.path} is taken by something else: it is no version of {wanted.metadata.name}. "
                "`skill-fleet library check --repair` sets it aside or lists it; then publish again."
            )

    async def holding(self, token: str, name: str, act: Callable[[], object]) -> None:
        """Do one short thing to the disk while nobody can take or give back the claim.

        Raises LibraryConflict when this workflow does not hold it.
        """
        async with self.database.transaction() as session:
            held = await publications.get(session, name, lock=True)
            if held is None or held.token != token:
                raise LibraryConflict(f"The publication of {name} was given up meanwhile.")
            await asyncio.to_thread(act)

    async def _leave_other_shelves(self, name: str) -> None:
        """Remove folders of versions of the skill that its row does not name, unless somebody publishes it just now."""
        async with self.database.transaction() as session:
            row = await skills.get(session, name, lock=True)
            if row is None or await publications.get(session, name) is not None:
                return
            for path in await asyncio.to_thread(self.shelves.elsewhere, name, f"{row.category}/{name}"):
                there = await asyncio.to_thread(self.shelves.digest_at, path)
                if there is not None and await versions.of_digest(session, name, there):
                    await asyncio.to_thread(self.shelves.remove, path)


def _done(row: Skill | None, wanted: Wanted) -> bool:
    """Whether agents read this very digest at this very place already."""
    if row is None or SkillStatus(row.status) not in versions.ON_DISK:
        return False
    return row.digest == wanted.metadata.digest and row.category == wanted.metadata.category


def _claim(wanted: Wanted) -> Publication:
    return Publication(
        name=wanted.metadata.name,
        token=wanted.token,
        path=wanted.path,
        digest=wanted.metadata.digest,
        version=wanted.metadata.version,
        kind=wanted.kind,
        person=wanted.person,
        claimed_at=datetime.now(UTC) if wanted.kind in STANDING else wanted.metadata.published_at,
    )


def busy(standing: Publication) -> str:
    """Who has the name, since when, and what to do."""
    return (
        f"{standing.person} is publishing version {standing.version} of {standing.name} since "
        f"{standing.claimed_at:%Y-%m-%d %H:%M:%S} UTC ({standing.token}). Wait until that has ended, look at what is "
        "published then, and try again; `skill-fleet library check --repair` clears away one that died."
    )


async def _refuse(session: Session, row: Skill | None, wanted: Wanted) -> None:
    """Raises LibraryConflict when name, alias, version or bytes are somebody else's."""
    metadata = wanted.metadata
    if row is not None and row.status == SkillStatus.DRAFT and row.job_id != metadata.origin.job_id:
        raise LibraryConflict(
            f"The name {metadata.name} is taken by the draft of job {row.job_id}. Choose another, or cancel that job."
        )
    if (alias := await aliases.get(session, metadata.name)) is not None:
        raise LibraryConflict(
            f"{metadata.name} is an alias of {alias.name}. Choose another name, or remove the alias: "
            f"`skill-fleet skills alias --remove {metadata.name}`."
        )
    if wanted.base is not None and row is not None and row.version != wanted.base:
        raise LibraryConflict(await _overtaken(session, row, wanted.base))
    if wanted.kind in STANDING:
        return
    standing = await versions.get(session, metadata.name, metadata.version)
    if standing is not None:
        raise LibraryConflict(
            f"{metadata.name} {metadata.version} stands with other bytes, and a version is never changed: raise "
            "`metadata.version`, or leave it out."
            if standing.digest != metadata.digest
            else _bytes_of(row, standing.name, standing.version)
        )
    if (same := await versions.of_digest(session, metadata.name, metadata.digest)) is not None:
        raise LibraryConflict(_bytes_of(row, same.name, same.version))


async def _overtaken(session: Session, row: Skill, base: str) -> str:
    newer = await versions.get(session, row.name, row.version)
    by = f" by {newer.promoted_by}" if newer else ""
    then = f"skill-fleet create --from-job {newer.job_id}" if newer and newer.job_id else "skill-fleet create"
    return (
        f"This draft goes on from {row.name} {base}, and {row.version}, published{by}, came between: publishing it "
        f"would undo that without a word. Start a new job from the newest (`{then}`), or roll back to {base} first."
    )


def _bytes_of(row: Skill | None, name: str, version: str) -> str:
    if row is not None and row.status in versions.ON_DISK and row.version == version:
        return (
            f"These bytes are {name} {version} already, on the shelf {row.category}; they do not lie on two. Leave the "
            "other shelf out, or publish a changed version there."
        )
    return (
        f"These are the bytes of {name} {version}, which stands already. To make agents read it again: "
        f"`skill-fleet skills rollback {name} {version}`, or `skills restore {name}` if it was withdrawn."
    )


async def _write(session: Session, row: Skill | None, wanted: Wanted) -> None:
    metadata = wanted.metadata
    first = await versions.highest(session, metadata.name) is None
    changelog = wanted.changelog or (_first_line(wanted) if first else "")
    await skills.describe(session, row, metadata)
    await session.flush()
    if wanted.kind not in STANDING:
        kept = await versions.keep(
            session,
            metadata,
            wanted.whole,
            changelog=changelog,
            forced_reason=wanted.forced_reason,
            provenance={**wanted.provenance, "rules": edition()},
        )
        assert kept, "the claim was refused when the version stood, and held since"
    entry = changes.Entry(
        name=metadata.name,
        key=wanted.token,
        kind=wanted.kind,
        person=wanted.person,
        version=metadata.version,
        digest=metadata.digest,
        reason=wanted.reason,
        data={"path": wanted.path, "changelog": changelog, **_forced(wanted)},
    )
    await changes.record(session, entry)
    text = next((file.data for file in wanted.files if file.path == SKILL_FILE), b"")
    await search.index(session, metadata.name, text.decode("utf-8", "replace"))
    await publications.release(session, metadata.name, wanted.token)


def _first_line(wanted: Wanted) -> str:
    """The changelog of a first version: where it came from."""
    origin = wanted.metadata.origin
    if origin.kind is OriginKind.JOB:
        return f"first version: from job {origin.job_id}" if origin.job_id else "first version: from a job"
    if origin.kind is OriginKind.IMPORT:
        return f"first version: from import {origin.source}" if origin.source else "first version: from an import"
    return f"first version: from folder {wanted.path}"


def _forced(wanted: Wanted) -> dict[str, JsonValue]:
    if wanted.forced_reason is None:
        return {}
    return {"forced": {"person": wanted.person, "reason": wanted.forced_reason}}
