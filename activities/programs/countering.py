"""A written skill against what agents still got wrong with it: each failure and excuse gets a counter in its form.

Works on any Markdown, edited by hand or not; what stands there keeps its bytes. Must not touch the frontmatter.
"""

from collections.abc import Sequence

import dspy

from activities.programs.context import excuses, failed, known, listed, told
from activities.programs.failure_forms import counters
from activities.programs.language_model import LanguageModel
from activities.programs.markdown_lines import behind
from activities.programs.prose import alike, cites, distinct, sentence
from activities.programs.section_tasks import MistakeItem
from activities.programs.task import Task
from domain.brief import Brief
from domain.counters import COUNTERS, EXCUSES, OF_RESULTS, SLOTS, TABLE, Block, blocks
from domain.evaluation import CaseRun, EvaluationCase
from domain.manuscript import DECISIONS, MISTAKES, Mistake, Revised, mistakes_text
from domain.skill_file import append_section, replace_section, sections

LAST = "Before handing over"

_OF_RULES = COUNTERS[len(OF_RESULTS) :]
_LATER = (*_OF_RULES, DECISIONS, MISTAKES, LAST)
_BEFORE = {heading: (*OF_RESULTS[number:], "Rules", *_LATER) for number, heading in enumerate(OF_RESULTS, 1)} | {
    heading: _LATER[number:] for number, heading in enumerate(_OF_RULES, 1)
}
"""The sections that a new one may stand right before, by its heading."""


class CounterFailures(Task):
    """Agents followed the skill and still failed as listed. For each failure name the mistake and say exactly what
    to do instead, so that the next agent cannot miss it or talk itself out of it."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    failures: str = dspy.InputField(desc="what was missed, and how agents excused it")
    mistakes: list[MistakeItem] = dspy.OutputField(desc="one for each failure, in order", min_length=1, max_length=6)


async def counter(
    model: LanguageModel,
    brief: Brief,
    content: str,
    failures: Sequence[CaseRun],
    cases: Sequence[EvaluationCase] = (),
    *,
    discipline: bool = False,
) -> Revised:
    """The skill with a counter to each failed expectation, in the form of its kind, and a row for each new excuse.

    `cases`: those that were run. `discipline`: the skill is a rule to keep.
    """
    if model.low_confidence:
        return await _by_mistakes(model, brief, content, failures)
    found = await counters(model, brief, failures, cases, discipline=discipline)
    changes: list[str] = []
    for block in blocks(found):
        content, added = _with(content, block)
        changes += [f"{block.heading}: {_told(line)}" for line in added]
    return Revised(content=content, changes=changes)


def _with(content: str, block: Block) -> tuple[str, list[str]]:
    """The skill with those items of a section that it has not yet, and these."""
    present = next((one for one in sections(content) if one.heading.casefold() == block.heading.casefold()), None)
    old = present.text.strip("\r\n") if present else ""
    fresh = [line for line in block.items if not _stands(line, block.heading, old)]
    if not fresh:
        return content, []
    if present is None:
        there = {one.heading.casefold() for one in sections(content)}
        before = next((heading for heading in _BEFORE[block.heading] if heading.casefold() in there), None)
        return append_section(content, block.heading, block._replace(items=fresh).text, before=before), fresh
    loose = block.heading == EXCUSES and not old.rpartition("\n")[2].startswith("|")
    head = ["", *TABLE.splitlines()] if loose else []
    return replace_section(content, block.heading, behind(old, [*head, *fresh])), fresh


def _stands(line: str, heading: str, old: str) -> bool:
    """Whether the section has it: an excuse by its words, a slot by its name, anything else by what it says."""
    if heading == EXCUSES:
        return line.split(" | ")[0] in old
    if heading == SLOTS:
        return line.split("** ")[0].casefold() in old.casefold()
    return line in old or any(alike(line, other) for other in old.splitlines())


def _told(line: str) -> str:
    """An item as people read it among the changes."""
    return line.removeprefix("| ").split(" | ")[0].removeprefix("- ").replace("**", "")


async def _by_mistakes(model: LanguageModel, brief: Brief, content: str, failures: Sequence[CaseRun]) -> Revised:
    """A small model tells a mistake from what to do instead, and no more: its counters stand in "Common mistakes"."""
    missed = [*failed(failures), *(f"The agent's excuse: “{text}”" for text in excuses(failures))][:6]
    if not missed:
        return Revised(content=content)
    found = await model.at("countering failures").ask(
        CounterFailures, 460, live=True, request=told(brief, model.low_confidence), failures=listed(missed)
    )
    proposed = [Mistake(mistake=sentence(item.mistake), instead=sentence(item.instead)) for item in found.mistakes]
    usable = [item for item in proposed if item.mistake and item.instead and not cites(item.instead, known(brief))]
    own = [_plain_counter(text) for text in missed if not any(_covers(item, text) for item in usable)]
    present = next((item for item in sections(content) if item.heading.casefold() == MISTAKES.casefold()), None)
    old = present.text if present else ""
    texts = [*distinct(item.mistake for item in usable), *(item.mistake for item in own)]
    named = {item.mistake: item for item in [*own, *usable]}
    kept = [named[text] for text in texts if text not in old]
    if not kept:
        return Revised(content=content)
    lines = mistakes_text(kept).splitlines()
    changes = [f"{MISTAKES}: {item.mistake}" for item in kept]
    if present is None:
        return Revised(content=append_section(content, MISTAKES, "\n".join(lines), before=LAST), changes=changes)
    return Revised(content=replace_section(content, MISTAKES, behind(old.strip("\r\n"), lines)), changes=changes)


def _covers(item: Mistake, failure: str) -> bool:
    return alike(item.mistake, failure) or alike(item.instead, failure)


def _plain_counter(failure: str) -> Mistake:
    """By rule, for a failure that the model did not counter."""
    text = failure.rstrip(".")
    return Mistake(
        mistake=f"Results that miss this: {text[0].lower()}{text[1:]}.",
        instead="Read the finished result once for this alone, mend it, and only then hand it over.",
    )
