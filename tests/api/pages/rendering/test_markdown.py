"""Skills as HTML: hostile text stays text, code gets its colours, headings get ids that clobber nothing."""

import re
import time

import pytest

from api.pages.rendering import anchors, markdown_html, skill_html


@pytest.mark.parametrize(
    ("hostile", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("![x](https://evil.example/pixel.png)", "evil.example"),
        ("![x][1]\n\n[1]: https://evil.example/pixel.png", "evil.example"),
        ("[x](javascript:alert(1))", 'href="javascript'),
        ("[x](JaVaScRiPt:alert(1))", "href"),
        ("[x](&#106;avascript:alert(1))", 'href="javascript'),
        ("[x](java\tscript:alert(1))", "href"),
        ("[x](vbscript:msgbox(1))", 'href="vbscript'),
        ("[x](data:text/html;base64,AAAA)", 'href="data'),
        ("<javascript:alert(1)>", "href"),
        ('<a href="x" style="position:fixed">x</a>', "<a href"),
        ("```html\n<script>alert(1)</script>\n```", "<script"),
        ('```"><script>\nx\n```', "<script"),
        ("[x](//evil.example)", 'href="//'),
        ("[x](/jobs/1/cancel)", "href"),
        ("[x](#main)", "href"),
        ("<svg/onload=alert(1)>", "<svg"),
        ("<iframe src=https://evil.example>", "<iframe"),
        ("<div hx-get=/inbox hx-trigger=load>x</div>", "<div"),
        ("<form action=/jobs><button>x</button></form>", "<form"),
        ("# <img src=x onerror=alert(1)>", "<img"),
        ('[x](https://e.example "a\\" onmouseover=alert(1) b")', '" onmouseover'),
    ],
)
def test_nothing_a_model_writes_runs_or_loads(hostile: str, never: str) -> None:
    assert never not in markdown_html(hostile)


def test_links_lead_out_without_telling_where_from() -> None:
    assert 'rel="noopener noreferrer nofollow"' in markdown_html("[x](https://example.org)")
    assert 'href="mailto:a@b.example"' in markdown_html("[x](mailto:a@b.example)")


def test_code_is_coloured_by_classes_alone() -> None:
    html = markdown_html("```python\ndef f(): return 1\n```")
    assert '<span class="k">def</span>' in html
    assert "style=" not in html


@pytest.mark.parametrize("code", ["```nosuchlanguage\na < b\n```", "```\na < b\n```", "    a < b\n"])
def test_code_in_no_known_language_is_shown_plainly(code: str) -> None:
    assert "a &lt; b" in markdown_html(code)


def test_the_frontmatter_is_shown_as_it_is_written() -> None:
    html = skill_html("---\nname: x\n---\n\n# Title\n")
    assert "name" in html and '<h1 id="skill-title">Title</h1>' in html
    assert skill_html("# No frontmatter\n") == '<h1 id="skill-no-frontmatter">No frontmatter</h1>\n'


def test_a_huge_code_block_takes_no_time() -> None:
    began = time.monotonic()
    markdown_html("```python\n" + "x = '" * 40_000 + "\n```")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("heading", ["main", "prompt", "decide", "../x", '" onload="x', "`id`", "<b>", "Ü", "…"])
def test_every_id_in_a_skill_is_one_of_its_own(heading: str) -> None:
    ids = re.findall(r'id="([^"]*)"', markdown_html(f"# {heading}\n\n{heading}\n===\n\n## {heading}\n"))
    assert len(ids) == len(set(ids)) == 3
    assert all(name.startswith("skill-") and " " not in name for name in ids)


def test_a_section_is_found_under_its_heading() -> None:
    content = "---\nname: x\n---\n# T\n\n## Quick `Start`\n\n## Same\n\n## Same\n"
    found = anchors(content)
    html = skill_html(content)
    assert found["Quick `Start`"] == "skill-quick-start"
    assert found["Same"] == "skill-same" and 'id="skill-same--2"' in html
    assert all(f'id="{name}"' in html for name in found.values())
