"""What search compares: the words of a query made harmless, and trigrams, which forgive typing errors.

Trigrams are made as PostgreSQL's own extension for them makes them (lower case, two blanks before a word, one behind
it), because the bundled PostgreSQL comes without that extension. Must not know of tables: `store/search.py` does.
"""

import re
import unicodedata
from collections.abc import Iterable

MOST_QUERY = 300
"""Characters of a query that are looked at; what people type is shorter, and more only costs time."""

MOST_INDEXED = 100_000
"""Characters of a text that are indexed. PostgreSQL refuses a search vector of 1 MB; this stays below it in any
script."""

CLOSE_ENOUGH = 0.5
"""Share of a query's trigrams that names, aliases and tags must have: `realease nots` shares 9 of 14 with
`release-notes`, and two words that have nothing in common but a letter or two stay far below."""

_WORD = re.compile(r"[^\W_]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def query(typed: str) -> str:
    """What a person typed, without what PostgreSQL cannot hold (NUL, half characters), on one line and not endless."""
    return " ".join(_UNPRINTABLE.sub(" ", typed[: 4 * MOST_QUERY]).split())[:MOST_QUERY]


def indexable(text: str) -> str:
    """A text that PostgreSQL can hold and index."""
    return _UNPRINTABLE.sub(" ", text[:MOST_INDEXED])


def folded(text: str) -> str:
    """Lower case without accents; letters of other scripts stay as they are."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The words of a text, folded, in their order; hyphens and underscores part words."""
    return _WORD.findall(folded(text))


def trigrams(*texts: str) -> list[str]:
    """All trigrams of the words of some texts, sorted, each once."""
    return sorted({f"  {word} "[at : at + 3] for word in _all_words(texts) for at in range(len(word) + 1)})


def telling(grams: Iterable[str]) -> list[str]:
    """Those that do not stand for a mere first letter, which half a library shares: what an index looks up."""
    found = list(grams)
    return [gram for gram in found if not gram.startswith("  ")] or found


def similarity(typed: str, *texts: str) -> float:
    """The share of what was typed that is found in the texts, by trigrams: between 0 and 1."""
    wanted = set(trigrams(typed))
    return len(wanted & set(trigrams(*texts))) / len(wanted) if wanted else 0.0


def _all_words(texts: Iterable[str]) -> Iterable[str]:
    return (word for text in texts for word in words(text))
