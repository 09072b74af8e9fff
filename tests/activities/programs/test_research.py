"""Queries by rule: they say what the task is about, and each is different."""

from hypothesis import given
from hypothesis import strategies as st

from activities.programs.research import MOST_QUERIES, MOST_WORDS, keywords, queries
from domain.brief import Brief, Refinement
from tests.activities.programs.conftest import REQUEST

REFINED = Refinement(task_description=REQUEST, name="write-release-notes", description="Writes release notes.")


def test_the_name_the_task_and_what_hangs_on_it_are_looked_up() -> None:
    assert queries(Brief(task=REQUEST), REFINED) == [
        "release notes",
        "release notes acme cli list merged",
        "grouped added fixed breaking most 300",
    ]


def test_what_a_model_would_look_up_comes_last_as_plain_words() -> None:
    found = queries(Brief(task=REQUEST), REFINED, ['-changelog OR "x"; conventions', "TODO", "notes release", "string"])
    assert found[3:] == ["changelog conventions"]


def test_words_that_every_request_has_find_nothing() -> None:
    assert keywords("Create a skill for handling user data when they want it") == ["data"]


@given(st.text(max_size=200), st.text(max_size=40), st.lists(st.text(max_size=60), max_size=8))
def test_any_text_gives_a_few_different_queries_of_plain_words(task: str, name: str, proposed: list[str]) -> None:
    refined = Refinement(task_description=task, name=name, description="d")
    found = queries(Brief(task=task), refined, proposed)
    assert len(found) <= MOST_QUERIES
    assert len(set(found)) == len(found)
    for query in found:
        assert 1 <= len(query.split()) <= MOST_WORDS
        assert query.replace(" ", "").isalnum()
