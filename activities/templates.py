"""The outlines of a library's own templates, read as they lie there; what it has none for, or a broken one, is ours.

A template is a text that people change while we run: it is read each time, and never believed to be small or whole.
"""

import logging
from pathlib import Path

from domain.library.default_templates import FOLDER, default_template
from domain.library.outline import Outline, outline_of
from domain.library.templates import Template, parse_template
from domain.names import LEGAL
from domain.skill import SKILL_FILE

LARGEST = 100_000
"""Bytes of a template that are read."""

log = logging.getLogger(__name__)


def outline_for(root: Path, category: str) -> Outline:
    """What the skills of a category look like. Reads a file: call it in a thread."""
    return outline_of(_lying(root, category) or default_template(category))


def template_for(root: Path, category: str) -> Template:
    """What validation holds the skills of a category against. Reads a file: call it in a thread."""
    return parse_template(category, _lying(root, category) or default_template(category))


def _lying(root: Path, category: str) -> str | None:
    """The library's own template, if it has a readable one inside its folder."""
    if not LEGAL.fullmatch(category):
        return None
    folder = (root / FOLDER).resolve()
    file = (folder / category / SKILL_FILE).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        return None
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST).decode("utf-8", "replace")
    except OSError as error:
        log.warning("the template of %s cannot be read, the default is used: %s", category, error)
        return None
