"""The parts of a skill that need no model: the author's demands, the failures that were recorded, a frame of steps.

Everything here is in the author's words or was measured, so that a weak model cannot spoil it.
"""

from collections.abc import Sequence

from activities.programs.context import decided, failed, said
from activities.programs.facts import Facts, expectations_of, facts_of, joined, requirements_of
from activities.programs.prose import distinct, sentence
from domain.brief import Brief
from domain.evaluation import CaseRun
from domain.manuscript import QUICK_START, Mistake, Rule, Step

LONGEST_RULE = 300
"""Characters of an answer that is repeated as a rule; a longer one is only pointed to."""

HONEST = Rule(
    rule="Use only what the user gave. Say what is missing instead of making it up.",
    why="A made-up detail looks like a fact to the reader.",
)
EVERY_ITEM = "Put every item the user gave under exactly one heading; leave none out."
NOTHING_LOST = "Everything the user gave is dealt with, and nothing was made up"

_READ = ("read", "collect", "gather", "go through", "review the input")
_CHECK = ("check", "review", "verify", "compare", "proofread")


def demands(brief: Brief) -> list[str]:
    """The author's rules: the conditions of the request and every answer, in their words.

    An answer becomes a rule with its question, because "five" alone says nothing.
    """
    facts = facts_of(said(brief))
    headings = f"Use the headings {joined(facts.labels)}, each on a line of its own, in this order."
    answered = [f"{item.question.rstrip('?: ')}: {_inline(item.answer)}" for item in decided(brief)]
    banned = [f"{item.text}." for item in expectations_of(facts) if item.check == "absent"]
    form = [headings, EVERY_ITEM] if facts.labels else []
    rules = distinct([*requirements_of(brief.task), *form, *answered, *banned])
    return [rule if rule.endswith((".", "!")) else f"{rule}." for rule in rules]


def _inline(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_RULE else "see the decisions below"


def seen_mistakes(brief: Brief, failures: Sequence[CaseRun]) -> list[Mistake]:
    """What agents really did wrong without the skill, as far as code saw it, with what prevents it."""
    missed = failed(failures)
    facts = facts_of(said(brief))
    found: list[Mistake] = []
    if any(item.text in missed for item in expectations_of(facts) if item.check == "regex"):
        found.append(_form(facts))
    if f"Has at most {facts.max_words} words" in missed:
        counter = "Count the words at the end. Shorten each item before you drop one."
        found.append(Mistake(mistake=f"Writing more than {facts.max_words} words.", instead=counter))
    for item in expectations_of(facts):
        if item.check in ("contains", "absent") and item.text in missed:
            found.append(
                Mistake(mistake=f"Results that miss this: {item.text}.", instead="Read the result once for it.")
            )
    return found


def _form(facts: Facts) -> Mistake:
    return Mistake(
        mistake=f"Leaving out the headings {joined(facts.labels)}, or using others.",
        instead=f"Use the form in {QUICK_START} with exactly these headings, and put every item under one of them.",
    )


def steps_of(facts: Facts) -> list[Step]:
    """The steps that headings and a word limit ask for, whatever the task."""
    steps: list[Step] = []
    if facts.labels:
        how = f"Take the items one by one and ask what each means for the reader: {joined(facts.labels, 'or')}."
        steps.append(Step(action="Decide for each item which heading it belongs under", detail=how))
        told = "One line each, in plain words. Keep names, numbers and identifiers as they are given."
        steps.append(Step(action="Write every item under its heading", detail=told))
    if facts.max_words:
        how = f"Above {facts.max_words}, shorten the longest lines first and drop no item."
        steps.append(Step(action="Count the words", detail=how))
    return steps


def framed(steps: Sequence[Step], brief: Brief) -> list[Step]:
    """The steps, with reading before them and checking behind them unless they begin and end so themselves."""
    first = Step(action="Read everything the user gave", detail="Note what is missing or unclear before you begin.")
    task = Step(action="Do the task", detail=sentence(brief.refined or brief.task, 600))
    last = Step(
        action="Check the result against the rules and the list at the end",
        detail="Mend what fails, then hand it over.",
    )
    middle = list(steps) or [task]
    lead = [] if middle[0].action.casefold().startswith(_READ) else [first]
    end = [] if middle[-1].action.casefold().startswith(_CHECK) else [last]
    return [*lead, *middle, *end]
