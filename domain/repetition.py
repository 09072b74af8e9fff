"""A model that ran away: the same character, phrase, sentence or line again and again. Must not judge style.

The numbers were chosen so that checklists, numbered steps with a common wording and templates pass, and the loops that
small models fall into do not. Person's answers may repeat inside bullets that differ.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from domain.markdown import Line
from domain.skill import Finding, Severity

MOST_EQUAL = 20
"""Equal characters in a row; rules and tables (`-=_*~#.+|:` and box lines) may have up to 120."""

_RUN = re.compile(rf"([^\s=_*~#.+|:─═━-])\1{{{MOST_EQUAL},}}|([=_*~#.+|:─═━-])\2{{120,}}")
_PAIR = re.compile(r"([^\s])\1")
"""In every tenth character of a line: a run of more than 20 is seen there, and few other lines are."""
_ITEM = re.compile(r"^\s*(?:>\s*)*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_WORDS = re.compile(r"\w+(?:['’-]\w+)*")
_LONG_SENTENCE, _SHORT_SENTENCE = 6, 4
_LONGEST_LOOP = 12
_FEWEST_REPEATED = 5
"""Words of a line that stood in it before: what any loop has, the shortest being one word six times."""
_COUNTED = 20
"""Lines that differ only in their numbers: more is a machine counting, not a list."""


def repetition(lines: list[Line]) -> Iterator[Finding]:
    """Errors for runaway text, each kind once per line."""
    for line in lines:
        yield from _runs(line)
        if not line.code and not _table(line):
            yield from _loops(line)
    prose = [line for line in lines if not line.code and not _table(line) and not line.text.lstrip().startswith("#")]
    yield from _repeated(prose)
    yield from _counted(lines)


def _table(line: Line) -> bool:
    return line.text.lstrip().startswith("|")


def _runs(line: Line) -> Iterator[Finding]:
    if len(line.text) <= MOST_EQUAL or not _PAIR.search(line.text[:: MOST_EQUAL // 2]):
        return
    found = _RUN.search(line.text)
    if found:
        yield _finding("repeated-character", f"{found[0][0]!r} stands {len(found[0])} times in a row.", line, found[0])


def _loops(line: Line) -> Iterator[Finding]:
    """A phrase of up to 12 words said four times back to back (one word: six times), or a 4-gram all over one line."""
    words = _WORDS.findall(line.text.casefold())
    if len(words) - len(set(words)) < _FEWEST_REPEATED:
        return
    loop = next((found for size in range(1, _LONGEST_LOOP + 1) if (found := _loop(words, size))), None)
    if loop is None:
        grams = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
        gram, times = grams.most_common(1)[0] if grams else ((), 0)
        loop = " ".join(gram) if times >= 6 and times * 4 * 100 >= len(words) * 35 else None
    if loop:
        yield _finding("repeated-phrase", "The same words come again and again.", line, loop)


def _loop(words: list[str], size: int) -> str | None:
    equal, needed = 0, size * 3 if size > 1 else 5
    for index in range(size, len(words)):
        equal = equal + 1 if words[index] == words[index - size] else 0
        if equal >= needed and any(word.isalpha() for word in words[index - size : index]):
            return " ".join(words[index - size : index])
    return None


def _repeated(lines: list[Line]) -> Iterator[Finding]:
    """A bullet (as a whole) or a sentence of a paragraph that stands three times; short ones five times."""
    units = [(unit, line) for line in lines for unit in _units(line)]
    yield from _too_often("repeated-sentence", "The same sentence stands here {n} times.", units)


def _units(line: Line) -> Iterator[str]:
    item = _ITEM.match(line.text)
    sentences = [_plain(part) for part in _SENTENCE_END.split(line.text[item.end() if item else 0 :])]
    if not item:
        yield from sentences
        return
    counts = Counter(sentences)
    yield from (sentence for sentence, times in counts.items() if times >= 3 for _ in range(times))
    yield " ".join(sentences)


def _too_often(code: str, message: str, units: list[tuple[str, Line]]) -> Iterator[Finding]:
    counts, last = Counter(unit for unit, _ in units), dict(units)
    for unit, times in counts.items():
        size = len(unit.split())
        if times >= (3 if size >= _LONG_SENTENCE else 5) and size >= _SHORT_SENTENCE:
            yield _finding(code, message.format(n=times), last[unit], unit)


def _counted(lines: list[Line]) -> Iterator[Finding]:
    masked = [(re.sub(r"\d+", "0", _plain(line.text)), line) for line in lines if not _table(line)]
    counts, last = Counter(text for text, _ in masked if len(text.split()) >= _SHORT_SENTENCE), dict(masked)
    for text, times in counts.items():
        if times > _COUNTED:
            yield _finding("repeated-line", f"{times} lines differ in nothing but numbers.", last[text], text)


def _plain(text: str) -> str:
    words: Iterable[str] = _WORDS.findall(text)
    return " ".join(words).casefold()


def _finding(code: str, message: str, line: Line, shown: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.ERROR,
        message=message,
        line=line.number,
        excerpt=shown if len(shown) <= 80 else shown[:79] + "…",
        fix="Say it once.",
    )
