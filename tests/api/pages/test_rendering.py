"""Skills as HTML: hostile text stays text, code gets its colours, diffs their marks."""

import time

import pytest

from api.pages.rendering import diff_lines, markdown_html, skill_html


@pytest.mark.parametrize(
    ("hostile", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("![x](https://evil.example/pixel.png)", "evil.example"),
        ("[x](javascript:alert(1))", 'href="javascript'),
        ("[x](data:text/html;base64,AAAA)", 'href="data'),
        ('<a href="x" style="position:fixed">x</a>', "<a href"),
        ("```html\n<script>alert(1)</script>\n```", "<script"),
        ('```"><script>\nx\n```', "<script"),
        ("[x](//evil.example)", 'href="//'),
    ],
)
def test_nothing_a_model_writes_runs_or_loads(hostile: str, never: str) -> None:
    assert never not in markdown_html(hostile)


def test_links_lead_out_without_telling_where_from() -> None:
    assert 'rel="noopener noreferrer nofollow"' in markdown_html("[x](https://example.org)")


def test_code_is_coloured_by_classes_alone() -> None:
    html = markdown_html("```python\ndef f(): return 1\n```")
    assert '<span class="k">def</span>' in html
    assert "style=" not in html


@pytest.mark.parametrize("code", ["```nosuchlanguage\na < b\n```", "```\na < b\n```", "    a < b\n"])
def test_code_in_no_known_language_is_shown_plainly(code: str) -> None:
    assert "a &lt; b" in markdown_html(code)


def test_the_frontmatter_is_shown_as_it_is_written() -> None:
    html = skill_html("---\nname: x\n---\n\n# Title\n")
    assert "name" in html and "<h1>Title</h1>" in html
    assert skill_html("# No frontmatter\n") == "<h1>No frontmatter</h1>\n"


def test_a_huge_code_block_takes_no_time() -> None:
    began = time.monotonic()
    markdown_html("```python\n" + "x = '" * 40_000 + "\n```")
    assert time.monotonic() - began < 2


def test_a_diff_is_told_line_by_line_without_its_file_headers() -> None:
    lines = diff_lines("--- before\n+++ after\n@@ -1 +1 @@\n-old\n+new\n same")
    assert [(line.kind, line.text) for line in lines] == [
        ("place", "@@ -1 +1 @@"),
        ("removed", "old"),
        ("added", "new"),
        ("same", "same"),
    ]


def test_a_place_in_a_diff_is_told_by_its_line() -> None:
    place, same = diff_lines("@@ -57,6 +59,8 @@\n @@ -1 +1 @@")
    assert (place.words, same.words) == ("Line 59", "@@ -1 +1 @@")
