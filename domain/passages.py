"""Long texts cut down to the passages that fit a task best, in the same words each time. No model is asked.

A passage is some paragraphs with the name of their file and their lines. Rare words of the task count most, and the
beginning of a file a little, because it says what the file is. Must not change a word of what it keeps.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log
from typing import NamedTuple

from domain.job import Source

SOURCE_CHARACTERS = 24_000
"""Characters of all sources together that reach a model; a small one is told the beginning of each."""

PASSAGE = 1_200
"""Characters of a passage, about: some paragraphs, so that a sentence is not torn from the next."""

MOST_FILES = 12
"""Files of which passages are kept; each gets its part of the room."""

HEAD = 0.5
"""What the beginning of a file is worth beside words: less than one rare word."""

_WORD = re.compile(r"\w{3,}")


class Text(NamedTuple):
    """A whole text and the file it is from."""

    name: str
    content: str


class _Passage(NamedTuple):
    text: int
    first: int
    last: int
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
    files = list(dict.fromkeys(passages[index].text for index in ranked))[:MOST_FILES]
    share = room // max(len(files), 1)
    return [
        _source(texts[file], [passages[index] for index in ranked if passages[index].text == file], share)
        for file in files
    ]


def _name(text: Text) -> str:
    return text.name[-255:] or "source"


def _source(text: Text, ranked: Sequence[_Passage], room: int) -> Source:
    if len(text.content) <= room:
        return Source(name=_name(text), content=text.content)
    kept: list[_Passage] = []
    lines = text.content.count("\n") + 1
    for passage in ranked:
        cost = len(passage.content) + len(_label(passage, lines)) + 2
        if cost <= room:
            kept.append(passage)
            room -= cost
    if not kept:
        return Source(name=_name(text), content=ranked[0].content[: max(room, 1)])
    told = [f"{_label(passage, lines)}\n{passage.content}\n" for passage in sorted(kept, key=lambda one: one.first)]
    return Source(name=_name(text), content="".join(told).rstrip("\n"))


def _label(passage: _Passage, lines: int) -> str:
    return f"[lines {passage.first}-{passage.last} of {lines}]"


def _passages(number: int, content: str) -> list[_Passage]:
    """Lines together until they are long enough and a paragraph ends; a line that is too long is cut."""
    found: list[_Passage] = []
    held: list[str] = []
    first, size = 1, 0
    for at, line in enumerate(content.split("\n"), 1):
        for piece in [line[start : start + PASSAGE] for start in range(0, max(len(line), 1), PASSAGE)]:
            if held and (size + len(piece) > 2 * PASSAGE or (size >= PASSAGE and not piece.strip())):
                found.append(_Passage(number, first, at - 1 if at > first else at, "\n".join(held).strip("\n")))
                held, first, size = [], at, 0
            held.append(piece)
            size += len(piece) + 1
    found.append(_Passage(number, first, content.count("\n") + 1, "\n".join(held).strip("\n")))
    return [passage for passage in found if passage.content.strip()]


def _scores(task: str, passages: Sequence[_Passage]) -> list[float]:
    wanted = {word.casefold() for word in _WORD.findall(task)}
    words = [wanted & {word.casefold() for word in _WORD.findall(passage.content)} for passage in passages]
    spread = Counter(word for found in words for word in found)
    total = len(passages)
    return [
        sum(log(1 + total / spread[word]) for word in sorted(found)) + (HEAD if passage.first == 1 else 0.0)
        for found, passage in zip(words, passages, strict=True)
    ]
