"""What agents are served: the skills with the digests of their files, and the files of one version."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library.catalog import ServedSkill
from domain.library.metadata import SkillMetadata
from domain.library.roles import ShelvedSkill
from domain.skill import METADATA_FILE, SkillFileEntry
from store import mounts, versions
from store.library_tables import SkillVersion


async def listed(session: AsyncSession, person: str | None) -> list[ServedSkill]:
    """The skills that agents of a person may read, with their files; None: of everybody. A version whose files were
    never kept cannot be checked, so it is not served."""
    skills = await mounts.served(session, person)
    described = await _described(session, skills)
    return [
        ServedSkill(**skill.model_dump(), files=described[skill.name].files)
        for skill in skills
        if skill.name in described
    ]


async def files(session: AsyncSession, name: str, version: str) -> list[SkillFileEntry]:
    """The files of a version, without the generated `metadata.json`."""
    return [file for file in await versions.files(session, name, version) if file.path != METADATA_FILE]


async def _described(session: AsyncSession, skills: Sequence[ShelvedSkill]) -> dict[str, SkillMetadata]:
    current = [(skill.name, skill.version) for skill in skills]
    query = select(SkillVersion.name, SkillVersion.described).where(
        tuple_(SkillVersion.name, SkillVersion.version).in_(current), SkillVersion.described.is_not(None)
    )
    rows = (await session.execute(query)).all() if current else []
    return {name: SkillMetadata.model_validate(described) for name, described in rows}
