"""What crosses between the evaluation of a published skill and its steps: identities and counts."""

from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.shape import Shape
    from workflows.messages import ForJob, Spent


class ForVersion(ForJob):
    """A published version of a skill is to be evaluated again, with the agent `model` (empty: the configured one).

    `version` empty: the newest. `reason`: demand or schedule.
    """

    name: str
    version: str = ""
    model: str = ""
    reason: str = "demand"
    by: str = ""


class TakenUp(Shape):
    """A published version that is ready to be tried: its files are revision 1 of the evaluation's own job."""

    name: str
    version: str
    cases: int
    path: str = ""


class Concluded(Spent):
    """What an evaluation found: keep, fix or retire."""

    evaluation_id: UUID
    verdict: str


class DueSkill(Shape):
    """A published version that was last evaluated with another agent model than `model`."""

    name: str
    version: str
    model: str


class DueSkills(Shape):
    """What one night shall evaluate, longest ago first."""

    skills: list[DueSkill] = []


class Night(Shape):
    """What one night evaluated, by skill: how each job stood when the night went on."""

    started: list[UUID] = []
    ended: int = 0
