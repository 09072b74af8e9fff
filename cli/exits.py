"""Exit codes of `skill-fleet`: scripts rely on them, so they never change their meaning."""

from enum import IntEnum

from domain.job import JobStatus, JobStatusView


class ExitCode(IntEnum):
    """What became of a command, for the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CANCELLED = 3
    AUTH = 4
    JOB_FAILED = 5
    WAITING = 8
    INTERRUPTED = 130


def is_parked_on_a_problem(view: JobStatusView) -> bool:
    """True when the job cannot go on until a person mends something outside it (a key, a bill) and retries."""
    return view.error is not None and view.parked_at is not None and not view.status.final


def waits_for_a_person(view: JobStatusView) -> bool:
    """True when nothing happens until somebody answers or retries."""
    return not view.status.final and (view.hitl_type is not None or is_parked_on_a_problem(view))


def exit_code_of(view: JobStatusView) -> ExitCode:
    """The code for a job that one has stopped looking at; a job that simply runs on is `DONE` (detached)."""
    codes = {
        JobStatus.COMPLETED: ExitCode.DONE,
        JobStatus.FAILED: ExitCode.JOB_FAILED,
        JobStatus.CANCELLED: ExitCode.CANCELLED,
    }
    return codes.get(view.status, ExitCode.WAITING if waits_for_a_person(view) else ExitCode.DONE)
