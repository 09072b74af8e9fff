"""What many runs add up to: rates, the delta with its interval, and where the skill does harm. Pure arithmetic."""

from collections.abc import Sequence

from domain.evaluation import CaseRun, EvaluationCase, Evidence, Numbers, TriggerReport

CLEARLY = 0.5
"""A case is clearly worse when it passes so much less often with the skill: one of one, two of three."""

RESAMPLES = 10_000


def numbers(cases: Sequence[EvaluationCase], runs: Sequence[CaseRun], *, planned: int = 1) -> list[Numbers]:
    """One for each agent model, the newest first; `runs` of the control arm and of one revision.

    `planned`: runs of each case in each arm, for `whole`.
    """
    raise NotImplementedError


def shown(found: Sequence[Numbers], triggers: TriggerReport | None = None, *, profile: str = "") -> Evidence:
    """The evidence at a glance, of the first numbers; without any `none`."""
    raise NotImplementedError
