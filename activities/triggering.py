"""Whether agents choose the skill: its description is tried on queries beside its neighbours, and made better."""

from uuid import UUID

from activities.models import Models
from domain.evaluation import TriggerReport
from domain.evidence.profile import Profile
from store.session import Database


class Triggering:
    """Tries descriptions with the agent model, and improves them with the author model."""

    def __init__(self, database: Database, models: Models, profile: Profile) -> None:
        """Take what it needs."""
        self.database = database
        self.models = models
        self.profile = profile

    async def tuned(self, job_id: UUID, attempt: int) -> TriggerReport | None:
        """Try the planned description and its variants, and give the plan the best one unless a person has settled it.

        None when the profile tries none. Done once a job; a second time the stored report comes back.
        """
        raise NotImplementedError

    async def measured(self, job_id: UUID, revision: int, attempt: int) -> TriggerReport | None:
        """The report on the description of this revision: the stored one, or a new trial of it on the same queries."""
        raise NotImplementedError
