"""A written skill, changed where feedback or failures ask for it; every other section keeps its bytes.

Works on any Markdown, edited by hand or not. Must not touch the frontmatter.
"""

import re
from collections.abc import Sequence

import dspy

from activities.programs.context import known, told
from activities.programs.language_model import LanguageModel
from activities.programs.markdown_lines import behind, markdown_lines
from activities.programs.prose import cites, is_runaway, is_useful, phrase, sentence
from activities.programs.task import Task
from activities.programs.together import together
from domain.brief import Brief
from domain.manuscript import Revised
from domain.skill import Finding, Section
from domain.skill_file import append_section, replace_section, sections

NEW = "a new section"
LAST = "Before handing over"
NOTES = "Notes"
MOST_SECTIONS = 3
"""Sections that are changed unless the feedback names more."""

_ADDS = re.compile(r"\b(?:add|more|another|extra|also|include|extend|expand|append)\b", re.IGNORECASE)
_REPLACES = re.compile(
    r"\b(?:replace|rewrite|remove|delete|shorten|instead|change|drop|fix|simplif\w+)\b", re.IGNORECASE
)
_NEW_SECTION = re.compile(
    r"\b(?:add|write|insert|create)\s+(?:a|an|another)?\s*(?:new\s+)?(?:section|chapter)\s+"
    r"(?:on|about|called|named|for|with|titled)?\s*[\"“]?([A-Za-z][\w -]{2,50})",
    re.IGNORECASE,
)


class ChooseSections(Task):
    """Which sections of the skill must change so that the feedback is met? Choose as few as possible."""

    feedback: str = dspy.InputField(desc="what the author wants changed")
    outline: str = dspy.InputField(desc="the sections, each with its first words")
    touched: list[str] = dspy.OutputField(desc="headings", min_length=1, max_length=3)


class RewriteSection(Task):
    """Rewrite this one section of a skill so that the feedback is met. Keep its structure and everything the
    feedback does not touch; change what it asks for. Write Markdown, one line of the section an item, without the
    heading."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    heading: str = dspy.InputField(desc="the section's heading")
    present: str = dspy.InputField(desc="the section as it stands")
    feedback: str = dspy.InputField(desc="what must change now")
    missed: str = dspy.InputField(desc="what the last attempt at this missed; may be empty")
    lines: list[str] = dspy.OutputField(desc="all lines of the new section", min_length=1, max_length=60)
    change: str = dspy.OutputField(desc="what changed, one sentence", max_length=140)


class ExtendSection(Task):
    """The feedback asks for something more in this section of a skill. Write only what is to be added to it:
    Markdown, one line an item, in the form of the lines that are there. Repeat nothing that is there."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    heading: str = dspy.InputField(desc="the section's heading")
    present: str = dspy.InputField(desc="the section as it stands")
    feedback: str = dspy.InputField(desc="what must be added now")
    missed: str = dspy.InputField(desc="what the last attempt at this missed; may be empty")
    lines: list[str] = dspy.OutputField(desc="the lines to add", min_length=1, max_length=12)
    change: str = dspy.OutputField(desc="what was added, one sentence", max_length=140)


async def revise(
    model: LanguageModel,
    brief: Brief,
    content: str,
    feedback: str,
    *,
    findings: Sequence[Finding] = (),
    missed: str = "",
    chosen: Sequence[str] = (),
) -> Revised:
    """The skill with the sections rewritten that the feedback (or a finding) touches; the rest byte for byte.

    `brief.feedback` is what earlier rounds asked for: it stays done. `missed`: what a first attempt did not do.
    `chosen`: the headings it touches, where they are known already.
    Findings on the frontmatter are named among the changes and left to the caller, who knows the plan.
    """
    author = model.at("revising")
    ours = [item for item in findings if item.field in (None, "body")]
    asked = "\n".join([*([feedback.strip()] if feedback.strip() else []), *(_complaint(item) for item in ours)])
    changes = [f"Frontmatter: {item.message}" for item in findings if item not in ours]
    present = sections(content)
    if not asked:
        return Revised(content=content, changes=changes)
    settled = [one for one in present if one.heading in chosen or (chosen and any(_holds(one, it) for it in ours))]
    targets = settled or await _targets(author, present, asked, feedback, ours)
    made = await together(*(_rewritten(author, brief, target, asked, missed) for target in targets))
    for target, (text, change) in zip(targets, made, strict=True):
        if target.line == 0:
            content = append_section(content, target.heading, text, before=LAST)
        else:
            content = replace_section(content, target.heading, text)
        changes.append(f"{target.heading}: {change}")
    return Revised(content=content, changes=changes)


def _complaint(finding: Finding) -> str:
    fix = f" {finding.fix}" if finding.fix else ""
    return f"{finding.message}{fix}"


async def _targets(
    model: LanguageModel, present: Sequence[Section], asked: str, feedback: str, findings: Sequence[Finding]
) -> list[Section]:
    """Sections to change. A heading that the feedback names wins; a finding's line tells its section; else ask."""
    new = new_section(feedback, present)
    if new:
        return [Section(heading=new, text="", line=0)]
    named = named_sections(feedback, present)
    hit = [item for item in present if any(_holds(item, finding) for finding in findings)]
    chosen = list({item.line: item for item in [*named, *hit]}.values())
    if chosen:
        return chosen[: max(MOST_SECTIONS, len(named))]
    if not present:
        return [Section(heading=NOTES, text="", line=0)]
    return await _chosen(model, present, asked)


def new_section(feedback: str, present: Sequence[Section]) -> str | None:
    """The heading of a section that the feedback wants added and that is not there yet."""
    found = _NEW_SECTION.search(feedback)
    heading = _heading(found[1]) if found else ""
    return None if heading.casefold() in {"", *(item.heading.casefold() for item in present)} else heading


def _heading(words: str) -> str:
    text = " ".join(words.split()).strip(" -")
    return text[:1].upper() + text[1:]


def named_sections(feedback: str, present: Sequence[Section]) -> list[Section]:
    """The sections whose headings stand in the feedback."""
    return [item for item in present if _names(feedback, item.heading)]


def _names(feedback: str, heading: str) -> bool:
    """The heading stands in the feedback as words of its own."""
    return bool(heading) and bool(re.search(rf"(?<!\w){re.escape(heading)}(?!\w)", feedback, re.IGNORECASE))


def _holds(section: Section, finding: Finding) -> bool:
    """The finding's line lies in the section, or its excerpt names the section."""
    inside = finding.line is not None and 0 <= finding.line - section.line <= section.text.count("\n")
    return inside or (finding.excerpt or "").casefold() == section.heading.casefold()


async def _chosen(model: LanguageModel, present: Sequence[Section], asked: str) -> list[Section]:
    headings = list(dict.fromkeys(item.heading for item in present))
    outline = "\n".join(f"- {item.heading}: {' '.join(item.text.split())[:80]}" for item in present)
    task = ChooseSections.with_updated_fields("touched", desc="headings from: " + "; ".join([*headings, NEW]))
    found = await model.at("choosing sections").ask(task, 80, 0.0, feedback=asked, outline=outline)
    picked = [text.strip("# ").casefold() for text in found.touched]
    chosen = [item for item in present if item.heading.casefold() in picked][:MOST_SECTIONS]
    if chosen:
        return chosen
    if NEW in picked:
        return [Section(heading=NOTES, text="", line=0)]
    return [max(present, key=lambda item: _overlap(f"{item.heading} {item.text}", asked))]


def _overlap(text: str, asked: str) -> int:
    words = set(re.findall(r"\w{4,}", asked.casefold()))
    return len(words & set(re.findall(r"\w{4,}", text.casefold())))


async def _rewritten(model: LanguageModel, brief: Brief, target: Section, asked: str, missed: str) -> tuple[str, str]:
    """The section's new text and what changed. Feedback that only adds cannot lose what is there."""
    adds = bool(_ADDS.search(asked)) and not _REPLACES.search(asked)
    task = ExtendSection if adds else RewriteSection
    present = target.text.strip("\r\n")
    found = await model.at(target.heading).ask(
        task,
        400 if adds else 1_000,
        accept=lambda answer: _is_change(present, answer.lines, adds),
        live=True,
        request=told(brief, model.low_confidence),
        heading=target.heading,
        present=present,
        feedback=asked,
        missed=missed,
    )
    lines = [line for line in markdown_lines(found.lines) if not cites(line, f"{known(brief)}\n{asked}\n{present}")]
    change = sentence(str(found.change), 160) or f"Changed as asked: {phrase(asked, 100)}."
    if adds:
        fresh = [line for line in lines if line.strip() not in present]
        return behind(present, fresh or [_as_asked(asked)]), change
    usable = lines if is_useful(" ".join(lines)[:2_000]) else []
    return ("\n".join(usable), change) if usable else (behind(present, [_as_asked(asked)]), change)


def _is_change(present: str, lines: Sequence[str], adds: bool) -> bool:
    """New text that is not what stands there already, and no loop."""
    text = "\n".join(markdown_lines(lines)).strip()
    return bool(text) and not is_runaway(text) and (text not in present if adds else text != present)


def _as_asked(asked: str) -> str:
    """The author's own words, where the model had nothing to say."""
    return f"- {' '.join(asked.split())}"
