"""What a skill was found to be worth: the verdict, the numbers over time, one report to be read, another trial."""

import asyncio
from collections.abc import Sequence

from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import Services
from api.evaluations import list_evaluations, read_version_evidence
from api.pages.charts import ABOVE, HEIGHT, WIDTH, Chart, Series, side_by_side
from api.pages.library.skill_view import SkillPage, Wanted
from api.pages.refusals import for_people
from api.pages.rendering import markdown_html
from domain.evidence.report import EvaluationSummary
from domain.library.views import SkillView
from domain.shape import Shape

MOST_IN_CHART = 12
"""Evaluations that are drawn, the newest ones."""


class Drawn(Shape):
    """What stands below one evaluation in the chart: `x` is the middle of its place."""

    x: float
    version: str
    model: str


class EvidenceView(SkillPage):
    """All evaluations, newest first. `now`: the newest of the version that agents read. `report`: the one to be read.

    `drawn` goes from the oldest to the newest; `models` have been tried or are configured here.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    evaluations: list[EvaluationSummary]
    now: EvaluationSummary | None
    report: Markup | None
    about: str
    drawn: list[Drawn]
    chart: Chart
    top: float = ABOVE
    width: float = WIDTH
    height: float = HEIGHT
    models: list[str]


async def evidence_view(parts: Services, fields: dict[str, object], skill: SkillView, wanted: Wanted) -> EvidenceView:
    """The evidence; with a version named also the report on it. Raises NotFound."""
    found = (await list_evaluations(skill.category, skill.name, parts)).evaluations
    drawn = [each for each in reversed(found[:MOST_IN_CHART]) if each.delta is not None]
    models = dict.fromkeys([*([parts.model] if parts.model else []), *(each.model for each in found if each.model)])
    return EvidenceView.model_validate(
        {
            **fields,
            "evaluations": found,
            "now": next((_plainly(each) for each in found if each.version == skill.version), None),
            "report": await _report(parts, skill, wanted) if wanted.version else None,
            "about": f"{wanted.version} with {wanted.model}" if wanted.model else wanted.version,
            "drawn": [_drawn(n, each) for n, each in enumerate(drawn)],
            "chart": chart_of(drawn),
            "models": [*models],
        }
    )


async def _report(parts: Services, skill: SkillView, wanted: Wanted) -> Markup:
    model = wanted.model or None
    text = await read_version_evidence(skill.category, skill.name, wanted.version, parts, model=model)
    return await asyncio.to_thread(markdown_html, bytes(text.body).decode())


def _plainly(each: EvaluationSummary) -> EvaluationSummary:
    return each.model_copy(update={"why": [for_people(one) for one in each.why]})


def chart_of(drawn: Sequence[EvaluationSummary]) -> Chart:
    """Both arms of each evaluation beside each other; the room for those that may follow stays empty."""
    empty: list[float | None] = [None] * (MOST_IN_CHART - len(drawn))
    arms = [
        Series(words="without it", colour="b", values=[*(each.without for each in drawn), *empty]),
        Series(words="with it", colour="c", values=[*(each.with_ for each in drawn), *empty]),
    ]
    told = "Cases passed without and with the skill, from the oldest trial to the newest; the numbers are in the table"
    return side_by_side(told, [*(each.version for each in drawn), *("" for _ in empty)], arms, highest=1.0)


def _drawn(place: int, each: EvaluationSummary) -> Drawn:
    middle = (place + 0.5) * WIDTH / MOST_IN_CHART
    return Drawn(x=middle, version=each.version, model=each.model.rpartition("/")[2][:9])
