"""Who uses a skill, how often, and how well it goes: what `GET /analytics?skill=` counts, without its recommendations.

Those are for a person and look through the whole library, which no page of a single skill should wait for.
"""

from datetime import UTC, datetime

from api.dependencies import Services
from api.pages.skill_view import SkillPage
from api.usage import DEFAULT_WINDOW
from domain.library.analytics import Analytics, DayTally, Window, analyse
from domain.library.views import SkillView
from domain.shape import Shape
from store import usage_counts

HEIGHT, STEP = 80, 12
"""Of the chart and of one day in it, in units of the drawing."""


class Bar(Shape):
    """The uses of one day."""

    day: DayTally
    x: int
    y: float
    height: float


class UseView(SkillPage):
    """The last 30 days. `most`: uses on the busiest day, the height of the chart."""

    use: Analytics
    bars: list[Bar]
    most: int
    width: int
    height: int = HEIGHT


async def use_view(parts: Services, fields: dict[str, object], skill: SkillView) -> UseView:
    """What was reported of the skill."""
    now = datetime.now(UTC)
    window = Window(since=now - DEFAULT_WINDOW, until=now, skill=skill.name)
    async with parts.database.transaction() as session:
        found = analyse(await usage_counts.counted(session, window), window)
    points = found.trend.points
    most = max((point.uses for point in points), default=0)
    bars = [
        Bar(day=point, x=n * STEP, y=HEIGHT * (1 - point.uses / most), height=HEIGHT * point.uses / most)
        for n, point in enumerate(points)
        if point.uses
    ]
    return UseView.model_validate({**fields, "use": found, "bars": bars, "most": most, "width": len(points) * STEP})
