"""Versions that tests publish, and one look at everything that the library says of a skill."""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import select

from activities.publishing import Kind, Publisher, Wanted
from activities.shelves import Shelves
from domain.library.metadata import OriginKind, Publishing, SkillOrigin, metadata_of
from domain.library.next_version import front_of
from domain.skill import SKILL_FILE, SkillFileEntry
from store import versions
from store.library_tables import Publication, Skill, SkillVersion
from store.session import Database

NAME, SHELF = "meeting-notes", "general"
PLACE = f"{SHELF}/{NAME}"


def content(words: str, name: str = NAME, **more: bytes) -> list[SkillFileEntry]:
    """Files of a skill whose body is `words`."""
    text = f"---\nname: {name}\ndescription: Takes notes. Use when people meet.\n---\n\n# Notes\n\n{words}\n"
    extra = [SkillFileEntry(path=path.replace("__", "/"), data=data) for path, data in more.items()]
    return [SkillFileEntry(path=SKILL_FILE, data=text.encode()), *extra]


def wanted(
    version: str = "1.0.0",
    words: str = "One.",
    *,
    token: str = "publish-one",
    kind: Kind = "imported",
    name: str = NAME,
    shelf: str = SHELF,
    **more: bytes,
) -> Wanted:
    """A version that somebody wants to publish."""
    files = content(words, name, **more)
    front = front_of(files)
    assert front is not None
    publishing = Publishing(
        version=version,
        category=shelf,
        origin=SkillOrigin(kind=OriginKind.IMPORT, source="test"),
        by="ada",
        at=datetime.now(UTC),
    )
    return Wanted(token=token, metadata=metadata_of(front, files, publishing), files=files, kind=kind, person="ada")


async def publish(publisher: Publisher, version: Wanted) -> Wanted:
    """All three steps."""
    held = await publisher.claim(version)
    assert held is not None
    await publisher.put(held)
    await publisher.complete(held)
    return held


class Told(NamedTuple):
    """What rows and disk say of a skill; None where they say nothing."""

    status: str | None
    version: str | None
    lying: str | None
    versions: list[str]
    claimed: bool


async def told(database: Database, shelves: Shelves, name: str = NAME) -> Told:
    """Everything; `lying` is the version whose files lie at the row's place, `?` when they are no version's."""
    async with database.transaction() as session:
        row = await session.get(Skill, name, populate_existing=True)
        kept = sorted(await session.scalars(select(SkillVersion.version).where(SkillVersion.name == name)))
        claimed = await session.get(Publication, name) is not None
        there = shelves.digest_at(f"{row.category}/{name}") if row else None
        known = await versions.of_digest(session, name, there) if there else None
        lying = None if there is None else known.version if known else "?"
        if known and row and not shelves.holds(f"{row.category}/{name}", await versions.whole(session, known)):
            lying = "?"
    return Told(row.status if row else None, row.version if row else None, lying, kept, claimed)
