"""What kind of skill is asked for, in which style, and which files that takes: by rule of the request's words.

A model proposes kind and files; these rules decide where it has no say, and whether its files are needed at all.
"""

import re
from collections.abc import Sequence
from typing import get_args

from activities.programs.context import known, said
from activities.programs.prose import cites, sentence
from activities.programs.task import Item
from domain.brief import Brief, Kind, PlannedFile
from domain.job import Style
from domain.planned_files import distinct_files, planned_file

MEANS: dict[Style, str] = {
    "comprehensive": "comprehensive: every section that the task needs, in one SKILL.md",
    "minimal": "minimal: the fewest words that close the gap between what an agent does by itself and what is wanted;"
    " nothing that an agent does well without being told",
    "navigation_hub": "navigation hub: a short SKILL.md that says what to do first and points to files under"
    " references/, one subject each, which hold the detail and are read only when they are needed",
}
"""What a style means, in words for a model."""

HUB = "references/details.md"
"""What a navigation hub points to when the model named nothing usable."""

_DISCIPLINE = re.compile(
    r"\b(?:no exceptions?|without exception|even (?:when|if|under)|under (?:\w+ )?pressure|enforc(?:e[sd]?|ing)"
    r"|refuses? to|(?:do not|don't|never) skip"
    r"|before (?:any|every|each) (?:commit|merge|push|release|deploy\w*|change|deletion)"
    r"|(?:never|must not|always)\b.{0,40}\b(?:commit|merge|push|deploy|delete|publish|without (?:a |an )?"
    r"(?:test|review|approval|backup|asking|confirmation)))\b",
    re.IGNORECASE,
)
"""A rule for what an agent does, not for how a result looks: “never more than 300 words” is none."""

_REFERENCE = re.compile(
    r"\b(?:look(?:ing)? up|reference (?:for|of|on)|api reference|cheat ?sheet|glossary|list of (?:all )?(?:commands"
    r"|options|codes|parameters|endpoints)|which (?:command|option|parameter|endpoint)|answers? questions about)\b",
    re.IGNORECASE,
)
_PATTERN = re.compile(
    r"\b(?:recogni[sz]e|spot|detect|identify|tell apart|distinguish|notice|code smells?|anti-?patterns?"
    r"|decide whether|when to apply)\b",
    re.IGNORECASE,
)
_COMPUTES = re.compile(
    r"\b(?:scripts?|comput(?:e|es|ing|ation)|calculat\w+|checksums?|hash(?:es)?|convert\w*|parse[sd]?|parsing"
    r"|deterministic(?:ally)?|count(?:s|ing)? (?:the )?(?:words|lines|rows|characters)"
    r"|validate[sd]? (?:the |each |every )?(?:json|csv|xml|yaml|schema|syntax)"
    r"|(?:same|exact) (?:steps|commands) (?:each|every) time)\b",
    re.IGNORECASE,
)
"""A computation that comes out the same each time: a script does it better than an agent."""


class FileItem(Item):
    """A file beside SKILL.md as a model proposes it."""

    path: str = ""
    purpose: str = ""


def kind_by_rule(brief: Brief) -> Kind:
    """From the words of the request and the answers; a technique where none of them speaks for another kind."""
    text = "\n".join(said(brief))
    if _DISCIPLINE.search(text):
        return "discipline"
    if _REFERENCE.search(text):
        return "reference"
    return "pattern" if _PATTERN.search(text) else "technique"


def kind_of(proposed: str, brief: Brief) -> Kind:
    """The model's kind where it is one, else by rule."""
    word = proposed.strip().casefold()
    return next((kind for kind in get_args(Kind) if kind == word), kind_by_rule(brief))


def computes(brief: Brief) -> bool:
    """Whether the person asks for a computation that comes out the same each time."""
    return any(_COMPUTES.search(text) for text in said(brief))


def may_need_files(style: Style, brief: Brief) -> bool:
    """Whether a model is asked for files at all: most skills are one text."""
    looked_up = style == "comprehensive" and kind_by_rule(brief) == "reference"
    return style == "navigation_hub" or looked_up or computes(brief)


def files_of(proposed: Sequence[FileItem], style: Style, kind: Kind, brief: Brief) -> list[PlannedFile]:
    """The proposed files that are legal and that style, kind or request need; a hub has at least one reference."""
    heard = known(brief)
    items = [(item.path, sentence(item.purpose, 200)) for item in proposed]
    own = [planned_file(path, said) for path, said in items if not cites(said, heard)]
    hub = style == "navigation_hub"
    wanted = {"reference": hub or (kind == "reference" and style != "minimal"), "script": computes(brief)}
    files = distinct_files(file for file in own if file is not None and wanted[file.kind])
    if hub and not any(file.kind == "reference" for file in files):
        details = planned_file(HUB, "The detail of each step, for when the short text is not enough.")
        return distinct_files([details, *files])
    return files


def asked_style(feedback: str) -> Style | None:
    """The style that feedback on a plan asks for by its name; None when it speaks of none, or of several."""
    words = re.sub(r"[\s_-]+", "_", feedback.casefold())
    named: list[Style] = [style for style in get_args(Style) if re.search(rf"(?:^|_|\W){style}(?:_|\W|$)", words)]
    return named[0] if len(named) == 1 else None
