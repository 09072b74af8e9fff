"""Who uses a skill, how often, and how well it goes: what `GET /analytics?skill=` counts, without its recommendations.

Those are for a person and look through the whole library, which no page of a single skill should wait for.
"""

from datetime import UTC, datetime

from api.dependencies import Services
from api.pages.charts import Chart, Series, stacked
from api.pages.library.skill_view import SkillPage
from api.usage import DEFAULT_WINDOW
from domain.library.analytics import Analytics, Window, analyse
from domain.library.views import SkillView
from domain.text import counted
from store import usage_counts


class UseView(SkillPage):
    """The last 30 days. `most`: uses on the busiest day."""

    use: Analytics
    chart: Chart
    most: int


async def use_view(parts: Services, fields: dict[str, object], skill: SkillView) -> UseView:
    """What was reported of the skill."""
    now = datetime.now(UTC)
    window = Window(since=now - DEFAULT_WINDOW, until=now, skill=skill.name)
    async with parts.database.transaction() as session:
        found = analyse(await usage_counts.counted(session, window), window)
    points = found.trend.points
    most = max((point.uses for point in points), default=0)
    uses = Series(words="uses", colour="a", values=[point.uses for point in points])
    told = f"{counted(found.uses, 'use')} in the last 30 days, {most} in the busiest {found.trend.step}."
    chart = stacked(told, [point.day.isoformat() for point in points], [uses])
    return UseView.model_validate({**fields, "use": found, "chart": chart, "most": most})
