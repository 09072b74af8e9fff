"""The pieces a model writes, and the Markdown that code puts together from them.

A model never writes headings, numbering or a person's words: those are certain this way. Must not clean up what a
model wrote (the programs do) and knows nothing of frontmatter (`domain/skill_file.py`).
"""

from collections.abc import Iterable

from domain.brief import Decision
from domain.counters import COUNTERS, OF_RESULTS, Counters, blocks, cell
from domain.job import Style
from domain.prompt import YOU_DECIDE
from domain.shape import Shape

MISTAKES = "Common mistakes"
QUICK_START = "Quick Start"
DECISIONS = "Decisions from the author"
CORE = ["When to use", QUICK_START, "Inputs", "Workflow", "Rules", MISTAKES, "Before handing over"]
"""The sections of every skill, in their order; `DECISIONS` follows the rules."""

FILES = "Files of this skill"
"""Of a skill that has any beside SKILL.md: links to them and what each is for; follows `QUICK_START`."""

_LEFT_OUT = {
    "comprehensive": frozenset[str](),
    "minimal": frozenset(["Inputs", MISTAKES]),
    "navigation_hub": frozenset(["Inputs", MISTAKES]),
}
"""Sections that a style has not, beside those of the category's own. A hub's files hold the detail."""


class Example(Shape):
    """What a person asks, and what a good answer to it looks like."""

    ask: str
    good: str = ""


class Input(Shape):
    """Something the agent must have before it starts."""

    name: str
    what: str = ""


class Step(Shape):
    """One step of the workflow: what to do, and how."""

    action: str
    detail: str = ""


class Rule(Shape):
    """What must hold, and why."""

    rule: str
    why: str = ""


class Mistake(Shape):
    """What an agent gets wrong, and what to do instead."""

    mistake: str
    instead: str = ""


class OwnSection(Shape):
    """A section that only skills of this category have."""

    heading: str
    text: str


class FileLink(Shape):
    """A file beside SKILL.md, relative to it, and what it is for."""

    path: str
    purpose: str


class Revised(Shape):
    """A skill after feedback: the whole file, and one sentence for each thing that changed."""

    content: str
    changes: list[str] = []


class Manuscript(Shape):
    """Everything the body of a skill is made of. `request` and `decisions` are quoted word for word.

    `shape`: the headings that every result has, in their order. `outline`: those of the skill itself; without one, the
    core. `counters`: against failures that were measured. `files`: those that really lie beside it.
    """

    title: str
    purpose: str
    request: str
    triggers: list[str] = []
    non_triggers: list[str] = []
    shape: list[str] = []
    quick_start: list[Example] = []
    inputs: list[Input] = []
    steps: list[Step] = []
    rules: list[Rule] = []
    decisions: list[Decision] = []
    mistakes: list[Mistake] = []
    checks: list[str] = []
    own: list[OwnSection] = []
    outline: list[str] = []
    style: Style = "comprehensive"
    counters: Counters = Counters()
    files: list[FileLink] = []


def body(manuscript: Manuscript) -> str:
    """The Markdown below the frontmatter; sections without content, and those that its style has not, are left out."""
    against = {block.heading: block.text for block in blocks(manuscript.counters)}
    parts = [
        ("When to use", _when(manuscript)),
        (QUICK_START, _quick_start(manuscript)),
        (FILES, files_text(manuscript.files)),
        ("Inputs", _bullets(_named(item.name, item.what) for item in manuscript.inputs)),
        ("Workflow", _numbered(_named(item.action, item.detail) for item in manuscript.steps)),
        *((heading, against[heading]) for heading in OF_RESULTS),
        ("Rules", _bullets(_reasoned(item) for item in manuscript.rules)),
        *((heading, against[heading]) for heading in COUNTERS if heading not in OF_RESULTS),
        (DECISIONS, _decisions(manuscript)),
        (MISTAKES, mistakes_text(manuscript.mistakes)),
        ("Before handing over", "\n".join(f"- [ ] {item}" for item in manuscript.checks)),
    ]
    if manuscript.style == "comprehensive":
        parts += [(section.heading, section.text) for section in manuscript.own]
    parts = _ordered([part for part in parts if part[0] not in _LEFT_OUT[manuscript.style]], manuscript)
    sections = [f"## {heading}\n\n{text}" for heading, text in parts if text]
    return "\n\n".join([f"# {manuscript.title}", manuscript.purpose, *sections]) + "\n"


def _ordered(parts: list[tuple[str, str]], manuscript: Manuscript) -> list[tuple[str, str]]:
    """In the order of the outline; what it does not name follows the section that it belongs to."""
    place = {heading: number for number, heading in enumerate(manuscript.outline or CORE)}
    last = len(place)
    behind = {heading: "Workflow" if heading in OF_RESULTS else "Rules" for heading in COUNTERS}
    for heading, after in ({FILES: QUICK_START} | behind | {DECISIONS: "Rules"}).items():
        place.setdefault(heading, place.get(after, last))
    return sorted(parts, key=lambda part: place.get(part[0], last))


def files_text(files: Iterable[FileLink]) -> str:
    """The text of the section on files: which to open when, so that an agent opens no other."""
    rows = [f"| [{item.path}]({item.path}) | {cell(item.purpose)} |" for item in files]
    head = (
        "Open a file only when its line says so; a script is run, not read.\n\n| File | When, and what for |\n|---|---|"
    )
    return "\n".join([head, *rows]) if rows else ""


def mistakes_text(mistakes: Iterable[Mistake]) -> str:
    """The text of the section "Common mistakes": what goes wrong, and the counter to it."""
    return _bullets(_counter(item) for item in mistakes)


def _counter(item: Mistake) -> str:
    return f"**{item.mistake}** Instead: {item.instead}" if item.instead else item.mistake


def _when(manuscript: Manuscript) -> str:
    uses = ["Use this skill when the task is like one of these:", "", _bullets(manuscript.triggers)]
    others = ["Leave it aside for:", "", _bullets(manuscript.non_triggers)]
    blocks = ["\n".join(uses)] if manuscript.triggers else []
    return "\n\n".join([*blocks, *(["\n".join(others)] if manuscript.non_triggers else [])])


def _quick_start(manuscript: Manuscript) -> str:
    """The shortest path, and the form of every result; the minimal style shows the form alone."""
    path = "take the inputs, follow the workflow, and go through the checks at the end."
    asks = [
        f"For a request like “{_one_line(item.ask)}”: {path}" + (f"\n\nA good result: {item.good}" if item.good else "")
        for item in manuscript.quick_start
    ]
    short = manuscript.style == "minimal"
    items = "- one line an item" if short else "- first item, in one line\n- next item, in one line"
    block = "\n\n".join(f"## {heading}\n{items}" for heading in manuscript.shape)
    told = (
        "" if short else "\n\nEvery item of the input stands under the heading it belongs to, in one line of its own."
    )
    fence = [f"Every result has this form:\n\n```markdown\n{block}\n```{told}"] if block else []
    return "\n\n".join([*asks, *fence])


def _decisions(manuscript: Manuscript) -> str:
    """The request and every answer, word for word; what was left to the model is no decision."""
    made = [item for item in manuscript.decisions if item.answer.strip().casefold() != YOU_DECIDE]
    told = [f"- {_one_line(item.question)}\n{_quoted(item.answer, '  ')}" for item in made]
    lead = "These are the words of the person who asked for this skill. They win over anything else in this file."
    return "\n\n".join([lead, _quoted(manuscript.request), *(["\n".join(told)] if told else [])])


def _quoted(text: str, indent: str = "") -> str:
    return "\n".join(f"{indent}> {line}".rstrip() for line in text.strip().splitlines())


def _reasoned(item: Rule) -> str:
    return f"{item.rule} ({item.why.rstrip('.')}.)" if item.why else item.rule


def _named(name: str, detail: str) -> str:
    return f"**{name.rstrip('.')}.** {detail}" if detail else name


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _numbered(items: Iterable[str]) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))


def _one_line(text: str) -> str:
    return " ".join(text.split())
