"""What rules alone know of a case: expectations that follow from the person's words and from the material, and which
sentences of a proposed prompt give the answer away. No model.
"""

import re
from collections import Counter
from collections.abc import Sequence

from activities.programs.context import said
from activities.programs.facts import Facts, expectations_of, task_of
from activities.programs.prose import clip, is_useful, sentences, words
from domain.brief import Brief, Plan
from domain.evaluation import Expectation
from domain.evidence.patterns import MAX_PATTERN

LEAST_ASKED = 4
"""Words of a message that asks for something."""

LINE = 15
"""Words that are more than a line."""

SUBSTANCE = Expectation(text="Answers with more than a line", check="regex", value=rf"(?:\w+\W+){{{LINE - 1}}}\w+")
"""Used where a request names nothing that code could check."""

FEWEST_OWN = 2
"""Words that only one line of the material has; with fewer, code cannot tell whether the line was dealt with."""

MOST_COVERED = 2
"""Lines that are asked for, the most telling ones: some of a user's material is rightly left out."""


def certain(facts: Facts) -> list[Expectation]:
    """What the person's words demand of every result; at least one that a refusal or an empty form fails."""
    found = expectations_of(facts)
    if any(item.check in ("regex", "contains") for item in found):
        return found
    return [*found, _substance(facts.max_words)]


def _substance(limit: int | None) -> Expectation:
    """As much as the person's own limit leaves room for."""
    if limit is None or limit > LINE:
        return SUBSTANCE
    return SUBSTANCE.model_copy(update={"text": "Says something", "value": rf"(?:\w+\W+){{{limit // 2}}}\w+"})


def covered(prompt: str, brief: Brief) -> list[Expectation]:
    """Each line the user pasted shows up in the answer by at least one word of its own.

    Without this, an answer that keeps the form and drops the content passes (seen: “none” under every heading).
    Tasks that choose among their material are exempt.
    """
    lines = [line[2:] for line in prompt.splitlines() if line.startswith("- ")]
    if _CHOOSES.search("\n".join(said(brief))):
        return []
    counts = Counter(word for line in lines for word in set(words(line)))
    common = set(words(f"{brief.task} {prompt.partition('- ')[0]}"))
    own = {line: [w for w in words(line) if counts[w] == 1 and w not in common and len(w) > 2][:8] for line in lines}
    telling = sorted((line for line in lines if len(own[line]) >= FEWEST_OWN), key=lambda line: -len(own[line]))
    return [
        Expectation(text=f"Deals with “{clip(line, 70)}”", check="regex", value=rf"(?i)\b(?:{'|'.join(own[line])})")
        for line in telling[:MOST_COVERED]
        if len("|".join(own[line])) < MAX_PATTERN - 20
    ]


def without_hints(prompt: str, facts: Facts) -> str:
    """The prompt without the sentences that give away what the skill should add."""
    hints = [re.compile(rf"\b{re.escape(hint)}\b", re.IGNORECASE) for hint in facts.given_away]
    lines = [line.strip() for line in prompt.splitlines()]
    kept = [" ".join(part for part in sentences(line) if not _tells(part, hints)) for line in lines]
    return clip("\n".join(line for line in kept if line), 1_000)


def _tells(text: str, hints: Sequence[re.Pattern[str]]) -> bool:
    """Two of the words to find, or one in a sentence about form. One alone may well be part of the material."""
    count = sum(1 for hint in hints if hint.search(text))
    return count >= 2 or (count == 1 and bool(_FORM.search(text)))


_CHOOSES = re.compile(
    r"\b(?:top|best|only|filter|select|pick|choose|relevant|priorit\w+|important|summar\w+|shorten|condense)\b", re.I
)

_FORM = re.compile(r"\b(?:group|section|heading|format|words|at most|limit|categor)", re.IGNORECASE)


def plain_prompt(brief: Brief, plan: Plan) -> str:
    """The bare task, when the model's prompts are of no use."""
    trigger = next((item for item in plan.triggers if is_useful(item)), "")
    task = task_of(brief.task)
    lead = f"{trigger}. " if trigger and trigger.casefold() != task.casefold() else ""
    return f"{lead}{task}. Make up what you need, and give me the finished result."
