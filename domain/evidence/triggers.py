"""Whether a description is found: which queries stand in which half, in what order skills are offered, what the choices
add up to, and which of several descriptions wins. Must not ask a model.

Numbers as Anthropic's skill-creator and the SkillsBench papers use them: 20 queries, 3 runs each, chosen on the half
that the optimizer never saw.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from itertools import cycle
from typing import Literal, TypeVar

from domain.evaluation import DescriptionTrial, TriggerChoice, TriggerNumbers, TriggerQuery
from domain.rules.neighbours import Neighbour, similarity

Half = Literal["train", "held_out"]
Thing = TypeVar("Thing")

OF_A_KIND = 10
"""Queries that should make the agent choose the skill, and as many that should not."""

RUNS = 3
"""Times that each query is asked: one answer alone is chance."""

NEIGHBOURS = 5
"""Other skills that the agent chooses among."""

FIRES = 2
"""Runs of the control query, of `RUNS`, in which the skill must be chosen, or the harness is broken."""

CONTROL_CHARACTERS = 200


def digest_of(description: str) -> str:
    """Names a description, whatever its spacing."""
    return sha256(" ".join(description.split()).encode()).hexdigest()


def halved(should: Sequence[str], should_not: Sequence[str], seed: str) -> list[TriggerQuery]:
    """The queries as q1, q2, …, each kind dealt alternately to both halves in an order that `seed` decides.

    Of an odd number the held-out half gets one more: the gate reads that one.
    """
    texts = [(text, True) for text in should] + [(text, False) for text in should_not]
    half_of: dict[int, Half] = {}
    for kind in (True, False):
        own = [number for number, (_, wanted) in enumerate(texts) if wanted is kind]
        halves: cycle[Half] = cycle(("held_out", "train"))
        half_of.update(zip(shuffled(own, f"{seed}/halves/{kind}"), halves, strict=False))
    return [
        TriggerQuery(id=f"q{number + 1}", text=text, should=wanted, half=half_of[number])
        for number, (text, wanted) in enumerate(texts)
    ]


def missing(queries: Sequence[TriggerQuery]) -> str:
    """What of the twenty queries is not there, in words; "" when all are."""
    counts = {kind: sum(query.should is (kind == "should") for query in queries) for kind in ("should", "should not")}
    return " ".join(
        f"Only {count} of {OF_A_KIND} messages that {kind} make an agent choose the skill could be found."
        for kind, count in counts.items()
        if count < OF_A_KIND
    )


def shuffled(things: Sequence[Thing], seed: str) -> list[Thing]:
    """The things in an order that depends on `seed` alone, in every process."""
    return random.Random(seed).sample(things, len(things))  # noqa: S311  # an order that can be repeated, no secret


def nearest(
    description: str, library: Sequence[Neighbour], before: Sequence[str] = (), most: int = NEIGHBOURS
) -> list[Neighbour]:
    """The skills that are most easily taken for the one described. Those named in `before` come first, so that two
    descriptions of one job stand beside the same neighbours."""
    return sorted(
        library, key=lambda other: (other.name not in before, -similarity(description, other.description), other.name)
    )[:most]


def control_query(name: str, description: str) -> str:
    """A message to which no working agent can answer with another skill."""
    what = " ".join(description.split())
    first = re.split(r"(?<=[.!?])\s", what, maxsplit=1)[0].rstrip(".!?")
    return f"Use the skill {name} for this, and no other: {first[:CONTROL_CHARACTERS]}."


def numbers(
    name: str, queries: Sequence[TriggerQuery], choices: Sequence[TriggerChoice], half: Half | None = None
) -> TriggerNumbers:
    """What the choices among skills say of the skill `name`; of one half, or of both.

    Recall: of the runs of queries that should, the share in which it was chosen. Precision: of the runs in which it was
    chosen, the share that should; None when it never was. A query counts as missed, or as a false alarm, when that
    happened in one of its runs. `runs`: the fewest of a query that has any.
    """
    asked = {query.id: query for query in queries if half in (None, query.half)}
    made = [choice for choice in choices if choice.query_id in asked]
    should = [choice for choice in made if asked[choice.query_id].should]
    own = [choice for choice in made if choice.chosen == name]
    right = sum(asked[choice.query_id].should for choice in own)
    missed = [choice for choice in should if choice.chosen != name]
    wrong = [choice for choice in own if not asked[choice.query_id].should]
    runs = Counter(choice.query_id for choice in made)
    return TriggerNumbers(
        queries=len(runs),
        runs=min(runs.values(), default=0),
        recall=right / len(should) if should else None,
        precision=right / len(own) if own else None,
        confusions=dict(Counter(choice.chosen for choice in missed if choice.chosen is not None).most_common()),
        missed=_texts(asked, missed),
        false_alarms=_texts(asked, wrong),
    )


def _texts(asked: dict[str, TriggerQuery], choices: Sequence[TriggerChoice]) -> list[str]:
    """The queries of these choices, once each, in the order of the queries."""
    found = {choice.query_id for choice in choices}
    return [query.text for query in asked.values() if query.id in found]


def f1(found: TriggerNumbers | None) -> float:
    """The harmonic mean of recall and precision; 0 when the skill was never rightly chosen."""
    recall, precision = (found.recall, found.precision) if found else (None, None)
    return 2 * recall * precision / (recall + precision) if recall and precision else 0.0


def perfect(found: TriggerNumbers) -> bool:
    """Nothing is left to improve."""
    return found.recall == 1 and found.precision == 1


def best_trained(trials: Sequence[DescriptionTrial]) -> DescriptionTrial:
    """The description to improve: the best of the training half, the earliest of equals."""
    return max(trials, key=lambda trial: f1(trial.train))


def winner(trials: Sequence[DescriptionTrial]) -> DescriptionTrial:
    """The best of the held-out half; of equals the one whose skill is read more often, then the shorter, then the
    earlier: the planned one stands first."""
    return max(trials, key=lambda trial: (f1(trial.held_out), trial.body_read or 0.0, -len(trial.description)))


def told_failures(name: str, queries: Sequence[TriggerQuery], choices: Sequence[TriggerChoice]) -> list[str]:
    """What went wrong in the training half, a line for each query: missed, with what was chosen instead, or chosen
    where it should not have been. Tells nothing of the held-out half."""
    lines = []
    for query in queries:
        own = [choice.chosen for choice in choices if choice.query_id == query.id]
        wrong = [chosen for chosen in own if (chosen == name) is not query.should]
        if query.half == "train" and wrong:
            often = f"in {len(wrong)} of {len(own)} runs"
            instead = f"; chosen instead: {tallied(wrong)}" if query.should else ""
            lines.append(f"{'Missed' if query.should else 'Chosen wrongly'} {often}: “{query.text}”{instead}")
    return lines


def tallied(chosen: Sequence[str | None]) -> str:
    """What was chosen and how often, in words."""
    return ", ".join(f"{name or 'no skill'} ({count}×)" for name, count in Counter(chosen).most_common())


def in_words(found: TriggerNumbers | None) -> str:
    """Recall and precision for people."""
    recall, precision = (found.recall, found.precision) if found else (None, None)
    told = ["none" if number is None else f"{number:.2f}" for number in (recall, precision)]
    return f"recall {told[0]}, precision {told[1]}"
