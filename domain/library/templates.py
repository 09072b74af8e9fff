"""The sections that a skill of a category has: read from a template SKILL.md, looked for in a skill.

A template is an ordinary SKILL.md. Each of its `## Heading` lines is a section that the skills of the category need; a
heading that ends with ` (optional)` names one that they may have. Must not judge what a section says.
"""

import re
from collections.abc import Iterator

from domain.markdown import sections
from domain.rules.rule import Rule
from domain.shape import Shape
from domain.skill import Finding, Severity

OPTIONAL = " (optional)"

MISSING = Rule(
    code="section-missing",
    severity=Severity.WARNING,
    about="A section that the template of the category asks for is missing.",
    fix="Add it, or place the skill in another category.",
)
RULES = (MISSING,)

_WORD = re.compile(r"\w+")


class TemplateSection(Shape):
    """One section of a template; `heading` without its mark."""

    heading: str
    required: bool = True


class Template(Shape):
    """What the skills of a category look like: their sections in order."""

    category: str
    sections: tuple[TemplateSection, ...]


def parse_template(category: str, text: str) -> Template:
    """The sections of a template's text, whatever else it holds; never raises."""
    found = [section.heading for section in sections(text)]
    return Template(
        category=category,
        sections=tuple(
            TemplateSection(heading=heading.removesuffix(OPTIONAL).strip(), required=not heading.endswith(OPTIONAL))
            for heading in found
        ),
    )


def missing_sections(text: str, template: Template) -> Iterator[Finding]:
    """One finding for each required section without a heading that has all its words, in whatever case and order."""
    there = [_words(section.heading) for section in sections(text)]
    for section in template.sections:
        if section.required and not any(_words(section.heading) <= words for words in there):
            message = f"Skills of `{template.category[:80]}` have a section “{section.heading[:80]}”; this one has not."
            yield MISSING.found(message, field="body")


def _words(heading: str) -> frozenset[str]:
    return frozenset(_WORD.findall(heading.casefold()))
