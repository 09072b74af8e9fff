"""Charts as shapes: where each bar and line stands in an SVG of fixed size. What is drawn is said in a sentence too.

Must not know what is charted; the templates in `parts/charts.html` draw it, and every page puts the numbers beside it.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from domain.shape import Shape

WIDTH, HEIGHT = 640.0, 150.0
"""Of a chart over time, in the SVG's own units."""

GAP = 0.25
"""Share of a period's width that stays empty, so that neighbours are told apart."""

ABOVE = 8.0
"""Units that stay free above the highest bar."""

Colour = Literal["a", "b", "c", "d"]
"""Classes of the style sheet; each series also has its own place in a bar, its words and its column in the table."""


LEAST = 1.0
"""Height of a bar that stands for 0 where nothing would mean that it is not known."""


class Series(Shape):
    """One thing that is counted in every period; None: it is not known there."""

    words: str
    colour: Colour
    values: Sequence[float | None]


class Bar(Shape):
    """One rectangle; `words` say what it stands for."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour
    words: str


class Chart(Shape):
    """A chart over time. `sentence` says the main thing; `highest`: what the top of the chart stands for; `line` are
    the points of a series that is drawn as a line, "" without one."""

    sentence: str
    bars: list[Bar] = []
    line: str = ""
    line_words: str = ""
    legend: list[tuple[Colour, str]] = []
    highest: float = 0.0


def stacked(sentence: str, labels: Sequence[str], series: Sequence[Series], line: Series | None = None) -> Chart:
    """The series on top of each other in every period, the first at the bottom; `line` is drawn over them."""
    totals = [sum(one.values[n] or 0.0 for one in series) for n in range(len(labels))]
    highest = max([*totals, *(value or 0.0 for value in (line.values if line else []))], default=0.0)
    bars = []
    for n, label in enumerate(labels):
        below = 0.0
        for one in series:
            if value := one.values[n]:
                bars.append(_bar(Place(n, len(labels)), value, below, one, label, highest))
                below += value
    return Chart(
        sentence=sentence,
        bars=bars,
        line=_line(line, highest) if line else "",
        line_words=line.words if line else "",
        legend=[(one.colour, one.words) for one in series],
        highest=highest,
    )


def side_by_side(sentence: str, labels: Sequence[str], series: Sequence[Series], highest: float | None = None) -> Chart:
    """The series beside each other in every period; a 0 is a thin bar, what is not known is none.

    `highest`: the top of the chart, if it is not the largest value.
    """
    top = max((value or 0.0 for one in series for value in one.values), default=0.0) if highest is None else highest
    bars = []
    for n, label in enumerate(labels):
        for beside, one in enumerate(series):
            if (value := one.values[n]) is not None:
                place = Place(n, len(labels), beside / len(series), 1 / len(series))
                bars.append(_bar(place, value, 0.0, one, label, top))
    return Chart(sentence=sentence, bars=bars, legend=[(one.colour, one.words) for one in series], highest=top)


class Place(NamedTuple):
    """Where a bar stands: in the period `n` of so many, from `begin` on over a `part` of its width."""

    n: int
    periods: int
    begin: float = 0.0
    part: float = 1.0


def _bar(place: Place, value: float, below: float, one: Series, label: str, highest: float) -> Bar:
    period = WIDTH / place.periods
    room, scale = period * (1 - GAP), (HEIGHT - ABOVE) / highest if highest else 0.0
    height = value * scale or LEAST
    return Bar(
        x=round(place.n * period + period * GAP / 2 + place.begin * room, 2),
        y=round(HEIGHT - below * scale - height, 2),
        width=round(room * place.part, 2),
        height=round(height, 2),
        colour=one.colour,
        words=f"{label}: {one.words} {value:g}",
    )


def _line(one: Series, highest: float) -> str:
    if not highest:
        return ""
    known = [value or 0.0 for value in one.values]
    period, scale = WIDTH / len(known), (HEIGHT - ABOVE) / highest
    return " ".join(f"{(n + 0.5) * period:.1f},{HEIGHT - value * scale:.1f}" for n, value in enumerate(known))
