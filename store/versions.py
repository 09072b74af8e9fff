"""Versions of skills: written once, with their files, and read for ever."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.metadata import SkillMetadata
from domain.semver import Version
from domain.skill import SkillFileEntry
from store.base import Json
from store.library_tables import SkillFile, SkillVersion


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
    row = insert(SkillVersion).values(
        name=metadata.name,
        version=metadata.version,
        digest=metadata.digest,
        job_id=metadata.origin.job_id,
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


async def listed(session: AsyncSession, name: str) -> list[SkillVersion]:
    """All versions of a skill, newest first by their numbers."""
    rows = (await session.scalars(select(SkillVersion).where(SkillVersion.name == name))).all()
    return sorted(rows, key=lambda row: Version.parse(row.version) or Version(major=0), reverse=True)


async def files(session: AsyncSession, name: str, version: str) -> list[SkillFileEntry]:
    """All files of a version by path, `metadata.json` among them."""
    query = select(SkillFile).where(SkillFile.name == name, SkillFile.version == version).order_by(SkillFile.path)
    return [SkillFileEntry(path=row.path, data=row.data) for row in await session.scalars(query)]
