"""The library's rows: which skill is listed where, and what each version was."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library.metadata import SkillMetadata
from domain.skill import SkillStatus, SkillSummary
from store import versions
from store.base import Json
from store.library_tables import Skill, SkillVersion
from store.tables import Job


async def names(session: AsyncSession, *, other_than: UUID) -> Collection[str]:
    """Every name that another job has taken, in whatever state, but that of the skill which this job goes on from."""
    taken = set(await session.scalars(select(Skill.name).where(Skill.job_id.is_distinct_from(other_than))))
    plan = await session.scalar(select(Job.plan).where(Job.job_id == other_than))
    own = plan.get("name") if plan else None
    if own in taken and await versions.base_of(session, own, other_than) is not None:
        taken.discard(own)
    return taken


async def get(session: AsyncSession, name: str, *, lock: bool = False) -> Skill | None:
    """One row by its name."""
    return await session.get(Skill, name, with_for_update=lock or None, populate_existing=True)


async def of_job(session: AsyncSession, job_id: UUID) -> Skill | None:
    """The row of the skill that a job made, draft or published."""
    return (await session.scalars(select(Skill).where(Skill.job_id == job_id).limit(1))).first()


async def reserve(session: AsyncSession, name: str, category: str, description: str, digest: str, job_id: UUID) -> bool:
    """List a draft under its name, or bring this job's draft up to date; False when the name is another job's.

    A job that goes on from a published version has its name too: the row stays as published, and the draft becomes the
    next version.
    """
    values = {"category": category, "description": description, "digest": digest}
    row = insert(Skill).values(name=name, status=SkillStatus.DRAFT, version="1.0.0", job_id=job_id, **values)
    mine = (Skill.job_id == job_id) & (Skill.status == SkillStatus.DRAFT)
    query = row.on_conflict_do_update(index_elements=[Skill.name], set_=values, where=mine).returning(Skill.name)
    if (await session.execute(query)).first() is not None:
        return True
    standing = await get(session, name)
    if standing is None or standing.job_id == job_id:
        return standing is not None
    return standing.status != SkillStatus.DRAFT and await versions.base_of(session, name, job_id) is not None


async def drop_drafts(session: AsyncSession, job_id: UUID, *, other_than: str) -> None:
    """Free the names that a job's earlier plans had taken."""
    mine = (Skill.job_id == job_id) & (Skill.status == SkillStatus.DRAFT) & (Skill.name != other_than)
    await session.execute(delete(Skill).where(mine))


async def hand_over(session: AsyncSession, name: str, of: UUID, to: UUID) -> None:
    """Give the name that a job's draft had taken to another job; a published skill keeps its job."""
    theirs = (Skill.name == name) & (Skill.job_id == of) & (Skill.status == SkillStatus.DRAFT)
    await session.execute(update(Skill).where(theirs).values(job_id=to))


async def describe(session: AsyncSession, row: Skill | None, metadata: SkillMetadata) -> Skill:
    """Make a version what agents read: the row says what its `metadata.json` says, and the skill is active."""
    if row is None:
        row = Skill(name=metadata.name)
        session.add(row)
    row.status, row.note, row.replaced_by = SkillStatus.ACTIVE, None, None
    row.version, row.digest, row.category = metadata.version, metadata.digest, metadata.category
    row.description, row.tags, row.requires = metadata.description, [*metadata.tags], [*metadata.requires]
    made_by = metadata.origin.job_id
    job = await session.get(Job, made_by) if made_by is not None else None
    row.job_id = job.job_id if job else row.job_id
    row.published_at = datetime.now(UTC)
    return row


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
        "job_id": str(version.job_id) if version.job_id else None,
        "revision": version.revision,
        "promoted_by": version.promoted_by,
        "forced_reason": version.forced_reason,
    }


async def draft_of(session: AsyncSession, job_id: UUID) -> tuple[Job, Skill] | None:
    """The job and the skill that it made, published a version of, or goes on from; None when there is none."""
    query = select(Job, Skill).join(Skill, Skill.job_id == Job.job_id).where(Job.job_id == job_id)
    found = (await session.execute(query)).first()
    if found is not None:
        return found[0], found[1]
    job = await session.get(Job, job_id)
    name = job.plan.get("name") if job and job.plan else None
    row = await get(session, name) if name else None
    if job is None or row is None or row.status == SkillStatus.DRAFT:
        return None
    mine = await versions.of_job(session, job_id) or await versions.base_of(session, row.name, job_id)
    return (job, row) if mine is not None and mine.name == row.name else None


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
