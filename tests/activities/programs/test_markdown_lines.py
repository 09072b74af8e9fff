"""Lines of a model's Markdown: none breaks out of its section, none is a loop, and unlike ones stand apart."""

import pytest

from activities.programs.markdown_lines import behind, markdown_lines


def test_several_lines_in_one_item_are_several_and_headings_do_not_break_out() -> None:
    assert markdown_lines(["- a\n- b  ", "", "## Out", "### In", "```sh", "# a comment", "```"]) == [
        "- a",
        "- b",
        "",
        "### In",
        "```sh",
        "# a comment",
        "```",
    ]


def test_a_loop_is_no_line() -> None:
    assert markdown_lines(["- go on and on and " * 9, "- stop"]) == ["- stop"]


@pytest.mark.parametrize(
    ("present", "lines", "joined"),
    [
        ("- a", ["- b"], "- a\n- b"),
        ("| “a” | b |", ["| “c” | d |"], "| “a” | b |\n| “c” | d |"),
        ("Prose.", ["- b"], "Prose.\n\n- b"),
        ("", ["- b"], "- b"),
        ("- a\n\n", ["1. b"], "- a\n\n1. b"),
    ],
)
def test_unlike_kinds_are_kept_apart(present: str, lines: list[str], joined: str) -> None:
    assert behind(present, lines) == joined
