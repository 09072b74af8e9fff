"""The experiment of a job as its page tells it: the verdict in words, then every number and every run behind it.

Reads nothing and judges nothing: the numbers come from the api (`api/record.py`, `evaluation_of`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from api.pages.refusals import for_people
from domain.evaluation import CaseFlag, CaseNumbers, CaseRun, Comparison, EvaluationCase, EvaluationView, Numbers
from domain.evidence.checklist import ITEMS
from domain.evidence.policy import BY_DEFAULT
from domain.shape import Shape
from domain.text import counted

Tone = Literal["good", "bad", "wait", "info"]

STAGES: Mapping[str, str] = MappingProxyType(
    {
        "red": "RED: see it fail without the skill",
        "green": "GREEN: the same cases with the skill",
        "refactor": "REFACTOR: answer what still fails",
        "quality": "Before it is published",
    }
)
ITEM_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "red.cases_written": "The cases are written",
        "red.cases_sound": "No case gives its answer away, or passes by silence",
        "red.control_run": "Every case ran without the skill",
        "red.runs_repeated": "Every case ran more than once, as planned",
        "red.failures_recorded": "At least one case fails without the skill",
        "red.rationalizations_recorded": "Excuses were kept word for word",
        "green.skill_written_against_failures": "The skill is written against what failed",
        "green.same_cases_run": "Every case ran with the skill",
        "green.gain_measured": "The gain is measured",
        "green.gain_positive": "The gain is above zero",
        "refactor.rationalizations_recorded": "Excuses with the skill were kept word for word",
        "refactor.new_rationalizations_countered": "No excuse is left with the skill",
        "refactor.stopped_when_nothing_improved": "All cases pass, or another round improved nothing",
        "quality.all_runs_there": "No planned run is missing",
        "quality.no_case_worse": "No case does worse with the skill",
        "quality.no_case_clearly_worse": "No case does clearly worse with the skill",
        "quality.description_tried": "The description was tried on messages of users",
        "quality.description_found": "Agents choose the skill when they should",
        "quality.description_chosen_rightly": "Agents leave it alone when they should",
        "quality.validated": "It passed validation",
    }
)
MOST_SAID = 6_000
"""Characters of one answer on the page; the report has the whole."""


class Rate(Shape):
    """A rate between 0 and 1 with what it is of."""

    words: str
    rate: float


class Span(Shape):
    """The difference and its interval on an axis from -100 to +100 points, as shares of its width."""

    middle: float
    low: float
    high: float


class ShownCase(Shape):
    """One case with how it went in each arm, what is to be known of it, and its runs."""

    case: EvaluationCase
    numbers: CaseNumbers | None
    worse: str = ""
    flags: list[CaseFlag] = []
    runs: list[CaseRun] = []


class Item(Shape):
    """One line of the checklist."""

    words: str
    done: bool


class Stage(Shape):
    """One stage of the checklist."""

    title: str
    items: list[Item]

    @property
    def done(self) -> int:
        """How many items are."""
        return sum(item.done for item in self.items)


class Triggers(Shape):
    """How well the description is found. Queries are told by their texts."""

    said: str
    recall: float | None = None
    precision: float | None = None
    confusions: list[tuple[str, int]] = []
    missed: list[str] = []
    false_alarms: list[str] = []


class ProofView(Shape):
    """The experiment as it is told; `enough`: so many cases that an interval says something."""

    verdict: str
    tone: Tone
    notes: list[str] = []
    bars: list[Rate] = []
    span: Span | None = None
    numbers: Numbers | None = None
    enough: bool = True
    lacking: list[str] = []
    cases: list[ShownCase] = []
    triggers: Triggers | None = None
    stages: list[Stage] = []
    rationalizations: list[str] = []
    comparisons: list[Comparison] = []


def proof_view(found: EvaluationView) -> ProofView:
    """All of it, for a job whose cases are written."""
    evidence = found.evidence
    numbers = found.numbers[0] if found.numbers else None
    verdict, tone = verdict_of(found)
    enough = evidence.n >= BY_DEFAULT.cases
    arms = {"with the skill": evidence.with_, "without it": evidence.without}
    return ProofView(
        verdict=verdict,
        tone=tone,
        notes=[note for note in (evidence.note, _partial(found)) if note],
        bars=[Rate(words=words, rate=rate) for words, rate in arms.items() if rate is not None],
        span=_span(evidence.delta, evidence.interval if enough else None),
        enough=enough,
        numbers=numbers,
        lacking=[for_people(text) for text in evidence.lacking],
        cases=[_case(found, numbers, case) for case in found.cases],
        triggers=_triggers(found),
        stages=stages(found.tdd.checklist_state if found.tdd else {}),
        rationalizations=found.rationalizations,
        comparisons=found.comparisons,
    )


def verdict_of(found: EvaluationView) -> tuple[str, Tone]:
    """The answer in a sentence: does the skill help?"""
    evidence = found.evidence
    if evidence.delta is None:
        if evidence.status == "pending":
            return "Not known yet: the cases still run with this text.", "wait"
        if not found.runs:
            return "Nothing was tried yet.", "info"
        return "Not known: no case ran both with and without the skill.", "wait"
    if evidence.delta < 0:
        return "It does harm: with the skill fewer cases pass.", "bad"
    if evidence.delta == 0:
        return "No gain was measured: as many cases pass without the skill.", "wait"
    if evidence.clearly_worse:
        return f"It helps, and does clear harm to {counted(len(evidence.clearly_worse), 'case')}.", "bad"
    if evidence.n < BY_DEFAULT.cases or evidence.interval is None or evidence.interval[0] <= 0:
        return "It seems to help, but with so few cases that may be chance.", "wait"
    return "It helps: with the skill more cases pass than without it.", "good"


def stages(state: Mapping[str, bool]) -> list[Stage]:
    """The checklist by its stages; of a job of an earlier release, which had other names, as it was kept."""
    known = [name for name in ITEMS if name in state]
    found = [
        Stage(title=title, items=[Item(words=ITEM_WORDS[name], done=state[name]) for name in known if _of(stage, name)])
        for stage, title in STAGES.items()
    ]
    others = [Item(words=name.replace("_", " "), done=state[name]) for name in sorted(state)] if not known else []
    return [stage for stage in [*found, Stage(title="As an earlier release kept it", items=others)] if stage.items]


def _of(stage: str, name: str) -> bool:
    return name.startswith(f"{stage}.")


def _partial(found: EvaluationView) -> str:
    if found.evidence.status != "partial":
        return ""
    return "Not every planned run was made, so these numbers are of those that were."


def _span(delta: float | None, interval: tuple[float, float] | None) -> Span | None:
    if delta is None:
        return None
    low, high = interval or (delta, delta)
    return Span(middle=_share(delta), low=_share(low), high=_share(high))


def _share(points: float) -> float:
    return (max(-1.0, min(1.0, points)) + 1) / 2


def _case(found: EvaluationView, numbers: Numbers | None, case: EvaluationCase) -> ShownCase:
    worse = ""
    if numbers and case.id in numbers.worse:
        worse = "clearly worse" if case.id in numbers.clearly_worse else "worse"
    runs = [run for run in found.runs if run.case_id == case.id]
    return ShownCase(
        case=case,
        numbers=next((one for one in numbers.by_case if one.case_id == case.id), None) if numbers else None,
        worse=worse,
        flags=[flag for flag in found.flags if flag.case_id == case.id],
        runs=[run.model_copy(update={"output": _clipped(run.output)}) for run in runs],
    )


def _clipped(said: str) -> str:
    more = len(said) - MOST_SAID
    return said if more <= 0 else f"{said[:MOST_SAID]}\n[… {more:,} more characters; the report has them]"


def _triggers(found: EvaluationView) -> Triggers | None:
    tried = found.triggers
    if tried is None or tried.status == "none":
        return None
    if tried.status == "broken" or tried.numbers is None:
        return Triggers(said=f"It could not be measured. {tried.note}".strip())
    texts = {query.id: query.text for query in tried.queries}
    numbers = tried.numbers
    part = " Only a part of the messages was tried." if tried.status == "partial" else ""
    runs = counted(numbers.runs, "run")
    return Triggers(
        said=f"Tried on {counted(numbers.queries, 'message')} of users, {runs} each.{part} {tried.note}".strip(),
        recall=numbers.recall,
        precision=numbers.precision,
        confusions=sorted(numbers.confusions.items(), key=lambda pair: (-pair[1], pair[0])),
        missed=[texts.get(name, name) for name in numbers.missed],
        false_alarms=[texts.get(name, name) for name in numbers.false_alarms],
    )
