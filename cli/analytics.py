"""`analytics`: which skills are used, how well they do, and what goes together; tables and a chart."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.durations import duration
from cli.output import Output
from cli.run import run_of
from domain.library.analytics import Analytics, Rate, SkillUse, Trend

BARS = " ▁▂▃▄▅▆▇█"
WIDEST_BAR = 24
"""Columns of the longest bar of the chart."""

MOST_SHOWN = 10


def analytics(
    ctx: typer.Context,
    since: Annotated[
        timedelta, typer.Option(parser=duration, metavar="TIME", help="How far back: 7d, 30d, 12h.")
    ] = "30d",  # type: ignore[assignment]  # typer's parser makes a timedelta of it
    category: Annotated[str | None, typer.Option(help="One category only.")] = None,
) -> None:
    """Show which skills are used, and how well they do."""
    run = run_of(ctx)
    until = datetime.now(UTC)
    with run.api() as api:
        found = api.get(
            "/analytics",
            Analytics,
            since=(until - since).isoformat(),
            until=until.isoformat(),
            category=category,
        )
    if run.out.json_wanted:
        run.out.document(found)
        return
    if found.uses:
        _used(run.out, found)
    _rest(run.out, found)


def _used(out: Output, found: Analytics) -> None:
    out.line(f"{found.uses} uses, success {rate(found.success)}", style="bold")
    out.line(f"per {found.trend.step} {sparkline(found.trend)} {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}")
    out.line()
    shown = found.most_used[:MOST_SHOWN]
    out.rows(
        ("Most used", "Uses", "Chart", "Success (95 %)"),
        [(one.name, str(one.uses), bar(one, shown[0].uses), rate(one.success)) for one in shown],
    )
    _table(out, ("Agent", "Uses", "Success"), [(one.agent, str(one.uses), rate(one.success)) for one in found.agents])
    _table(
        out,
        ("Version", "Uses", "Success"),
        [(f"{one.name} {one.version or '?'}", str(one.uses), rate(one.success)) for one in found.versions[:MOST_SHOWN]],
    )
    _table(
        out,
        ("Together", "Sessions", "Support, lift"),
        [
            (" + ".join(one.skills), str(one.sessions), f"{one.support:.0%}, {one.lift:.1f} times")
            for one in found.combinations[:MOST_SHOWN]
        ],
    )


def _rest(out: Output, found: Analytics) -> None:
    if not found.uses:
        out.say("no use was reported in this time")
        out.say("agents report by themselves through MCP: skill-fleet mcp; others with POST /api/v1/usage")
    if found.never_used:
        out.line(f"Never used: {', '.join(found.never_used)}")
    if found.recommendations:
        out.line("For you:")
    for one in found.recommendations:
        out.line(f"  {one.skill}: {'; '.join(reason.text for reason in one.reasons)}", hang=4)


def _table(out: Output, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        out.line()
        out.rows(titles, rows)


def rate(told: Rate) -> str:
    """`75 % (41–93 %, n 8)`: the share, how sure it is, and of how many."""
    if told.value is None or told.low is None or told.high is None:
        return "unknown"
    return f"{told.value:.0%} ({told.low:.0%}–{told.high:.0%}, n {told.n})"


def bar(one: SkillUse, most: int) -> str:
    """A bar as long as its share of the longest; never nothing for a use."""
    return "█" * max(round(one.uses * WIDEST_BAR / most), 1)


def sparkline(trend: Trend) -> str:
    """One sign a day or week, blank for none."""
    most = max((one.uses for one in trend.points), default=0) or 1
    return "".join(BARS[-(-one.uses * (len(BARS) - 1) // most)] for one in trend.points)
