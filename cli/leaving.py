"""Ctrl-C: the first one leaves the job alone, a second one within a moment asks whether to cancel it."""

from uuid import UUID

from cli import steering
from cli.desk import Desk
from cli.problems import CliError
from cli.values import YES

MOMENT = 2.0
"""Seconds in which a second Ctrl-C is meant for the job."""


def wait_for_a_second(desk: Desk) -> None:
    """A moment in which KeyboardInterrupt is raised by a person who means the job."""
    desk.out.say("(Ctrl-C once more, now: cancel the job)")
    desk.api.pause(MOMENT)


def cancelled(desk: Desk, job_id: UUID) -> bool:
    """True when the person wants the job cancelled, and it was asked to end. A third Ctrl-C: the job goes on."""
    try:
        if desk.reader.read("Cancel the job? [y/N] > ").strip().lower() not in YES:
            return False
        reason = desk.reader.read("Why? > ").strip() or "cancelled at the terminal"
        steering.cancel(desk.api, job_id, reason)
    except CliError as error:
        desk.say(error.lines())
        return False
    except (KeyboardInterrupt, EOFError):
        return False
    return True
