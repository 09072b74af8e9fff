"""Placeholders are found; words that look like them in ordinary prose are not."""

import pytest

from domain.markdown import walk
from domain.rules.placeholders import placeholders


def _severities(text: str) -> list[str]:
    return [finding.severity.value for finding in placeholders(walk(text))]


@pytest.mark.parametrize(
    "text",
    [
        "TODO: write the steps",
        "- [ ] TODO",
        "## TBD",
        "Owner: TBD.",
        "- **Owner**: TODO",
        "Ask [TODO: who?] first",
        "FIXME(anna) explain",
        "XXX",
        "Lorem ipsum is here",
        "see lorem ipsum dolor sit",
        "Send it to [insert name] today",
        "Dear [your name],",
        "Open <your-project> now",
        "Hello {{ customer }}!",
        "1. ...",
        "- …",
    ],
)
def test_a_placeholder_in_prose_is_an_error(text: str) -> None:
    assert _severities(f"Fine.\n{text}\n") == ["error"]


@pytest.mark.parametrize(
    "text",
    [
        "Keep the todo list short. Todo items are sorted.",
        "Search the code for TODO and FIXME comments.",
        "| TODO | DOING | DONE |",
        "Write TBD when the date is unknown, never guess.",
        "The states are: TODO, DOING and DONE.",
        "Press [Enter] or [Insert], then [add your key](references/keys.md).",
        "See [your guide][guide] and [1].",
        "Use size XXL and the letters a < b > c.",
        "Replace text that is unclear; insert a table.",
        "Wait ... then go on…",
        "Steps text 1 about reading the request",
        "- [ ] Does the file exist?",
        "${{ secrets.NAME }} is filled by the runner.",
    ],
)
def test_ordinary_prose_is_no_placeholder(text: str) -> None:
    assert _severities(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "```\nDear {{name}},\n```",
        "Run `git clone <your-repo>`.",
        "TODO comments are collected first.",
        "No lorem ipsum.",
    ],
)
def test_a_template_in_code_or_a_mention_is_a_warning(text: str) -> None:
    assert _severities(text) == ["warning"]
