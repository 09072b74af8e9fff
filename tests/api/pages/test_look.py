"""The one visual language: every pair of colours that stands together can be read, by day and by night."""

import re

import pytest

from api.pages.frame import API

STYLE = (API / "static" / "style.css").read_text(encoding="utf-8")
MOST_LINES = 400
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"^  --([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", STYLE, re.M)
}
READ = 4.5
"""WCAG 2.2, 1.4.3: contrast of text."""
SEEN = 3.0
"""WCAG 2.2, 1.4.11: contrast of what shows where a field is, and of the ring around what has the focus."""

GROUNDS = ("back", "raised", "sunk")
WORDS = (
    *((word, ground) for word in ("text", "quiet", "accent") for ground in GROUNDS),
    *((word, "raised") for word in ("good", "wait", "bad")),
    *((word, "back") for word in ("good", "wait", "bad")),
    *((word, f"{word}-soft") for word in ("accent", "good", "wait", "bad")),
    *(("text", f"{word}-soft") for word in ("accent", "good", "wait", "bad")),
    *(("quiet", f"{word}-soft") for word in ("accent", "good", "wait", "bad")),
    *((f"code-{word}", ground) for word in ("word", "text", "name", "note") for ground in ("sunk", "raised")),
    *((f"code-{word}", f"{side}-soft") for word in ("word", "text", "name", "note") for side in ("good", "bad")),
    *(("accent", f"{word}-soft") for word in ("good", "bad", "wait")),
    *(("on-accent", "accent"), ("on-bar", "bar"), ("flag", "bar"), ("bar", "flag")),
)
MARKS = (
    *((mark, ground) for mark in ("field", "accent", "good", "bad") for ground in ("back", "raised")),
    *(("field", "sunk"), ("accent", "accent-soft"), ("flag", "bar"), ("wait", "raised")),
)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it, of a colour as `#rrggbb`."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_the_standard_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("word", "ground"), WORDS)
@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_words_can_be_read(word: str, ground: str, side: int) -> None:
    assert contrast(TOKENS[word][side], TOKENS[ground][side]) >= READ


@pytest.mark.parametrize(("mark", "ground"), MARKS)
@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_marks_can_be_seen(mark: str, ground: str, side: int) -> None:
    assert contrast(TOKENS[mark][side], TOKENS[ground][side]) >= SEEN


def test_every_colour_that_words_are_written_in_is_measured() -> None:
    measured = {name for pair in WORDS + MARKS for name in pair}
    written = set(re.findall(r"(?:[^-]|^)(?:color|background|fill|stroke): var\(--([a-z-]+)\)", STYLE))
    assert written - measured == {"line"}  # parts boxes, says nothing


def test_it_is_one_file_of_bounded_length_that_loads_nothing() -> None:
    assert [file.name for file in (API / "static").rglob("*.css")] == ["style.css"]
    assert len(STYLE.splitlines()) <= MOST_LINES
    assert not re.search(r"url\(|@import|@font-face", STYLE)


def test_colours_are_named_once() -> None:
    rules = STYLE.partition("\n}\n")[2]
    assert set(re.findall(r"#[0-9a-f]{3,8}\b(?=[;, )])", rules)) == {"#ffffff", "#0008"}  # a field's paper, the veil


def test_what_moves_asks_first_and_focus_is_never_hidden() -> None:
    still = STYLE.partition("@media (prefers-reduced-motion: no-preference)")[0]
    assert not re.search(r"transition|animation|scroll-behavior", still)
    assert ":focus-visible" in still
    assert not re.search(r"outline(-width|-style)?: (0|none)", STYLE)


def test_no_rule_takes_back_what_an_equal_one_has_said() -> None:
    rules = re.findall(r"^([^\s@/}][^{}]*) \{ ([^{}]*) \}$", STYLE, re.M)
    said: dict[tuple[str, str], str] = {}
    again = []
    for selector, declarations in rules:
        for name in re.findall(r"(?:^|; )([a-z-]+):", declarations):
            again += [f"{selector}: {name}"] * ((selector, name) in said)
            said[selector, name] = selector
    assert again == []
