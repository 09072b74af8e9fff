"""The cases of a job: written, checked, changed as people want, and sharpened where they show nothing."""

from collections.abc import Sequence
from uuid import UUID

from activities.models import Models
from domain.evaluation import CaseRun, EvaluationCase
from domain.evidence.profile import Profile
from domain.prompt import Answer
from store.session import Database
from workflows import messages as m


class Casting:
    """Makes cases with the author model; what is not sound is refused before anything is run."""

    def __init__(self, database: Database, models: Models, profile: Profile) -> None:
        """Take what it needs."""
        self.database = database
        self.models = models
        self.profile = profile

    async def written(self, job_id: UUID, attempt: int) -> list[EvaluationCase]:
        """The first cases of a job: sound ones, of the kinds that its plan calls for."""
        raise NotImplementedError

    async def recast(
        self, recasting: m.Recasting, answer: Answer, present: Sequence[EvaluationCase]
    ) -> list[EvaluationCase]:
        """The cases as a person's answer wants them: edited by hand, or written anew for feedback."""
        raise NotImplementedError

    async def sharpened(
        self, job_id: UUID, attempt: int, passing: Sequence[EvaluationCase], runs: Sequence[CaseRun]
    ) -> list[EvaluationCase]:
        """Harder cases for those that pass without the skill, under new ids; fewer when there is no idea."""
        raise NotImplementedError
