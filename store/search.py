"""Search of the library: full text with weights, and trigrams for what was typed wrongly; what lists and facets count.

`index` is called in the transaction that changes what a skill says. Must not decide what a query means
(`domain/library/search.py` does), and never puts a person's text into SQL but as a parameter.
"""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Double,
    Row,
    Select,
    Text,
    and_,
    any_,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library import search as terms
from domain.library.views import Count, Facets, Shown, SkillCard, Sort
from domain.shape import Shape
from domain.skill import SkillStatus
from store import skills
from store.library_tables import Skill, SkillAlias

ENGLISH, SIMPLE = "english", "simple"
NAME_WEIGHT, SAID_WEIGHT, BODY_WEIGHT = "A", "B", "C"
PUBLISHED = [status for status in SkillStatus if status is not SkillStatus.DRAFT]
MOST_TAGS = 30
"""Tags that facets name: the most frequent ones."""


class Wanted(Shape):
    """Which skills: all conditions must hold; of `tags`, which are words for one, any.

    `after`: the order's key and the name at which the last page ended.
    """

    words: str = ""
    category: str | None = None
    tags: list[str] = []
    status: Shown = Shown.ACTIVE
    sort: Sort = Sort.BEST
    after: tuple[str | float, str] | None = None
    limit: int = 50

    @property
    def by_number(self) -> bool:
        """Whether the key of the order is a number (a score, a time) rather than a path."""
        return self.sort is Sort.NEWEST or (self.sort is Sort.BEST and bool(self.words))


class Found(Shape):
    """One page: the cards, and where the next one begins."""

    cards: list[SkillCard]
    after: tuple[str | float, str] | None = None


async def index(session: AsyncSession, name: str, text: str) -> None:
    """Make a skill's row findable: its name, aliases, tags, description, and `text`, its SKILL.md.

    In the transaction that writes the row, after the row is written. Does nothing when there is no such row.
    """
    await session.flush()
    row = (
        await session.execute(select(Skill.category, Skill.description, Skill.tags).where(Skill.name == name))
    ).one_or_none()
    if row is None:
        return
    aliases = (await session.scalars(select(SkillAlias.alias).where(SkillAlias.name == name))).all()
    names = " ".join(terms.words(" ".join([name, *aliases])))
    tags = " ".join(map(str, row.tags))
    vector = (
        _vector(SIMPLE, names, NAME_WEIGHT)
        .op("||")(_vector(ENGLISH, names, NAME_WEIGHT))
        .op("||")(_vector(ENGLISH, f"{row.description} {tags}", SAID_WEIGHT))
        .op("||")(_vector(SIMPLE, tags, SAID_WEIGHT))
        .op("||")(_vector(ENGLISH, text, BODY_WEIGHT))
    )
    grams = terms.trigrams(name, *aliases, tags)
    changed = update(Skill).where(Skill.name == name).values(search=vector, trigrams=grams)
    await session.execute(changed.execution_options(synchronize_session=False))


async def unindexed(session: AsyncSession) -> list[str]:
    """Published skills that search does not know yet: those of earlier releases."""
    query = select(Skill.name).where(Skill.search.is_(None), Skill.status != SkillStatus.DRAFT)
    return list(await session.scalars(query.order_by(Skill.name)))


async def page(session: AsyncSession, wanted: Wanted) -> Found:
    """The skills that fit, in a stable order: what is equal otherwise is ordered by its name."""
    query = ordered(wanted)
    rows = (await session.execute(query.limit(wanted.limit + 1))).all()
    shown = rows[: wanted.limit]
    cards = [card(row, score if wanted.words else None) for row, score, _ in shown]
    return Found(cards=cards, after=_position(shown[-1]) if len(rows) > wanted.limit else None)


def ordered(wanted: Wanted) -> Select[Skill, float, object]:
    """The query of a page: rows with their score and the key of the order. Public, so that its plan can be shown."""
    score = _score(wanted.words)
    key = _key(wanted, score)
    query = select(Skill, score.label("score"), key.label("key")).where(*_conditions(wanted)).order_by(key, Skill.name)
    if wanted.after is not None:
        at, name = wanted.after
        query = query.where(tuple_(key, Skill.name) > tuple_(literal(at, key.type), literal(name)))
    return query


async def total(session: AsyncSession, wanted: Wanted) -> int:
    """How many skills fit, on all pages."""
    return await session.scalar(select(func.count()).select_from(Skill).where(*_conditions(wanted))) or 0


async def facets(session: AsyncSession, wanted: Wanted) -> Facets:
    """What the skills that fit have in common, on all pages."""
    fitting = select(Skill.category, Skill.status, Skill.tags).where(*_conditions(wanted)).subquery()
    tag = func.jsonb_array_elements_text(fitting.c.tags).column_valued("tag", joins_implicitly=True)
    return Facets(
        categories=await _counts(session, select(fitting.c.category, func.count()).group_by(fitting.c.category)),
        tags=await _counts(session, select(tag, func.count()).select_from(fitting).group_by(tag).limit(MOST_TAGS)),
        statuses=await _counts(session, select(fitting.c.status, func.count()).group_by(fitting.c.status)),
    )


def card(row: Skill, score: float | None = None) -> SkillCard:
    """A row as lists show it."""
    return SkillCard(
        **skills.summary(row).model_dump(),
        tags=[*row.tags],
        requires=[*row.requires],
        note=row.note,
        replaced_by=row.replaced_by,
        score=None if score is None else round(score, 4),
    )


def _position(row: Row[Skill, float, object]) -> tuple[str | float, str]:
    skill, _, key = row
    return (key if isinstance(key, float) else str(key)), skill.name


def _vector(language: str, text: str, weight: str) -> ColumnElement[str]:
    """A text as a search vector; `weight` is one of the constants above."""
    made = func.to_tsvector(_language(language), terms.indexable(text))
    return func.setweight(made, literal_column(f"'{weight}'"), type_=TSVECTOR)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    shown = [SkillStatus(wanted.status)] if wanted.status is not Shown.ANY else PUBLISHED
    found: list[ColumnElement[bool]] = [Skill.status.in_(shown)]
    if wanted.category is not None:
        found.append(Skill.category == wanted.category)
    if wanted.tags:
        found.append(Skill.tags.op("?|", is_comparison=True)(_texts(wanted.tags)))
    if wanted.words:
        found.append(or_(_says(wanted.words), _resembles(wanted.words)))
    return found


def _says(typed: str) -> ColumnElement[bool]:
    return Skill.search.op("@@", is_comparison=True)(_asked(typed))


def _asked(typed: str) -> ColumnElement[str]:
    """The query, in English and word for word (names are no English): either may fit."""
    english, simple = (func.websearch_to_tsquery(_language(each), typed, type_=TSQUERY) for each in (ENGLISH, SIMPLE))
    return english.op("||")(simple)


def _language(name: str) -> ColumnElement[str]:
    """One of the two constants above, as PostgreSQL names a configuration."""
    return literal_column(f"'{name}'::regconfig")


def _resembles(typed: str) -> ColumnElement[bool]:
    """The index finds those that share something telling; of these, those that share enough."""
    grams = terms.trigrams(typed)
    if not grams:
        return false()
    return and_(Skill.trigrams.overlap(_texts(terms.telling(grams))), _shared(grams) >= terms.CLOSE_ENOUGH)


def _shared(grams: Sequence[str]) -> ColumnElement[float]:
    """The share of these trigrams that a row has."""
    gram = func.unnest(Skill.trigrams).column_valued("gram")
    number = select(func.count()).where(gram == any_(_texts(grams))).correlate(Skill)
    return cast(number.scalar_subquery(), Double) * literal(1 / max(len(grams), 1), Double)


def _score(typed: str) -> ColumnElement[float]:
    """How well a row fits the words: the rank of full text and the share of trigrams, which are both at most 1."""
    if not typed:
        return literal(0.0, Double)
    rank = cast(func.ts_rank(Skill.search, _asked(typed)), Double)
    return func.coalesce(rank, 0.0, type_=Double) + func.coalesce(_shared(terms.trigrams(typed)), 0.0, type_=Double)


def _key(wanted: Wanted, score: ColumnElement[float]) -> ColumnElement[float] | ColumnElement[str]:
    """What the list is ordered by, smallest first."""
    if wanted.sort is Sort.NEWEST:
        return func.coalesce(-cast(func.extract("epoch", Skill.published_at), Double), 0.0, type_=Double)
    if wanted.by_number:
        return -score
    return Skill.category + "/" + Skill.name


def _texts(grams: Sequence[str]) -> ColumnElement[Sequence[str]]:
    return literal([*grams], ARRAY(Text))


async def _counts(session: AsyncSession, query: Select[str, int]) -> list[Count]:
    rows = await session.execute(query.order_by(func.count().desc(), query.selected_columns[0]))
    return [Count(value=value, skills=number) for value, number in rows.all()]
