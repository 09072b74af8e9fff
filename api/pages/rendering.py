"""Skills and diffs as HTML. What comes in is written by models and strangers: raw HTML is text, images are left out.

markdown-it with HTML off is not enough (it keeps remote images, which tell their host who reads): nh3 has the last
word.
"""

import re
from typing import Literal

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from domain.markdown import frontmatter_lines, split_lines
from domain.shape import Shape

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "span"),
    *("em", "strong", "del", "a", "table", "thead", "tbody", "tr", "th", "td", "div"),
}
ATTRIBUTES = {"a": {"href", "title"}, "span": {"class"}, "code": {"class"}, "div": {"class"}, "ol": {"start"}}
MOST_HIGHLIGHTED = 20_000
"""Characters of one code block; longer ones are shown plain."""

_PLACE = re.compile(r"@@ -\S+ \+(\d+)")


class DiffLine(Shape):
    """One line of a diff; `kind` says what happened to it."""

    kind: Literal["same", "added", "removed", "place"]
    text: str

    @property
    def words(self) -> str:
        """The line as people read it: for a place the number of the line that follows, instead of its code."""
        place = _PLACE.match(self.text) if self.kind == "place" else None
        return f"Line {place[1]}" if place else self.text


def skill_html(content: str) -> Markup:
    """The body of a SKILL.md as safe HTML; its frontmatter as it is written."""
    count = frontmatter_lines(content)
    lines = split_lines(content)
    head, body = "".join(lines[:count]), "".join(lines[count:])
    shown = f"```yaml\n{head.strip().strip('-').strip()}\n```\n\n" if head and "```" not in head else ""
    return markdown_html(shown + body)


def markdown_html(text: str) -> Markup:
    """Markdown as safe HTML with highlighted code."""
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _highlighted}).enable("table")
    clean = nh3.clean(
        parser.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_outside,
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 - cleaned on the line above


def diff_lines(diff: str) -> list[DiffLine]:
    """A unified diff line by line; the two file headers are left out."""
    return [_diff_line(line) for line in diff.splitlines() if not line.startswith(("--- ", "+++ "))]


def _outside(_tag: str, attribute: str, value: str) -> str | None:
    """Links lead to where they say: a relative one would lead into our own pages, `//` to a host in disguise."""
    return value if attribute != "href" or value.startswith(("https://", "http://", "mailto:")) else None


def _diff_line(line: str) -> DiffLine:
    if line.startswith("@@"):
        return DiffLine(kind="place", text=line)
    if line.startswith("+"):
        return DiffLine(kind="added", text=line[1:])
    if line.startswith("-"):
        return DiffLine(kind="removed", text=line[1:])
    return DiffLine(kind="same", text=line.removeprefix(" "))


def _highlighted(code: str, language: str, _attributes: str) -> str:
    """HTML for one code block; empty lets markdown-it escape it plainly."""
    if not language or len(code) > MOST_HIGHLIGHTED:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))
