"""Invisible characters are found and shown; ordinary writing in any script is left alone."""

import pytest

from domain.safety import scan
from domain.scan.hidden_text import hidden, mixed_scripts, visible
from domain.skill import SkillFileEntry
from domain.validation import LENIENT, STRICT, validate


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\u200bb", "hidden-zero-width"),
        ("a\ufeffb", "hidden-zero-width"),
        ("a\u2060b", "hidden-zero-width"),
        ("a\u200db", "hidden-zero-width"),
        ("a\u202eb", "hidden-bidi"),
        ("a\u2066b", "hidden-bidi"),
        ("a\U000e0069\U000e0067b", "hidden-tag-characters"),
        ("a\ufe0f\ufe0eb", "hidden-variation-selectors"),
        ("🙂\U000e0100\U000e0101", "hidden-variation-selectors"),
        ("a\x07b", "control-character"),
    ],
)
def test_invisible_characters_are_errors(text: str, code: str) -> None:
    (finding,) = hidden(f"first\n{text}", "SKILL.md")
    assert (finding.code, finding.line, finding.severity) == (code, 2, "error")
    assert "\\u{" in (finding.excerpt or "")


@pytest.mark.parametrize(
    "text",
    [
        "plain\ttext\r\n",
        "👩‍👩‍👧 👩🏽‍💻 ❤️ 🏴‍☠️ 🏳️‍🌈",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "क्\u200dष",
        "葛\U000e0100",
        "ação — “quotes” … 技能",
    ],
)
def test_ordinary_writing_has_no_finding(text: str) -> None:
    assert list(hidden(text, "SKILL.md")) == []


def test_what_is_shown_has_no_invisible_character_and_stays_short() -> None:
    assert visible("a\u200bb\nc") == "a\\u{200b}b\\u{a}c"
    assert len(visible("\u200b" * 1000)) <= 160


def test_alphabets_that_look_alike_are_not_mixed() -> None:
    assert mixed_scripts("p\u0430ypal")
    assert not mixed_scripts("мой-навык")
    assert not mixed_scripts("release-notes2")


SKILL = "---\nname: a-b\ndescription: Sorts letters. Use when letters come.\n---\n# A\n\nSort them by date.\n"


@pytest.mark.parametrize("path", ["SKILL.md", "references/a.md", "scripts/a.sh"])
def test_a_byte_order_mark_is_hidden_text_everywhere_but_at_the_beginning(path: str) -> None:
    def found(text: str) -> list[str]:
        return [one.code for one in scan([SkillFileEntry(path=path, data=text.encode())])]

    assert found("\ufeff" + SKILL) == []
    assert found("\ufeff\ufeff" + SKILL) == ["hidden-zero-width"]
    assert found(SKILL + "\ufeff") == ["hidden-zero-width"]


def test_a_byte_order_mark_is_an_error_to_publish_and_a_warning_to_import() -> None:
    files = [SkillFileEntry(path="SKILL.md", data=("\ufeff" + SKILL).encode())]
    strict, lenient = (validate(files, "a-b", profile=profile) for profile in (STRICT, LENIENT))
    assert (strict.passed, [one.code for one in strict.findings]) == (False, ["bom"])
    assert (lenient.passed, [one.code for one in lenient.findings]) == (True, ["bom"])
