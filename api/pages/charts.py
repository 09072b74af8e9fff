"""Charts as shapes: where each bar and line stands in an SVG of fixed size. What is drawn is said in a sentence too.

Must not know what is charted; the templates in `parts/charts.html` draw it, and every page puts the numbers beside it.
"""

from collections.abc import Sequence
from typing import Literal

from domain.shape import Shape

WIDTH, HEIGHT = 640.0, 150.0
"""Of a chart over time, in the SVG's own units."""

GAP = 0.25
"""Share of a period's width that stays empty, so that neighbours are told apart."""

ABOVE = 8.0
"""Units that stay free above the highest bar."""

Colour = Literal["a", "b", "c", "d"]
"""Classes of the style sheet; each series also has its own place in a bar, its words and its column in the table."""


class Series(Shape):
    """One thing that is counted in every period."""

    words: str
    colour: Colour
    values: list[float]


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
    totals = [sum(one.values[n] for one in series) for n in range(len(labels))]
    highest = max([*totals, *(line.values if line else [])], default=0.0)
    bars = []
    for n, label in enumerate(labels):
        below = 0.0
        for one in series:
            if one.values[n]:
                bars.append(_bar(n, len(labels), below, one, label, highest))
                below += one.values[n]
    return Chart(
        sentence=sentence,
        bars=bars,
        line=_line(line, highest) if line else "",
        line_words=line.words if line else "",
        legend=[(one.colour, one.words) for one in series],
        highest=highest,
    )


def side_by_side(sentence: str, labels: Sequence[str], series: Sequence[Series], highest: float | None = None) -> Chart:
    """The series beside each other in every period. `highest`: the top of the chart, if it is not the largest value."""
    top = max((value for one in series for value in one.values), default=0.0) if highest is None else highest
    bars = []
    for n, label in enumerate(labels):
        for place, one in enumerate(series):
            if one.values[n]:
                bars.append(_bar(n, len(labels), 0.0, one, label, top, place / len(series), 1 / len(series)))
    return Chart(sentence=sentence, bars=bars, legend=[(one.colour, one.words) for one in series], highest=top)


def _bar(
    n: int, periods: int, below: float, one: Series, label: str, highest: float, begin: float = 0.0, part: float = 1.0
) -> Bar:
    period = WIDTH / periods
    room, scale = period * (1 - GAP), (HEIGHT - ABOVE) / highest
    height = one.values[n] * scale
    return Bar(
        x=round(n * period + period * GAP / 2 + begin * room, 2),
        y=round(HEIGHT - below * scale - height, 2),
        width=round(room * part, 2),
        height=round(height, 2),
        colour=one.colour,
        words=f"{label}: {one.words} {one.values[n]:g}",
    )


def _line(one: Series, highest: float) -> str:
    if not highest:
        return ""
    period, scale = WIDTH / len(one.values), (HEIGHT - ABOVE) / highest
    return " ".join(f"{(n + 0.5) * period:.1f},{HEIGHT - value * scale:.1f}" for n, value in enumerate(one.values))
