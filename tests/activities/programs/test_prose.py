"""Guards on a model's words."""

import pytest

from activities.programs import prose


@pytest.mark.parametrize(
    "text", ["1" + "0" * 30, "the list and the list and the list and the list and so on the list and"]
)
def test_loops_are_seen(text: str) -> None:
    assert prose.is_runaway(text)


@pytest.mark.parametrize(
    "text", ["Read the list, sort the list, and write one line for each item of the list.", "-" * 20]
)
def test_ordinary_text_is_no_loop(text: str) -> None:
    assert not prose.is_runaway(text)


@pytest.mark.parametrize(
    "text", ["", "string", "TODO: write this", "[insert name here] likes it", "{{name}} is here", "word", "N/A for now"]
)
def test_placeholders_and_single_words_are_useless(text: str) -> None:
    assert not prose.is_useful(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- **keep** it short. ", "**keep** it short"),
        ("Step 2: read\n the list", "read the list"),
        ("3) read the list;", "read the list"),
        ('"Read the list."', "Read the list"),
        ("Has the heading “Added”", "Has the heading “Added”"),
        ("“Added” and “Fixed”", "“Added” and “Fixed”"),
        ("- [ ] read the list", "read the list"),
    ],
)
def test_a_phrase_has_no_bullet_number_or_quotes_around_it(text: str, line: str) -> None:
    assert prose.phrase(text) == line


def test_a_sentence_has_a_capital_and_an_end() -> None:
    assert prose.sentence("read the list") == "Read the list."
    assert prose.sentence("is it short?") == "Is it short?"


def test_a_sentence_that_a_bound_cut_off_is_dropped() -> None:
    assert prose.sentence("Writes notes. Use when generating comprehensive release or") == "Writes notes."


def test_clipping_keeps_whole_sentences_or_words() -> None:
    assert prose.clip("One is here. Two is there.", 20) == "One is here."
    assert prose.clip("one two three four", 11) == "one two"


def test_near_duplicates_are_dropped_and_different_items_kept() -> None:
    items = ["Read the whole list", "read the list, whole", "Sort the changes", "", "Keep it under 300 words"]

    assert prose.distinct(items, ["keep it under 300 words"]) == ["Read the whole list", "Sort the changes"]


def test_names_of_tools_that_nobody_mentioned_are_found() -> None:
    known = "Write notes for the Acme CLI with jq"

    assert prose.foreign_names("Load it with pandas and GitHub", known) == ["GitHub", "pandas"]
    assert prose.foreign_names("Ask Acme for Markdown made with jq", known) == []


@pytest.mark.parametrize(
    "text", ["as shown in [3]", "(Smith, 2020) says so", "see https://example.org/x", "Lee et al. say"]
)
def test_citations_that_nobody_gave_are_found(text: str) -> None:
    assert prose.cites(text, "Write notes")
    assert not prose.cites(text, f"Write notes {text}")


def test_restating_is_told_from_saying_more() -> None:
    rule = "Deliver the result grouped into Added, Fixed and Breaking."

    assert prose.restates("The result is grouped into Added, Fixed and Breaking", rule)
    assert not prose.restates("Readers look for what breaks first", rule)
