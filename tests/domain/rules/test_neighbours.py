"""Names and descriptions beside those of the library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.neighbours import ALIKE, Neighbour, collisions, look_alike, near_duplicates, similarity

INVOICES = "Sorts invoices by due date and flags the late ones. Use when a mailbox holds bills."


@pytest.mark.parametrize(
    ("one", "two"),
    [("code-review", "codereview"), ("invoices", "invoice"), ("deploys", "deplyos"), ("reports", "rexports")],
)
def test_names_that_are_taken_for_each_other(one: str, two: str) -> None:
    assert look_alike(one, two)
    assert look_alike(two, one)


@pytest.mark.parametrize(
    ("one", "two"),
    [("pdf", "psd"), ("python-2", "python-3"), ("release-1", "release-12"), ("invoices", "devices"), ("same", "same")],
)
def test_names_that_are_not(one: str, two: str) -> None:
    assert not look_alike(one, two)


def test_aliases_and_look_alikes_are_told_with_their_neighbour() -> None:
    library = [Neighbour(name="invoices", description=INVOICES, aliases=("bills",))]
    assert [found.code for found in collisions("Bills", (), library)] == ["name-is-alias"]
    assert [found.code for found in collisions("invoice", (), library)] == ["name-look-alike"]
    assert [found.code for found in collisions("in-voices", ("x",), library)] == ["name-look-alike"]
    assert list(collisions("invoices", (), library)) == []  # that it is taken is said by the rule of names
    assert list(collisions("letters", ("notes",), library)) == []


def test_the_nearest_description_is_named_with_its_score() -> None:
    library = [Neighbour(name="invoices", description=INVOICES), Neighbour(name="bread", description="Bakes bread.")]
    (found,) = near_duplicates("bills", INVOICES.replace("Sorts", "Sorting"), library)
    assert (found.code, found.severity) == ("description-duplicate", "warning")
    assert "`invoices` (similarity 1.00)" in found.message
    assert list(near_duplicates("invoices", INVOICES, library)) == []
    other = "Sorts photographs by place and flags the blurred ones. Use when a card holds pictures."
    assert list(near_duplicates("photos", other, library)) == []
    assert similarity(other, INVOICES) < ALIKE


@given(st.text(max_size=80), st.text(max_size=80))
def test_similarity_is_a_share_and_the_same_both_ways(one: str, two: str) -> None:
    assert 0 <= similarity(one, two) <= 1.000001
    assert similarity(one, two) == pytest.approx(similarity(two, one))
    assert look_alike(one, two) is look_alike(two, one)
