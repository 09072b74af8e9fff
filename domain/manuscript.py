"""The pieces a model writes, and the Markdown that code puts together from them.

A model never writes headings, numbering or a person's words: those are certain this way. Must not clean up what a
model wrote (the programs do) and knows nothing of frontmatter (`domain/skill_file.py`).
"""

from collections.abc import Iterable

from domain.brief import Decision
from domain.prompt import YOU_DECIDE
from domain.shape import Shape

MISTAKES = "Common mistakes"
QUICK_START = "Quick Start"
DECISIONS = "Decisions from the author"
CORE = ["When to use", QUICK_START, "Inputs", "Workflow", "Rules", MISTAKES, "Before handing over"]
"""The sections of every skill, in their order; `DECISIONS` follows the rules."""


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


class Revised(Shape):
    """A skill after feedback: the whole file, and one sentence for each thing that changed."""

    content: str
    changes: list[str] = []


class Manuscript(Shape):
    """Everything the body of a skill is made of. `request` and `decisions` are quoted word for word.

    `shape`: the headings that every result has, in their order. `outline`: those of the skill itself; without one, the
    core.
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


def body(manuscript: Manuscript) -> str:
    """The Markdown below the frontmatter; sections without content are left out."""
    parts = [
        ("When to use", _when(manuscript)),
        (QUICK_START, _quick_start(manuscript.quick_start, manuscript.shape)),
        ("Inputs", _bullets(_named(item.name, item.what) for item in manuscript.inputs)),
        ("Workflow", _numbered(_named(item.action, item.detail) for item in manuscript.steps)),
        ("Rules", _bullets(_reasoned(item) for item in manuscript.rules)),
        (DECISIONS, _decisions(manuscript)),
        (MISTAKES, mistakes_text(manuscript.mistakes)),
        ("Before handing over", "\n".join(f"- [ ] {item}" for item in manuscript.checks)),
    ]
    parts += [(section.heading, section.text) for section in manuscript.own]
    place = {heading: number for number, heading in enumerate(manuscript.outline or CORE)}
    place.setdefault(DECISIONS, place.get("Rules", len(place)))
    parts.sort(key=lambda part: place.get(part[0], len(place)))
    sections = [f"## {heading}\n\n{text}" for heading, text in parts if text]
    return "\n\n".join([f"# {manuscript.title}", manuscript.purpose, *sections]) + "\n"


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


def _quick_start(examples: Iterable[Example], shape: list[str]) -> str:
    path = "take the inputs, follow the workflow, and go through the checks at the end."
    asks = [
        f"For a request like “{_one_line(item.ask)}”: {path}" + (f"\n\nA good result: {item.good}" if item.good else "")
        for item in examples
    ]
    lines = [f"## {heading}\n- first item, in one line\n- next item, in one line" for heading in shape]
    block = "\n\n".join(lines)
    told = "Every item of the input stands under the heading it belongs to, in one line of its own."
    fence = [f"Every result has this form:\n\n```markdown\n{block}\n```\n\n{told}"] if shape else []
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
