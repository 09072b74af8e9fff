"""A skill from elsewhere lies where it says, where it lay, or where its words clearly speak for; else on `general`."""

import time

import pytest

from domain.library.gather import FoundSkill
from domain.library.shelving import Shelving, shelving
from domain.skill import Frontmatter
from domain.taxonomy import default_taxonomy, parse_taxonomy

TAXONOMY = parse_taxonomy(default_taxonomy())
SQL = "Cleans tables of an analytics database with SQL."


def found(description: str, *, folder: str = "x", standing: str | None = None, **metadata: str) -> Shelving:
    front = Frontmatter(name="x", description=description, metadata=metadata)
    return shelving(FoundSkill(folder=folder, files=[]), front, TAXONOMY, standing)


@pytest.mark.parametrize(
    ("description", "category", "words"),
    [
        (SQL, "data", ["analytics", "database", "sql"]),
        ("Reviews and tests code before it is merged.", "development", ["reviews", "tests", "code"]),
        ("Deployment and monitoring of clusters.", "operations", ["deployment", "monitoring"]),
        ("Writes emails and messages to customers in support.", "communication", ["emails", "support"]),
    ],
)
def test_words_that_clearly_speak_for_a_shelf_decide_and_are_named(
    description: str, category: str, words: list[str]
) -> None:
    placed = found(description)
    assert placed.category == category
    assert [word for word in words if word not in placed.why] == []


def test_tags_count_like_the_description() -> None:
    assert found("Tidies up tables.", tags="sql database").category == "data"
    assert found("Tidies up tables.").category == "general"


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("Plans a birthday party.", "no word"),
        ("Queries a database.", "might fit: data (database)"),
        ("Tests code and monitors security.", "might fit: "),
        ("", "no word"),
    ],
)
def test_what_is_not_clear_lies_on_general_and_what_might_fit_is_told(description: str, told: str) -> None:
    placed = found(description)
    assert (placed.category, told in placed.why) == ("general", True)


def test_two_shelves_with_as_many_words_are_not_clear() -> None:
    placed = found("Testing of web pages, with security and monitoring in production.")
    assert placed.category == "general"
    assert "development (testing, web)" in placed.why
    assert "operations (security, monitoring" in placed.why


def test_what_a_description_sends_elsewhere_does_not_speak_for_it() -> None:
    assert found("Plans parties. Not for SQL, a database or analytics. Fun.").category == "general"
    assert found("Plans parties. Not for guests. Cleans SQL of a database.").category == "data"


def test_its_own_word_its_folder_and_where_it_stands_come_first() -> None:
    assert found(SQL, category="design") == Shelving(category="design")
    assert found(SQL, category="misc") == Shelving(category="general")
    assert found(SQL, folder="general/x") == Shelving(category="general")
    assert found(SQL, folder="ops/deep/x", standing="design") == Shelving(category="operations")
    assert found(SQL, standing="design") == Shelving(category="design")


def test_an_endless_description_costs_little() -> None:
    began = time.process_time()
    placed = found("sql database analytics " * 200_000, tags="sql " * 100_000)
    assert placed.category == "data"
    assert time.process_time() - began < 2


def test_a_library_without_general_keeps_to_its_last_shelf_when_unsure() -> None:
    taxonomy = parse_taxonomy(b"categories:\n  - {name: kitchen, aliases: [bread, oven]}\n  - {name: garden}\n")
    front = Frontmatter(name="x", description="Bakes bread in an oven.")
    assert shelving(FoundSkill(folder="x", files=[]), front, taxonomy).category == "kitchen"
    assert (
        shelving(FoundSkill(folder="x", files=[]), Frontmatter(name="x", description="Y."), taxonomy).category
        == "garden"
    )
