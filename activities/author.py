"""The author model's steps: read what is known, ask the model, store what it made. No session is held over a call."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from pydantic import JsonValue
from temporalio import activity

from activities import drafts, placing
from activities.models import Models, Role, spent
from activities.programs import plan as planning_program
from activities.programs import refine as refine_program
from activities.programs import revise as revise_program
from activities.programs import understand as understand_program
from activities.programs import write as write_program
from activities.programs.language_model import LanguageModel
from activities.revising import Task as RevisionTask
from activities.revising import described_as, headed, revised
from activities.rounds import rounds_of, worth_another
from activities.shelves import Shelves
from domain.answering.proposals import examined, settled
from domain.brief import Brief, Plan, Proposal, Refinement
from domain.evaluation import Arm, CaseRun
from domain.job import JobOptions
from domain.manuscript import body
from domain.names import free_name
from domain.prompt import Answer, PromptAction, Question
from domain.skill import SKILL_FILE, Finding, RevisionSummary, SkillFileEntry
from domain.skill_file import digest, render
from domain.taxonomy import Taxonomy
from store import evidence, jobs, prompts, requirements, revisions, skills, understanding
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
    async def refine(self, job: m.ForJob) -> m.Refined:
        """Sharpen the task description and store it; check name and description as far as they were asked for."""
        model = self.models.of(Role.AUTHOR, job.job_id, "refine", job.attempt)
        brief = await self._brief(job.job_id)
        refined = await refine_program.refine(model, brief)
        lying = await asyncio.to_thread(self.shelves.names)
        async with self.database.transaction() as session:
            taken = {*lying, *await skills.names(session, other_than=job.job_id)}
            await _keep_refined(session, job.job_id, refined, examined(brief.task, refined, taken))
            kept = await jobs.proposal_of(session, job.job_id)
            cost = await spent(session, job.job_id)
        return m.Refined(fixes=len(kept.fixes) if kept else 0, **cost.model_dump())

    @activity.defn
    async def ask_questions(self, job: m.ForJob) -> m.Asked:
        """Store the questions of the first round."""
        brief = await self._brief(job.job_id)
        most = (await self._options(job.job_id)).max_questions
        model = self.models.of(Role.AUTHOR, job.job_id, "ask", job.attempt)
        return await self._asked(job.job_id, await understand_program.ask_questions(model, brief, most=most), 1)

    @activity.defn
    async def ask_deeper(self, deeper: m.Deeper) -> m.Asked:
        """Store the questions of a later round; none when nothing sensible is left to ask."""
        brief = await self._brief(deeper.job_id)
        most = (await self._options(deeper.job_id)).max_questions
        async with self.database.transaction() as session:
            before = await rounds_of(session, deeper.job_id)
        model = self.models.of(Role.AUTHOR, deeper.job_id, f"ask/{deeper.round + 1}", deeper.attempt)
        questions = await understand_program.ask_deeper(
            model,
            brief,
            asked=[question.text for round_ in before for question in round_.questions],
            round_number=deeper.round,
            most=most,
        )
        return await self._asked(deeper.job_id, questions, deeper.round + 1)

    @activity.defn
    async def summarize(self, job: m.ForJob) -> m.Understood:
        """Store what the request and the answers add up to, and say whether it is enough."""
        model = self.models.of(Role.AUTHOR, job.job_id, "summarize", job.attempt)
        known = await understand_program.summarize(model, await self._brief(job.job_id))
        async with self.database.transaction() as session:
            if known.readiness < 1 and not model.low_confidence:
                known = known.model_copy(update={"complete": not await worth_another(session, job.job_id)})
            await understanding.keep_understanding(session, job.job_id, known)
            await jobs.merge_result(session, job.job_id, understanding_summary=known.summary)
            cost = await spent(session, job.job_id)
        return m.Understood(complete=known.complete, **cost.model_dump())

    @activity.defn
    async def plan(self, planning: m.Planning) -> m.Planned:
        """Store the plan, with a name that is free and legal."""
        brief = await self._brief(planning.job_id)
        lying = await asyncio.to_thread(self.shelves.names)
        async with self.database.transaction() as session:
            taken = {*lying, *await skills.names(session, other_than=planning.job_id)}
            options = await jobs.options_of(session, planning.job_id)
            feedback = await _feedback(session, planning.confirmation)
            proposal = await jobs.proposal_of(session, planning.job_id)
            catalogue = await requirements.catalogue(session)
            before = await jobs.plan_of(session, planning.job_id) if planning.confirmation else None
        named = placing.chosen_shelf(feedback.feedback or "", self.taxonomy)
        if before and named:
            made = placing.moved(before, named)
        else:
            model = self.models.of(Role.AUTHOR, planning.job_id, f"plan/{planning.round}", planning.attempt)
            made = await planning_program.plan(
                model,
                brief,
                categories=self.taxonomy.names,
                taken=taken,
                category=before.category if before and before.placed_by_person else options.category,
                feedback=feedback.feedback or "",
                settled=settled(proposal) if proposal else None,
                skills=placing.usable(catalogue),
            )
        made = placing.placed(made, brief.task, self.taxonomy)
        made = await asyncio.to_thread(placing.furnished, made, brief.task, self.taxonomy, catalogue, self.shelves.root)
        async with self.database.transaction() as session:
            made = await _reserved(session, planning.job_id, made, taken)
            await jobs.keep_plan(session, planning.job_id, made)
            await jobs.merge_result(session, planning.job_id, skill_name=made.name, taxonomy_path=made.path)
            told: dict[str, JsonValue] = {"path": made.path, "key_assumptions": [*made.key_assumptions]}
            key, message = f"planned:{planning.round}", f"it shall be {made.path}"
            await jobs.change(session, planning.job_id, key, "planned", message, told)
            cost = await spent(session, planning.job_id)
        return m.Planned(name=made.name, path=made.path, unsure=bool(made.unsure), **cost.model_dump())

    @activity.defn
    async def write(self, writing: m.Writing) -> m.Written:
        """Store a revision, and save it as the draft: the first from the plan, a later one from feedback, findings or
        failed cases."""
        async with self.database.transaction() as session:
            kept = await revisions.find(session, writing.job_id, writing.revision)
        if kept is None:
            kept = await self._write(writing)
        await drafts.save(self.database, self.shelves, writing.job_id, kept.n)
        async with self.database.transaction() as session:
            cost = await spent(session, writing.job_id)
        return m.Written(revision=kept.n, digest=kept.digest, **cost.model_dump())

    async def _write(self, writing: m.Writing) -> RevisionSummary:
        async with self.database.transaction() as session:
            plan = await jobs.plan_of(session, writing.job_id)
            answer = await _feedback(session, writing.reason.answer)
            by = await _person(session, writing.reason.answer)
        if answer.action == PromptAction.EDIT and answer.content is not None:
            content, changes = answer.content, ["edited by hand"]
            return await self._keep(writing, content, by, by_person=True, feedback=answer.feedback, changes=changes)
        model = self.models.of(Role.AUTHOR, writing.job_id, _scope(writing), writing.attempt)
        if writing.base == 0:
            content, changes = await self._first(model, writing, plan), ["first version"]
        elif writing.reason.counter:
            content, changes = await self._countered(model, writing, plan)
        else:
            content, changes = await self._revised(writing, plan, answer)
        return await self._keep(writing, content, model.name, feedback=answer.feedback, changes=changes)

    async def _first(self, model: LanguageModel, writing: m.Writing, plan: Plan) -> str:
        failures = await self._failures(writing.job_id, Arm.WITHOUT, 0)
        manuscript = await write_program.write(model, await self._brief(writing.job_id), plan, failures)
        return render(plan.frontmatter, body(manuscript)).decode()

    async def _countered(self, model: LanguageModel, writing: m.Writing, plan: Plan) -> tuple[str, list[str]]:
        async with self.database.transaction() as session:
            content = await revisions.content(session, writing.job_id, writing.base)
        failures = await self._failures(writing.job_id, Arm.WITH, writing.base)
        made = await revise_program.counter(model, await self._brief(writing.job_id), content, failures)
        return headed(made.content, plan), made.changes

    async def _revised(self, writing: m.Writing, plan: Plan, answer: Answer) -> tuple[str, list[str]]:
        async with self.database.transaction() as session:
            task = RevisionTask(
                job_id=writing.job_id,
                scope=_scope(writing),
                attempt=writing.attempt,
                brief=await understanding.brief_of(session, writing.job_id),
                plan=plan,
                content=await revisions.content(session, writing.job_id, writing.base),
                feedback=answer.feedback or "",
                findings=await _findings(session, writing.reason.report_id),
            )
        made = await revised(self.models, task)
        return made.content, made.changes

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
            await _keep_description(session, writing.job_id, content)
            message = f"revision {kept.n} is written by {made_by}"
            await jobs.change(session, writing.job_id, f"revision:{kept.n}", "revision", message, {"revision": kept.n})
            await jobs.merge_result(session, writing.job_id, revision=kept.n, digest=kept.digest)
        return kept

    async def _brief(self, job_id: UUID) -> Brief:
        async with self.database.transaction() as session:
            return await understanding.brief_of(session, job_id)

    async def _options(self, job_id: UUID) -> JobOptions:
        async with self.database.transaction() as session:
            return await jobs.options_of(session, job_id)

    async def _asked(self, job_id: UUID, questions: list[Question], number: int) -> m.Asked:
        """Keep a round's questions; a round without any leaves the record as it is."""
        async with self.database.transaction() as session:
            if questions:
                await understanding.keep_questions(session, job_id, questions, number)
            cost = await spent(session, job_id)
        return m.Asked(questions=len(questions), **cost.model_dump())

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


async def _keep_description(session: Session, job_id: UUID, content: str) -> None:
    """The plan follows a description that was changed, by hand or for feedback, so that the library lists that one."""
    plan = await jobs.plan_of(session, job_id)
    description = described_as(content)
    if description and description != plan.description:
        await jobs.keep_plan(session, job_id, plan.model_copy(update={"description": description}))


def _scope(writing: m.Writing) -> str:
    return f"write/{writing.revision}"


async def _keep_refined(session: Session, job_id: UUID, refined: Refinement, proposal: Proposal | None) -> None:
    """Once: a retry, which may find other names taken, does not undo what a person was asked about."""
    text = refined.task_description
    told = await jobs.change(
        session, job_id, "refined", "refined", "the request is sharpened", task_description_refined=text
    )
    if told and proposal:
        await jobs.keep_proposal(session, job_id, proposal)
