"""Runaway text is found; lists, rules, tables and common wording are not."""

import pytest

from domain.markdown import walk
from domain.repetition import repetition


def _codes(text: str) -> list[str]:
    return [finding.code for finding in repetition(walk(text))]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("| a | 1" + "0" * 40 + " |", "repeated-character"),
        ("```\n" + "a" * 21 + "\n```", "repeated-character"),
        ("-" * 500, "repeated-character"),
        ("sort the tickets " * 4, "repeated-phrase"),
        ("very very very very very very long", "repeated-phrase"),
        (
            "Read a, sort the big file b, sort the big file c, "
            + "sort the big file x, y " * 2
            + "sort the big file z, "
            "sort the big file q",
            "repeated-phrase",
        ),
        ("\n\n".join(["Read the whole export before you write."] * 3), "repeated-sentence"),
        ("\n".join(["- Read the whole export before you write"] * 3), "repeated-sentence"),
        ("- Ask the owner first. " + "Read the export with great care. " * 3, "repeated-sentence"),
        ("\n".join(f"{n}. Read file {n} and write line {n}" for n in range(30)), "repeated-line"),
    ],
)
def test_runaway_text_is_an_error(text: str, code: str) -> None:
    assert code in _codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "-" * 80 + "\n" + "=" * 100 + "\n| --- | " + "-" * 60 + " |",
        "Name: ____________________________________",
        "# " + "─" * 60,
        "```\n" + "0, 0, 0, 0, 0, 0, 0, 0\n" * 5 + "```",
        "```\n" + "    assert result is not None and result.ok\n" * 4 + "```",
        "| yes | yes | yes | yes | yes | yes |",
        "\n".join(f"- Steps text {n} about reading the request" for n in range(1, 9)),
        "\n".join(
            f"- What about {topic}? **Leave it as it is, please.**" for topic in ("dates", "names", "sums", "tone")
        ),
        "\n".join(
            f"{n}. **Step.** Use the pandas library to {verb} it." for n, verb in enumerate(("read", "sort", "cut"))
        ),
        "Run the tests.\n\nThen commit.\n\nRun the tests.\n\nPush.\n\nRun the tests.",
        "## Rules for every report\n\n" * 3,
        "ha ha ha, no no no; 1 1 1 1 1 1 1",
    ],
)
def test_ordinary_structure_is_not_runaway(text: str) -> None:
    assert _codes(text) == []


def test_the_line_of_the_last_repeat_is_named() -> None:
    (finding,) = repetition(walk("Keep every answer short and very plain.\n" * 3, 10))
    assert (finding.line, finding.severity) == (12, "error")
