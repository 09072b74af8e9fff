"""Texts of models and strangers as safe HTML: skills, what hides in them, and what changed between two of them."""

from api.pages.rendering.diff import DiffLine, SplitRow, diff_lines, fitting, lines_of_rows, split
from api.pages.rendering.invisible import RawText, raw_text, shown
from api.pages.rendering.markdown import anchors, markdown_html, skill_html

__all__ = [
    "DiffLine",
    "RawText",
    "SplitRow",
    "anchors",
    "diff_lines",
    "fitting",
    "lines_of_rows",
    "markdown_html",
    "raw_text",
    "shown",
    "skill_html",
    "split",
]
