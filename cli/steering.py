"""What a person does to a job from wherever they are: the requests behind `cancel`, `promote`, `assign` and their kin.

Shared by the commands and the slash commands. Must not print.
"""

from uuid import UUID

from cli.client import Api
from cli.exits import ExitCode
from cli.problems import CliError
from domain.job import JobStatusView, JobView
from domain.library.promotion import DraftView
from domain.shape import StrictShape

PROMOTION_PAUSE = 0.5
PROMOTION_LOOKS = 120
"""Half a second times this: a promotion moves one folder, so a minute is long."""


class CancelReason(StrictShape):
    """Body of `POST /jobs/{id}/cancel`; who asks is in the header."""

    reason: str


class Promotion(StrictShape):
    """Body of `POST /drafts/{id}/promote`."""

    category: str | None = None
    force: bool = False
    reason: str | None = None
    digest: str | None = None


class Waiving(StrictShape):
    """Body of `POST /drafts/{id}/waivers`."""

    digest: str
    findings: list[str]
    reason: str


def cancel(api: Api, job: UUID, reason: str) -> JobStatusView:
    """Ask for the end of a job. Raises CliError."""
    return api.post(f"/jobs/{job}/cancel", CancelReason(reason=reason), JobStatusView)


def waive(api: Api, job: UUID, findings: list[str], reason: str) -> DraftView:
    """Let findings on the draft's digest stand, by code or key. Raises CliError."""
    digest = api.get(f"/drafts/{job}", DraftView).standing.digest or ""
    return api.post(f"/drafts/{job}/waivers", Waiving(digest=digest, findings=findings, reason=reason), DraftView)


def warnings(published: JobView) -> list[str]:
    """What the evidence of a published draft lacks: the policy only warned of it, or somebody forced it."""
    found = published.result.evidence
    return [f"warning: {text}" for text in found.lacking] if found else []


def promote(api: Api, job: UUID, wanted: Promotion) -> JobView:
    """Publish a draft and wait until it lies in the library. Raises CliError when it does not get there."""
    answered = api.post(f"/drafts/{job}/promote", wanted, JobStatusView)
    if answered.result.final_path:
        return api.get(f"/jobs/{job}", JobView)
    for _ in range(PROMOTION_LOOKS):
        view = api.get(f"/jobs/{job}", JobView)
        if view.promoted:
            return view
        api.pause(PROMOTION_PAUSE)
    raise CliError(
        "The draft is not published yet.",
        why="the promotion was accepted, but a minute later it is not done; is a worker running?",
        next_step=f"`skill-fleet doctor`, then `skill-fleet show {job}`",
        exit_code=ExitCode.CANCELLED,
    )
