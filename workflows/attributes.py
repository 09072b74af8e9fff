"""The search attributes by which operators find jobs in the Temporal Web UI. Never titles or answers: not encrypted."""

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from domain.job import JobStatus, Phase
    from domain.prompt import HitlType

STATUS = SearchAttributeKey.for_keyword("SkillFleetStatus")
PHASE = SearchAttributeKey.for_keyword("SkillFleetPhase")
HITL_TYPE = SearchAttributeKey.for_keyword("SkillFleetHitlType")
USER = SearchAttributeKey.for_keyword("SkillFleetUser")
KEYS = (STATUS, PHASE, HITL_TYPE, USER)


def attributes(status: JobStatus, phase: Phase | None, kind: HitlType | None) -> list[SearchAttributeUpdate[str]]:
    """The updates that show this state; `none` when no prompt is open."""
    updates: list[SearchAttributeUpdate[str]] = [
        STATUS.value_set(status.value),
        HITL_TYPE.value_set(kind.value if kind else "none"),
    ]
    return [*updates, PHASE.value_set(phase.value)] if phase else updates
