"""Looks up what is there before a person is asked: skills of the library, passages of the attached sources.

Rules only: no model is asked, and nothing found here stops a job. What it finds is text of strangers: data in every
prompt. Must not store anything; `Author.refine` does, once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from activities.programs.research import keywords, queries
from domain.brief import Brief, Refinement
from domain.library.views import SkillCard
from domain.passages import Text, found
from domain.research import Hit, Research
from domain.rules.neighbours import ALIKE, Neighbour, look_alike, similarity
from domain.text import clipped
from store import requirements, search, understanding
from store.search import Wanted
from store.session import Database, Session

MOST_HITS = 5
"""Of one query; what else there is resembles it less."""

WEAK = 0.1
"""Similarity of a query and a skill below which they only share a word by chance: one of six, against ten."""

MOST_TEXT = 240
MOST_SHOWN_QUERY = 200
"""Characters of a description, and of one that is the query, that are kept."""


async def looked_up(database: Database, job_id: UUID, brief: Brief, refined: Refinement) -> list[Research]:
    """Every query with what it found in the library and in the sources; the same each time while these are the same."""
    asked = queries(brief, refined, refined.look_up)
    async with database.transaction() as session:
        cards = {query: await _cards(session, query) for query in asked}
        neighbours = await requirements.neighbours(session, other_than="")
        paths = await requirements.paths(session)
        texts = await understanding.texts(session, job_id)
    return await asyncio.to_thread(_research, cards, neighbours, paths, texts, brief, refined)


async def _cards(session: Session, query: str) -> list[SkillCard]:
    """Any of the words may fit: all of them together are rarely in one skill."""
    page = await search.page(session, Wanted(words=" or ".join(query.split()), limit=3 * MOST_HITS))
    return page.cards


def _research(
    cards: Mapping[str, Sequence[SkillCard]],
    neighbours: Sequence[Neighbour],
    paths: Mapping[str, str],
    texts: Sequence[Text],
    brief: Brief,
    refined: Refinement,
) -> list[Research]:
    near = _near(neighbours, paths, brief, refined)
    library = [Research(query=query, where="library", hits=_hits(query, found)) for query, found in cards.items()]
    sources = [Research(query=query, where="source", hits=_passages(query, texts)) for query in cards] if texts else []
    whole = Research(query=clipped(refined.description, MOST_SHOWN_QUERY), where="library", hits=near)
    return [*([whole] if near else []), *library, *sources]


def _hits(query: str, cards: Sequence[SkillCard]) -> list[Hit]:
    hits = [_hit(query, card) for card in cards]
    return sorted((hit for hit in hits if hit.score >= WEAK), key=lambda hit: (-hit.score, hit.name))[:MOST_HITS]


def _hit(query: str, card: SkillCard) -> Hit:
    said = f"{card.name.replace('-', ' ')} {card.description}"
    shared = [word for word in query.split() if word in keywords(said)]
    why = f"both say {', '.join(shared)}" if shared else "its words resemble these"
    return Hit(
        name=card.path, text=clipped(card.description, MOST_TEXT), score=round(similarity(query, said), 2), why=why
    )


def _passages(query: str, texts: Sequence[Text]) -> list[Hit]:
    return [
        Hit(
            name=f"{one.name} lines {one.lines}",
            text=one.lead,
            score=one.score,
            why=f"has {one.score:.0%} of the query's words, rare ones counting most",
        )
        for one in found(query, texts, MOST_HITS)
    ]


def _near(neighbours: Sequence[Neighbour], paths: Mapping[str, str], brief: Brief, refined: Refinement) -> list[Hit]:
    """The skills that do nearly this: their description says what the request says, or they have its name."""
    hits = [_nearness(other, paths, brief, refined) for other in neighbours]
    return sorted((hit for hit in hits if hit is not None), key=lambda hit: (-hit.score, hit.name))[:MOST_HITS]


def _nearness(other: Neighbour, paths: Mapping[str, str], brief: Brief, refined: Refinement) -> Hit | None:
    own = (refined.description, refined.task_description, brief.task)
    score = max(similarity(text, other.description) for text in own)
    named = refined.name in (other.name, *other.aliases) or look_alike(refined.name, other.name)
    if score < ALIKE and not named:
        return None
    why = f"its description is alike ({score:.2f}; from {ALIKE:.2f} on agents confuse two)"
    return Hit(
        name=paths.get(other.name, other.name),
        text=clipped(other.description, MOST_TEXT),
        score=round(score, 2),
        why=why if score >= ALIKE else f"`{refined.name}` is its name, or taken for it",
        near=True,
    )
