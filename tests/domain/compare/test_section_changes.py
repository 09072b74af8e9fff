"""Which sections a revision changed, by their headings."""

from domain.compare.section_changes import FRONTMATTER, OPENING, changed_sections

BEFORE = """---
name: a
---
# A

## Quick Start

One.

## Rules

- first

## Example

## Example

two
"""


def kinds(before: str, after: str) -> list[tuple[str, str]]:
    return [(change.heading, change.kind) for change in changed_sections(before, after)]


def test_the_sections_that_differ_are_named_in_their_order() -> None:
    after = BEFORE.replace("One.", "One, two.").replace("## Rules\n\n- first", "## Limits\n\n- none")
    assert kinds(BEFORE, after) == [("Quick Start", "changed"), ("Limits", "added"), ("Rules", "removed")]


def test_what_has_no_heading_of_its_own_has_a_name_too() -> None:
    assert kinds(BEFORE, BEFORE.replace("name: a", "name: b").replace("# A\n", "# B\n")) == [
        (FRONTMATTER, "changed"),
        (OPENING, "changed"),
    ]


def test_of_two_sections_with_one_heading_the_right_one_is_named_once() -> None:
    assert kinds(BEFORE, BEFORE.replace("two\n", "three\n")) == [("Example", "changed")]


def test_moving_blank_lines_changes_nothing_and_against_nothing_all_is_new() -> None:
    assert kinds(BEFORE, BEFORE.replace("One.\n", "One.\n\n")) == []
    assert {kind for _, kind in kinds("", BEFORE)} == {"added"}
    assert kinds("", "") == []
