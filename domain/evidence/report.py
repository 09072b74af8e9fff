"""The report on one published version, or on a job's draft, and one agent model: all that is needed to judge the
evidence. Its JSON is `evaluation.json`; `report_text.py` makes `evidence.md` of it. Pure: no clock, no I/O.
"""

import json
from collections import Counter
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.evaluation import CaseFlag, CaseRun, Comparison, EvaluationCase, Numbers, TriggerReport
from domain.evidence.case_checks import flags, leaks
from domain.evidence.numbers import numbers, tried_with
from domain.evidence.policy import Policy, lacking
from domain.evidence.profile import Profile, profile_named
from domain.job import Usage
from domain.shape import Shape, StrictShape

SCHEMA: Literal["skill-fleet-evaluation/1"] = "skill-fleet-evaluation/1"
"""Rises when a field changes its meaning or goes; fields may be added under the same name."""

Verdict = Literal["keep", "fix", "retire"]
Reason = Literal["publication", "demand", "schedule"]

NOTHING_RUN = "no case was run in both arms: there is nothing to judge by"
PARTIAL = "not every planned run was made: the evidence is partial"


class Models(Shape):
    """The models behind the numbers, as LiteLLM names them; empty when it is not known who it was."""

    agent: str = ""
    author: str = ""
    judge: str = ""


class Material(Shape):
    """All that the record of a job says about one of its revisions: `text` is what an agent reads of it, `profile` the
    one it was proven under."""

    job_id: UUID
    revision: int
    digest: str
    text: str = ""
    models: Models = Models()
    profile: str = ""
    cases: list[EvaluationCase] = []
    runs: list[CaseRun] = []
    rationalizations: list[str] = []
    triggers: TriggerReport | None = None
    comparisons: list[Comparison] = []
    usage: Usage = Usage()


class Subject(Shape):
    """What a report is about. `version` is empty for a draft that is not published; then `reason` is None."""

    name: str
    version: str = ""
    digest: str
    made_at: datetime
    reason: Reason | None = None


class EvaluationReport(Shape):
    """`evaluation.json`. Rates lie between 0 and 1; `usage.usd` is None when a price is unknown.

    `status`: `none` when no case ran in both arms. `lacking`: what the policy for publishing misses. `numbers`: of the
    agent model. `triggers`: with that model too, without single queries and choices. `verdict` with `why`.
    """

    model_config = {"populate_by_name": True}

    schema_: Annotated[Literal["skill-fleet-evaluation/1"], Field(alias="schema")] = SCHEMA
    name: str
    version: str = ""
    digest: str
    made_at: datetime
    reason: Reason | None = None
    job_id: UUID | None = None
    revision: int | None = None
    models: Models = Models()
    profile: str = ""
    policy: Policy
    lacking: list[str] = []
    status: Literal["whole", "partial", "none"]
    verdict: Verdict
    why: list[str]
    numbers: Numbers | None = None
    cases: list[EvaluationCase] = []
    runs: list[CaseRun] = []
    flags: list[CaseFlag] = []
    rationalizations: list[str] = []
    triggers: TriggerReport | None = None
    comparisons: list[Comparison] = []
    usage: Usage = Usage()


class EvaluationSummary(StrictShape):
    """One evaluation of a published version at a glance."""

    model_config = {"populate_by_name": True}

    evaluation_id: UUID
    name: str
    version: str
    digest: str
    model: str
    reason: Reason
    verdict: Verdict
    why: list[str] = []
    status: str = "none"
    cases: int = 0
    without: float | None = None
    with_: Annotated[float | None, Field(alias="with")] = None
    delta: float | None = None
    interval: tuple[float, float] | None = None
    job_id: UUID | None = None
    created_at: datetime


class EvaluationList(StrictShape):
    """`GET /skills/{category}/{name}/evaluations`, newest first."""

    name: str
    evaluations: list[EvaluationSummary]


def report_on(material: Material, policy: Policy, subject: Subject) -> EvaluationReport:
    """The report; takes a tenth of a second of computing for the interval, so call it in a thread."""
    found = numbers(material.cases, material.runs, planned=planned_runs(material))
    # With several agent models the one that was meant, else the newest.
    own = next((each for each in found if each.model == material.models.agent), found[0] if found else None)
    leaked = [flag.case_id for flag in leaks(material.text, material.cases)]
    missing = lacking(policy, own, material.triggers, leaked)
    judged, why = verdict(own, missing)
    status: Literal["whole", "partial", "none"] = "none"
    if own is not None and own.delta is not None:
        status = "whole" if own.whole else "partial"
    return EvaluationReport(
        **dict(subject),
        job_id=material.job_id,
        revision=material.revision,
        models=material.models.model_copy(update={"agent": own.model} if own and own.model else {}),
        profile=material.profile,
        policy=policy,
        lacking=missing,
        status=status,
        verdict=judged,
        why=why,
        numbers=own,
        **{name: getattr(material, name) for name in _AS_IT_IS},
        flags=_flags(material),
        triggers=_without_queries(tried_with(own, material.triggers)),
    )


_AS_IT_IS = ("cases", "runs", "rationalizations", "comparisons", "usage")


def _flags(material: Material) -> list[CaseFlag]:
    profile = _profile(material)
    found = flags(material.cases, material.runs, judge=profile.judge if profile else True)
    return [*found, *leaks(material.text, material.cases)]


def verdict(found: Numbers | None, missing: list[str]) -> tuple[Verdict, list[str]]:
    """What shall become of the skill, and why. The order of the rules is their weight:

    1. fix, when nothing was measured in both arms: a verdict needs two arms.
    2. keep, when the policy's evidence is met and whole.
    3. fix, when runs are missing: a gain, or its absence, that is half measured ends no skill.
    4. retire, when there is no gain: the agent does as well, or better, without it (delta <= 0). The interval
       needs no rule of its own: where it lies at or below 0 as a whole, so does the delta inside it.
    5. fix, else: there is a gain, and something is lacking (a case clearly worse, triggers, cases, size of the gain).
    """
    if found is None or found.delta is None:
        return "fix", [NOTHING_RUN, *missing]
    if not missing and found.whole:
        return "keep", ["the evidence meets the policy"]
    if not found.whole:
        return "fix", [PARTIAL, *missing]
    if found.delta <= 0:
        return "retire", [f"there is no gain: {points(found.delta)} points", *missing]
    return "fix", missing


def points(delta: float) -> str:
    """A difference of two rates in percentage points, with its sign."""
    return f"{delta * 100:+.0f}"


def planned_runs(material: Material) -> int:
    """How often each case was to be run in each arm: by the profile, else as often as the most frequent one was."""
    profile = _profile(material)
    if profile is not None:
        return profile.runs
    counted = Counter((run.model, run.case_id, run.arm) for run in material.runs)
    return max(counted.values(), default=1)


def _profile(material: Material) -> Profile | None:
    return profile_named(material.profile)


def as_json(report: EvaluationReport) -> str:
    """`evaluation.json`: keys sorted, so that two reports can be compared line by line."""
    document = report.model_dump(mode="json", by_alias=True)
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _without_queries(found: TriggerReport | None) -> TriggerReport | None:
    return found.model_copy(update={"queries": [], "choices": []}) if found else None
