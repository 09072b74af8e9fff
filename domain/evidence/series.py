"""Which runs count. What was chosen by its own outcome is measured again: the runs that chose it flatter it.

A case is proof because its runs without the skill failed, and a revision holds because its runs did best; the same
runs, counted as the result, would find a gain where there is none (regression to the mean: an agent that ignores the
skill and passes seven times of ten was "proven" half of the time). So each choice is followed by a new series of runs,
and the newest series counts. Must not decide what is chosen.
"""

from collections.abc import Iterable

from domain.evaluation import Arm, CaseRun, EvaluationCase

CHOOSING, MEASURING = 0, 1
"""The first series of a case in an arm; after a choice by its outcome, the one that counts."""

_Place = tuple[str, Arm, int, str]


def latest(runs: Iterable[CaseRun]) -> list[CaseRun]:
    """The runs of the newest series, for each case, arm, revision and agent model; in their order."""
    known = list(runs)
    newest: dict[_Place, int] = {}
    for run in known:
        newest[_place(run)] = max(run.series, newest.get(_place(run), 0))
    return [run for run in known if run.series == newest[_place(run)]]


def chosen_by_chance(cases: Iterable[EvaluationCase], runs: Iterable[CaseRun], arm: Arm) -> list[EvaluationCase]:
    """The cases to be measured anew, guards too: all that were chosen by their outcomes, once outcomes differ.

    Where no run passed, or none failed, chance chose nothing. What a person wrote was not chosen by its outcome. Not
    only the cases whose repeats disagree: without those that failed each time the rest would be flattered again.
    """
    chosen = [case for case in cases if not case.by_person]
    known = {case.id for case in chosen}
    outcomes = {run.passed for run in latest(runs) if run.arm is arm and run.case_id in known}
    return chosen if len(outcomes) > 1 else []


def free_numbers(own: Iterable[int], others: Iterable[int], start: int, count: int) -> list[int]:
    """The numbers of a series of `count` runs: `own` ones that stand, and the first that nobody has, from `start` on.

    A retry that finds a part of them kept comes to the same numbers.
    """
    taken = set(others) - set(own)
    numbers: list[int] = []
    number = start
    while len(numbers) < count:
        if number not in taken:
            numbers.append(number)
        number += 1
    return numbers


def _place(run: CaseRun) -> _Place:
    return run.case_id, run.arm, run.revision or 0, run.model
