"""The author model's steps: read what is known, ask the model, store what it made. No session is held over a call."""

import asyncio
from collections.abc import Collection
from uuid import UUID

from pydantic import JsonValue
from temporalio import activity

from activities import placing
from activities.models import Models, Role, spent
from activities.programs import plan as planning_program
from activities.programs import refine as refine_program
from activities.programs import understand as understand_program
from activities.research import looked_up
from activities.rounds import most_questions, rounds_of, worth_another
from activities.shelves import Shelves
from activities.writing import Writer, answered
from domain.answering.proposals import examined, settled
from domain.brief import Brief, Plan, Proposal, Refinement
from domain.job import JobOptions
from domain.names import free_name
from domain.prompt import Question
from domain.research import Research
from domain.taxonomy import Taxonomy
from store import jobs, requirements, skills, understanding
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
        self.writer = Writer(database, models, shelves)

    @activity.defn
    async def refine(self, job: m.ForJob) -> m.Refined:
        """Sharpen the task description and store it; check name and description as far as they were asked for; look up
        what the library and the sources have, before anybody is asked."""
        model = self.models.of(Role.AUTHOR, job.job_id, "refine", job.attempt)
        brief = await self._brief(job.job_id)
        refined = await refine_program.refine(model, brief)
        research = await looked_up(self.database, job.job_id, brief, refined)
        lying = await asyncio.to_thread(self.shelves.names)
        async with self.database.transaction() as session:
            taken = {*lying, *await skills.names(session, other_than=job.job_id)}
            await _keep_refined(session, job.job_id, refined, examined(brief.task, refined, taken), research)
            kept = await jobs.proposal_of(session, job.job_id)
            cost = await spent(session, job.job_id)
        return m.Refined(fixes=len(kept.fixes) if kept else 0, **cost.model_dump())

    @activity.defn
    async def ask_questions(self, job: m.ForJob) -> m.Asked:
        """Store the questions of the first round."""
        brief = await self._brief(job.job_id)
        most = most_questions(await self._options(job.job_id))
        model = self.models.of(Role.AUTHOR, job.job_id, "ask", job.attempt)
        return await self._asked(job.job_id, await understand_program.ask_questions(model, brief, most=most), 1)

    @activity.defn
    async def ask_deeper(self, deeper: m.Deeper) -> m.Asked:
        """Store the questions of a later round; none when nothing sensible is left to ask."""
        brief = await self._brief(deeper.job_id)
        most = most_questions(await self._options(deeper.job_id))
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
        async with self.database.transaction() as session:
            asked = [question.text for round_ in await rounds_of(session, job.job_id) for question in round_.questions]
        known = await understand_program.summarize(model, await self._brief(job.job_id), asked)
        async with self.database.transaction() as session:
            more = await worth_another(session, job.job_id, known, small=model.low_confidence)
            known = known.model_copy(update={"complete": not more})
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
            feedback = await answered(session, planning.confirmation)
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
                style=options.style,
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
        return await self.writer.write(writing)

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


async def _reserved(session: Session, job_id: UUID, plan: Plan, taken: Collection[str]) -> Plan:
    """The plan under a name that is now this job's: of two jobs that want one name, the second gets a suffix."""
    await skills.drop_drafts(session, job_id, other_than=plan.name)
    while not await skills.reserve(session, plan.name, plan.category, plan.description, "", job_id):
        taken = {*taken, plan.name}
        plan = plan.model_copy(update={"name": free_name(plan.name, taken)})
    return plan


async def _keep_refined(
    session: Session, job_id: UUID, refined: Refinement, proposal: Proposal | None, research: list[Research]
) -> None:
    """Once: a retry, which may find other names taken, does not undo what a person was asked about."""
    text = refined.task_description
    told = await jobs.change(
        session, job_id, "refined", "refined", "the request is sharpened", task_description_refined=text
    )
    if told:
        await understanding.keep_research(session, job_id, research)
    if told and proposal:
        await jobs.keep_proposal(session, job_id, proposal)
