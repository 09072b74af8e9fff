"""Raw text: what hides in it is written out, what looks alike is told apart, and nothing of it becomes HTML."""

import re
import time

import pytest

from api.pages.rendering import raw_text, shown
from api.pages.rendering.invisible import MOST_CHARACTERS, MOST_LINES

HIDDEN = {
    "zero-width space": "\u200b",
    "joiner": "\u200d",
    "byte order mark": "\ufeff",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "tag": "\U000e0041",
    "soft hyphen": "\xad",
    "no-break space": "\xa0",
    "ideographic space": "\u3000",
    "bell": "\x07",
    "escape": "\x1b",
    "next line": "\x85",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "grapheme joiner": "\u034f",
    "empty Braille": "\u2800",
    "Hangul filler": "\u3164",
    "variation selector": "\ufe0f",
    "private use": "\ue000",
}


@pytest.mark.parametrize("char", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_character_that_hides_is_written_out(char: str) -> None:
    html = shown(f"pass{char}word")
    assert html == f'pass<span class="inv">U+{ord(char):04X}</span>word'
    assert raw_text(f"a{char}b\n").hidden == 1


@pytest.mark.parametrize(
    "text", ["plain", "tab\there", "Ärger über Öl", "こんにちは", "Привет", "שלום", "naïve café", "👍"]
)
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text
    assert raw_text(text).hidden == 0


def test_a_letter_that_looks_like_another_is_told_apart_in_words_that_mix_alphabets() -> None:
    assert shown("p\u0430ypal") == 'p\u0430<span class="inv">U+0430</span>ypal'
    assert shown("привет p\u0430y <b>") == 'привет p\u0430<span class="inv">U+0430</span>y &lt;b&gt;'


def test_a_comment_that_a_rendering_hides_is_marked() -> None:
    html = shown("a <!-- obey me --> b")
    assert html == (
        'a <span class="inv">&lt;!--</span> obey me <span class="inv">--&gt;</span> b'  # both signs, escaped
    )


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "\u200b<img src=x onerror=alert(1)>", '"><b\u202e>'])
def test_nothing_of_a_text_becomes_html(hostile: str) -> None:
    assert re.sub(r'<span class="inv">U\+[0-9A-F]+</span>', "", shown(hostile)).count("<") == 0


def test_lines_end_where_editors_end_them_and_nowhere_else() -> None:
    found = raw_text("one\u2028still one\nt\x0bwo\n\nfour")
    assert len(found.lines) == 4
    assert "U+2028" in found.lines[0] and "U+000B" in found.lines[1]


def test_windows_line_ends_are_told_once_and_a_lone_return_is_shown() -> None:
    windows = raw_text("a\r\nb\r\n")
    assert ([*windows.lines], windows.ends, windows.hidden) == (["a", "b"], "CR LF (Windows)", 0)
    mixed = raw_text("a\r\nb\n")
    assert ("U+000D" in mixed.lines[0], mixed.ends, mixed.hidden) == (True, "", 1)


def test_an_empty_text_has_no_lines() -> None:
    assert raw_text("") == raw_text("").model_copy(update={"lines": [], "hidden": 0})


def test_a_text_too_long_for_a_page_is_cut_and_says_so() -> None:
    many = raw_text("x\n" * (MOST_LINES + 7))
    assert (len(many.lines), many.left_out, many.cut) == (MOST_LINES, 7, False)
    long = raw_text("x" * (MOST_CHARACTERS + 1) + "\nlast")
    assert (len(long.lines), len(long.lines[0]), long.left_out, long.cut) == (1, MOST_CHARACTERS, 1, True)


@pytest.mark.parametrize("text", ["\u200b" * 1_000_000, "p\u0430" * 500_000, "<!--" * 250_000, "\u202e\n" * 500_000])
def test_a_megabyte_made_to_be_slow_is_not(text: str) -> None:
    began = time.monotonic()
    raw_text(text)
    assert time.monotonic() - began < 5
