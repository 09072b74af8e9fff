"""The search attributes by which operators find jobs in the Temporal Web UI. Never titles or answers: not encrypted."""

from collections.abc import Mapping

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from domain.job import JobStatus, Phase
    from domain.prompt import HitlType
    from workflows.steps import WORKFLOWS

STATUS = SearchAttributeKey.for_keyword("SkillFleetStatus")
PHASE = SearchAttributeKey.for_keyword("SkillFleetPhase")
HITL_TYPE = SearchAttributeKey.for_keyword("SkillFleetHitlType")
USER = SearchAttributeKey.for_keyword("SkillFleetUser")
KEYS = (STATUS, PHASE, HITL_TYPE, USER)

RUNNING = f"TaskQueue = '{WORKFLOWS}' AND ExecutionStatus = 'Running'"
"""Query for our running workflows: a namespace may be shared."""

FAILING = f"{RUNNING} AND TemporalReportedProblems IN ('category=WorkflowTaskFailed', 'category=WorkflowTaskTimedOut')"
"""Query for those whose task failed several times in a row (the server's dynamic configuration says how often: 5 by
default, 2 in our stacks). The server takes the mark away at the first task that succeeds."""

Listing = dict[SearchAttributeKey[str], str]
"""How a job is found: attribute → value."""


def listing(status: JobStatus, phase: Phase | None, kind: HitlType | None) -> Listing:
    """The attributes of this state; `none` when no prompt is open."""
    found: Listing = {STATUS: status.value, HITL_TYPE: kind.value if kind else "none"}
    return found | {PHASE: phase.value} if phase else found


def updates(changed: Mapping[SearchAttributeKey[str], str]) -> list[SearchAttributeUpdate[str]]:
    """What Temporal is told, in an order that is the same in every replay."""
    return [key.value_set(changed[key]) for key in KEYS if key in changed]
