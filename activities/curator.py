"""What people do to published skills: roll back, deprecate, yank, restore, give and take other names. Safe to repeat.

Who may do it is decided before; here is decided what can be done. Each change is on record with person and reason.
"""

import asyncio
from datetime import UTC, datetime

from temporalio import activity

from activities.publishing import Publisher, Wanted, busy
from activities.shelves import Shelves
from domain.errors import LibraryConflict, NotFound
from domain.library.semver import Version
from domain.names import LEGAL, MAX_NAME
from domain.skill import SKILL_FILE, SkillStatus
from store import aliases, changes, publications, replacing, search, skills, versions
from store.library_tables import Publication, Skill, SkillVersion
from store.session import Database, Session
from workflows import library_messages as lib
from workflows.library_messages import Curation
from workflows.library_steps import Curator


class LibraryCurator(Curator):
    """Curates rows and files."""

    def __init__(self, database: Database, shelves: Shelves) -> None:
        """Take what the steps need."""
        self.database = database
        self.shelves = shelves
        self.publisher = Publisher(database, shelves)

    @activity.defn
    async def decide_curation(self, request: lib.CurateRequest) -> lib.Curated:
        """Say what is to be done and take the name for it; what moves no files is done here, whole.

        Raises NotFound without such a skill or version, LibraryConflict when it cannot be done now.
        """
        async with self.database.transaction() as session:
            if request.replaced_by is not None:
                await replacing.alone(session)
            row = await _published(session, request.name)
            if await changes.known(session, row.name, token_of(request)):
                return _at_once(row, request)
            if request.kind in (Curation.ALIAS, Curation.UNALIAS):
                return await _named(session, row, request)
            if request.kind is Curation.DEPRECATE:
                return await _deprecated(session, row, request)
            if request.kind is Curation.RESTORE and row.status != SkillStatus.YANKED:
                return await _in_use(session, row, request)
            version = await _wanted_version(session, row, request)
            if request.kind is Curation.YANK or version is None:
                await _replaceable(session, row, request.replaced_by)
                return await _withdrawing(session, row, request)
        return await self._going_back(request.model_copy(update={"version": version.version}))

    @activity.defn
    async def curate_files(self, curated: lib.Curated) -> None:
        """Bring the library's folder to what was decided."""
        if not curated.withdrawn:
            await self.publisher.put(await self._wanted(curated.request))
            return
        request = curated.request
        there = await asyncio.to_thread(self.shelves.digest_at, curated.path)
        if there is None:
            return
        async with self.database.transaction() as session:
            known = await versions.of_digest(session, request.name, there)
        leave = self.shelves.remove if known else self.shelves.set_aside
        await self.publisher.holding(token_of(request), request.name, lambda: leave(curated.path))

    @activity.defn
    async def curate_rows(self, curated: lib.Curated) -> None:
        """Make the rows say so, with an entry in the record."""
        if not curated.withdrawn:
            await self.publisher.complete(await self._wanted(curated.request))
            return
        request = curated.request
        async with self.database.transaction() as session:
            row = await _published(session, request.name)
            held = await publications.get(session, request.name, lock=True)
            if held is None or held.token != token_of(request):
                if row.status == SkillStatus.YANKED:
                    return
                raise LibraryConflict(f"Withdrawing {request.name} was given up meanwhile. Do it again.")
            row.status, row.note, row.replaced_by = SkillStatus.YANKED, request.reason, request.replaced_by
            await _record(session, row, request, "yanked")
            await publications.release(session, request.name, held.token)

    @activity.defn
    async def undo_curation(self, curated: lib.Curated) -> None:
        """Bring the folder back to what the rows say."""
        await self.publisher.abandon(token_of(curated.request), curated.request.name)

    async def _going_back(self, request: lib.CurateRequest) -> lib.Curated:
        wanted = await self._wanted(request)
        held = await self.publisher.claim(wanted)
        return lib.Curated(
            request=request,
            path=wanted.path,
            version=request.version,
            status=SkillStatus.ACTIVE,
            done=held is None,
        )

    async def _wanted(self, request: lib.CurateRequest) -> Wanted:
        async with self.database.transaction() as session:
            version = await _version(session, request.name, request.version)
            return Wanted(
                token=token_of(request),
                metadata=await versions.described(session, version),
                files=await versions.whole(session, version),
                kind="restored" if request.kind is Curation.RESTORE else "rolled_back",
                person=request.by,
                reason=request.reason or None,
            )


def token_of(request: lib.CurateRequest) -> str:
    """Who holds the name: the workflow of this change."""
    return f"curate-skill:{request.change_id}"


async def _published(session: Session, name: str) -> Skill:
    row = await skills.get(session, name, lock=True)
    if row is None or row.status == SkillStatus.DRAFT:
        raise NotFound(f"There is no published skill {name[:80]!r}. `skill-fleet skills` lists them.")
    return row


async def _version(session: Session, name: str, version: str) -> SkillVersion:
    row = await versions.get(session, name, version)
    if row is None:
        known = ", ".join(each.version for each in await versions.listed(session, name)) or "none"
        raise NotFound(f"{name} has no version {version[:40]!r}. It has: {known}.")
    return row


async def _wanted_version(session: Session, row: Skill, request: lib.CurateRequest) -> SkillVersion | None:
    """The version that agents shall read; None when there is none before the present one."""
    if request.version:
        return await _version(session, row.name, request.version)
    if request.kind is Curation.RESTORE:
        return await _version(session, row.name, row.version)
    present = Version.parse(row.version) or Version()
    older = [
        each for each in await versions.listed(session, row.name) if (Version.parse(each.version) or present) < present
    ]
    return older[0] if older else None


async def _withdrawing(session: Session, row: Skill, request: lib.CurateRequest) -> lib.Curated:
    curated = lib.Curated(
        request=request,
        path=f"{row.category}/{row.name}",
        version=row.version,
        status=SkillStatus.YANKED,
        withdrawn=True,
    )
    if row.status == SkillStatus.YANKED:
        return curated.model_copy(update={"done": True})
    claim = Publication(
        name=row.name,
        token=token_of(request),
        path=curated.path,
        digest=row.digest,
        version=row.version,
        kind="yanked",
        person=request.by,
        claimed_at=datetime.now(UTC),
    )
    standing = await publications.claim(session, claim)
    if standing.token != claim.token:
        raise LibraryConflict(busy(standing))
    return curated


async def _deprecated(session: Session, row: Skill, request: lib.CurateRequest) -> lib.Curated:
    if row.status == SkillStatus.YANKED:
        raise LibraryConflict(f"{row.name} was withdrawn. Restore it first: `skill-fleet skills restore {row.name}`.")
    await _replaceable(session, row, request.replaced_by)
    await _unclaimed(session, row)
    row.status, row.note, row.replaced_by = SkillStatus.DEPRECATED, request.reason, request.replaced_by
    await _record(session, row, request, "deprecated")
    return _at_once(row, request)


async def _replaceable(session: Session, row: Skill, replaced_by: str | None) -> None:
    """Raises LibraryConflict when what shall be used instead is none, out of reach, or leads back here."""
    if replaced_by is None:
        return
    other = await skills.get(session, replaced_by)
    if other is None or other.status not in versions.ON_DISK or other.name == row.name:
        raise LibraryConflict(
            f"{replaced_by[:80]!r} is no other skill in use, so it replaces nothing. Name one that "
            "`skill-fleet skills` lists, or leave `--replaced-by` out."
        )
    way = await replacing.way(session, other, row.name)
    if way:
        raise LibraryConflict(
            f"{other.name} is itself replaced by {row.name} ({' → '.join([row.name, *way])}): who follows that goes "
            f"round for ever. Bring {other.name} back first (`skill-fleet skills restore {other.name}`)."
        )


async def _in_use(session: Session, row: Skill, request: lib.CurateRequest) -> lib.Curated:
    if row.status == SkillStatus.DEPRECATED:
        await _unclaimed(session, row)
        row.status, row.note, row.replaced_by = SkillStatus.ACTIVE, None, None
        await _record(session, row, request, "restored")
    return _at_once(row, request)


async def _named(session: Session, row: Skill, request: lib.CurateRequest) -> lib.Curated:
    alias = request.alias
    if request.kind is Curation.UNALIAS:
        standing = await aliases.get(session, alias)
        if standing is None or standing.name != row.name:
            raise NotFound(f"{alias[:80]!r} is no other name of {row.name}.")
        await aliases.remove(session, alias)
    else:
        await _may_be_named(session, row, alias)
        await aliases.put(session, alias, row.name, request.by)
    await _record(session, row, request, str(request.kind))
    files = await versions.files(session, row.name, row.version)
    text = next((file.data for file in files if file.path == SKILL_FILE), b"")
    await search.index(session, row.name, text.decode("utf-8", "replace"))
    return _at_once(row, request)


async def _may_be_named(session: Session, row: Skill, alias: str) -> None:
    if not LEGAL.fullmatch(alias) or len(alias) > MAX_NAME:
        raise LibraryConflict(f"{alias[:80]!r} cannot be a name: lowercase letters, digits and single hyphens only.")
    if await skills.get(session, alias) is not None:
        raise LibraryConflict(f"{alias} is the name of a skill or of a draft, so it cannot mean another one.")
    standing = await aliases.get(session, alias)
    if standing is not None and standing.name != row.name:
        raise LibraryConflict(f"{alias} is another name of {standing.name}. Take it away there first.")


async def _unclaimed(session: Session, row: Skill) -> None:
    standing = await publications.get(session, row.name)
    if standing is not None:
        raise LibraryConflict(busy(standing))


async def _record(session: Session, row: Skill, request: lib.CurateRequest, kind: str) -> None:
    told = {"replaced_by": request.replaced_by, "alias": request.alias or None}
    entry = changes.Entry(
        name=row.name,
        key=token_of(request),
        kind=kind,
        person=request.by,
        version=row.version,
        digest=row.digest,
        reason=request.reason or None,
        data={key: value for key, value in told.items() if value},
    )
    await changes.record(session, entry)


def _at_once(row: Skill, request: lib.CurateRequest) -> lib.Curated:
    path = f"{row.category}/{row.name}"
    return lib.Curated(request=request, path=path, version=row.version, status=row.status, done=True)
