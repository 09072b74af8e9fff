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


class Expectation(Shape):
    """One thing a good answer shows. `judge` needs a model; the others are checked by code and come first.

    `value`: for `contains` and `absent` the text (case-insensitive), for `regex` the pattern, for `max_words` a number.
    """

    text: str
    check: Literal["contains", "absent", "regex", "max_words", "judge"]
    value: str = ""


class EvaluationCase(Shape):
    """A task for the agent model, and what a good answer shows."""

    id: str
    kind: CaseKind = CaseKind.APPLICATION
    prompt: str
    expectations: list[Expectation]


class CheckedExpectation(Shape):
    """The verdict on one expectation: by code it is certain, by a model it carries its reason."""

    text: str
    check: str
    passed: bool
    reason: str
    low_confidence: bool = False


class CaseRun(Shape):
    """One run of one case: the agent's words, kept verbatim, and the verdicts."""

    case_id: str
    arm: Arm
    run: int = 0
    revision: int | None = None
    output: str
    passed: bool
    checked: list[CheckedExpectation]
    rationalizations: list[str] = []
    model: str = ""


class Evidence(Shape):
    """Pass rates between 0 and 1 over `n` cases; `pending` while the cases of this revision still run."""

    status: Literal["pending", "measured", "none"] = "none"
    with_: Annotated[float | None, Field(alias="with")] = None
    without: float | None = None
    delta: float | None = None
    n: int = 0
    note: str = ""

    model_config = {"populate_by_name": True}


class TddState(Shape):
    """How far the test-driven part of a job is, and what of its checklist is done."""

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
