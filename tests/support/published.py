"""Published skills for tests: rows and files as a publication leaves them, without a job."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from domain.library.metadata import OriginKind, Publishing, SkillMetadata, SkillOrigin, metadata_of, rendered
from domain.skill import SKILL_FILE, Frontmatter, SkillFileEntry, SkillStatus
from store import versions
from store.library_tables import Skill
from store.session import Database

PUBLISHED_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def skill_text(name: str, description: str, body: str) -> bytes:
    """A SKILL.md."""
    return f"---\nname: {name}\ndescription: {description}\n---\n{body}".encode()


async def publish_skill(
    database: Database,
    name: str,
    *,
    category: str = "development",
    description: str | None = None,
    status: SkillStatus = SkillStatus.ACTIVE,
    version: str = "1.0.0",
    body: str = "# Steps\n\n1. Read.\n2. Write.\n",
    files: Mapping[str, bytes] | None = None,
    tags: Sequence[str] = (),
    requires: Sequence[str] = (),
    replaced_by: str | None = None,
) -> SkillMetadata:
    """Publish a version of a skill; the row follows."""
    told = description or f"Helps with {name}. Use when {name} is asked for."
    own = [SkillFileEntry(path=SKILL_FILE, data=skill_text(name, told, body))]
    own += [SkillFileEntry(path=path, data=data) for path, data in (files or {}).items()]
    origin = SkillOrigin(kind=OriginKind.FOLDER)
    publishing = Publishing(version=version, category=category, origin=origin, by="ada", at=PUBLISHED_AT)
    metadata = metadata_of(Frontmatter(name=name, description=told), own, publishing)
    async with database.transaction() as session:
        row = await session.get(Skill, name)
        if row is None:
            row = Skill(name=name)
            session.add(row)
        row.category, row.description, row.status, row.version = category, told, status, version
        row.digest, row.tags, row.requires, row.replaced_by = metadata.digest, [*tags], [*requires], replaced_by
        row.published_at = PUBLISHED_AT
        await session.flush()
        await versions.keep(session, metadata, [*own, rendered(metadata)], provenance={})
    return metadata
