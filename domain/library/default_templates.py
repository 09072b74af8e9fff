"""The templates that a library without `_templates` has: one SKILL.md per category, over a core that all share.

The same texts lie in `skills/_templates/` of the checkout, where people read and change them; a test keeps them equal.
Must say nothing that is true of one company only.
"""

from types import MappingProxyType

from domain.shape import Shape

FOLDER = "_templates"
"""In the library's root; like every folder that begins with `_` it holds no skills."""


class Kind(Shape):
    """What is special about one category: who would ask, a section of its own, and what belongs into files."""

    triggers: str
    heading: str = ""
    guidance: str = ""
    files: str


_HEAD = """\
---
name: verb-led-name
description: >-
  Does one thing for one kind of input, said in one sentence that begins with a verb. Use when
  {triggers}.
metadata:
  tags: "words people filter by"
  requires: "other-skill>=1.0.0"
---

# Title in two to five words

One or two sentences: what the reader has when the work is done. Everything below is read only after the description
has made an agent open this file, so nothing here may repeat the description.
"""

_WHEN = """\
## When to use

List requests in the words of those who make them, not in the words of the trade. Then list requests that look alike
and belong elsewhere, and say where. Never describe the steps here: an agent that has the steps in its head already
does not read on.
"""

_CORE = """\
## Quick Start (optional)

One request from beginning to end: what comes in, and the result in its real form. An agent that reads nothing else
should get an easy case right by copying this.

## Inputs (optional)

What the agent must have before it begins, one line each: what it is, where it comes from, and what to do when it is
missing (ask, assume something named, or stop).

## Workflow

Numbered steps, each one order that can be seen to be done. Say how to decide where there is a choice. Give the reason
once where a step looks needless, so that nobody leaves it out. Five steps are better than twelve; a step of more than
a paragraph belongs into `references/`.
"""

_END = """\
## Rules (optional)

What must hold however the work goes, each with what goes wrong otherwise. A rule that nobody would break needs no
line. Say what to do rather than what not to do, unless the point is to stop a known excuse.

## Decisions from the author (optional)

The words of the person who asked for this skill. They win over everything else in this file and are never rephrased.

## Common mistakes (optional)

What was seen to go wrong without this skill, and what to do instead; observed, not imagined.

## Before handing over (optional)

Questions that are answered by looking at the result, each with yes or no.

<!-- Progressive disclosure: keep this file below 500 lines. Link each further file from the step that needs it, one
level deep, and say when to open it.
{files} -->
"""

_KINDS = MappingProxyType(
    {
        "development": Kind(
            triggers="someone names the file, the error or the change that this is about",
            heading="Commands",
            guidance="The exact commands, with what they print when all is well and what a failure means. Name the "
            "version of a tool where it matters. Say which command changes something that cannot be undone.",
            files="Code that every run needs belongs into `scripts/`, long interfaces into `references/`.",
        ),
        "data": Kind(
            triggers="someone has a table, a query or a file of records and says what they want to know of it",
            heading="Checks on the data",
            guidance="What to count before and after each step (rows, missing values, duplicates, totals), which "
            "difference is expected, and at which one to stop and ask.",
            files="Schemas and code lists belong into `references/`, repeated computations into `scripts/`.",
        ),
        "documents": Kind(
            triggers="someone wants a document of this sort read, written, shortened or turned into another form",
            heading="Form of the result",
            guidance="The headings, lengths and order that the document must have, and what to do with content that "
            "fits nowhere.",
            files="Empty documents to be filled in belong into `assets/`, style guides into `references/`.",
        ),
        "communication": Kind(
            triggers="someone has to tell, answer or ask a person or a group something of this sort",
            heading="Audience and tone",
            guidance="Who reads it, what they know already, what they must do afterwards; what is promised, and what "
            "may never be promised or disclosed.",
            files="Approved wordings belong into `references/`, one file for each occasion.",
        ),
        "operations": Kind(
            triggers="someone names the system and the event: an alert, a release, a request for access",
            heading="Undo and stop",
            guidance="How each change is undone, what to look at after it, and the signs at which to stop at once and "
            "whom to call. Nothing that cannot be undone happens without a person's yes.",
            files="Runbooks of single systems belong into `references/`, checks that a machine can do into `scripts/`.",
        ),
        "research": Kind(
            triggers="someone asks a question that several sources must be read and weighed for",
            heading="Sources and evidence",
            guidance="Which sources count and in which order, how a claim is tied to where it was read, and how doubt "
            "and contradiction are reported instead of smoothed over.",
            files="Lists of sources and criteria belong into `references/`.",
        ),
        "design": Kind(
            triggers="someone wants something that is seen or used to be drawn, laid out or judged",
            heading="Limits of the medium",
            guidance="Sizes, colours, contrast, type and formats that must be kept, and how to see that they are.",
            files="Logos, fonts and palettes belong into `assets/`, the rules for them into `references/`.",
        ),
        "general": Kind(
            triggers="someone asks for this, in the words that they would really use",
            files="Long explanations belong into `references/`, code into `scripts/`, files to copy into `assets/`.",
        ),
    }
)

CATEGORIES = tuple(_KINDS)
"""The categories that have a template of their own; all others have that of `general`."""


def default_template(category: str) -> str:
    """The template of a category, a whole SKILL.md whose sections explain themselves."""
    kind = _KINDS.get(category, _KINDS["general"])
    own = [f"## {kind.heading} (optional)\n\n{_wrapped(kind.guidance)}\n"] if kind.heading else []
    head, end = _HEAD.format(triggers=kind.triggers), _END.format(files=kind.files)
    return "\n".join([head, _WHEN, _CORE, *own, end])


def _wrapped(text: str) -> str:
    """The text in lines of at most 118 characters."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], joined] if len(joined) <= 118 else [*lines, word]
    return "\n".join(lines)
