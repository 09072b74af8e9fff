"""The steps of the work as abstract classes: what workflows call and activities do, with their timeouts and retries.

What they take and give is in `messages.py`. No abstract step may do anything; `activities/` does them for real.
"""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TypedDict

from temporalio import activity, exceptions, workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    import domain.retention as r
    import workflows.messages as m
    import workflows.promote_messages as pm
    from domain.job import StartJob

WORKFLOWS = "workflows"
"""Task queue of the workflows and of short database steps."""
MODELS = "models"
"""Task queue of steps that ask language models: minutes each, limited in number."""
LIBRARY = "library"
"""Task queue of steps that write files."""

PROVIDER_PROBLEM = "ProviderProblem"
"""Type of the failure that a person must mend (key, billing, no model, unparsable); its text says how."""
PROVIDER_TROUBLE = "ProviderTrouble"
"""Type of the failure that usually passes (rate limit, provider down): tried again, then a person is told."""
PLACE_TROUBLE = "PlaceTrouble"
"""Type of the failure of what we stand on (database away, disk full): tried again, then a person is told."""
BUDGET_EXHAUSTED = "BudgetExhausted"
"""Type of the failure of a step that may spend no more: the job asks a person."""
WAITED_OUT = (PROVIDER_PROBLEM, PROVIDER_TROUBLE, PLACE_TROUBLE)
"""Failures that park a job instead of failing it: a person mends the cause, and nothing is lost."""


class LocalOptions(TypedDict):
    """What `execute_local_activity_method` is told."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class StepOptions(TypedDict, total=False):
    """What `execute_activity_method` is told for one class of steps."""

    task_queue: str
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


SOMEBODY_WAITS = Priority(priority_key=1)
"""Of the step that follows an answer: it goes before those of jobs that nobody looks at now (3, Temporal's default),
which may be hundreds in one queue."""

NOT_BEGUN = Priority(priority_key=4)
"""Of a job's first step: jobs that are under way come to their end, or to their person, before others are begun. Of
thousands that are started together only as many are in a worker's memory as it works on."""

_NEVER = ["PayloadsTooLarge"]
"""What the SDK raises as if it could pass; errors of ours say so where they are raised (`activities/edge.py`)."""

DEAD_AFTER = timedelta(seconds=2.5)
"""A worker that has not been heard of for this long is taken for dead, and its steps are tried elsewhere: within 3 s of
a kill they are. Steps tell every half second (`activities/edge.py`), so four beats in a row must be late before a live
one is taken for dead; then its steps are done twice, which is safe, and a model call in flight may be paid twice."""

RECORD: StepOptions = {
    "task_queue": WORKFLOWS,
    "start_to_close_timeout": timedelta(seconds=30),
    "heartbeat_timeout": DEAD_AFTER,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(seconds=10),
        non_retryable_error_types=_NEVER,
    ),
}
"""Database steps are short and safe to repeat; the database may be away for as long as it likes."""

AT_ONCE: LocalOptions = {
    "start_to_close_timeout": timedelta(seconds=2),
    "retry_policy": RetryPolicy(maximum_attempts=1, non_retryable_error_types=_NEVER),
}
"""A database step in the worker that has the job: no way over the server, a third of the history. Tried once, because
each further try would lengthen the history, and within a workflow task; `RECORD` is for whatever takes longer."""


def will_pass(cause: BaseException) -> bool:
    """Whether a step of the record failed for a reason that passes: the database is away, or too slow."""
    return isinstance(cause, exceptions.TimeoutError) or getattr(cause, "type", None) == PLACE_TROUBLE


MODEL: StepOptions = {
    "task_queue": MODELS,
    "start_to_close_timeout": timedelta(hours=12),
    "heartbeat_timeout": DEAD_AFTER,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        backoff_coefficient=3,
        maximum_interval=timedelta(seconds=60),
        maximum_attempts=8,
        non_retryable_error_types=_NEVER,
    ),
}
"""Eight tries in 133 s; the first comes at once, as most failures are a worker's death. A stored answer is never paid
again. How long one takes is bounded by its calls (`SKILL_FLEET_MODEL_TIMEOUT`) and by its heartbeats: it may wait for
its turn at a busy provider for hours."""

FILES: StepOptions = {
    "task_queue": LIBRARY,
    "start_to_close_timeout": timedelta(minutes=1),
    "heartbeat_timeout": DEAD_AFTER,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        maximum_interval=timedelta(seconds=10),
        maximum_attempts=10,
        non_retryable_error_types=_NEVER,
    ),
}
"""File steps are safe to repeat; ten tries ride out a full disk for about a minute, then the job says so."""


class Records(ABC):
    """The record of a job: rows and events, written in short transactions."""

    @activity.defn
    @abstractmethod
    async def open_job(self, start: StartJob) -> None:
        """Create the job's row; a known id changes nothing."""

    @activity.defn
    @abstractmethod
    async def enter_phase(self, entered: m.Entered) -> None:
        """Set phase and progress, and tell of it, once per phase and round."""

    @activity.defn
    @abstractmethod
    async def open_prompt(self, prompt: m.Prompt) -> m.Taken:
        """Open a prompt; with `auto` it is answered at once, else `action` is None."""

    @activity.defn
    @abstractmethod
    async def take_answer(self, offered: m.Offered) -> m.Taken:
        """Validate an answer and go on with the one that was claimed first, whoever signalled."""

    @activity.defn
    @abstractmethod
    async def park_prompt(self, prompt: m.ForPrompt) -> m.Taken:
        """The prompt is overdue: take its answer if one was claimed, else mark the job as parked."""

    @activity.defn
    @abstractmethod
    async def remind(self, reminder: m.Reminder) -> m.Taken:
        """Remind people of a prompt, once per number; takes its answer if one was claimed meanwhile."""

    @activity.defn
    @abstractmethod
    async def reopen_prompt(self, reopening: m.Reopening) -> m.Taken:
        """Ask a parked prompt again, with a new due time; takes its answer if one was claimed meanwhile."""

    @activity.defn
    @abstractmethod
    async def fix_structure(self, taken: m.ForPrompt) -> None:
        """Keep the name and description that a person accepted or gave."""

    @activity.defn
    @abstractmethod
    async def raise_budget(self, taken: m.ForPrompt) -> None:
        """Raise the job's budget as the answer says."""

    @activity.defn
    @abstractmethod
    async def adopt(self, job: m.ForJob) -> m.Adopted:
        """Take over understanding, plan, cases, evidence and one revision from the job named in `origin`."""

    @activity.defn
    @abstractmethod
    async def report_problem(self, problem: m.Problem) -> None:
        """Show what stopped the job, and park it."""

    @activity.defn
    @abstractmethod
    async def resume(self, problem: m.Problem) -> None:
        """A person asked to try again."""

    @activity.defn
    @abstractmethod
    async def keep_decisions(self, taken: m.ForPrompt) -> None:
        """Store the answers of a round of questions, word for word; of jobs begun before 0.3.0 only."""

    @activity.defn
    @abstractmethod
    async def waive(self, waiver: m.Waiver) -> None:
        """Record who let the findings stand, and why."""

    @activity.defn
    @abstractmethod
    async def finish(self, ending: m.Ending) -> None:
        """Set the final state and close what is still open."""


class Author(ABC):
    """The author model: sharpens, asks, plans and writes."""

    @activity.defn
    @abstractmethod
    async def refine(self, job: m.ForJob) -> m.Refined:
        """Sharpen the task description and store it; check name and description as far as they were asked for."""

    @activity.defn
    @abstractmethod
    async def ask_questions(self, job: m.ForJob) -> m.Asked:
        """Store the questions of the first round."""

    @activity.defn
    @abstractmethod
    async def ask_deeper(self, deeper: m.Deeper) -> m.Asked:
        """Store the questions of a later round; none when nothing sensible is left to ask."""

    @activity.defn
    @abstractmethod
    async def summarize(self, job: m.ForJob) -> m.Understood:
        """Store what the request and the answers add up to, and say whether it is enough."""

    @activity.defn
    @abstractmethod
    async def plan(self, planning: m.Planning) -> m.Planned:
        """Store the plan, with a name that is free and legal."""

    @activity.defn
    @abstractmethod
    async def write(self, writing: m.Writing) -> m.Written:
        """Store a revision, and save it as the draft: the first from the plan, a later one from feedback, findings or
        failed cases."""


class Evaluator(ABC):
    """The agent model tries the cases; code and the judge model grade."""

    @activity.defn
    @abstractmethod
    async def write_cases(self, job: m.ForJob) -> m.Spent:
        """Store the cases of a job."""

    @activity.defn
    @abstractmethod
    async def revise_cases(self, recasting: m.Recasting) -> m.Spent:
        """Replace the cases: by those a person edited, or by new ones that heed the feedback."""

    @activity.defn
    @abstractmethod
    async def try_cases(self, trial: m.Trial) -> m.Measured:
        """Run every case in one arm, store each run as it ends, and count."""


class Checks(ABC):
    """Rules, and a model's advice, on a stored revision."""

    @activity.defn
    @abstractmethod
    async def validate(self, revision: m.ForRevision) -> m.Judged:
        """Apply every rule, ask the model for advice, and store the report."""


class Library(ABC):
    """The skill library on disk and its rows, kept in step."""

    @activity.defn
    @abstractmethod
    async def save_draft(self, revision: m.ForRevision) -> None:
        """Write a revision to `_drafts/<job>/<name>` and bring its row up to date."""

    @activity.defn
    @abstractmethod
    async def place(self, request: pm.PromoteRequest) -> pm.Placed:
        """Decide where the draft goes. Refuses a draft that may not be published."""

    @activity.defn
    @abstractmethod
    async def publish_files(self, move: pm.Move) -> None:
        """Put the files at their place, whole or not at all."""

    @activity.defn
    @abstractmethod
    async def publish_rows(self, move: pm.Move) -> None:
        """Make the rows say so, and remove the draft's files."""

    @activity.defn
    @abstractmethod
    async def undo(self, move: pm.Move) -> None:
        """Take files back whose rows could not be written, and tell why."""


RETENTION: StepOptions = {
    "task_queue": WORKFLOWS,
    "start_to_close_timeout": timedelta(minutes=2),
    "schedule_to_close_timeout": timedelta(minutes=30),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(minutes=1),
        non_retryable_error_types=_NEVER,
    ),
}
"""Bounded batches, safe to repeat; a database that is away for half an hour leaves the rest to the next night."""

RETENTION_FILES: StepOptions = {**RETENTION, "task_queue": LIBRARY}
"""The same for files."""


class Retention(ABC):
    """What is too old, counted and removed: by the rules of the worker that does it, never by those of a caller."""

    @activity.defn
    @abstractmethod
    async def survey(self) -> r.Survey:
        """Count what is too old, kind by kind. Removes nothing."""

    @activity.defn
    @abstractmethod
    async def forget(self, batch: r.Batch) -> r.Gone:
        """Remove a bounded number of old rows of one kind; none unless retention is on."""

    @activity.defn
    @abstractmethod
    async def remove_folders(self, batch: r.Batch) -> r.Gone:
        """Remove a bounded number of folders of drafts whose rows are gone; none unless retention is on."""

    @activity.defn
    @abstractmethod
    async def overdue(self, batch: r.Batch) -> r.Overdue:
        """A bounded number of parked jobs that are to be cancelled; none unless retention is on."""
