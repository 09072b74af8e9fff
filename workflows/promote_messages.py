"""What crosses between a promotion and its steps: who wants what published, where it goes, and under which version."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.evaluation import Evidence
    from domain.shape import Shape


class PromoteRequest(Shape):
    """Input of the workflow `promote-skill:{job_id}`; `force` publishes against the verdict and needs a reason.

    `digest`: what the promoter has seen and thereby approves; another one is refused.
    """

    job_id: UUID
    digest: str | None = None
    by: str
    category: str | None = None
    force: bool = False
    reason: str = ""


class Placed(Shape):
    """Where a draft will be published: `path` is `<category>/<name>`; `done`: this very digest is published already.

    `version`, `at`: what was fixed when the name was claimed; a release before 0.4.0 claimed nothing and says nothing.
    `commit`: the version goes into the library's git history too. `evidence`: as it was when this was decided, with
    what it lacks by the policy, and the `policy`'s mode; where evidence was not asked for yet, both say nothing.
    """

    path: str
    revision: int
    digest: str
    done: bool = False
    version: str = ""
    at: datetime | None = None
    commit: bool = False
    evidence: Evidence | None = None
    policy: Literal["refuse", "warn"] | None = None


class Move(Shape):
    """A draft to be published at its place, or taken back from it."""

    request: PromoteRequest
    placed: Placed
    error: str = ""
