"""Where bars and lines stand: inside of the chart, in proportion, and none for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.charts import ABOVE, HEIGHT, WIDTH, Chart, Series, side_by_side, stacked

COUNTS = st.lists(st.integers(0, 10_000).map(float), min_size=1, max_size=60)


def two(values: list[float]) -> list[Series]:
    return [Series(words="a", colour="a", values=values), Series(words="b", colour="b", values=values[::-1])]


def inside(chart: Chart) -> bool:
    return all(
        bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.1 and bar.y >= ABOVE - 0.1 and bar.y + bar.height <= HEIGHT + 0.1
        for bar in chart.bars
    )


@given(COUNTS)
def test_every_bar_lies_in_the_chart_and_what_is_nothing_has_none(values: list[float]) -> None:
    labels = [str(n) for n in range(len(values))]
    chart = stacked("all", labels, two(values))
    assert inside(chart)
    assert len(chart.bars) == 2 * sum(value > 0 for value in values)


@given(st.lists(st.none() | st.integers(0, 100), min_size=1, max_size=60))
def test_beside_each_other_nothing_is_a_thin_bar_and_not_known_is_none(values: list[float | None]) -> None:
    chart = side_by_side("all", [str(n) for n in range(len(values))], [Series(words="a", colour="a", values=values)])
    assert inside(chart)
    assert len(chart.bars) == sum(value is not None for value in values)
    assert all(bar.height > 0 for bar in chart.bars)


@given(COUNTS)
def test_stacked_bars_stand_on_each_other(values: list[float]) -> None:
    chart = stacked("all", [str(n) for n in range(len(values))], two(values))
    for bar in chart.bars:
        rest = [other for other in chart.bars if other is not bar and other.x == bar.x]
        assert all(other.y + other.height <= bar.y + 0.02 or bar.y + bar.height <= other.y + 0.02 for other in rest)


def test_heights_are_in_proportion_and_the_highest_reaches_the_top() -> None:
    chart = stacked("all", ["x", "y"], [Series(words="jobs", colour="c", values=[1, 4])])
    low, high = chart.bars
    assert (high.height, high.y) == (HEIGHT - ABOVE, ABOVE)
    assert high.height == pytest.approx(4 * low.height, abs=0.02)
    assert (chart.highest, high.words) == (4, "y: jobs 4")


def test_a_line_may_be_higher_than_every_bar() -> None:
    line = Series(words="accepted", colour="a", values=[10, 0])
    chart = stacked("all", ["x", "y"], [Series(words="done", colour="c", values=[5, 0])], line)
    assert chart.line == f"160.0,{ABOVE} 480.0,{HEIGHT}"
    assert chart.bars[0].height == (HEIGHT - ABOVE) / 2


def test_a_chart_of_nothing_has_no_bar_and_no_line() -> None:
    nothing = Series(words="jobs", colour="a", values=[0, 0])
    chart = stacked("all", ["x", "y"], [nothing], nothing)
    assert (chart.bars, chart.line) == ([], "")


def test_shares_keep_their_own_top_so_that_charts_can_be_compared() -> None:
    chart = side_by_side("all", ["x"], [Series(words="passed, %", colour="c", values=[50])], highest=100)
    assert chart.bars[0].height == (HEIGHT - ABOVE) / 2
