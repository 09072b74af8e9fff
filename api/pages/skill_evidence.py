"""What a skill was found to be worth: the verdict, the numbers over time, one report to be read, another trial."""

import asyncio
from typing import Literal

from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import Services
from api.evaluations import list_evaluations, read_version_evidence
from api.pages.rendering import markdown_html
from api.pages.skill_view import SkillPage, Wanted
from domain.evidence.report import EvaluationSummary
from domain.library.views import SkillView
from domain.shape import Shape

MOST_IN_CHART = 12
"""Evaluations that are drawn, the newest ones."""
HEIGHT, STEP, WIDTH = 120, 60, 20
"""Of the bars, of one evaluation, and of one bar, in units of the drawing."""


class Bar(Shape):
    """One bar of the chart: the share of cases passed in one arm."""

    arm: Literal["without", "with"]
    x: int
    y: float
    height: float


class Drawn(Shape):
    """One evaluation in the chart: `x` is the middle of its place."""

    x: int
    version: str
    model: str
    bars: list[Bar]


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
    width: int = MOST_IN_CHART * STEP
    height: int = HEIGHT
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
            "now": next((each for each in found if each.version == skill.version), None),
            "report": await _report(parts, skill, wanted) if wanted.version else None,
            "about": f"{wanted.version} with {wanted.model}" if wanted.model else wanted.version,
            "drawn": [_drawn(n, each) for n, each in enumerate(drawn)],
            "models": [*models],
        }
    )


async def _report(parts: Services, skill: SkillView, wanted: Wanted) -> Markup:
    model = wanted.model or None
    text = await read_version_evidence(skill.category, skill.name, wanted.version, parts, model=model)
    return await asyncio.to_thread(markdown_html, bytes(text.body).decode())


def _drawn(place: int, each: EvaluationSummary) -> Drawn:
    """Two bars side by side around the middle of their place."""
    middle = place * STEP + STEP // 2
    arms: list[tuple[Literal["without", "with"], float | None]] = [("without", each.without), ("with", each.with_)]
    bars = [
        Bar(arm=arm, x=middle - WIDTH + n * WIDTH, y=HEIGHT * (1 - share), height=HEIGHT * share)
        for n, (arm, share) in enumerate(arms)
        if share is not None
    ]
    return Drawn(x=middle, version=each.version, model=each.model.rpartition("/")[2][:10], bars=bars)
