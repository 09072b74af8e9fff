"""The cases of a job: written, checked, changed as people want, and sharpened where they show nothing."""

from collections.abc import Sequence
from uuid import UUID

from activities.models import Models, Role
from activities.programs.cases import revise_cases, write_cases
from activities.programs.cases_by_kind import revise_by_kind, write_by_kind
from activities.programs.language_model import LanguageModel
from activities.programs.sharpen import sharpen
from activities.programs.together import together
from domain.brief import Brief, Plan
from domain.evaluation import Arm, CaseRole, CaseRun, EvaluationCase
from domain.evidence.case_file import read_cases
from domain.evidence.profile import Profile
from domain.prompt import Answer, PromptAction
from store import jobs, understanding
from store.session import Database
from workflows import messages as m

QUICK_CASES = 2
"""Cases of a quick look, whatever the profile allows."""


class Casting:
    """Makes cases with the author model; what is not sound is refused before anything is run."""

    def __init__(self, database: Database, models: Models, profile: Profile) -> None:
        """Take what it needs."""
        self.database = database
        self.models = models
        self.profile = profile

    async def written(self, job_id: UUID, attempt: int) -> list[EvaluationCase]:
        """The first cases of a job: sound ones, of the kinds that its plan calls for.

        Two at most in a quick look or by a small model. Without a judge only what code checks is expected.
        """
        brief, plan = await self._known(job_id)
        model = self.models.of(Role.AUTHOR, job_id, "cases", attempt)
        if self._of_kinds(model):
            return await write_by_kind(model, brief, plan, most=self.profile.cases)
        return self._gradable(await write_cases(model, brief, plan, most=min(QUICK_CASES, self.profile.cases)))

    async def recast(
        self, recasting: m.Recasting, answer: Answer, present: Sequence[EvaluationCase]
    ) -> list[EvaluationCase]:
        """The cases as a person's answer wants them: edited by hand, or written anew for feedback.

        A person's case is taken as it is, sound or not, and marked as theirs. Raises InvalidAnswer for a text that is
        no list of cases.
        """
        if answer.action == PromptAction.EDIT and answer.content is not None:
            return [_edited(case, present) for case in read_cases(answer.content)]
        brief, plan = await self._known(recasting.job_id)
        feedback = answer.feedback or ""
        model = self.models.of(Role.AUTHOR, recasting.job_id, f"cases/{recasting.round}", recasting.attempt)
        if self._of_kinds(model):
            return await revise_by_kind(model, brief, plan, present, feedback, most=self.profile.cases)
        return self._gradable(await revise_cases(model, brief, plan, present, feedback))

    async def sharpened(
        self, job_id: UUID, attempt: int, passing: Sequence[EvaluationCase], runs: Sequence[CaseRun]
    ) -> list[EvaluationCase]:
        """Harder cases for those that pass without the skill, under new ids; fewer when there is no idea.

        `runs`: of the control arm; the author reads the first answer to each case, word for word.
        """
        if not passing:
            return []
        brief, plan = await self._known(job_id)
        model = self.models.of(Role.AUTHOR, job_id, "sharpen", attempt)
        harder = await together(*(sharpen(model, brief, plan, case, _answer(case, runs)) for case in passing))
        return [case for case in harder if case is not None]

    async def _known(self, job_id: UUID) -> tuple[Brief, Plan]:
        async with self.database.transaction() as session:
            return await understanding.brief_of(session, job_id), await jobs.plan_of(session, job_id)

    def _of_kinds(self, model: LanguageModel) -> bool:
        """A small model was seen to lose its way in long tasks: it keeps the short ones."""
        return self.profile.name == "standard" and not model.low_confidence

    def _gradable(self, cases: list[EvaluationCase]) -> list[EvaluationCase]:
        """Without what only a judge could tell, where none is asked; every written case has something for code."""
        if self.profile.judge:
            return cases
        return [case if case.by_person else _by_code(case) for case in cases]


def _by_code(case: EvaluationCase) -> EvaluationCase:
    kept = [item for item in case.expectations if item.check != "judge"]
    return case.model_copy(update={"expectations": kept}) if kept else case


def _edited(case: EvaluationCase, present: Sequence[EvaluationCase]) -> EvaluationCase:
    """One that nobody changed stays what it was, to be proven again; any other is the person's."""
    for known in present:
        if (known.kind, known.prompt, known.expectations) == (case.kind, case.prompt, case.expectations):
            role = {"role": CaseRole.PROOF, "note": "" if known.role is CaseRole.GUARD else known.note}
            return known.model_copy(update={"id": case.id, **role})
    return case.model_copy(update={"by_person": True})


def _answer(case: EvaluationCase, runs: Sequence[CaseRun]) -> str:
    """What the agent said first in the control arm."""
    own = [run for run in runs if run.case_id == case.id and run.arm is Arm.WITHOUT]
    return min(own, key=lambda run: run.run).output if own else ""
