"""What requirements are held against: the published skills, and the other names they go by."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library.dependencies import Catalogue, Entry
from domain.rules.neighbours import Neighbour
from domain.skill import SkillStatus
from store.library_tables import Skill, SkillAlias


async def catalogue(session: AsyncSession) -> Catalogue:
    """Every published skill, yanked ones among them, by name; drafts are in nobody's way."""
    columns = (Skill.name, Skill.version, Skill.status, Skill.requires, Skill.replaced_by)
    rows = await session.execute(select(*columns).where(Skill.status != SkillStatus.DRAFT))
    return {row.name: Entry.model_validate(row._mapping) for row in rows}


async def neighbours(session: AsyncSession, *, other_than: str) -> list[Neighbour]:
    """The skills that agents choose among, but this one, with the other names they go by."""
    served = (SkillStatus.ACTIVE, SkillStatus.DEPRECATED)
    columns = (Skill.name, Skill.description)
    rows = (await session.execute(select(*columns).where(Skill.status.in_(served), Skill.name != other_than))).all()
    aliases: dict[str, list[str]] = {}
    for row in await session.scalars(select(SkillAlias)):
        aliases.setdefault(row.name, []).append(row.alias)
    return [Neighbour(name=name, description=said, aliases=sorted(aliases.get(name, []))) for name, said in rows]


async def paths(session: AsyncSession) -> dict[str, str]:
    """Where each published skill lies, by its name: `<category>/<name>`."""
    rows = await session.execute(select(Skill.name, Skill.category).where(Skill.status != SkillStatus.DRAFT))
    return {row.name: f"{row.category}/{row.name}" for row in rows}


async def aliases_of(session: AsyncSession, name: str) -> list[str]:
    """The other names of a skill, sorted."""
    query = select(SkillAlias.alias).where(SkillAlias.name == name)
    return list(await session.scalars(query.order_by(SkillAlias.alias)))
