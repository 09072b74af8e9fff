"""Skills on the shelves for tests of the pages: rows, files, search, a changelog and the record, as texts say."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.library.metadata import OriginKind, Publishing, SkillOrigin, metadata_of, rendered
from domain.library.usage import UsageOutcome, UsageReport
from domain.skill import SKILL_FILE, SkillFileEntry, SkillStatus
from domain.skill_file import frontmatter_of, parse
from store import aliases, changes, search, skills, usage, versions
from store.base import Json
from store.session import Database


def a_text(name: str, description: str, body: str, tags: str = "", requires: str = "") -> bytes:
    """A SKILL.md; `description` must not hold what YAML reads as more than text."""
    marks = [f"  {key}: {value}" for key, value in (("tags", tags), ("requires", requires)) if value]
    metadata = "\n".join(["metadata:", *marks, ""]) if marks else ""
    return f"---\nname: {name}\ndescription: {description}\n{metadata}---\n\n# {name}\n\n{body}\n".encode()


async def shelve(
    database: Database,
    name: str,
    *,
    category: str = "documents",
    version: str = "1.0.0",
    description: str = "",
    body: str = "## Steps\n\n1. Read it.",
    tags: str = "",
    requires: str = "",
    changelog: str = "",
    more: Mapping[str, bytes] | None = None,
    provenance: Json | None = None,
) -> str:
    """A version as a publication leaves it; returns its place."""
    text = a_text(name, description or f"Helps with {name}.", body, tags, requires)
    files = [SkillFileEntry(path=SKILL_FILE, data=text)]
    files += [SkillFileEntry(path=path, data=data) for path, data in (more or {}).items()]
    origin = SkillOrigin(kind=OriginKind.FOLDER)
    publishing = Publishing(version=version, category=category, origin=origin, by="ada", at=datetime.now(UTC))
    metadata = metadata_of(frontmatter_of(parse(text)), files, publishing)
    async with database.transaction() as session:
        await skills.describe(session, await skills.get(session, name), metadata)
        await session.flush()
        whole = [*files, rendered(metadata)]
        assert await versions.keep(session, metadata, whole, changelog=changelog, provenance=provenance or {})
        await search.index(session, name, text.decode())
        entry = changes.Entry(name=name, key=version, kind="published", person="ada", version=version)
        await changes.record(session, entry)
    return f"{category}/{name}"


async def turn(database: Database, name: str, status: SkillStatus, note: str, replaced_by: str | None = None) -> None:
    """Take a skill out of use, or withdraw it."""
    async with database.transaction() as session:
        row = await skills.get(session, name)
        assert row is not None
        row.status, row.note, row.replaced_by = status, note, replaced_by


async def call(database: Database, name: str, alias: str) -> None:
    """Give a skill another name."""
    async with database.transaction() as session:
        await aliases.put(session, alias, name, "ada")


async def use(database: Database, name: str, outcome: UsageOutcome, days_ago: int = 0, agent: str = "claude") -> None:
    """Report one use."""
    now = datetime.now(UTC)
    used_at = now - timedelta(days=days_ago)
    report = UsageReport(event_id=uuid4(), skill=name, agent=agent, outcome=outcome, used_at=used_at, version="1.0.0")
    async with database.transaction() as session:
        await usage.keep(session, report, name, person="ada", channel="api", now=now)
