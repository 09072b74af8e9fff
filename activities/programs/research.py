"""What is looked up before anybody is asked: queries made by rule of the request, and what a model would look up."""

import re
from collections.abc import Sequence

from activities.programs.facts import task_of
from activities.programs.prose import is_useful
from domain.brief import Brief, Refinement
from domain.library.search import words
from domain.rules.neighbours import telling

MOST_QUERIES = 6
"""By rule the name, the task, what the rewording adds and what hangs on the task; then those of the model."""

MOST_WORDS = 6
"""Words of a query: more find nothing together, and everything one by one."""

_OF_REQUESTS = re.compile(
    "add|agent|build|clear|create|do|generate|give|good|handle|handling|have|help|kind|make|making|need|new"
    "|one|please|produce|skill|some|task|them|they|this|turn|want|way|when|write|writes|writing"
)
"""Words that nearly every request has, so that they find nothing."""


def queries(brief: Brief, refined: Refinement, proposed: Sequence[str] = ()) -> list[str]:
    """The queries, each of other words than those before it; the most certain first.

    `proposed` by a model: only as plain words, and only those that say something.
    """
    task = keywords(task_of(brief.task))
    given = [
        keywords(refined.name.replace("-", " ")),
        task,
        [word for word in keywords(refined.task_description) if word not in task],
        [word for word in keywords(brief.task) if word not in task],
        *(keywords(text) for text in proposed if is_useful(text)),
    ]
    found: dict[frozenset[str], str] = {}
    for each in given:
        if each:
            found.setdefault(frozenset(each[:MOST_WORDS]), " ".join(each[:MOST_WORDS]))
    return list(found.values())[:MOST_QUERIES]


def keywords(text: str) -> list[str]:
    """The words of a text that say what it is about, in their order, each once."""
    own = [word for word in words(text) if len(word) > 1 and not _OF_REQUESTS.fullmatch(word) and telling(word)]
    return list(dict.fromkeys(own))
