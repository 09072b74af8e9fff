"""What people can tell the workflow of a job: the four signals that every kind of job hears.

Deterministic code only. What arrives is made readable in `signals.py` before.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    from domain.job import CancelRequest
    from domain.prompt import AnswerSignal
    from workflows.job import Job


class Signalled:
    """The workflow of one job; whoever inherits sets `job` as the workflow begins."""

    job: Job

    @workflow.signal(
        description="Answer the open prompt. One JSON object: interaction_id, action, answers, feedback, …"
    )
    def answer(self, signal: AnswerSignal) -> None:
        """A person answers a prompt."""
        if self.job.hears(lost=signal.undecodable):
            self.job.answered(signal)

    @workflow.signal(description="End the job. One JSON object: reason, by.")
    def cancel(self, request: CancelRequest) -> None:
        """A person ends the job."""
        if self.job.hears(lost=bool(request.unreadable)):
            self.job.cancel(request)

    @workflow.signal(description="Try again after a problem was mended.")
    def retry(self, request: m.RetryRequest) -> None:
        """A person has mended what stopped the job."""
        if self.job.hears(lost=bool(request.unreadable)):
            self.job.retry()

    @workflow.signal(description="Ask a parked prompt again. One JSON object: by.")
    def reopen(self, request: m.ReopenRequest) -> None:
        """A person wants a parked prompt to be asked again."""
        if self.job.hears(lost=bool(request.unreadable)):
            self.job.reopen(request)
