"""What reported uses add up to: rates with how sure they are, trends without gaps, and what is used together.

Rules are pure functions of counts; who counts is `store/usage_counts.py`. Must not read a clock.
"""

from collections.abc import Sequence
from datetime import date, datetime
from math import sqrt

from domain.library.recommending import Recommendation
from domain.periods import Step, periods
from domain.shape import Shape
from domain.skill import SkillStatus

Z95 = 1.959963984540054
"""The normal distribution's two-sided 95 % quantile."""

MOST_LISTED = 20
FEWEST_TOGETHER = 2
"""Sessions in which two skills must have met before we say they go together."""


class Window(Shape):
    """The time that is looked at (`since` ≤ used_at < `until`), and the only category or skill, if one is named."""

    since: datetime
    until: datetime
    category: str | None = None
    skill: str | None = None


class Tally(Shape):
    """How often something was used, and how it went; the rest of `uses` has an unknown outcome."""

    uses: int = 0
    successes: int = 0
    failures: int = 0


class SkillTally(Tally):
    """One skill of the library in the window."""

    name: str
    category: str
    status: SkillStatus
    last_used: datetime | None = None


class AgentTally(Tally):
    """One agent, as it calls itself."""

    agent: str


class VersionTally(Tally):
    """One version of a skill; None: the agent did not say which."""

    name: str
    version: str | None


class DayTally(Tally):
    """One day in UTC."""

    day: date


class PairTally(Shape):
    """In how many sessions two skills were both used."""

    first: str
    second: str
    sessions: int


class Counts(Shape):
    """All that is counted: `sessions` is their number, `in_sessions` in how many each skill was used."""

    skills: list[SkillTally] = []
    agents: list[AgentTally] = []
    versions: list[VersionTally] = []
    days: list[DayTally] = []
    sessions: int = 0
    in_sessions: dict[str, int] = {}
    pairs: list[PairTally] = []


class Rate(Shape):
    """A share between 0 and 1 with its 95 % Wilson interval; `n` outcomes are known. None: nothing is known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


class SkillUse(SkillTally):
    """A skill with how well it did."""

    success: Rate


class AgentUse(AgentTally):
    """An agent with how well it did."""

    success: Rate


class VersionUse(VersionTally):
    """A version with how well it did."""

    success: Rate


class Trend(Shape):
    """Uses over time without gaps."""

    step: Step
    points: list[DayTally]


class Combination(Shape):
    """Two skills used in one session. `support`: their share of all sessions; `lift`: how many times more often than if
    they had nothing to do with each other."""

    skills: list[str]
    sessions: int
    support: float
    lift: float


class Analytics(Shape):
    """Answer to `GET /analytics`."""

    since: datetime
    until: datetime
    category: str | None = None
    skill: str | None = None
    uses: int
    success: Rate
    most_used: list[SkillUse]
    never_used: list[str]
    agents: list[AgentUse]
    versions: list[VersionUse]
    trend: Trend
    combinations: list[Combination]
    recommendations: list[Recommendation] = []


def wilson(successes: int, n: int) -> Rate:
    """The share of successes with the score interval of E. B. Wilson (1927): honest for few observations too."""
    if n == 0:
        return Rate()
    share, z2 = successes / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Rate(value=share, low=max(middle - half, 0.0), high=min(middle + half, 1.0), n=n)


def rate_of(tally: Tally) -> Rate:
    """The success rate among the uses whose outcome is known."""
    return wilson(tally.successes, tally.successes + tally.failures)


def analyse(counts: Counts, window: Window) -> Analytics:
    """Everything but the recommendations, which are for one person."""
    total = _sum(counts.skills)
    used = sorted((one for one in counts.skills if one.uses), key=lambda one: (-one.uses, one.name))
    unused = [one.name for one in counts.skills if not one.uses and one.status is SkillStatus.ACTIVE]
    return Analytics(
        **window.model_dump(),
        uses=total.uses,
        success=rate_of(total),
        most_used=[SkillUse(**one.model_dump(), success=rate_of(one)) for one in used[:MOST_LISTED]],
        never_used=sorted(unused),
        agents=[AgentUse(**one.model_dump(), success=rate_of(one)) for one in counts.agents],
        versions=[VersionUse(**one.model_dump(), success=rate_of(one)) for one in counts.versions],
        trend=trend(counts.days, window),
        combinations=combinations(counts),
    )


def trend(days: Sequence[DayTally], window: Window) -> Trend:
    """One point a day, or a week when the window is long; days without a use are zeros."""
    known = periods(window.since, window.until)
    inside: dict[date, list[DayTally]] = {start: [] for start in known.starts}
    for one in days:
        if (start := known.start_of(one.day)) is not None:
            inside[start].append(one)
    points = [DayTally(day=day, **_sum(some).model_dump()) for day, some in inside.items()]
    return Trend(step=known.step, points=points)


def combinations(counts: Counts) -> list[Combination]:
    """Pairs that met often enough, the most telling first: by support × lift."""
    found = [
        Combination(
            skills=[pair.first, pair.second],
            sessions=pair.sessions,
            support=pair.sessions / counts.sessions,
            lift=pair.sessions * counts.sessions / (counts.in_sessions[pair.first] * counts.in_sessions[pair.second]),
        )
        for pair in counts.pairs
        if pair.sessions >= FEWEST_TOGETHER
    ]
    return sorted(found, key=lambda one: (-one.support * one.lift, one.skills))[:MOST_LISTED]


def _sum(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        uses=sum(one.uses for one in tallies),
        successes=sum(one.successes for one in tallies),
        failures=sum(one.failures for one in tallies),
    )
