"""The one line to Temporal: start, signal, describe, promote. Connects on first use and again by itself.

Every call is bounded in time, and a Temporal that is away is one error: TemporalUnavailable.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.errors import PromotionFailed, TemporalUnavailable, WorkflowGone
from domain.errors import LibraryConflict, NotFound, PromotionRefused
from domain.job import CancelRequest, JobStatus, StartJob
from domain.prompt import AnswerSignal
from domain.shape import Shape
from workflows.attributes import FAILING, STATUS, USER
from workflows.create_skill import CreateSkill
from workflows.evaluate_skill import EvaluateSkill
from workflows.messages import Outcome, ReopenRequest, RetryRequest
from workflows.promote_messages import PromoteRequest
from workflows.promote_skill import PromoteSkill
from workflows.steps import WORKFLOWS

Of = TypeVar("Of")
Made = TypeVar("Made")
Given = TypeVar("Given")

KINDS = ("create-skill", "evaluate-skill")
"""How the ids of the workflows of jobs begin; nearly all make a skill, so that is asked for first."""

TYPES = "('CreateSkill', 'EvaluateSkill')"
"""The same as types of workflows, for a query."""

RPC = timedelta(seconds=4)
"""Seconds for one try; below the five after which many HTTP clients give up on us."""

WITHIN = 8.0
"""Seconds for one question to Temporal with all its retries; nothing may hang."""

TOLD_WITHIN = 2.5
"""The same for an answer: its claim is safe, and who sent it need not wait until Temporal is back."""

RECENT = timedelta(seconds=75)
"""A living worker polls at least once a minute."""

MOST_LISTED = 100
"""Fresh jobs shown in a list; more would wait only if no worker has run for long."""

MOST_FAILING = 20
"""Failing workflows shown; who mends one mends them all, because all run the same code."""

TASK_IN_MEMO = 200
"""Characters of the task that Temporal keeps, for jobs whose row is not there yet. Memos shall stay tiny."""

SUMMARY = 80
"""Characters of a task in the line that the Temporal Web UI shows."""

WORKFLOW_TASK = timedelta(seconds=3)
"""Longest time from a worker's taking a workflow task to its answer (Temporal's default: 10 s).

A worker that was killed, or whose code failed on a task before, says nothing more of it: the task is tried again only
when this time is over. So it is how long a kill amid a task stops a job, and how soon a rollback is felt. More than the
2 s after which the SDK calls a task deadlocked, and than the replay of the longest history (0.1 s).
"""

STATUSES = {
    WorkflowExecutionStatus.COMPLETED: JobStatus.COMPLETED,
    WorkflowExecutionStatus.CANCELED: JobStatus.CANCELLED,
    WorkflowExecutionStatus.TERMINATED: JobStatus.CANCELLED,
    WorkflowExecutionStatus.FAILED: JobStatus.FAILED,
    WorkflowExecutionStatus.TIMED_OUT: JobStatus.FAILED,
}


class RunningJob(Shape):
    """A job as Temporal knows it. `digest` is that of the request's body; the task may be shortened."""

    job_id: UUID
    user_id: str
    task_description: str
    digest: str
    status: JobStatus
    started_at: datetime


class Temporal:
    """Temporal as the routes need it: typed, bounded, one error when it is away."""

    def __init__(self, client: Client) -> None:
        """Take a client, connected or lazy."""
        self._client = client

    @property
    def client(self) -> Client:
        """The line itself, for questions that have a file of their own (`nights.py`); they are `bounded` too."""
        return self._client

    async def start(self, start: StartJob, digest: str) -> None:
        """Start a job's workflow. Raises WorkflowAlreadyStartedError for a known id, TemporalUnavailable."""
        async with bounded():
            await self._client.start_workflow(
                EvaluateSkill.run if start.evaluates else CreateSkill.run,
                start,
                id=start.workflow_id,
                task_queue=WORKFLOWS,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=summary_of(start.task_description, verb="Evaluate" if start.evaluates else "Create"),
                memo={"body": digest, "task": start.task_description[:TASK_IN_MEMO]},
                search_attributes=TypedSearchAttributes(
                    [SearchAttributePair(USER, start.user_id), SearchAttributePair(STATUS, JobStatus.PENDING.value)]
                ),
                task_timeout=WORKFLOW_TASK,
                rpc_timeout=RPC,
            )

    async def describe(self, job_id: UUID) -> RunningJob | None:
        """A job as Temporal knows it; None when it knows none. Raises TemporalUnavailable."""
        for kind in KINDS:
            with suppress(WorkflowGone):
                async with bounded():
                    return await _running(await self._job(job_id, kind).describe(rpc_timeout=RPC))
        return None

    async def fresh(self) -> list[RunningJob]:
        """Jobs that have not told of themselves yet, newest first, at most MOST_LISTED. Raises TemporalUnavailable."""
        query = f"WorkflowType IN {TYPES} AND ExecutionStatus='Running' AND {STATUS.name}='{JobStatus.PENDING}'"
        async with bounded():
            listed = self._client.list_workflows(query, limit=MOST_LISTED, page_size=MOST_LISTED, rpc_timeout=RPC)
            return [await _running(execution) async for execution in listed]

    async def answer(self, job_id: UUID, interaction_id: UUID) -> None:
        """Tell the workflow that its prompt has an answer. Raises WorkflowGone, TemporalUnavailable."""
        await self._signal(job_id, CreateSkill.answer, AnswerSignal(interaction_id=interaction_id), TOLD_WITHIN)

    async def cancel(self, job_id: UUID, request: CancelRequest) -> None:
        """Ask the job to end. Raises WorkflowGone, TemporalUnavailable."""
        await self._signal(job_id, CreateSkill.cancel, request)

    async def retry(self, job_id: UUID, by: str) -> None:
        """Ask the job to try again. Raises WorkflowGone, TemporalUnavailable."""
        await self._signal(job_id, CreateSkill.retry, RetryRequest(by=by))

    async def reopen(self, job_id: UUID, by: str) -> None:
        """Ask the job to ask its parked prompt again. Raises WorkflowGone, TemporalUnavailable."""
        await self._signal(job_id, CreateSkill.reopen, ReopenRequest(by=by))

    async def promote(self, request: PromoteRequest, *, again: bool = False) -> WorkflowHandle[PromoteSkill, Outcome]:
        """Start a promotion, or join the one that runs. Raises WorkflowAlreadyStartedError after one that succeeded,
        unless it shall be done `again`."""
        reuse = WorkflowIDReusePolicy
        async with bounded():
            return await self._client.start_workflow(
                PromoteSkill.run,
                request,
                id=f"promote-skill:{request.job_id}",
                task_queue=WORKFLOWS,
                id_reuse_policy=reuse.ALLOW_DUPLICATE if again else reuse.ALLOW_DUPLICATE_FAILED_ONLY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"Publish the skill of job {request.job_id}",
                task_timeout=WORKFLOW_TASK,
                rpc_timeout=RPC,
            )

    async def ping(self) -> str:
        """The namespace's name. Raises TemporalUnavailable, also when the namespace does not exist."""
        async with bounded():
            request = DescribeNamespaceRequest(namespace=self._client.namespace)
            await self._client.workflow_service.describe_namespace(request, timeout=RPC)
        return self._client.namespace

    async def pollers(self, queue: str) -> int:
        """How many pollers a task queue has had in the last minute. Raises TemporalUnavailable."""
        kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if queue == WORKFLOWS else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
        async with bounded():
            described = await self._client.workflow_service.describe_task_queue(request, timeout=RPC)
        since = datetime.now(UTC) - RECENT
        return sum(poller.last_access_time.ToDatetime(UTC) > since for poller in described.pollers)

    async def failing_workflows(self, limit: int = MOST_FAILING) -> list[str]:
        """Ids of workflows that cannot go on because their task fails, at most `limit`. Raises TemporalUnavailable."""
        async with bounded():
            listed = self._client.list_workflows(FAILING, limit=limit, page_size=limit, rpc_timeout=RPC)
            return [execution.id async for execution in listed]

    async def count_failing_workflows(self) -> int | None:
        """How many there are; None of a server that does not mark them (before 1.30). Raises TemporalUnavailable."""
        async with bounded():
            try:
                return (await self._client.count_workflows(FAILING, rpc_timeout=RPC)).count
            except RPCError as error:
                if error.status is RPCStatusCode.INVALID_ARGUMENT:
                    return None
                raise

    def _job(self, job_id: UUID, kind: str) -> WorkflowHandle[CreateSkill, Outcome]:
        """Jobs of either kind hear the same signals."""
        return self._client.get_workflow_handle_for(CreateSkill.run, f"{kind}:{job_id}")

    async def _signal(
        self, job_id: UUID, signal: Callable[[CreateSkill, Given], None], said: Given, within: float = WITHIN
    ) -> None:
        """Tell a job something. Raises WorkflowGone when no workflow of it runs, whichever its kind."""
        for kind in KINDS:
            try:
                async with bounded(within):
                    await self._job(job_id, kind).signal(signal, said, rpc_timeout=RPC)
                    return
            except WorkflowGone:
                if kind is KINDS[-1]:
                    raise


async def result_of(promotion: WorkflowHandle[Of, Made], within: float) -> Made | None:
    """How a promotion, or another change of the library, ended; None when it takes longer than `within` seconds.

    Raises PromotionRefused, LibraryConflict, NotFound or PromotionFailed with the reason.
    """
    try:
        async with asyncio.timeout(within):
            return await promotion.result(rpc_timeout=timedelta(seconds=within + 5))
    except TimeoutError:
        return None
    except WorkflowFailureError as failure:
        raise _reason(failure) from failure
    except RPCError as error:
        raise _translated(error) from error


def summary_of(task: str, *, verb: str = "Create") -> str:
    """The line by which the Temporal Web UI tells a job, at most SUMMARY characters of the task.

    That UI renders Markdown and HTML live, remote images included. A code span is the one form that it shows as it is:
    backslashes come out as backslashes, and do not stop addresses from becoming links.
    """
    line = one_line(task).replace("`", "'")
    return f"{verb} skill: `{line if len(line) <= SUMMARY else line[: SUMMARY - 1] + '…'}`"


def one_line(text: str) -> str:
    """A text without line breaks and runs of blanks."""
    return " ".join(text.split())


@asynccontextmanager
async def bounded(within: float = WITHIN) -> AsyncIterator[None]:
    """What is asked of Temporal in this block ends in time. Raises TemporalUnavailable, WorkflowGone."""
    try:
        async with asyncio.timeout(within):
            yield
    except TimeoutError as error:
        raise _away(f"no answer within {within:g} s") from error
    except RPCError as error:
        raise _translated(error) from error
    except RuntimeError as error:
        # What a lazy client raises while nothing listens at the address.
        raise _away(str(error)) from error


def _translated(error: RPCError) -> Exception:
    if error.status is RPCStatusCode.NOT_FOUND and error.message.startswith("Namespace"):
        return _away(error.message)
    if error.status is RPCStatusCode.NOT_FOUND:
        return WorkflowGone("The job's workflow has ended: it takes no answer and cannot be cancelled.")
    return _away(error.message)


def _away(why: str) -> TemporalUnavailable:
    return TemporalUnavailable(
        "Temporal does not answer. Nothing was lost; jobs go on when it is back. Start it again (`skill-fleet up`, or "
        f"see `skill-fleet doctor`), then repeat the request. ({why[:200]})"
    )


def _reason(failure: WorkflowFailureError) -> Exception:
    cause = failure.cause.cause if isinstance(failure.cause, ActivityError) else failure.cause
    text = str(cause.message if isinstance(cause, ApplicationError) else cause or failure)
    kind = cause.type if isinstance(cause, ApplicationError) else None
    known = {"PromotionRefused": PromotionRefused, "LibraryConflict": LibraryConflict, "NotFound": NotFound}
    return known.get(kind or "", PromotionFailed)(text)


async def _running(execution: WorkflowExecution | WorkflowExecutionDescription) -> RunningJob:
    memo = await execution.memo()
    return RunningJob(
        job_id=UUID(execution.id.rpartition(":")[2]),
        user_id=execution.typed_search_attributes.get(USER, ""),
        task_description=str(memo.get("task", "")),
        digest=str(memo.get("body", "")),
        status=STATUSES.get(execution.status, JobStatus.PENDING) if execution.status else JobStatus.PENDING,
        started_at=execution.start_time,
    )
