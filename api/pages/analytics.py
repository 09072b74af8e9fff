"""The page of analytics: how jobs end, how long people are waited for, what models cost, what skills gain and who uses
them. What `GET /analytics/work` and `GET /analytics` say, drawn."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import PersonDep, Services, ServicesDep
from api.hub import Hub
from api.pages import amounts
from api.pages.charts import Chart, Series, side_by_side, stacked
from api.pages.frame import View, templates
from api.pages.recent import Recent
from api.permissions import Person
from api.usage import read_analytics
from api.work import work_of
from domain.library.analytics import Analytics
from domain.work import JobsPoint, PassRates, PassRatesPoint, SpendPoint, Work

router = APIRouter()

WINDOWS = (7, 30, 90)
"""Days that may be chosen; an address may name others."""


Counted = tuple[Work, Analytics]

_RECENT: WeakKeyDictionary[Hub, Recent[tuple[str, datetime], Counted]] = WeakKeyDictionary()
"""What was counted a moment ago, for each person (what they might mount is in it); one for each application of this
process, and its hub is what it alone has."""


class AnalyticsView(View):
    """The page. `quiet`: nothing has happened at all in the window."""

    days: int
    windows: list[int]
    work: Work
    used: Analytics
    jobs_chart: Chart
    spend_chart: Chart
    rates_chart: Chart
    quiet: bool


@router.get("/analytics")
async def show_analytics(
    request: Request, parts: ServicesDep, asking: PersonDep, days: Annotated[int, Query(ge=1, le=365)] = 30
) -> Response:
    """The last days, today among them."""
    until = datetime.now(UTC)
    since = until.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    recent = _RECENT.setdefault(parts.hub, Recent())
    work, used = await recent.get((asking.name, since), partial(_counted, parts, asking, since, until))
    view = AnalyticsView(
        title="Analytics",
        days=days,
        windows=sorted({*WINDOWS, days}),
        work=work,
        used=used,
        jobs_chart=jobs_chart(work),
        spend_chart=spend_chart(work),
        rates_chart=rates_chart(work),
        quiet=is_quiet(work, used),
    )
    return templates.page(request, "analytics.html", view)


async def _counted(parts: Services, asking: Person, since: datetime, until: datetime) -> Counted:
    work = await work_of(parts, since, until)
    return work, await read_analytics(parts, asking, since=since, until=until)


def is_quiet(work: Work, used: Analytics) -> bool:
    """Whether nothing has happened."""
    some = (*work.by_status.values(), work.open_before, work.spend.calls, work.pass_rates.cases, used.uses)
    return not any(some) and not any(one.started + ended(one) for one in work.jobs)


def ended(point: JobsPoint) -> int:
    """Jobs that ended in a period."""
    return point.completed + point.failed + point.cancelled


def jobs_chart(work: Work) -> Chart:
    """What ended, stacked by how; what was accepted as a line."""
    points = work.jobs
    accepted, over = sum(one.started for one in points), sum(ended(one) for one in points)
    completed = sum(one.completed for one in points)
    were = "job was" if accepted == 1 else "jobs were"
    sentence = f"{accepted} {were} accepted and {over} ended, {completed} of them completed."
    return stacked(
        sentence,
        _labels(points),
        [
            Series(words="completed", colour="c", values=[one.completed for one in points]),
            Series(words="cancelled", colour="b", values=[one.cancelled for one in points]),
            Series(words="failed", colour="d", values=[one.failed for one in points]),
        ],
        Series(words="accepted", colour="a", values=[one.started for one in points]),
    )


def spend_chart(work: Work) -> Chart:
    """Tokens, which every model has; money is in the table."""
    points, total = work.spend_over_time, work.spend
    tokens = amounts.number(total.input_tokens + total.output_tokens)
    cost = amounts.money(total.usd, total.usd_known, total.unpriced, total.calls)
    return stacked(
        f"{amounts.number(total.calls)} model call{'' if total.calls == 1 else 's'} with {tokens} tokens: {cost}.",
        _labels(points),
        [
            Series(words="tokens in", colour="a", values=[one.input_tokens for one in points]),
            Series(words="tokens out", colour="b", values=[one.output_tokens for one in points]),
        ],
    )


def rates_chart(work: Work) -> Chart:
    """Pass rates in percent, without and with, beside each other; the top is always 100 %."""
    points = work.pass_rates_over_time
    return side_by_side(
        gained(work.pass_rates),
        _labels(points),
        [
            Series(words="without the skill, %", colour="b", values=[_percent(one.without) for one in points]),
            Series(words="with the skill, %", colour="c", values=[_percent(one.with_) for one in points]),
        ],
        highest=100.0,
    )


def gained(found: PassRates) -> str:
    """What skills gained, in a sentence."""
    if found.delta is None:
        return "Nothing was measured in this time."
    rates = (
        f"{amounts.percent(found.without)} of the cases without the skill and {amounts.percent(found.with_)} with it"
    )
    return f"Agents passed {rates}: {amounts.points(found.delta)}."


def _labels(points: list[JobsPoint] | list[SpendPoint] | list[PassRatesPoint]) -> list[str]:
    return [one.day.isoformat() for one in points]


def _percent(value: float | None) -> float | None:
    return round(100 * value, 1) if value is not None else None
