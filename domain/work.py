"""The work of a window of time, as `GET /analytics/work` tells it: jobs, waits, spend, what skills gained. Shapes only.

The tallies are what is counted (`store/work_counts.py`), the rest is what they add up to (`domain/work_sums.py`).
"""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from domain.job import JobStatus
from domain.periods import Step
from domain.prompt import HitlType
from domain.shape import Shape


class EventTally(Shape):
    """What happened to `jobs` jobs on a day in UTC: they were accepted (None), or ended with this status."""

    day: date
    ended: JobStatus | None = None
    jobs: int


class WaitTally(Shape):
    """Prompts of one kind: `n` that people answered in the window, with seconds from asking to answering; `open`: those
    that wait at this moment, whatever the window, the `oldest` of them since then."""

    kind: HitlType
    n: int = 0
    median: float | None = None
    p90: float | None = None
    open: int = 0
    oldest: datetime | None = None


class CallTally(Shape):
    """Answered model calls of one model and day. `usd`: of those with a known price; `unpriced` have none.

    Calls whose rows retention has removed stand at the day on which their job ended.
    """

    model: str
    day: date
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0


class MeasuredTally(Shape):
    """Measurements in both arms with one agent model on one day, each weighing as many cases as it has.

    `without`, `with_`: sums of pass rate times cases.
    """

    model: str
    day: date
    measured: int
    cases: int
    without: float
    with_: float


class Publishing(Shape):
    """Versions published from drafts, and how many of them by force; jobs whose record tells of a publication that was
    refused or failed."""

    published: int = 0
    forced: int = 0
    refused: int = 0


class WorkCounts(Shape):
    """All that is counted. `by_status`: jobs that were accepted in the window, as they stand now; `open_before`: older
    ones that have not ended."""

    by_status: dict[JobStatus, int] = {}
    open_before: int = 0
    events: list[EventTally] = []
    waits: list[WaitTally] = []
    calls: list[CallTally] = []
    measured: list[MeasuredTally] = []
    publishing: Publishing = Publishing()


class JobsPoint(Shape):
    """Jobs that were accepted, and that ended, in one day or week."""

    day: date
    started: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0


class Spend(Shape):
    """What model calls cost. `usd` None: a price is unknown, of `unpriced` calls; `usd_known`: what the others came
    to."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    usd_known: float = 0.0
    unpriced: int = 0


class ModelSpend(Spend):
    """The calls of one model; of removed ones, where several models answered, their names joined."""

    model: str


class SpendPoint(Spend):
    """The calls of one day or week."""

    day: date


class PassRates(Shape):
    """Mean pass rates between 0 and 1 of `cases` cases in `measured` measurements; `delta`: with less without."""

    model_config = {"populate_by_name": True}

    measured: int = 0
    cases: int = 0
    without: float | None = None
    with_: Annotated[float | None, Field(alias="with")] = None
    delta: float | None = None


class ModelPassRates(PassRates):
    """Those with one agent model; empty: the record does not say which."""

    model: str


class PassRatesPoint(PassRates):
    """Those of one day or week."""

    day: date


class Work(Shape):
    """Answer to `GET /analytics/work`. Points are days, or weeks in a long window, without gaps."""

    since: datetime
    until: datetime
    step: Step
    by_status: dict[JobStatus, int]
    open_before: int
    jobs: list[JobsPoint]
    waits: list[WaitTally]
    spend: Spend
    spend_by_model: list[ModelSpend]
    spend_over_time: list[SpendPoint]
    pass_rates: PassRates
    pass_rates_by_model: list[ModelPassRates]
    pass_rates_over_time: list[PassRatesPoint]
    publishing: Publishing
