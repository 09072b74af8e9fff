"""One dangerous thing as a pattern, and how a match is judged: said, shown, forbidden, or really done. No pattern here.

A skill about safety must be able to speak of what it forbids: such a match is a warning, never an error. Every pattern
bounds its repetitions, so that hostile text costs time in proportion to its length.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice

from domain.scan.scanned import Kind, Scanned
from domain.shape import Shape
from domain.skill import Finding, Severity

MOST_OF_A_KIND = 20
MOST_MATCHES = 2_000
"""Matches of one pattern that are looked at in one text."""


class Where(StrEnum):
    """`any`: wherever it stands. `prose`: quoting or fencing it makes it a warning. `runs`: only in scripts, fenced
    blocks and code spans; plain prose cannot mean it."""

    ANY = "any"
    PROSE = "prose"
    RUNS = "runs"


class Form(Shape):
    """One way to write a danger. `needs`: groups of words in small letters; the pattern is tried only on a text that
    has a word of each group, and there only around the words of the first one. That group holds the rarest words, and
    one of them stands in every match; none: everywhere. `marks`: strings in small letters, one of which stands in
    every match too."""

    pattern: str
    needs: tuple[frozenset[str], ...]
    marks: tuple[str, ...] = ()


def form(pattern: str, *needs: str, marks: tuple[str, ...] = ()) -> Form:
    """A form from its pattern, its groups of words and its marks."""
    return Form(pattern=pattern, needs=tuple(frozenset(group.split()) for group in needs), marks=marks)


class Danger(Shape):
    """A danger in all its forms. `documented` is the severity in a text for people, where a person reads along; without
    one it is `severity`."""

    code: str
    message: str
    forms: tuple[Form, ...]
    fix: str
    severity: Severity = Severity.ERROR
    documented: Severity | None = None
    where: Where = Where.ANY


_FORBIDS = re.compile(
    r"(?i)(?:\b(?:never|not|don't|cannot|can't|avoid|refuse|reject|forbid|forbids|forbidden|prohibit"
    r"|without|instead of|flag|flags|"
    r"detect|detects|block|blocks|catch|catches|prevent|prevents|warn about|beware of|no)|n['’]t)[\s:,]+"
    r"(?:(?:ever|to|run|running|use|using|pipe|piping|execute|executing|call|write|add|adding|set"
    r"|allow|suggest|an?|any|the|attempts?"
    r"|commands?|like|such|as|or|pass|passing|skip|skipping)[\s:,]+){0,6}[\"'`“‘(*]*$"
)
_BAD_EXAMPLE = re.compile(
    r"(?i)[❌✗✘⛔🚫⚠]|\b(?:bad|wrong|vulnerable|vulnerabilit\w{1,4}|dangerous|unsafe|insecure"
    r"|attack\w{0,5}|malicious|injection|exploit\w{0,4}"
    r"|payloads?|never|avoid|don't|do not|anti-?pattern|red flags?|incorrect|blocked|block|deny|denied"
    r"|forbidden|reject\w{0,3})\b"
)
_SPAN = re.compile(r"`[^`\n]{1,200}`")
_EARLIER = re.compile(
    r"(?i)\b(?:never|don['’]t|do not|must not|should not|cannot|avoid|refuse|reject|forbid|prohibit|flag|detect"
    r"|beware of|warn (?:about|of|on)|instead of|rather than)\b([^,—]{0,160})$"
)
"""A verb that forbids, anywhere earlier in the sentence; a comma may begin the order that is meant."""
_UNDOES = re.compile(
    r"(?i)\b(?:forget|skip|hesitate|fail|omit|miss|delay|wait|worry|ask|stop|mind|need|without|until|unless|but|just|only"
    r"|please|then|first|refuse|avoid|neglect)\b"
)
"""Makes an order of what begins as a prohibition: “never forget to …”."""
_MISTAKES = re.compile(
    r"(?i)\b(?:mistakes?|pitfalls?|smells?|risks?|threats?|wrong|avoid|bad|never|don['’]t|do not|instead"
    r"|anti-?patterns?|danger\w{0,4}|unsafe|blocked|denied|forbidden)\b|[❌✗✘⛔🚫]"
)
_COMMENT = re.compile(r"\s*(?:#|//|--|;|\*|/\*)|.*?(?:\s#\s|//\s|❌)")
_SAYS = re.compile(r"\b(?:print|echo|printf|console\.\w{3,5}|return|puts|write|say|warn|log)\b")


def matches(dangers: Iterable[Danger], scanned: Scanned) -> Iterator[Finding]:
    """Every finding of these dangers in a text."""
    for danger in dangers:
        forms = [one for one in danger.forms if _possible(one, scanned)]
        if forms:
            yield from _found(danger, forms, scanned)


def _possible(one: Form, scanned: Scanned) -> bool:
    words = scanned.words
    for group in one.needs:
        if words.isdisjoint(group):
            return False
    return scanned.holds(*one.marks)


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled once; capitals do not matter."""
    return re.compile(f"(?i){pattern}")


def _found(danger: Danger, forms: Sequence[Form], scanned: Scanned) -> Iterator[Finding]:
    """One for a line; the first 20 errors and the first 20 warnings, because warnings in plenty must not crowd
    out an error."""
    counts = dict.fromkeys(Severity, 0)
    told: set[tuple[int, Severity]] = set()
    for found in chain.from_iterable(islice(_places(one, scanned), MOST_MATCHES) for one in forms):
        severity = judged(danger, scanned, found)
        if severity is None or (place := (scanned.places.line(found.start()), severity)) in told:
            continue
        told.add(place)
        counts[severity] += 1
        if counts[severity] <= MOST_OF_A_KIND:
            yield scanned.finding(
                danger.code, danger.message, danger.fix, at=found.start(), severity=severity, excerpt=found[0]
            )


def _places(one: Form, scanned: Scanned) -> Iterator[re.Match[str]]:
    pattern = compiled(one.pattern)
    for start, end in scanned.around(one.needs[0]) if one.needs else [(0, len(scanned.text))]:
        yield from pattern.finditer(scanned.joined, start, end)


def judged(danger: Danger, scanned: Scanned, found: re.Match[str]) -> Severity | None:
    """How bad this match is; None when it means nothing here."""
    if danger.where is Where.RUNS and not runs(scanned, found):
        return None
    severity = danger.severity
    if scanned.kind is Kind.PROSE and danger.documented is not None:
        severity = danger.documented
    spoken = shown(scanned, found) if danger.where is Where.PROSE else spoken_of(scanned, found)
    return Severity.WARNING if spoken and severity is Severity.ERROR else severity


def runs(scanned: Scanned, found: re.Match[str]) -> bool:
    """True where an interpreter, or an agent that follows a block of commands, would take it."""
    return scanned.kind is not Kind.PROSE or scanned.fenced(found.start()) or scanned.in_span(found)


def spoken_of(scanned: Scanned, found: re.Match[str]) -> bool:
    """True when a text for people forbids the thing, or shows it as a bad example."""
    if scanned.kind is not Kind.PROSE:
        return False
    before = scanned.before(found.start())
    if not scanned.fenced(found.start()):
        return _FORBIDS.search(_SPAN.sub(" ", before)) is not None or _forbidden(scanned, found)
    return _bad_example(scanned, found)


def _forbidden(scanned: Scanned, found: re.Match[str]) -> bool:
    """The sentence forbids it earlier, or it is quoted in a table, or stands in a table of mistakes."""
    span = scanned.in_span(found)
    earlier = _EARLIER.search(scanned.sentence(found.start())) if span else None
    if earlier and not _UNDOES.search(earlier[1]):
        return True
    row = scanned.row(found.start())
    return bool(row) and (span or _MISTAKES.search(row) is not None)


def _bad_example(scanned: Scanned, found: re.Match[str]) -> bool:
    """The line, or a comment right above it, says that this is how not to do it."""
    number = scanned.places.line(found.start())
    own = scanned.before(found.start()) + scanned.after(found.end())
    if _COMMENT.match(own) and _BAD_EXAMPLE.search(own):
        return True
    above = scanned.lines[max(0, number - 3) : number - 1]
    return any(line.code and _COMMENT.match(line.text) and _BAD_EXAMPLE.search(line.text[:200]) for line in above)


def shown(scanned: Scanned, found: re.Match[str]) -> bool:
    """True when a phrase is only shown: fenced, in a code span, quoted, or in a program that does not say it."""
    before = scanned.before(found.start())
    if scanned.kind is Kind.CODE:
        return _SAYS.search(before) is None
    if scanned.fenced(found.start()) or before.rstrip().endswith(('"', "“", "'", "‘", "«")):
        return scanned.kind is Kind.PROSE
    return scanned.in_span(found) or _FORBIDS.search(before) is not None
