"""The author model's steps: read what is known, ask the model, store what it made. No session is held over a call."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from temporalio import activity

from activities.models import Models, Role
from activities.programs import plan as planning_program
from activities.programs import refine as refine_program
from activities.programs import revise as revise_program
from activities.programs import understand as understand_program
from activities.programs import write as write_program
from activities.programs.language_model import LanguageModel
from activities.shelves import Shelves
from domain.brief import Brief, Plan
from domain.evaluation import Arm, CaseRun
from domain.manuscript import body
from domain.names import free_name
from domain.prompt import Answer, PromptAction
from domain.skill import SKILL_FILE, Finding, Frontmatter, RevisionSummary, SkillFileEntry
from domain.skill_file import digest, render, with_frontmatter
from domain.taxonomy import Taxonomy
from store import evidence, jobs, prompts, revisions, skills, understanding
from store.revisions import NewRevision
from store.session import Database, Session
from workflows import messages as m
from workflows.steps import Author


class ModelAuthor(Author):
    """The author, done by a language model and a database."""

    def __init__(self, database: Database, models: Models, taxonomy: Taxonomy, shelves: Shelves) -> None:
        """Take what the steps need."""
        self.database = database
        self.models = models
        self.taxonomy = taxonomy
        self.shelves = shelves

    @activity.defn
    async def refine(self, job: m.ForJob) -> m.Spent:
        """Sharpen the task description and store it."""
        model = self.models.of(Role.AUTHOR, job.job_id, "refine", job.attempt)
        refined = await refine_program.refine(model, await self._brief(job.job_id))
        async with self.database.transaction() as session:
            await jobs.change(
                session,
                job.job_id,
                "refined",
                "refined",
                "the request is sharpened",
                task_description_refined=refined.task_description,
            )
        return await self.models.spent(job.job_id)

    @activity.defn
    async def ask_questions(self, job: m.ForJob) -> m.Asked:
        """Store the questions of the first round."""
        brief = await self._brief(job.job_id)
        async with self.database.transaction() as session:
            most = (await jobs.options_of(session, job.job_id)).max_questions
        model = self.models.of(Role.AUTHOR, job.job_id, "ask", job.attempt)
        questions = await understand_program.ask_questions(model, brief, most=most)
        async with self.database.transaction() as session:
            await understanding.keep_questions(session, job.job_id, questions)
        spent = await self.models.spent(job.job_id)
        return m.Asked(questions=len(questions), **spent.model_dump())

    @activity.defn
    async def summarize(self, job: m.ForJob) -> m.Spent:
        """Store what the request and the answers add up to."""
        model = self.models.of(Role.AUTHOR, job.job_id, "summarize", job.attempt)
        known = await understand_program.summarize(model, await self._brief(job.job_id))
        async with self.database.transaction() as session:
            await understanding.keep_understanding(session, job.job_id, known)
            await jobs.merge_result(session, job.job_id, understanding_summary=known.summary)
        return await self.models.spent(job.job_id)

    @activity.defn
    async def plan(self, planning: m.Planning) -> m.Planned:
        """Store the plan, with a name that is free and legal."""
        brief = await self._brief(planning.job_id)
        lying = await asyncio.to_thread(self.shelves.names)
        async with self.database.transaction() as session:
            taken = {*lying, *await skills.names(session, other_than=planning.job_id)}
            options = await jobs.options_of(session, planning.job_id)
            feedback = await _feedback(session, planning.confirmation)
        model = self.models.of(Role.AUTHOR, planning.job_id, f"plan/{planning.round}", planning.attempt)
        made = await planning_program.plan(
            model,
            brief,
            categories=self.taxonomy.names,
            taken=taken,
            category=options.category,
            feedback=feedback.feedback or "",
        )
        async with self.database.transaction() as session:
            made = await _reserved(session, planning.job_id, made, taken)
            await jobs.keep_plan(session, planning.job_id, made)
            await jobs.merge_result(session, planning.job_id, skill_name=made.name, taxonomy_path=made.path)
        spent = await self.models.spent(planning.job_id)
        return m.Planned(name=made.name, path=made.path, **spent.model_dump())

    @activity.defn
    async def write(self, writing: m.Writing) -> m.Written:
        """Store a revision: the first from the plan, a later one from feedback, findings or failed cases."""
        async with self.database.transaction() as session:
            kept = await revisions.find(session, writing.job_id, writing.revision)
        if kept is None:
            kept = await self._write(writing)
        spent = await self.models.spent(writing.job_id)
        return m.Written(revision=kept.n, digest=kept.digest, **spent.model_dump())

    async def _write(self, writing: m.Writing) -> RevisionSummary:
        async with self.database.transaction() as session:
            plan = await jobs.plan_of(session, writing.job_id)
            answer = await _feedback(session, writing.reason.answer)
            by = await _person(session, writing.reason.answer)
        if answer.action == PromptAction.EDIT and answer.content is not None:
            content, changes = answer.content, ["edited by hand"]
            return await self._keep(writing, content, by, by_person=True, feedback=answer.feedback, changes=changes)
        model = self.models.of(Role.AUTHOR, writing.job_id, f"write/{writing.revision}", writing.attempt)
        if writing.base == 0:
            content, changes = await self._first(model, writing, plan), ["first version"]
        else:
            content, changes = await self._revised(model, writing, plan, answer)
        return await self._keep(writing, content, model.name, feedback=answer.feedback, changes=changes)

    async def _first(self, model: LanguageModel, writing: m.Writing, plan: Plan) -> str:
        failures = await self._failures(writing.job_id, Arm.WITHOUT, 0)
        manuscript = await write_program.write(model, await self._brief(writing.job_id), plan, failures)
        return render(_frontmatter(plan), body(manuscript)).decode()

    async def _revised(
        self, model: LanguageModel, writing: m.Writing, plan: Plan, answer: Answer
    ) -> tuple[str, list[str]]:
        brief = await self._brief(writing.job_id)
        async with self.database.transaction() as session:
            content = await revisions.content(session, writing.job_id, writing.base)
            findings = await _findings(session, writing.reason.report_id)
        if writing.reason.counter:
            failures = await self._failures(writing.job_id, Arm.WITH, writing.base)
            revised = await revise_program.counter(model, brief, content, failures)
        else:
            revised = await revise_program.revise(model, brief, content, answer.feedback or "", findings=findings)
        return with_frontmatter(revised.content, _frontmatter(plan)), revised.changes

    async def _keep(
        self,
        writing: m.Writing,
        content: str,
        made_by: str,
        *,
        by_person: bool = False,
        feedback: str | None = None,
        changes: list[str],
    ) -> RevisionSummary:
        files = [SkillFileEntry(path=SKILL_FILE, data=content.encode("utf-8", "replace"))]
        new = NewRevision(
            n=writing.revision,
            digest=digest(files),
            made_by=made_by,
            by_person=by_person,
            feedback=feedback,
            changes=changes,
            created_at=datetime.now(UTC),
            files=files,
        )
        async with self.database.transaction() as session:
            kept = await revisions.keep(session, writing.job_id, new)
            message = f"revision {kept.n} is written by {made_by}"
            await jobs.change(session, writing.job_id, f"revision:{kept.n}", "revision", message, {"revision": kept.n})
            await jobs.merge_result(session, writing.job_id, revision=kept.n, digest=kept.digest)
        return kept

    async def _brief(self, job_id: UUID) -> Brief:
        async with self.database.transaction() as session:
            return await understanding.brief_of(session, job_id)

    async def _failures(self, job_id: UUID, arm: Arm, revision: int) -> list[CaseRun]:
        async with self.database.transaction() as session:
            runs = await evidence.runs_of(session, job_id, revision=revision)
        return [run for run in runs if run.arm is arm and not run.passed]


async def _feedback(session: Session, interaction_id: UUID | None) -> Answer:
    """What a person said, or an empty answer when no person is behind this step."""
    row = await prompts.get(session, interaction_id) if interaction_id else None
    return Answer.model_validate(row.response_data or {}) if row else Answer()


async def _reserved(session: Session, job_id: UUID, plan: Plan, taken: Collection[str]) -> Plan:
    """The plan under a name that is now this job's: of two jobs that want one name, the second gets a suffix."""
    await skills.drop_drafts(session, job_id, other_than=plan.name)
    while not await skills.reserve(session, plan.name, plan.category, plan.description, "", job_id):
        taken = {*taken, plan.name}
        plan = plan.model_copy(update={"name": free_name(plan.name, taken)})
    return plan


async def _person(session: Session, interaction_id: UUID | None) -> str:
    row = await prompts.get(session, interaction_id) if interaction_id else None
    return (row.responded_by if row else None) or "a person"


async def _findings(session: Session, report_id: UUID | None) -> list[Finding]:
    return evidence.findings(await evidence.report_of(session, report_id)) if report_id else []


def _frontmatter(plan: Plan) -> Frontmatter:
    return Frontmatter(name=plan.name, description=plan.description)
