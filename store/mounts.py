"""Which skills a person has mounted: their own set, which agents of theirs are served."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library.recommending import MountedSkill
from domain.library.roles import ShelvedSkill
from domain.skill import SkillStatus
from store.library_tables import Skill
from store.usage_tables import Mount

SERVED = (SkillStatus.ACTIVE, SkillStatus.DEPRECATED)
"""What agents may read: a yanked skill is withdrawn even from who has mounted it."""


async def shelf(session: AsyncSession) -> list[ShelvedSkill]:
    """Every published skill by name, whatever its status."""
    query = select(Skill).where(Skill.status != SkillStatus.DRAFT).order_by(Skill.name)
    return [shelved(row) for row in await session.scalars(query)]


async def mounted(session: AsyncSession, person: str) -> list[MountedSkill]:
    """A person's set by name, yanked ones among them."""
    query = select(Mount).where(Mount.user_id == person).order_by(Mount.skill)
    return [MountedSkill(skill=row.skill, role=row.role) for row in await session.scalars(query)]


async def served(session: AsyncSession, person: str | None) -> list[ShelvedSkill]:
    """What agents of a person may read, by path: the mounted skills that are not withdrawn; None: all that are not."""
    query = select(Skill).where(Skill.status.in_(SERVED)).order_by(Skill.category, Skill.name)
    if person is not None:
        query = query.join(Mount, Mount.skill == Skill.name).where(Mount.user_id == person)
    return [shelved(row) for row in await session.scalars(query)]


async def mount(session: AsyncSession, person: str, skills: Sequence[str], role: str | None = None) -> set[str]:
    """Add skills to a person's set; gives those that were not in it. One that was there keeps its role, or gets one."""
    if not skills:
        return set()
    row = insert(Mount).values([{"user_id": person, "skill": name, "role": role} for name in sorted(set(skills))])
    added = set(await session.scalars(row.on_conflict_do_nothing().returning(Mount.skill)))
    if role is not None:
        query = select(Mount).where(Mount.user_id == person, Mount.skill.in_(skills), Mount.role.is_(None))
        for standing in await session.scalars(query.order_by(Mount.skill).with_for_update()):
            standing.role = role
    return added


async def unmount(session: AsyncSession, person: str, name: str) -> bool:
    """Take a skill out of a person's set; False when it was not in it."""
    mine = (Mount.user_id == person) & (Mount.skill == name)
    return (await session.execute(delete(Mount).where(mine).returning(Mount.skill))).first() is not None


def shelved(row: Skill) -> ShelvedSkill:
    """A row as roles and recommendations see it."""
    return ShelvedSkill.model_validate(row, from_attributes=True)
