"""Lines, fences and sections of a SKILL.md."""

from hypothesis import given
from hypothesis import strategies as st

from domain.markdown import frontmatter_lines, inline_code, open_fence, sections, split_lines, walk, without_inline_code


@given(st.text())
def test_lines_joined_are_the_text_again(text: str) -> None:
    assert "".join(split_lines(text)) == text


def test_frontmatter_ends_at_a_fence_of_its_own_line_only() -> None:
    assert frontmatter_lines("---\na: uses --- here\n  ---\n---\nbody") == 4
    assert frontmatter_lines("---\r\na: b\r\n---\r\nbody") == 3
    assert frontmatter_lines("---\na: b ---\nbody") == 0
    assert frontmatter_lines("text\n---\n---") == 0


def test_fenced_code_is_told_from_prose() -> None:
    text = "a\n````md\n```\n## no\n```\n````\nb\n~~~\nc\n~~~ x\nd\n"
    assert [line.text for line in walk(text) if not line.code] == ["a", "b"]


def test_line_numbers_count_from_the_first_line_given() -> None:
    assert [line.number for line in walk("a\u2028b\nc", 7)] == [7, 8]


def test_an_open_fence_is_noticed() -> None:
    assert open_fence("x\n```python\ncode") == "```"
    assert open_fence("~~~~\n~~~\n") == "~~~~"
    assert open_fence("```\n```\n") == ""


def test_code_spans_are_cut_out_without_moving_columns() -> None:
    text = "a `b` ``c ` d`` e `f"
    assert without_inline_code(text) == "a" + " " * 15 + "e `f"
    assert inline_code("a `b` ``c ` d`` e `f") == ["b", "c ` d"]


def test_sections_are_level_two_headings_outside_code_and_frontmatter() -> None:
    text = "---\n## comment\na: b\n---\n# T\n## One ##\ntext\n### Deep\n```\n## no\n```\n## Two #2\n# Next\n##Three\n"
    found = sections(text)
    assert [(section.heading, section.line) for section in found] == [("One", 6), ("Two #2", 12)]
    assert found[0].text == "text\n### Deep\n```\n## no\n```\n"
    assert found[1].text == ""


@given(st.text("#`~- \nab\t", max_size=200))
def test_any_text_has_sections_in_rising_order(text: str) -> None:
    lines = [section.line for section in sections(text)]
    assert lines == sorted(set(lines))
