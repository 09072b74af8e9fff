"""How much of an agent's attention a skill takes: lines and tokens of SKILL.md, references and catalog; and bytes.

Sources of the numbers: the format's specification (500 lines, 5,000 tokens, about 100 tokens in the catalog) and the
authoring guides of two platforms (contents above 100 lines; search hints above 10,000 words). Must not judge wording.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from domain.markdown import walk
from domain.rules.rule import Rule
from domain.skill import Finding, Severity, SkillFileEntry

MAX_LINES = 500
MAX_TOKENS = 5_000
CATALOG_TOKENS = 130
"""About 100 are meant; the estimate may err by a third."""
LINES_WITHOUT_CONTENTS = 100
REFERENCE_WORDS = 10_000
MOST_FILES = 100
MOST_BYTES = 5 * 1024 * 1024

_MOVE = "Move detail into files under references/ and link to them."
LONG = Rule(
    code="body-long",
    severity=Severity.WARNING,
    about=f"SKILL.md has more than {MAX_LINES} lines, which is a burden for agents.",
    fix=_MOVE,
)
TOKENS = Rule(
    code="body-tokens",
    severity=Severity.WARNING,
    about=f"The body has more than about {MAX_TOKENS:,} tokens.",
    fix=_MOVE,
)
CATALOG = Rule(
    code="catalog-tokens",
    severity=Severity.INFO,
    about=f"Name and description take more than about {CATALOG_TOKENS} tokens of every conversation.",
    fix="Say what the skill does and when to use it, and leave the rest to the body.",
)
NO_CONTENTS = Rule(
    code="reference-no-contents",
    severity=Severity.WARNING,
    about=f"A reference of more than {LINES_WITHOUT_CONTENTS} lines has no table of contents.",
    fix="Begin it with a section “Contents” that lists its headings: agents look at the first lines only.",
)
REFERENCE_LARGE = Rule(
    code="reference-large",
    severity=Severity.WARNING,
    about=f"A reference has more than {REFERENCE_WORDS:,} words.",
    fix="Split it by topic, and say in SKILL.md what to search for in which part.",
)
MANY_FILES = Rule(
    code="skill-many-files",
    severity=Severity.WARNING,
    about=f"The skill has more than {MOST_FILES} files.",
    fix="Leave out what no instruction uses.",
)
LARGE = Rule(
    code="skill-large",
    severity=Severity.WARNING,
    about=f"The files of the skill have more than {MOST_BYTES // 2**20} MiB together.",
    fix="Leave out what no instruction uses, or say where to get it.",
)
RULES = (LONG, TOKENS, CATALOG, NO_CONTENTS, REFERENCE_LARGE, MANY_FILES, LARGE)

_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_CONTENTS = re.compile(r"(?im)^ {0,3}(?:#{1,6} |\*\*)?(?:\W{0,4})(?:table of )?(?:contents|toc|in this file|index)\b")
_TO_HEADING = re.compile(r"\]\(#")
_LOOKED_AT = 60
"""Lines in which a table of contents must begin."""


def tokens(text: str) -> int:
    """An estimate that asks no tokenizer: four thirds of the words or a quarter of the characters, whichever is more;
    a Chinese, Japanese or Korean character counts as one."""
    wide = 0 if text.isascii() else len(_WIDE.findall(text))
    return wide + max(round(len(text.split()) * 4 / 3), (len(text) - wide) // 4)


def main_budget(text: str, body: str, name: str, description: str) -> Iterator[Finding]:
    """Lines and tokens of SKILL.md, and what its entry in a catalog costs."""
    lines = text.count("\n") + (not text.endswith("\n"))
    if lines > MAX_LINES:
        yield LONG.found(f"SKILL.md has {lines} lines; more than {MAX_LINES} is a burden for agents.", field="body")
    size = tokens(body)
    if size > MAX_TOKENS:
        yield TOKENS.found(f"The body has about {size} tokens (an estimate); keep it under {MAX_TOKENS}.", field="body")
    catalog = tokens(f"{name} {description}")
    if catalog > CATALOG_TOKENS:
        yield CATALOG.found(f"Name and description have about {catalog} tokens (an estimate).", field="description")


def reference_budgets(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Sizes of the Markdown files beside SKILL.md."""
    for path, text in texts.items():
        lines = text.count("\n")
        if lines > LINES_WITHOUT_CONTENTS and path.startswith("references/") and not has_contents(text):
            yield NO_CONTENTS.found(f"This reference has {lines} lines and no table of contents.", file=path)
        if len(text) > REFERENCE_WORDS and (words := len(text.split())) > REFERENCE_WORDS:
            yield REFERENCE_LARGE.found(f"This reference has {words} words.", file=path)


def has_contents(text: str) -> bool:
    """Whether a text begins with a list of what is in it: a line that says so, or three links to its own headings."""
    start = "\n".join(line.text for line in walk("\n".join(text.split("\n", _LOOKED_AT)[:_LOOKED_AT])) if not line.code)
    return bool(_CONTENTS.search(start)) or len(_TO_HEADING.findall(start)) >= 3


def folder_budget(files: Sequence[SkillFileEntry]) -> Iterator[Finding]:
    """How many files there are, and how large they are together."""
    if len(files) > MOST_FILES:
        yield MANY_FILES.found(f"The skill has {len(files)} files.", file=".")
    size = sum(len(entry.data) for entry in files)
    if size > MOST_BYTES:
        yield LARGE.found(f"The skill has {size / 2**20:.1f} MiB.", file=".")
