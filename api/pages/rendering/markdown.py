"""Markdown as HTML. What comes in is written by models and strangers: raw HTML is text, images are left out.

markdown-it with HTML off is not enough (it keeps remote images, which tell their host who reads): nh3 has the last
word. Headings get ids that begin with OWN, so that no text can name one of the page's own elements.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from domain.markdown import frontmatter_lines, split_lines

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
TAGS = {
    *("p", "br", "hr", *HEADINGS, "ul", "ol", "li", "blockquote", "pre", "code", "span"),
    *("em", "strong", "del", "a", "table", "thead", "tbody", "tr", "th", "td", "div"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "span": {"class"},
    "code": {"class"},
    "div": {"class"},
    "ol": {"start"},
    **{heading: {"id"} for heading in HEADINGS},
}
OWN = "skill-"
"""What the id of every heading begins with."""

MOST_HIGHLIGHTED = 20_000
"""Characters of one code block; longer ones are shown plain."""

REMEMBERED = 32
"""Texts whose HTML is kept: a job's page shows its skill in two places, to every reader, and again at every event."""

LONGEST_ID = 60
_APART = re.compile(r"[\W_]+")


def skill_html(content: str) -> Markup:
    """The body of a SKILL.md as safe HTML; its frontmatter as it is written."""
    return markdown_html(_as_shown(content))


@lru_cache(maxsize=REMEMBERED)
def markdown_html(text: str) -> Markup:
    """Markdown as safe HTML with highlighted code. Takes a tenth of a second for the largest texts."""
    parser = _parser()
    tokens = parser.parse(text)
    for _, token, name in _headings(tokens):
        token.attrSet("id", name)
    clean = nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 - cleaned on the lines above


def anchors(content: str) -> dict[str, str]:
    """The id of each heading of a SKILL.md as `skill_html` shows it, by the heading as it is written; of two that are
    alike the first."""
    found: dict[str, str] = {}
    for title, name in _anchors(content):
        found.setdefault(title, name)
    return found


@lru_cache(maxsize=REMEMBERED)
def _anchors(content: str) -> tuple[tuple[str, str], ...]:
    return tuple((title, name) for title, _, name in _headings(_parser().parse(_as_shown(content))))


def _as_shown(content: str) -> str:
    count = frontmatter_lines(content)
    lines = split_lines(content)
    head, body = "".join(lines[:count]), "".join(lines[count:])
    shown = f"```yaml\n{head.strip().strip('-').strip()}\n```\n\n" if head and "```" not in head else ""
    return shown + body


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "highlight": _highlighted}).enable("table")


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[str, Token, str]]:
    """Every heading: as it is written, its token, and the id that it gets."""
    seen: Counter[str] = Counter()
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            words = _APART.sub("-", inside.content.lower())[:LONGEST_ID].strip("-") or "section"
            seen[words] += 1
            again = f"--{seen[words]}" if seen[words] > 1 else ""
            yield inside.content.strip(), token, f"{OWN}{words}{again}"


def _kept(_tag: str, attribute: str, value: str) -> str | None:
    """Links lead to where they say: a relative one would lead into our own pages, `//` to a host in disguise."""
    if attribute == "id":
        return value if value.startswith(OWN) else None
    return value if attribute != "href" or value.startswith(("https://", "http://", "mailto:")) else None


def _highlighted(code: str, language: str, _attributes: str) -> str:
    """HTML for one code block; empty lets markdown-it escape it plainly."""
    if not language or len(code) > MOST_HIGHLIGHTED:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))
