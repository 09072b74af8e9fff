"""Foreign words stay words: whatever a model wrote, a reader of Markdown renders none of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from domain.evidence.plain_markdown import code, fenced, row, visible

READER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://evil.example/a.png)",
    "a | b | c",
    "`` `code` ``",
    "```\n# heading\n```",
    "~~~\n<img src=x>",
    "[link](javascript:alert(1))",
    "right\u202eto left\u2066",
    "zero\u200bwidth \x1b[31mred",
    "back\\slash \\| pipe",
    "\n\n# heading",
]


def kinds(text: str) -> set[str]:
    """Every kind of element that a reader makes of a text."""

    def inside(tokens: list[Token]) -> set[str]:
        return {token.type for token in tokens}.union(*(inside(token.children or []) for token in tokens))

    return inside(READER.parse(text))


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=300)))
def test_a_code_span_in_a_table_is_one_cell_with_nothing_in_it_but_code(text: str) -> None:
    table = f"| a | b |\n|---|---|\n{row((f'x{code(text)}', 'end'))}\n"
    found = READER.parse(table)
    assert [token.type for token in found].count("td_open") == 2
    assert kinds(table) <= {
        *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
        *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "inline", "text", "code_inline"),
    }


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=300)))
def test_nothing_in_a_fence_closes_it(text: str) -> None:
    [token] = READER.parse(fenced(text, 1_000, "x"))
    assert token.type == "fence"
    assert token.content.rstrip("\n") == visible(text).replace("\r", "\n").rstrip("\n")


def test_a_long_text_says_how_much_is_left_out_and_where_it_is() -> None:
    shown = fenced("a" * 1_500, 1_000, "`evaluation.json`")
    assert shown.count("a" * 1_000) == 1
    assert shown.endswith("*500 characters more; the whole is in `evaluation.json`.*")


@pytest.mark.parametrize("text", ["right\u202eto left", "a\u200bb", "\x1b[31m", "\ue000", "\ufeff"])
def test_what_hides_is_written_out(text: str) -> None:
    assert visible(text).isprintable()
    assert "\\u" in code(text)


def test_nothing_is_nothing_and_long_words_are_cut() -> None:
    assert code(" \n ") == ""
    assert code("x" * 300, 10) == f"`{'x' * 9}…`"
