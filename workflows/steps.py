"""The steps of the work as abstract classes: what workflows call and activities do, with their timeouts and retries.

What they take and give is in `messages.py`. No abstract step may do anything; `activities/` does them for real.
"""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TypedDict

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
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


class StepOptions(TypedDict, total=False):
    """What `execute_activity_method` is told for one class of steps."""

    task_queue: str
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


_NEVER = ["PayloadsTooLarge", PROVIDER_PROBLEM, "ProgrammingError"]

RECORD: StepOptions = {
    "task_queue": WORKFLOWS,
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(seconds=10),
        non_retryable_error_types=_NEVER,
    ),
}
"""Database steps are short and safe to repeat; the database may be away for as long as it likes."""

MODEL: StepOptions = {
    "task_queue": MODELS,
    "start_to_close_timeout": timedelta(minutes=30),
    "schedule_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": timedelta(seconds=6),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=60),
        maximum_attempts=8,
        non_retryable_error_types=_NEVER,
    ),
}
"""Model steps heartbeat every second; a dead worker is noticed after 6. A stored answer is never paid again."""

FILES: StepOptions = {
    "task_queue": LIBRARY,
    "start_to_close_timeout": timedelta(minutes=1),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        maximum_interval=timedelta(seconds=10),
        maximum_attempts=10,
        non_retryable_error_types=[*_NEVER, "PromotionRefused", "LibraryConflict"],
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
        """Store the answers of a round of questions, word for word, as decisions."""

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
        """Store a revision: the first from the plan, a later one from feedback, findings or failed cases."""


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
    async def place(self, request: m.PromoteRequest) -> m.Placed:
        """Decide where the draft goes. Refuses a draft that may not be published."""

    @activity.defn
    @abstractmethod
    async def publish_files(self, move: m.Move) -> None:
        """Put the files at their place, whole or not at all."""

    @activity.defn
    @abstractmethod
    async def publish_rows(self, move: m.Move) -> None:
        """Make the rows say so, and remove the draft's files."""

    @activity.defn
    @abstractmethod
    async def undo(self, move: m.Move) -> None:
        """Take files back whose rows could not be written, and tell why."""
