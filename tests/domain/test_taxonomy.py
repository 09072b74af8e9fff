"""Categories: read, found by other words, never invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidAnswer, SkillFileError
from domain.taxonomy import check_path, default_taxonomy, parse_taxonomy, place

TAXONOMY = parse_taxonomy(default_taxonomy())


def test_the_default_has_eight_described_categories() -> None:
    assert TAXONOMY.names == [
        "development", "data", "documents", "communication", "operations", "research", "design", "general",
    ]  # fmt: skip
    assert all(shelf.title and shelf.description for shelf in TAXONOMY.categories)


def test_no_word_means_two_categories() -> None:
    words = [word for shelf in TAXONOMY.categories for word in (shelf.name, *shelf.aliases)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("data", "data"),
        ("Data Analysis", "data"),
        (" DevOps ", "operations"),
        ("coding", "development"),
        ("UX", "design"),
    ],
)
def test_a_category_is_found_by_name_title_or_alias(word: str, name: str) -> None:
    assert place(word, TAXONOMY) == place(word, TAXONOMY, by_person=True) == name


@pytest.mark.parametrize("word", [None, "", "  ", "astrology", "../etc", "claude"])
def test_what_a_model_invents_lands_on_the_general_shelf(word: str | None) -> None:
    assert place(word, TAXONOMY) == "general"


def test_what_a_person_misspells_is_asked_back_with_the_known_ones() -> None:
    with pytest.raises(InvalidAnswer, match="development, data") as caught:
        place("astrology", TAXONOMY, by_person=True)
    assert list(caught.value.fields) == ["category"]
    assert place(None, TAXONOMY, by_person=True) == "general"


def test_without_a_general_shelf_the_last_one_takes_the_rest() -> None:
    small = parse_taxonomy(b"categories:\n  - name: one\n  - name: two-x\n")
    assert place("astrology", small) == "two-x"
    assert small.categories[1].title == "Two x"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff", "taxonomy-not-utf8"),
        (b"categories: []", "taxonomy-empty"),
        (b"other: x", "taxonomy-empty"),
        (b"categories:\n  - name: Not A Slug", "taxonomy-name"),
        (b"categories:\n  - just text", "taxonomy-name"),
        (b"categories:\n  - name: _drafts", "taxonomy-name"),
        (b"categories:\n  - name: a\n  - name: a", "taxonomy-duplicate"),
        (b"categories: &a [*a]", "yaml-alias"),
        (b"- a", "frontmatter-not-mapping"),
    ],
)
def test_a_broken_taxonomy_says_what_to_mend(data: bytes, code: str) -> None:
    with pytest.raises(SkillFileError) as caught:
        parse_taxonomy(data)
    assert caught.value.code == code


@pytest.mark.parametrize("path", ["data/a", "data/release-notes-2"])
def test_a_category_and_a_name_are_a_place(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "data",
        "data/a/b",
        "/data/a",
        "data/..",
        "../a",
        "data/%2e%2e",
        "data/A",
        "data/a b",
        "data\\a",
        "C:/a",
        "data/a\0",
    ],
)
def test_a_path_of_another_form_is_not(path: str) -> None:
    with pytest.raises(InvalidAnswer, match="category/name"):
        check_path(path)


@pytest.mark.parametrize(
    "path",
    ["_drafts/a", "data/con", "data/a-", "data/a--b", "data/" + "a" * 65, "d\u0430ta/a", "data/a\n"],
)
def test_a_path_with_an_illegal_part_is_not(path: str) -> None:
    with pytest.raises(InvalidAnswer, match="category/name"):
        check_path(path)


@given(st.text(max_size=30))
def test_no_accepted_path_can_leave_the_library(path: str) -> None:
    try:
        accepted = check_path(path)
    except InvalidAnswer:
        return
    assert accepted.isascii() and ".." not in accepted and accepted.count("/") == 1
