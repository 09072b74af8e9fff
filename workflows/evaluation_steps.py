"""The steps that evaluate published skills again, as an abstract class; the cases are tried by `steps.Evaluator`."""

from abc import ABC, abstractmethod

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import workflows.evaluation_messages as em


class Reviewing(ABC):
    """A published version is taken up, judged by what its cases showed, and kept as an evaluation."""

    @activity.defn
    @abstractmethod
    async def take_version(self, what: em.ForVersion) -> em.TakenUp:
        """Give the job the version's files as its revision 1, with plan and cases of the job that made it, if known."""

    @activity.defn
    @abstractmethod
    async def conclude(self, what: em.ForVersion) -> em.Concluded:
        """Make the report with its verdict, keep it, and write its files; a second time the first one stands."""

    @activity.defn
    @abstractmethod
    async def due(self) -> em.DueSkills:
        """A bounded number of active skills whose newest evaluation is of another agent model than the configured."""
