"""The library's rows: which skill is listed where, and what each version was."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.skill import SkillStatus, SkillSummary
from store.base import Json
from store.library_tables import Skill, SkillVersion
from store.tables import Job


async def names(session: AsyncSession, *, other_than: UUID) -> Collection[str]:
    """Every name that another job has taken, in whatever state."""
    return set(await session.scalars(select(Skill.name).where(Skill.job_id.is_distinct_from(other_than))))


async def get(session: AsyncSession, name: str, *, lock: bool = False) -> Skill | None:
    """One row by its name."""
    return await session.get(Skill, name, with_for_update=lock or None, populate_existing=True)


async def of_job(session: AsyncSession, job_id: UUID) -> Skill | None:
    """The row of the skill that a job made, draft or published."""
    return (await session.scalars(select(Skill).where(Skill.job_id == job_id).limit(1))).first()


async def reserve(session: AsyncSession, name: str, category: str, description: str, digest: str, job_id: UUID) -> bool:
    """List a draft under its name, or bring this job's draft up to date; False when the name is another job's."""
    values = {"category": category, "description": description, "digest": digest}
    row = insert(Skill).values(name=name, status=SkillStatus.DRAFT, version="1.0.0", job_id=job_id, **values)
    mine = (Skill.job_id == job_id) & (Skill.status == SkillStatus.DRAFT)
    query = row.on_conflict_do_update(index_elements=[Skill.name], set_=values, where=mine).returning(Skill.name)
    if (await session.execute(query)).first() is not None:
        return True
    standing = await get(session, name)
    return standing is not None and standing.job_id == job_id


async def drop_drafts(session: AsyncSession, job_id: UUID, *, other_than: str) -> None:
    """Free the names that a job's earlier plans had taken."""
    mine = (Skill.job_id == job_id) & (Skill.status == SkillStatus.DRAFT) & (Skill.name != other_than)
    await session.execute(delete(Skill).where(mine))


async def hand_over(session: AsyncSession, name: str, of: UUID, to: UUID) -> None:
    """Give the name that a job's draft had taken to another job; a published skill keeps its job."""
    theirs = (Skill.name == name) & (Skill.job_id == of) & (Skill.status == SkillStatus.DRAFT)
    await session.execute(update(Skill).where(theirs).values(job_id=to))


async def publish(session: AsyncSession, skill: Skill, version: SkillVersion) -> None:
    """Make a draft active under its version; the version is written once and never changed."""
    skill.status = SkillStatus.ACTIVE
    skill.digest, skill.version = version.digest, version.version
    skill.published_at = datetime.now(UTC)
    if await session.get(SkillVersion, (version.name, version.version)) is None:
        session.add(version)


async def listed(
    session: AsyncSession,
    *,
    status: SkillStatus | None = SkillStatus.ACTIVE,
    category: str | None = None,
    words: str = "",
) -> list[SkillSummary]:
    """The library, by path."""
    query = select(Skill).order_by(Skill.category, Skill.name)
    if status is not None:
        query = query.where(Skill.status == status)
    if category is not None:
        query = query.where(Skill.category == category)
    if words:
        query = query.where(
            or_(Skill.name.icontains(words, autoescape=True), Skill.description.icontains(words, autoescape=True))
        )
    return [summary(row) for row in await session.scalars(query)]


async def count_by_category(session: AsyncSession) -> dict[str, int]:
    """How many active skills each category holds."""
    query = select(Skill.category, func.count()).where(Skill.status == SkillStatus.ACTIVE).group_by(Skill.category)
    return {category: number for category, number in (await session.execute(query)).all()}


async def version_of(session: AsyncSession, name: str, version: str) -> SkillVersion | None:
    """What a version was."""
    return await session.get(SkillVersion, (name, version))


def provenance(version: SkillVersion) -> Json:
    """Where a version came from: job, revision, models, cost, who published it, and the reason if it was forced."""
    return {
        **version.provenance,
        "job_id": str(version.job_id),
        "revision": version.revision,
        "promoted_by": version.promoted_by,
        "forced_reason": version.forced_reason,
    }


async def draft_of(session: AsyncSession, job_id: UUID) -> tuple[Job, Skill] | None:
    """The job and the skill it made, when it has made one."""
    query = select(Job, Skill).join(Skill, Skill.job_id == Job.job_id).where(Job.job_id == job_id)
    found = (await session.execute(query)).first()
    return None if found is None else (found[0], found[1])


def summary(row: Skill) -> SkillSummary:
    """A row as people see it."""
    return SkillSummary(
        name=row.name,
        description=row.description,
        category=row.category,
        path=f"{row.category}/{row.name}",
        status=SkillStatus(row.status),
        version=row.version,
        digest=row.digest,
        job_id=row.job_id,
        published_at=row.published_at,
    )
