"""A model's shelf stands unless it is none, or the words of the request clearly speak for another one."""

import pytest

from domain.library.placement import placement
from domain.taxonomy import default_taxonomy, parse_taxonomy

TAXONOMY = parse_taxonomy(default_taxonomy())


@pytest.mark.parametrize(
    ("proposed", "text"),
    [
        ("development", "Create a skill for handling user data"),
        ("development", "Write release notes from merged pull requests"),
        ("documents", "Write release notes from merged pull requests"),
        ("data", "Query a database"),
        ("Coding", "Review code"),
        ("general", "Plan a birthday party"),
        ("communication", ""),
    ],
)
def test_a_plausible_shelf_is_believed(proposed: str, text: str) -> None:
    found = placement(proposed, text, TAXONOMY)
    assert (found.category, found.unsure) == (TAXONOMY.find(proposed), False)


@pytest.mark.parametrize(
    ("proposed", "text", "better"),
    [
        ("design", "Write SQL queries that clean the tables of an analytics database", "data"),
        ("general", "Review and debug the code of a git repository and run its tests", "development"),
        ("data", "Automate the deployment and monitoring of infrastructure", "operations"),
    ],
)
def test_words_that_clearly_speak_for_another_shelf_make_it_unsure_but_do_not_move_it(
    proposed: str, text: str, better: str
) -> None:
    found = placement(proposed, text, TAXONOMY)
    assert (found.category, found.unsure, found.alternatives[0]) == (proposed, True, better)
    assert better in found.why


@pytest.mark.parametrize("proposed", ["cooking", "", "../etc", "\0", "x" * 10_000])
def test_a_word_that_is_no_shelf_is_always_unsure(proposed: str) -> None:
    found = placement(proposed, "Bake bread", TAXONOMY)
    assert (found.category, found.unsure) == ("general", True)
    assert len(found.why) < 200


def test_a_word_that_is_no_shelf_gives_way_to_the_one_the_words_speak_for() -> None:
    found = placement("cooking", "Deploy the service and monitor the infrastructure", TAXONOMY)
    assert (found.category, found.unsure) == ("operations", True)


def test_tags_are_found_by_their_other_words() -> None:
    assert TAXONOMY.tags_in("Reviews Python3 code on GitHub, not pyramids") == ["python", "git", "review"]
    assert TAXONOMY.tags_in("") == []
