"""What a text states that must not get lost: numbers, names, quoted words, file names. And whether another text has it.

Errs on the side of silence: a fact that is wrongly demanded stops a good skill. Must not know about skills or findings.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

MOST_FACTS = 40
"""A request has few facts; past this many the text is a document, and its details are not promises."""

_ENDINGS = (
    "md|txt|csv|tsv|jsonl?|ya?ml|toml|py|ipynb|js|ts|tsx|jsx|pdf|docx?|xlsx?|pptx?|html?|css|xml|sql|sh|log|ini|cfg|env"
    "|png|jpe?g|svg|zip|tar|gz|go|rs|java|rb|parquet|db|lock"
)
_UNITS = (
    "ms|milliseconds?|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?|months?|quarters?|years?|bytes?|kb|mb|gb|tb"
    "|kib|mib|gib|px|pt|mm|cm|m|km|g|kg|words?|characters?|chars?|lines?|pages?|tokens?|rows?|columns?|bits?|percent"
    "|eur|usd|euros?|dollars?"
)
_QUOTED = re.compile(
    r"\"([^\"\n]{2,80})\"|“([^”\n]{2,80})”|«([^»\n]{2,80})»|`([^`\n]{2,80})`|(?<!\w)['‘]([^'’\n]{2,80})['’](?!\w)"
)
_FILE = re.compile(rf"(?<![\w@/.-])((?:[\w-]+/)*[\w-]+(?:\.[\w-]+)*\.(?:{_ENDINGS}))(?![\w.-]*\w)", re.I)
_NUMBER = re.compile(
    rf"(?<![\w.,/-])(?<!\d:)([$€£]?\d+(?:[.,:/-]\d+)*)(\s?%|[\s-]?(?:{_UNITS})\b)?(?!\w|[.,:/-]\d)", re.I
)
_LIST_NUMBER = re.compile(r"^[ \t]*\d+[.)][ \t]+", re.MULTILINE)
_ACRONYM = re.compile(r"(?<![\w-])([A-Z]{2,}[0-9]*)(?:s|'s|’s)?(?![\w])")
_CAMEL = re.compile(r"(?<![\w/.])([A-Z]?[a-z]+[A-Z][A-Za-z0-9]*|[A-Z]+[a-z]+[A-Z][A-Za-z0-9]*)(?![\w/])")
_SENTENCE = re.compile(r"[.!?:;]\s+|[\r\n]+|\s[-–—•*]\s")
_WORD = re.compile(r"(?<!\w)[^\W\d_][\w'’-]*")
_PLAIN_WORDS = re.compile(
    r"i(?:'m|'d|'ll|'ve)?|ok|agents?|skills?|skill\.md|todo|tbd|fixme|xxx|must|not|never|always|only|all|and|or|do|no|yes|any"
    r"|important|please|note|we|my|if|the|an?|you decide"
)
_GERMAN = re.compile(r"der|die|das|und|für|eine?[nmsr]?|mit|von|zu|ist|nicht|auf|wird|werden")
_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_LONGEST_TEXT = 20_000


def salient_facts(text: str) -> list[str]:
    """Numbers with their units, quoted words, file names, acronyms and names inside sentences, in order, each once."""
    facts: dict[str, str] = {}
    for found in _all(text[:_LONGEST_TEXT]):
        fact = found.strip(" \t.,;:!?")
        if fact and not _PLAIN_WORDS.fullmatch(fact.casefold()):
            facts.setdefault(fact.casefold(), fact)
    return list(facts.values())[:MOST_FACTS]


def _all(text: str) -> Iterator[str]:
    for found in _QUOTED.finditer(text):
        yield next(group for group in found.groups() if group)
    rest = _QUOTED.sub(" ", text)
    yield from (found[1] for found in _FILE.finditer(rest))
    rest = _LIST_NUMBER.sub("", _FILE.sub(" ", rest))
    yield from ((found[1] + (found[2] or "")).replace("\n", " ") for found in _NUMBER.finditer(rest))
    for sentence in _SENTENCE.split(_NUMBER.sub(" ", rest)):
        yield from _names(sentence)


def _names(sentence: str) -> Iterator[str]:
    """Acronyms and CamelCase anywhere; capitalised words after the first, unless capitals mean nothing here."""
    words = [found[0] for found in _WORD.finditer(sentence)]
    if len(words) > 2 and all(word.isupper() for word in words):
        return
    yield from (found[1] for found in _ACRONYM.finditer(sentence))
    yield from (found[1] for found in _CAMEL.finditer(sentence))
    inside = words[1:]
    capital = [word for word in inside if word[0].isupper() and word[1:].islower()]
    titled = len(capital) >= 3 and len(capital) * 2 > len(inside)
    if not titled and sum(_GERMAN.fullmatch(word) is not None for word in words) < 2:
        yield from (re.sub(r"['’]s$", "", word) for word in capital)


def missing_facts(facts: Sequence[str], text: str) -> list[str]:
    """The facts that the text does not state; case, emphasis, spacing, plural and numbers in words do not matter."""
    normal = _normal(text)
    return [fact for fact in facts if fact.strip() and not _stated(_normal(fact), normal)]


def _normal(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES)
    apart = re.sub(r"(?<=[\w.,:/-])[*`\\]+(?=\w)", " ", plain)  # what marks keep apart stays apart
    return " ".join(re.sub(r"[*`\\]|(?<=\d),(?=\d{3}\b)", "", apart).split())


_QUOTES = str.maketrans("’‘“”«»‑–—", '\'\'""""---')


def _stated(fact: str, text: str) -> bool:
    fact = fact.strip(" .,;:!?\"'")
    if fact in text and not re.fullmatch(r"\w{1,4}", fact):
        return True
    number = re.fullmatch(r"([$€£]?\d+(?:[.,:/-]\d+)*)[\s-]*(%|[^\W\d]+)?", fact)
    words = (re.sub(r"(?<=\w{4})s$", "", fact)).split()
    pattern = _number_pattern(number) if number else r"[\s-]+".join(map(re.escape, words))
    # Nor inside a larger number; beside a name a number is another word.
    before, after = (r"(?<!\w)(?<!\d[.,:])", r"(?!\w|[.,:]\d)") if number else (r"(?<!\w)", r"(?!\w)")
    return re.search(rf"{before}{pattern}(?:'?s)?{after}", text) is not None


def _number_pattern(found: re.Match[str]) -> str:
    digits, unit = found[1], found[2]
    spoken = [re.escape(digits)]
    if digits.isdigit() and int(digits) < len(_SMALL):
        spoken.append(_SMALL[int(digits)])
    ending = rf"[\s-]*{re.escape(unit.rstrip('s') or unit)}" if unit else ""
    if unit in ("%", "percent"):
        ending = r"\s*(?:%|per\s?cent)"
    return f"(?:{'|'.join(spoken)}){ending}"
