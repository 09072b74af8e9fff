"""Long texts cut down to the passages that fit a task best, in the same words each time. No model is asked.

A passage is some paragraphs with the name of their file and their lines. Rare words of the task count most, and the
beginning of a file a little, because it says what the file is. What was cut down already may be cut down further: its
lines keep their numbers. Must not change a word of what it keeps.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log
from typing import NamedTuple

from domain.job import Source

SOURCE_CHARACTERS = 24_000
"""Characters of all sources together that reach a model; a small one has less room (`activities/programs/context`)."""

PASSAGE = 1_200
"""Characters of a passage, about: some paragraphs, so that a sentence is not torn from the next."""

MOST_FILES = 12
"""Files of which passages are kept, fewer where there is no room for a passage of each."""

CUT = "\n(cut here)"

HEAD = 0.5
"""What the beginning of a file is worth beside words: less than one rare word."""

SEARCHED = 500_000
"""Characters of all texts together that a query looks through; of longer ones the beginnings."""

LEAD = 200
"""Characters of a passage by which people know it again."""

HALF = 0.5
"""Of the weight of a query's words: what a passage must have at least to be a hit."""

_LABEL = re.compile(r"^\[lines ([0-9]{1,9})-([0-9]{1,9}) of ([0-9]{1,9})\]\n", re.MULTILINE)
_WORD = re.compile(r"\w{3,}")


class Text(NamedTuple):
    """A whole text and the file it is from."""

    name: str
    content: str


class _Passage(NamedTuple):
    text: int
    first: int
    last: int
    of: int
    content: str

    @property
    def label(self) -> str:
        return f"[lines {self.first}-{self.last} of {self.of}]"


class _Part(NamedTuple):
    """Lines of a text, and where the first of them stood in the whole file of `of` lines."""

    first: int
    last: int
    of: int
    content: str


def chosen(task: str, texts: Sequence[Text], room: int) -> list[Source]:
    """Sources of `room` characters together at most: all of them whole where they fit, else their best passages.

    The best file comes first; within a file passages keep their order, each under a line that says where it stood.
    """
    texts = [text for text in texts if text.content.strip()]
    if sum(len(text.content) for text in texts) <= room and len(texts) <= MOST_FILES:
        return [Source(name=_name(text), content=text.content) for text in texts]
    passages = [passage for number, text in enumerate(texts) for passage in _passages(number, text.content)]
    scores = _scores(task, passages)
    ranked = sorted(range(len(passages)), key=lambda index: (-scores[index], index))
    most = max(1, min(MOST_FILES, room // PASSAGE))
    files = list(dict.fromkeys(passages[index].text for index in ranked))[:most]
    shares = _shares([len(texts[file].content) for file in files], room)
    return [
        _source(texts[file], [passages[index] for index in ranked if passages[index].text == file], share)
        for file, share in zip(files, shares, strict=True)
    ]


class Found(NamedTuple):
    """A passage that a query found: its file and lines, how it begins, and the share of the query's weight in it."""

    name: str
    lines: str
    lead: str
    score: float


def found(query: str, texts: Sequence[Text], most: int) -> list[Found]:
    """The passages with at least half of the query's words, rare ones counting most; best first, at most `most`."""
    room = _shares([len(text.content) for text in texts], SEARCHED)
    passages = [one for n, text in enumerate(texts) for one in _passages(n, text.content[: room[n]])]
    wanted = {word.casefold() for word in _WORD.findall(query)}
    words = [wanted & {word.casefold() for word in _WORD.findall(passage.content)} for passage in passages]
    spread = Counter(word for there in words for word in there)
    weight = {word: log(1 + max(len(passages), 1) / max(spread[word], 1)) for word in sorted(wanted)}
    whole = sum(weight.values()) or 1.0
    scored = [(sum(weight[word] for word in sorted(there)) / whole, n) for n, there in enumerate(words)]
    best = sorted((one for one in scored if one[0] >= HALF), key=lambda one: (-one[0], one[1]))[:most]
    return [_found(texts, passages[n], score) for score, n in best]


def _found(texts: Sequence[Text], passage: _Passage, score: float) -> Found:
    lead = " ".join(passage.content.split())
    return Found(_name(texts[passage.text]), f"{passage.first}-{passage.last}", lead[:LEAD], round(score, 2))


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """The room for each: equal parts, and what a small one leaves goes to the larger ones."""
    shares = [0] * len(sizes)
    for done, index in enumerate(sorted(range(len(sizes)), key=lambda index: sizes[index])):
        shares[index] = min(sizes[index], room // (len(sizes) - done))
        room -= shares[index]
    return shares


def _name(text: Text) -> str:
    return text.name[-255:] or "source"


def _source(text: Text, ranked: Sequence[_Passage], room: int) -> Source:
    if len(text.content) <= room:
        return Source(name=_name(text), content=text.content)
    kept: list[_Passage] = []
    for passage in ranked:
        cost = len(passage.content) + len(passage.label) + 2
        if cost <= room:
            kept.append(passage)
            room -= cost
    if not kept:
        best = f"{ranked[0].label}\n{ranked[0].content}"
        return Source(name=_name(text), content=(best[: room - len(CUT)] + CUT) if room > PASSAGE // 8 else best[:room])
    told = [f"{passage.label}\n{passage.content}\n" for passage in sorted(kept, key=lambda one: one.first)]
    return Source(name=_name(text), content="".join(told).rstrip("\n"))


def _passages(number: int, content: str) -> list[_Passage]:
    return [passage for part in _parts(content) for passage in _cut(number, part)]


def _parts(content: str) -> list[_Part]:
    """A whole text is one; one that was cut down has a label before each."""
    if not _LABEL.match(content):
        lines = content.count("\n") + 1
        return [_Part(1, lines, lines, content)]
    _, *cut = _LABEL.split(content)
    return [
        _Part(int(cut[at]), int(cut[at + 1]), int(cut[at + 2]), cut[at + 3].strip("\n")) for at in range(0, len(cut), 4)
    ]


def _cut(number: int, part: _Part) -> list[_Passage]:
    """Lines together until they are long enough and a paragraph ends; a line that is too long is cut."""
    found: list[_Passage] = []
    held: list[str] = []
    first, size = part.first, 0
    for at, line in enumerate(part.content.split("\n"), part.first):
        for piece in [line[start : start + PASSAGE] for start in range(0, max(len(line), 1), PASSAGE)]:
            if held and (size + len(piece) > 2 * PASSAGE or (size >= PASSAGE and not piece.strip())):
                found.append(_passage(number, part, first, at - 1 if at > first else at, held))
                held, first, size = [], at, 0
            held.append(piece)
            size += len(piece) + 1
    found.append(_passage(number, part, first, part.last, held))
    return [passage for passage in found if passage.content.strip()]


def _passage(number: int, part: _Part, first: int, last: int, held: Sequence[str]) -> _Passage:
    """Without the blank lines around it, which its numbers leave out too."""
    content = "\n".join(held)
    first += len(content) - len(content.lstrip("\n"))
    last = max(first, min(last, part.last) - (len(content) - len(content.rstrip("\n"))))
    return _Passage(number, first, last, part.of, content.strip("\n"))


def _scores(task: str, passages: Sequence[_Passage]) -> list[float]:
    wanted = {word.casefold() for word in _WORD.findall(task)}
    words = [wanted & {word.casefold() for word in _WORD.findall(passage.content)} for passage in passages]
    spread = Counter(word for found in words for word in found)
    total = len(passages)
    return [
        sum(log(1 + total / spread[word]) for word in sorted(found)) + (HEAD if passage.first == 1 else 0.0)
        for found, passage in zip(words, passages, strict=True)
    ]
