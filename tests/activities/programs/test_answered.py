"""Nobody is asked for a limit or for headings that the request, an answer or a source states."""

import pytest

from activities.programs.answered import is_answered, known_facts
from domain.brief import Brief, Decision
from domain.job import Source
from tests.activities.programs.conftest import REQUEST

NOTES = Brief(task=REQUEST)
PLAIN = Brief(task="Write release notes for the Acme CLI")


def answered(question: str, brief: Brief) -> bool:
    return is_answered(question, brief, known_facts(brief))


@pytest.mark.parametrize(
    "question",
    [
        "How long may the release notes be?",
        "What is the maximum number of words?",
        "Is there a word limit for the release notes?",
        "Which sections must the release notes have?",
        "How should the pull requests be grouped?",
    ],
)
def test_what_the_request_states_is_answered_and_else_it_is_not(question: str) -> None:
    assert answered(question, NOTES)
    assert not answered(question, PLAIN)


@pytest.mark.parametrize(
    "question",
    ["How long may the summary for the board be?", "Which sections does the board read?", "Who reads the notes?"],
)
def test_a_question_about_something_else_is_asked(question: str) -> None:
    assert not answered(question, NOTES)


def test_an_answer_and_a_source_count_like_the_request() -> None:
    told = PLAIN.model_copy(update={"decisions": [Decision(question="Limits?", answer="At most 200 words")]})
    given = PLAIN.model_copy(update={"sources": [Source(name="style.md", content="Notes have at most 200 words.")]})
    assert answered("How long may the release notes be?", told)
    assert answered("How long may the release notes be?", given)
