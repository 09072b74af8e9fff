"""What of the test-driven work is done, by name, as far as the record shows it. Pure: computed, never ticked.

RED, GREEN and REFACTOR are the phases of test-driven skills (obra/superpowers, writing-skills); `quality` is what a
person asks before publishing. An item that the record cannot show is not done.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from domain.evaluation import Arm, CaseRun, Comparison, EvaluationCase, Numbers, TriggerReport
from domain.evidence.case_checks import flags
from domain.evidence.holding import passing, proofs
from domain.evidence.numbers import HAIR, numbers, tried_with
from domain.evidence.policy import BY_DEFAULT, Policy
from domain.shape import Shape

_UNSOUND = frozenset({"leaked", "empty_passes"})


class Known(Shape):
    """What the record has of one job: `runs` of the control arm and of every revision; `revision`: the one that holds,
    0 while nothing is written. `validated`: its digest passed the rules, or a person let the findings stand. `planned`:
    runs of each case in each arm, of the job's profile. `policy`: the operator's, for how a description must do."""

    cases: list[EvaluationCase] = []
    runs: list[CaseRun] = []
    rationalizations: list[str] = []
    revision: int = 0
    comparisons: list[Comparison] = []
    triggers: TriggerReport | None = None
    validated: bool = False
    planned: int = 1
    policy: Policy = BY_DEFAULT

    def of(self, arm: Arm) -> list[CaseRun]:
        """The runs of the control arm, or of the revision that holds."""
        revision = 0 if arm is Arm.WITHOUT else self.revision
        return [run for run in self.runs if run.arm is arm and (run.revision or 0) == revision]

    def numbers(self) -> Numbers | None:
        """What the runs of both arms add up to."""
        runs = [*self.of(Arm.WITHOUT), *self.of(Arm.WITH)]
        return next(iter(numbers(self.cases, runs, planned=self.planned)), None)


def checklist(known: Known) -> dict[str, bool]:
    """Every item by its name, `phase.item`, in the order of the work."""
    found = known.numbers()
    known = known.model_copy(update={"triggers": tried_with(found, known.triggers)})
    return {name: bool(done(known, found)) for name, done in _ITEMS.items()}


def _ran(known: Known, arm: Arm) -> bool:
    return bool(known.cases) and {case.id for case in known.cases} <= {run.case_id for run in known.of(arm)}


def _sound(known: Known) -> bool:
    return bool(known.cases) and not any(flag.kind in _UNSOUND for flag in flags(known.cases, []))


def _repeated(known: Known, found: Numbers | None) -> bool:
    """As often as was planned, of the runs that count; one run repeats nothing, whatever was planned."""
    least = max(known.planned, 2)
    return found is not None and all(case.runs_without >= least for case in found.by_case)


def _failed_without(known: Known) -> bool:
    return any(not run.passed and run.case_id in _proofs(known) for run in known.of(Arm.WITHOUT))


def _proofs(known: Known) -> set[str]:
    return {case.id for case in proofs(known.cases)}


def _all_recorded(known: Known, runs: Sequence[CaseRun]) -> bool:
    return {text for run in runs for text in run.rationalizations} <= set(known.rationalizations)


def _settled(known: Known) -> bool:
    """All cases pass with the revision that holds, or the last round of answers to failing cases improved nothing."""
    if not known.revision or not _ran(known, Arm.WITH):
        return False
    if len(passing(known.cases, known.runs, Arm.WITH, known.revision)) == len(_proofs(known)):
        return True
    last = known.comparisons[-1] if known.comparisons else None
    return last is not None and (last.winner == last.against or last.better <= last.worse)


def _chosen(known: Known, field: Literal["recall", "precision"]) -> bool:
    """As often as the policy asks for (fields of the same names)."""
    found = known.triggers.numbers if known.triggers and known.triggers.status == "measured" else None
    rate: float | None = getattr(found, field, None)
    return rate is not None and rate >= getattr(known.policy, field) - HAIR


_Item = Callable[[Known, Numbers | None], bool]

_ITEMS: Mapping[str, _Item] = MappingProxyType(
    {
        "red.cases_written": lambda known, _: bool(known.cases),
        "red.cases_sound": lambda known, _: _sound(known),
        "red.control_run": lambda known, _: _ran(known, Arm.WITHOUT),
        "red.runs_repeated": _repeated,
        "red.failures_recorded": lambda known, _: _failed_without(known),
        "red.rationalizations_recorded": lambda known, _: (
            _ran(known, Arm.WITHOUT) and _all_recorded(known, known.of(Arm.WITHOUT))
        ),
        "green.skill_written_against_failures": lambda known, _: known.revision > 0 and _failed_without(known),
        "green.same_cases_run": lambda known, _: known.revision > 0 and _ran(known, Arm.WITH),
        "green.gain_measured": lambda _, found: found is not None and found.delta is not None,
        "green.gain_positive": lambda _, found: found is not None and (found.delta or 0) > 0,
        "refactor.rationalizations_recorded": lambda known, _: (
            _ran(known, Arm.WITH) and known.revision > 0 and _all_recorded(known, known.of(Arm.WITH))
        ),
        "refactor.new_rationalizations_countered": lambda known, _: (
            _ran(known, Arm.WITH) and known.revision > 0 and not any(run.rationalizations for run in known.of(Arm.WITH))
        ),
        "refactor.stopped_when_nothing_improved": lambda known, _: _settled(known),
        "quality.all_runs_there": lambda _, found: found is not None and found.delta is not None and found.whole,
        "quality.no_case_worse": lambda _, found: found is not None and found.delta is not None and not found.worse,
        "quality.no_case_clearly_worse": lambda _, found: (
            found is not None and found.delta is not None and not found.clearly_worse
        ),
        "quality.description_tried": lambda known, _: (
            known.triggers is not None and known.triggers.status == "measured"
        ),
        "quality.description_found": lambda known, _: _chosen(known, "recall"),
        "quality.description_chosen_rightly": lambda known, _: _chosen(known, "precision"),
        "quality.validated": lambda known, _: known.validated,
    }
)

ITEMS = tuple(_ITEMS)
"""The names of all items, in the order of the work."""
