"""How a description is worded: agents choose by it, so it says when, in the third person, of what, and no more.

Gentle: words are counted and known phrases found, never understood; what a person quotes is not judged.
"""

import re
from collections.abc import Iterator

from domain.rules.rule import Rule
from domain.skill import Finding, Severity

FEWEST_WORDS = 2
"""Words that say something; `Helps with tasks` has none."""

PERSON = Rule(
    code="description-person",
    severity=Severity.WARNING,
    about="The description speaks as “I” or to “you”; it stands among others in an agent's instructions.",
    fix="Write in the third person: “Sorts invoices. Use when …”.",
)
BROAD = Rule(
    code="description-too-broad",
    severity=Severity.WARNING,
    about="The description claims every task, so it is chosen for the wrong ones.",
    fix="Name the situations in which the skill helps, and what it is not for.",
)
VAGUE = Rule(
    code="description-vague",
    severity=Severity.WARNING,
    about=f"The description has fewer than {FEWEST_WORDS} words that say what the skill is about.",
    fix="Name the files, tools and tasks that a request would mention.",
)
WORKFLOW = Rule(
    code="description-workflow",
    severity=Severity.INFO,
    about="The description tells the steps; agents then follow it and do not read the body.",
    fix="Say what the skill does and when to use it; leave the steps to the body.",
)
RULES = (PERSON, BROAD, VAGUE, WORKFLOW)

_QUOTED = re.compile(r"\"[^\"\n]{0,300}\"|“[^”\n]{0,300}”|`[^`\n]{0,300}`|(?<!\w)'[^'\n]{0,300}'(?!\w)")
_PERSON = re.compile(
    r"\bI (?:can|will|am|help|would|do|have|create|write)\b|\bI['’](?:m|ll|ve|d)\b|^(?:We|My|Our|I)\b"
    r"|\b(?:[Yy]ou can|[Ll]et) (?:use )?me\b|\b[Uu]s(?:e|ing) me\b|\b[Aa]sk me\b|\b[Ww]e (?:can|will|help)\b"
    r"|\b[Mm]y (?:job|role|purpose|task)\b|\b[Yy]ou can use (?:this|it)\b"
)
_TASKS = r"(?:tasks?|requests?|questions?|conversations?|messages?|prompts?|work|situations?|turns?|interactions?)"
_BROAD = re.compile(
    rf"\b(?:use|used|useful|works?|helps?|apply|applies|invoked?)\b[^.!?\n]{{0,40}}\b(?:for|with|on|to|in|before) "
    rf"(?:any(?:thing)?|all|every(?:thing)?)(?: (?:kinds? of |sorts? of |types? of )?{_TASKS})?[ ]?(?=[.,;!?]|$)"
    rf"|\b(?:for|on|in|before|at the start of) (?:any|all|every|each) {_TASKS}[ ]?(?=[.,;!?]|$)"
    r"|\balways (?:use|invoke|apply|load) this skill\b|\bno matter what\b|\bwhatever the (?:task|request)\b",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]+")
_GENERAL = re.compile(
    "an?|the|and|or|of|for|to|in|on|with|by|from|as|at|is|are|be|its?|th(?:is|at|ese|ose)|any|all|every|when|if|us(?:e|ed|es|ing)"
    "|users?|your?|help(?:s|ing)?|assists?|handl(?:e|es|ing)|work(?:s|ing)?|do|does|doing|makes?|things?|stuff|tasks?|various"
    "|many|different|useful|skills?|agents?|provid(?:e|es|ing)|supports?|general|good|great|best|better|need(?:s|ed)?|wants?"
    "|(?:some|any|every)(?:thing|one)|can|will|should|must|etc|more|others?|some|what|which|who|how"
)
_STEP = re.compile(r"\bstep \d|(?:^|\s)\(?\d[.)] |→|->|\b(?:first|then|next|finally|afterwards|lastly)\b(?=[ ,])", re.I)
_STEPS = 3


def wording(description: str) -> Iterator[Finding]:
    """What can be said against the words of a description."""
    plain = _QUOTED.sub(" ", description)
    for rule, pattern in ((PERSON, _PERSON), (BROAD, _BROAD)):
        found = pattern.search(plain)
        if found:
            yield rule.found(rule.about, field="description", excerpt=found[0])
    if _is_latin(description) and len(_saying(description)) < FEWEST_WORDS:
        yield VAGUE.found(VAGUE.about, field="description")
    if len(_STEP.findall(plain)) >= _STEPS:
        yield WORKFLOW.found(WORKFLOW.about, field="description")


def _saying(text: str) -> set[str]:
    return {word for word in map(str.lower, _WORD.findall(text)) if not _GENERAL.fullmatch(word)}


def _is_latin(text: str) -> bool:
    """Whether words are parted by blanks: most characters are ASCII. Chinese says much in one word."""
    return sum(char.isascii() for char in text) * 2 > len(text)
