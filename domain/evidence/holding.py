"""Which of two revisions holds, and whether a further one is worth writing. Pure rules; must not ask a model."""

from collections.abc import Sequence

from domain.evaluation import Arm, CaseRole, CaseRun, Comparison, EvaluationCase, Numbers
from domain.evidence.series import latest

MOST_REASONS = 5


def passing(cases: Sequence[EvaluationCase], runs: Sequence[CaseRun], arm: Arm, revision: int = 0) -> list[str]:
    """The ids of the proof cases that ran in this arm with this revision, and passed each time, with the agent model
    that came last."""
    own = latest(run for run in runs if run.arm is arm and (run.revision or 0) == revision)
    model = max(own, key=lambda run: run.run).model if own else ""
    own = [run for run in own if run.model == model]
    failed = {run.case_id for run in own if not run.passed}
    ran = {run.case_id for run in own}
    return [case.id for case in proofs(cases) if case.id in ran - failed]


def proofs(cases: Sequence[EvaluationCase]) -> list[EvaluationCase]:
    """The cases that count for the gain."""
    return [case for case in cases if case.role is CaseRole.PROOF]


def harmed_guards(found: Numbers | None) -> list[str]:
    """The ids of the cases that pass without the skill, and are clearly worse with it."""
    guards = {case.case_id for case in found.by_case if case.role is CaseRole.GUARD} if found else set()
    return [name for name in found.clearly_worse if name in guards] if found else []


def better(new: Numbers | None, old: Numbers | None) -> int:
    """1: the new revision does better, -1: worse, 0: as well. The mean pass rate first, then fewer clearly worse."""
    if new is None or old is None:
        return (new is not None) - (old is not None)
    mine, yours = ((one.with_ or 0.0, -len(one.clearly_worse)) for one in (new, old))
    return (mine > yours) - (mine < yours)


def by_rates(revision: int, against: int, new: Numbers | None, old: Numbers | None) -> Comparison:
    """Two revisions of which one does better, or between which nothing decides: then the new one holds."""
    rates = {case.case_id: case.with_ for case in (old.by_case if old else [])}
    deltas = [(case.with_ or 0.0) - (rates.get(case.case_id) or 0.0) for case in (new.by_case if new else []) if rates]
    told = [f"{one.with_:.0%}" if one and one.with_ is not None else "nothing" for one in (old, new)]
    return Comparison(
        revision=revision,
        against=against,
        winner=against if better(new, old) < 0 else revision,
        better=sum(delta > 0 for delta in deltas),
        worse=sum(delta < 0 for delta in deltas),
        ties=sum(delta == 0 for delta in deltas),
        reasons=[f"By the pass rate of the proof cases: {told[0]} with revision {against}, {told[1]} with {revision}."],
    )


def by_preference(
    revision: int, against: int, verdicts: Sequence[tuple[int, str]], *, fewer_excuses: bool
) -> Comparison:
    """Two revisions that pass as much, compared blindly case by case: 1 for the new answer, -1 for the old one, 0 for
    a tie, each with the reason. A tie keeps the earlier one, unless the new one countered an excuse."""
    wins, losses = (sum(verdict == sign for verdict, _ in verdicts) for sign in (1, -1))
    holds = wins > losses or (wins == losses and fewer_excuses)
    return Comparison(
        revision=revision,
        against=against,
        winner=revision if holds else against,
        better=wins,
        worse=losses,
        ties=len(verdicts) - wins - losses,
        reasons=[reason for _, reason in verdicts if reason][:MOST_REASONS],
    )
