"""Lines, tokens and bytes: at the limit, and one more."""

import pytest

from domain.rules import budgets
from domain.skill import SkillFileEntry


def test_tokens_are_counted_by_words_by_characters_or_by_signs() -> None:
    assert budgets.tokens("") == 0
    assert budgets.tokens("three short words") == 4
    assert budgets.tokens("x" * 400) == 100
    assert budgets.tokens("技能" * 50) == 101


def _main(lines: int, words: int = 1, description: str = "Sorts.") -> list[str]:
    text = "word\n" * lines
    return [found.code for found in budgets.main_budget(text, "word " * words, "a-b", description)]


def test_a_main_file_at_its_limits_passes_and_above_them_does_not() -> None:
    assert _main(500, 3750) == []
    assert _main(501) == ["body-long"]
    assert _main(1, 3752) == ["body-tokens"]
    assert _main(1, description="word " * 96) == []
    assert _main(1, description="word " * 110) == ["catalog-tokens"]


@pytest.mark.parametrize("start", ["## Contents\n", "**Table of contents**\n", "- [a](#a)\n- [b](#b)\n- [c](#c)\n"])
def test_a_long_reference_begins_with_its_contents(start: str) -> None:
    long = "text\n" * 101
    assert [found.code for found in budgets.reference_budgets({"references/a.md": long})] == ["reference-no-contents"]
    assert list(budgets.reference_budgets({"references/a.md": start + long})) == []
    assert list(budgets.reference_budgets({"references/a.md": "text\n" * 100, "README.md": long})) == []


def test_a_reference_of_too_many_words_and_too_many_files_are_told() -> None:
    large = "word " * 10_001
    assert [found.code for found in budgets.reference_budgets({"references/a.md": large})] == ["reference-large"]
    files = [SkillFileEntry(path=f"{n}.md", data=b"") for n in range(101)]
    assert [found.code for found in budgets.folder_budget(files)] == ["skill-many-files"]
    assert list(budgets.folder_budget(files[:100])) == []
    heavy = [SkillFileEntry(path="a", data=b"x" * (budgets.MOST_BYTES + 1))]
    assert [found.code for found in budgets.folder_budget(heavy)] == ["skill-large"]
