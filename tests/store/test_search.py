"""Search of the library: ranked, forgiving, harmless whatever is typed, and quick because it uses its indexes."""

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import insert, text

from domain.library.search import MOST_QUERY, query, trigrams
from domain.library.views import Shown, Sort
from domain.skill import SkillStatus
from store import search
from store.library_tables import Skill, SkillAlias
from store.search import Wanted
from store.session import Database

BODY = "# Steps\n\nRead what is given."


async def shelve(
    database: Database,
    name: str,
    description: str = "Does a thing.",
    *,
    category: str = "data",
    tags: Sequence[str] = (),
    body: str = BODY,
    status: SkillStatus = SkillStatus.ACTIVE,
) -> None:
    async with database.transaction() as session:
        session.add(
            Skill(
                name=name,
                category=category,
                description=description,
                status=status,
                version="1.0.0",
                digest="d",
                tags=[*tags],
                requires=[],
            )
        )
        await search.index(session, name, body)


async def found(database: Database, words: str = "", **wanted: object) -> list[str]:
    asked = Wanted.model_validate({"words": query(words), **wanted})
    async with database.transaction() as session:
        return [card.name for card in (await search.page(session, asked)).cards]


async def test_a_name_counts_more_than_a_description_and_that_more_than_the_text(database: Database) -> None:
    await shelve(database, "alpha", body="How invoices are paid.")
    await shelve(database, "bravo", "Sorts invoices.")
    await shelve(database, "paying-invoices")
    assert await found(database, "invoice") == ["paying-invoices", "bravo", "alpha"]


@pytest.mark.parametrize("typed", ["realease nots", "relase-notes", "RELEASE NOTES", "release note", "réleasé nötes"])
async def test_typing_errors_case_and_accents_are_forgiven(database: Database, typed: str) -> None:
    for name in ("release-notes", "meeting-minutes", "sql-review", "reading-nets"):
        await shelve(database, name)
    assert (await found(database, typed))[0] == "release-notes"
    assert "sql-review" not in await found(database, typed)


async def test_tags_and_aliases_are_searched_like_names(database: Database) -> None:
    await shelve(database, "one", tags=["kubernetes"])
    await shelve(database, "two")
    async with database.transaction() as session:
        session.add(SkillAlias(alias="container-orchestra", name="two", made_by="ada"))
        await search.index(session, "two", BODY)
    assert await found(database, "kubernets") == ["one"]
    assert await found(database, "orchestra") == ["two"]


async def test_what_a_skill_said_before_is_no_longer_found(database: Database) -> None:
    await shelve(database, "one", body="About walruses.")
    async with database.transaction() as session:
        await search.index(session, "one", "About herrings.")
    assert await found(database, "walrus") == []
    assert await found(database, "herring") == ["one"]


async def test_conditions_hold_together_and_facets_count_what_fits(database: Database) -> None:
    await shelve(database, "a-csv", category="data", tags=["csv", "files"])
    await shelve(database, "b-csv", category="documents", tags=["csv"])
    await shelve(database, "c-csv", category="data", tags=["files"], status=SkillStatus.DEPRECATED)
    await shelve(database, "d-csv", category="data", status=SkillStatus.DRAFT)
    assert await found(database, "csv", tags=["csv", "none"], category="data") == ["a-csv"]
    assert await found(database, status=Shown.DEPRECATED) == ["c-csv"]
    assert await found(database, sort=Sort.NAME, status=Shown.ANY) == ["a-csv", "c-csv", "b-csv"]
    async with database.transaction() as session:
        counted = await search.facets(session, Wanted(words="csv", status=Shown.ANY))
        assert await search.total(session, Wanted(words="csv", status=Shown.ANY)) == 3
    assert [(one.value, one.skills) for one in counted.categories] == [("data", 2), ("documents", 1)]
    assert [(one.value, one.skills) for one in counted.tags] == [("csv", 2), ("files", 2)]
    assert [(one.value, one.skills) for one in counted.statuses] == [("active", 2), ("deprecated", 1)]


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("words", ["", "notes"])
async def test_pages_show_every_skill_once_though_all_fit_equally(database: Database, sort: Sort, words: str) -> None:
    names = [f"notes-{letter}" for letter in "abcdefg"]
    for name in reversed(names):
        await shelve(database, name)
    seen: list[str] = []
    wanted = Wanted(words=words, sort=sort, limit=3)
    async with database.transaction() as session:
        while True:
            page = await search.page(session, wanted)
            seen += [card.name for card in page.cards]
            if page.after is None:
                break
            wanted = wanted.model_copy(update={"after": page.after})
    assert seen == names


HOSTILE = [
    "\0",
    "a\0b",
    "'; DROP TABLE skills; --",
    '"unclosed',
    "& | ! ( ) <-> :* *",
    "-",
    "- - or or",
    "the",
    "%_\\",
    "{}[]{{",
    "\ud800",
    "💣" * 400,
    "a" * 10_000,
    "or " * 5_000,
    '"' * 999,
    "\u202e\u200b",
    "((((((((((",
    "a:*&b:!c",
]


@pytest.mark.parametrize("typed", HOSTILE)
async def test_no_query_does_harm(database: Database, typed: str) -> None:
    await shelve(database, "one", typed.replace("\0", "")[:1000].encode("utf-8", "replace").decode(), body=typed)
    asked = Wanted(words=query(typed))
    assert len(asked.words) <= MOST_QUERY
    async with database.transaction() as session:
        await search.page(session, asked)
        await search.facets(session, asked)
    assert await found(database) == ["one"]


async def test_a_huge_text_is_indexed_as_far_as_it_can_be(database: Database) -> None:
    letters = random.Random(1)
    body = " ".join("".join(chr(letters.randrange(0x4E00, 0x9FFF)) for _ in range(4)) for _ in range(100_000))
    await shelve(database, "one", body=f"walrus {body}")
    assert await found(database, "walrus") == ["one"]


def _row(name: str, said: Sequence[str]) -> dict[str, object]:
    fixed = {"category": "data", "status": "active", "version": "1.0.0", "digest": "d"}
    return {**fixed, "name": name, "description": " ".join(said), "trigrams": trigrams(name)}


async def test_five_thousand_skills_are_searched_through_the_indexes(database: Database) -> None:
    letters = random.Random(7)
    words = ["".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=letters.randrange(4, 9))) for _ in range(3_000)]
    rows = [_row(f"{'-'.join(letters.sample(words, 2))}-{n}", letters.sample(words, 12)) for n in range(5_000)]
    async with database.transaction() as session:
        await session.execute(insert(Skill), [*rows, _row("release-notes", ["Writes", "them"])])
        made = "setweight(to_tsvector('simple', name), 'A') || to_tsvector('english', description)"
        await session.execute(text(f"UPDATE skills SET search = {made}"))
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as autovacuum:
        await autovacuum.execute(text("VACUUM ANALYZE skills"))
    async with database.transaction() as session:
        asked = search.ordered(Wanted(words="realease nots")).limit(20)
        compiled = str(asked.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        lines = (await session.execute(text(f"EXPLAIN {compiled}".replace(":", r"\:").replace("%%", "%")))).scalars()
        plan = "\n".join(lines)
    assert "Bitmap Index Scan on skills_words" in plan, plan
    assert "Bitmap Index Scan on skills_trigrams" in plan, plan
    assert "Seq Scan on skills" not in plan
    assert (await found(database, "realease nots"))[0] == "release-notes"
