"""Evidence: cases an agent is tried on, with and without the skill. Shapes only; rules: `domain/evidence/`."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.shape import Shape


class Arm(StrEnum):
    """Which half of the experiment a run belongs to."""

    WITHOUT = "without"
    WITH = "with"


class CaseKind(StrEnum):
    """What a case tries (the kinds of test-driven skills)."""

    APPLICATION = "application"
    PRESSURE = "pressure"
    RECOGNITION = "recognition"
    RETRIEVAL = "retrieval"


class CaseRole(StrEnum):
    """`proof`: counts for the gain. `guard`: passes without the skill already, and must not be made worse by it."""

    PROOF = "proof"
    GUARD = "guard"


class Expectation(Shape):
    """One thing a good answer shows. `judge` needs a model; the others are checked by code and come first.

    `value`: for `contains` and `absent` the text (case-insensitive), for `regex` the pattern, for `max_words` a number,
    for `json_schema` the schema of the JSON in the answer, for `command` a command line that gets the answer on its
    standard input and ends with 0 when it holds (in a sandbox).
    """

    text: str
    check: Literal["contains", "absent", "regex", "max_words", "json_schema", "command", "judge"]
    value: str = ""


class EvaluationCase(Shape):
    """A task for the agent model, and what a good answer shows.

    `by_person`: a person wrote or edited it; such a case is flagged, never changed. `note`: why its role or text
    changed.
    """

    id: str
    kind: CaseKind = CaseKind.APPLICATION
    prompt: str
    expectations: list[Expectation]
    role: CaseRole = CaseRole.PROOF
    by_person: bool = False
    note: str = ""


class CheckedExpectation(Shape):
    """The verdict on one expectation: by code it is certain, by a model it carries its reason."""

    text: str
    check: str
    passed: bool
    reason: str
    low_confidence: bool = False


class CaseRun(Shape):
    """One run of one case: the agent's words, kept verbatim, and the verdicts. `tokens`, `seconds`: its own.

    `run` tells the runs of a case in an arm and revision apart. Of `series` the newest counts (`evidence/series.py`).
    """

    case_id: str
    arm: Arm
    run: int = 0
    revision: int | None = None
    output: str
    passed: bool
    checked: list[CheckedExpectation]
    rationalizations: list[str] = []
    model: str = ""
    tokens: int = 0
    seconds: float = 0.0
    series: int = 0


class Evidence(Shape):
    """What people see of the evidence at once: pass rates between 0 and 1 over `n` cases, and what the numbers behind
    them say. `pending` while the cases of this revision still run; `partial` when the budget ended them early.

    `interval`: 95 % of the delta. `gain`: normalized. `worse`: cases that do worse with the skill, `clearly_worse`
    among them. `lacking`: what the policy for publishing misses, in words.
    """

    status: Literal["pending", "partial", "measured", "none"] = "none"
    with_: Annotated[float | None, Field(alias="with")] = None
    without: float | None = None
    delta: float | None = None
    n: int = 0
    note: str = ""
    runs: int = 0
    interval: tuple[float, float] | None = None
    gain: float | None = None
    worse: list[str] = []
    clearly_worse: list[str] = []
    recall: float | None = None
    precision: float | None = None
    profile: str = ""
    lacking: list[str] = []

    model_config = {"populate_by_name": True}


class CaseFlag(Shape):
    """Something to know of a case or of one of its expectations before its result is believed.

    `passes_both`: shows nothing about the skill. `fails_both`: too hard, or broken. `harm`: fails with the skill only.
    `flaky`: repeats disagree. `leaked`: the question or the skill gives the answer away. `empty_passes`: silence
    passes. `undecided`: its grader could not run here.
    """

    kind: Literal["passes_both", "fails_both", "harm", "flaky", "leaked", "empty_passes", "undecided"]
    case_id: str
    expectation: str | None = None
    note: str = ""


class CaseNumbers(Shape):
    """One case in both arms: pass rates between 0 and 1 over its runs."""

    case_id: str
    kind: CaseKind
    role: CaseRole
    without: float | None = None
    with_: Annotated[float | None, Field(alias="with")] = None
    runs_without: int = 0
    runs_with: int = 0

    model_config = {"populate_by_name": True}


class Numbers(Shape):
    """What both arms add up to for one revision and one agent model. Rates between 0 and 1.

    Over the proof cases that ran in both arms: `cases`; `runs`: the fewest runs of a case in an arm. `interval`: 95 %
    of the delta, by a paired bootstrap over cases. `gain`: (with - without) / (1 - without). `worse` counts guards too.
    `spread_…`: mean standard deviation of the repeats of a case. `tokens_delta`, `seconds_delta`: of a mean run.
    `whole`: no planned run is missing.
    """

    model: str = ""
    cases: int = 0
    runs: int = 0
    without: float | None = None
    with_: Annotated[float | None, Field(alias="with")] = None
    delta: float | None = None
    interval: tuple[float, float] | None = None
    gain: float | None = None
    worse: list[str] = []
    clearly_worse: list[str] = []
    spread_without: float | None = None
    spread_with: float | None = None
    tokens_delta: float | None = None
    seconds_delta: float | None = None
    by_case: list[CaseNumbers] = []
    whole: bool = True

    model_config = {"populate_by_name": True}


class TriggerQuery(Shape):
    """A message of a user: `should` the skill be chosen for it? The optimizer sees the `train` half only."""

    id: str
    text: str
    should: bool
    half: Literal["train", "held_out"]


class TriggerChoice(Shape):
    """What the agent chose for one query in one run: the name of a skill, or None for no skill."""

    query_id: str
    run: int
    chosen: str | None = None


class TriggerNumbers(Shape):
    """How well a description is found. `confusions`: neighbours that were chosen where this skill should have been, and
    how often; `false_alarms`: queries it was chosen for and should not. `recall`, `precision` between 0 and 1."""

    queries: int = 0
    runs: int = 0
    recall: float | None = None
    precision: float | None = None
    confusions: dict[str, int] = {}
    missed: list[str] = []
    false_alarms: list[str] = []


class DescriptionTrial(Shape):
    """One description that was tried. `body_read`: how often an agent that saw it read the skill before it answered."""

    style: Literal["as_planned", "what_and_when", "when_only", "improved"]
    description: str
    train: TriggerNumbers = TriggerNumbers()
    held_out: TriggerNumbers | None = None
    body_read: float | None = None


class TriggerReport(Shape):
    """Whether agents choose the skill when they should. `numbers` are of the held-out half, for `description`.

    `broken`: not even the control query made the agent choose it; then nothing else was asked, and `note` says so.
    """

    status: Literal["none", "partial", "measured", "broken"] = "none"
    description: str = ""
    model: str = ""
    neighbours: list[str] = []
    queries: list[TriggerQuery] = []
    choices: list[TriggerChoice] = []
    numbers: TriggerNumbers | None = None
    body_read: float | None = None
    trials: list[DescriptionTrial] = []
    note: str = ""


class Comparison(Shape):
    """Two revisions over the same cases, by their pass rates or else blindly by their answers; `reasons` say which.

    `winner` is the one that holds; `better`, `worse`, `ties` count cases, from the side of `revision`.
    """

    revision: int
    against: int
    winner: int
    better: int = 0
    worse: int = 0
    ties: int = 0
    reasons: list[str] = []


class TddState(Shape):
    """How far the test-driven part of a job is, and what of its checklist is done, by name."""

    phase: Literal["red", "green", "refactor"]
    baseline_tests_run: int = 0
    compliance_tests_run: int = 0
    checklist_state: dict[str, bool] = {}


class EvaluationView(Shape):
    """`GET /jobs/{id}/evaluation`: the cases, every run, and what they add up to."""

    job_id: UUID
    cases: list[EvaluationCase]
    runs: list[CaseRun]
    evidence: Evidence
    rationalizations: list[str] = []
    tdd: TddState | None = None
    numbers: list[Numbers] = []
    flags: list[CaseFlag] = []
    triggers: TriggerReport | None = None
    comparisons: list[Comparison] = []
