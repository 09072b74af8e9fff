"""Long sentences, long paragraphs and phrases that say nothing."""

from domain.markdown import walk
from domain.rules.verbosity import LONG_PARAGRAPH, LONG_SENTENCE, verbosity


def _found(text: str) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.line) for finding in verbosity([line for line in walk(text) if line.text.strip()])]


def test_a_sentence_of_one_word_too_many_is_told() -> None:
    assert _found("x\n\n" + "word " * LONG_SENTENCE + "last.") == [("sentence-long", 3)]
    assert _found("word " * (LONG_SENTENCE - 1) + "last.") == []


def test_lines_that_follow_each_other_are_one_paragraph() -> None:
    short = "Eight words stand here in this one sentence.\n"
    assert _found(short * (LONG_PARAGRAPH // 8 + 1)) == [("paragraph-long", 1)]
    assert _found((short + "\n") * (LONG_PARAGRAPH // 8 + 1)) == []
    assert _found("".join(f"- {short}" for _ in range(LONG_PARAGRAPH // 8 + 1))) == []
    assert _found("```\n" + "word " * 300 + "\n```\n| " + "cell | " * 200) == []


def test_phrases_that_say_nothing_count_when_they_are_many() -> None:
    three = "Please note the order. In order to sort, basically wait.\n"
    assert _found(three) == [("filler", 1)]
    assert _found("Please note the order. Sort in order to find.") == []
    assert _found(three + "\n" + "Other words stand here now.\n\n" * 200) == []
    assert _found('Do not write "please note", "in order to" or "basically".') == []
