"""Versions of skills: written once, with their files, and read for ever."""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library.metadata import OriginKind, Publishing, SkillMetadata, SkillOrigin, metadata_of, rendered
from domain.library.next_version import front_of
from domain.library.semver import Version
from domain.shape import Shape
from domain.skill import METADATA_FILE, Frontmatter, SkillFileEntry, SkillStatus
from store.base import Json
from store.library_tables import Skill, SkillFile, SkillVersion
from store.tables import Job

ON_DISK = (SkillStatus.ACTIVE, SkillStatus.DEPRECATED)
"""Skills of these statuses lie in the library's folder."""


MOST_ANCESTORS = 50
"""Jobs that are followed back, each begun from the one before."""


class Current(Shape):
    """The version that agents read: its place, and all files as they must lie there."""

    path: str
    version: str
    digest: str
    files: list[SkillFileEntry]


async def keep(
    session: AsyncSession,
    metadata: SkillMetadata,
    files: Sequence[SkillFileEntry],
    *,
    changelog: str = "",
    forced_reason: str | None = None,
    provenance: Json,
) -> bool:
    """Write a version with its files, `metadata.json` among them; the skill's row must stand.

    False when the version stands already: whether it is the same is for who reads it (`get`) to say.
    """
    job = metadata.origin.job_id  # of a library that was checked out elsewhere no job is known here
    known = await session.get(Job, job) if job is not None else None
    row = insert(SkillVersion).values(
        name=metadata.name,
        version=metadata.version,
        digest=metadata.digest,
        job_id=known.job_id if known else None,
        revision=metadata.origin.revision,
        promoted_by=metadata.published_by,
        forced_reason=forced_reason,
        changelog=changelog,
        described=metadata.model_dump(mode="json", exclude_none=True),
        provenance=provenance,
        created_at=metadata.published_at,
    )
    if (await session.execute(row.on_conflict_do_nothing().returning(SkillVersion.name))).first() is None:
        return False
    rows = [SkillFile(name=metadata.name, version=metadata.version, path=file.path, data=file.data) for file in files]
    session.add_all(rows)
    await session.flush()
    return True


async def get(session: AsyncSession, name: str, version: str) -> SkillVersion | None:
    """What a version was."""
    return await session.get(SkillVersion, (name, version))


async def of_digest(session: AsyncSession, name: str, digest: str) -> SkillVersion | None:
    """The version of a skill that has this digest."""
    query = select(SkillVersion).where(SkillVersion.name == name, SkillVersion.digest == digest)
    return (await session.scalars(query.limit(1))).first()


async def of_job(session: AsyncSession, job_id: UUID) -> SkillVersion | None:
    """The newest version that a job made."""
    query = select(SkillVersion).where(SkillVersion.job_id == job_id)
    return (await session.scalars(query.order_by(SkillVersion.created_at.desc()).limit(1))).first()


async def base_of(session: AsyncSession, name: str, job_id: UUID) -> SkillVersion | None:
    """The version that a job goes on from: the one its origin made, or the origin's origin; None when none did."""
    came_from = select(Job.origin["job_id"].astext)
    ancestor = await session.scalar(came_from.where(Job.job_id == job_id))
    for _ in range(MOST_ANCESTORS):
        if ancestor is None:
            return None
        made = select(SkillVersion).where(SkillVersion.job_id == UUID(ancestor), SkillVersion.name == name)
        if (row := (await session.scalars(made.order_by(SkillVersion.created_at.desc()).limit(1))).first()) is not None:
            return row
        ancestor = await session.scalar(came_from.where(Job.job_id == UUID(ancestor)))
    return None


async def listed(session: AsyncSession, name: str) -> list[SkillVersion]:
    """All versions of a skill, newest first by their numbers."""
    rows = (await session.scalars(select(SkillVersion).where(SkillVersion.name == name))).all()
    return sorted(rows, key=lambda row: Version.parse(row.version) or Version(major=0), reverse=True)


async def files(session: AsyncSession, name: str, version: str) -> list[SkillFileEntry]:
    """All files of a version by path, `metadata.json` among them."""
    query = select(SkillFile).where(SkillFile.name == name, SkillFile.version == version).order_by(SkillFile.path)
    return [SkillFileEntry(path=row.path, data=row.data) for row in await session.scalars(query)]


async def highest(session: AsyncSession, name: str) -> SkillVersion | None:
    """The version with the highest number, whatever agents read now."""
    rows = await listed(session, name)
    return rows[0] if rows else None


async def described(session: AsyncSession, row: SkillVersion) -> SkillMetadata:
    """What a version was. For one of a release that wrote no `metadata.json` it is made of what is known of it."""
    if row.described is not None:
        return SkillMetadata.model_validate(row.described)
    skill = await session.get_one(Skill, row.name)
    kept = await files(session, row.name, row.version)
    front = front_of(kept) or Frontmatter(name=row.name, description=skill.description)
    origin = SkillOrigin(kind=OriginKind.JOB, job_id=row.job_id, revision=row.revision)
    publishing = Publishing(
        version=row.version,
        category=skill.category,
        origin=origin,
        by=row.promoted_by,
        at=row.created_at.astimezone(UTC),
    )
    return metadata_of(front, kept, publishing)


async def whole(session: AsyncSession, row: SkillVersion) -> list[SkillFileEntry]:
    """All files of a version as they lie on the disk, with a `metadata.json` even if none was kept."""
    kept = await files(session, row.name, row.version)
    if any(file.path == METADATA_FILE for file in kept):
        return kept
    return [*kept, rendered(await described(session, row))]


async def current(session: AsyncSession, name: str) -> Current | None:
    """What must lie in the library's folder under a name; None when nothing must."""
    skill = await session.get(Skill, name, populate_existing=True)
    if skill is None or SkillStatus(skill.status) not in ON_DISK:
        return None
    row = await get(session, name, skill.version)
    if row is None:
        return None
    path = f"{skill.category}/{skill.name}"
    return Current(path=path, version=row.version, digest=row.digest, files=await whole(session, row))
