"""Published versions on trial again: taken up into a job of their own, and judged by what the cases showed.

The cases are those that proved the version when it was made, guards and proofs as they were, so that the numbers can
be compared. Must not try a case: `evaluator.py` does.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from temporalio import activity

from activities.evidence.files import EvidenceFiles
from activities.evidence.proving import write_files
from domain.brief import Plan
from domain.errors import NotFound
from domain.evaluation import TriggerReport
from domain.evidence.policy import Policy
from domain.evidence.report import EvaluationReport, Subject, report_on
from domain.evidence.report_text import in_words
from domain.job import Source
from domain.library.next_version import front_of
from domain.skill import METADATA_FILE, SKILL_FILE, SkillFileEntry, SkillStatus
from store import calls, evaluations, evidence, jobs, revisions, skills, triggers, understanding, versions
from store.library_tables import Skill, SkillVersion
from store.revisions import NewRevision
from store.session import Database, Session
from store.tables import Job
from workflows import evaluation_messages as em
from workflows.evaluation_steps import Reviewing

REVISION = 1
"""Number that the version's files get in the evaluation's job."""

A_NIGHT = 20
"""Most skills that are evaluated again in one night: each costs two runs of all its cases."""

MOST_TEXT = 32_000
"""Characters of a SKILL.md that the author model is told of when it writes cases for a skill without a job."""


class DatabaseReviewing(Reviewing):
    """The steps, done by rows and the library's folder."""

    def __init__(self, database: Database, library: Path, policy: Policy, agent: str | None) -> None:
        """Take what the steps need; `agent`: the agent model that is configured here."""
        self.database = database
        self.files = EvidenceFiles(library)
        self.policy = policy
        self.agent = agent

    @activity.defn
    async def take_version(self, what: em.ForVersion) -> em.TakenUp:
        """Give the job the version's files as its revision 1, with plan and cases of the job that made it, if known.

        Raises NotFound without such a skill, version or files.
        """
        async with self.database.transaction() as session:
            skill, version = await _meant(session, what)
            job = await jobs.locked(session, what.job_id)
            message = f"evaluating {version.name} {version.version}"
            if await jobs.change(session, what.job_id, "taken", "adopted", message, {"version": version.version}):
                await _take_up(session, job, skill, version)
            cases = await evidence.cases_of(session, what.job_id)
        path = f"{skill.category}/{skill.name}"
        return em.TakenUp(name=skill.name, version=version.version, cases=len(cases), path=path)

    @activity.defn
    async def conclude(self, what: em.ForVersion) -> em.Concluded:
        """Make the report with its verdict, keep it, and write its files; a second time the first one stands."""
        evaluation_id = uuid5(what.job_id, "evaluation")
        async with self.database.transaction() as session:
            standing = await evaluations.get(session, evaluation_id)
        report = standing or await self._reported(what)
        async with self.database.transaction() as session:
            await jobs.locked(session, what.job_id)
            report = await evaluations.keep(session, evaluation_id, report)
            await _tell(session, what.job_id, report)
            cost = await calls.spent(session, what.job_id)
        await write_files(self.database, self.files, what.job_id, report)
        return em.Concluded(evaluation_id=evaluation_id, verdict=report.verdict, calls=cost.calls, tokens=cost.tokens)

    @activity.defn
    async def due(self) -> em.DueSkills:
        """A bounded number of active skills whose newest evaluation is of another agent model than the configured."""
        if self.agent is None:
            return em.DueSkills()
        async with self.database.transaction() as session:
            found = await evaluations.due(session, self.agent, datetime.now(UTC), A_NIGHT)
        return em.DueSkills(skills=[em.DueSkill(name=one.name, version=one.version, model=self.agent) for one in found])

    async def _reported(self, what: em.ForVersion) -> EvaluationReport:
        async with self.database.transaction() as session:
            _, version = await _meant(session, what)
            material = await evaluations.material(session, what.job_id, REVISION)
        if not material.models.agent:
            models = material.models.model_copy(update={"agent": self.agent or ""})
            material = material.model_copy(update={"models": models})
        subject = Subject(
            name=version.name,
            version=version.version,
            digest=version.digest,
            made_at=datetime.now(UTC),
            reason="schedule" if what.reason == "schedule" else "demand",
        )
        return await asyncio.to_thread(report_on, material, self.policy, subject)


async def _meant(session: Session, what: em.ForVersion) -> tuple[Skill, SkillVersion]:
    skill = await skills.get(session, what.name)
    if skill is None or skill.status == SkillStatus.DRAFT:
        raise NotFound(f"There is no published skill {what.name[:80]!r}. `skill-fleet skills` lists them.")
    version = await versions.get(session, skill.name, what.version or skill.version)
    if version is None:
        raise NotFound(
            f"{skill.name} has no version {what.version[:40]!r}: `skill-fleet skills versions {skill.name}`."
        )
    return skill, version


async def _take_up(session: Session, job: Job, skill: Skill, version: SkillVersion) -> None:
    kept = await versions.files(session, version.name, version.version)
    files = [file for file in kept if file.path != METADATA_FILE]
    if not files:
        raise NotFound(f"The files of {version.name} {version.version} were not kept; publish the skill again.")
    maker = await jobs.get(session, version.job_id) if version.job_id else None
    plan = _plan(maker, skill, files)
    await jobs.keep_plan(session, job.job_id, plan)
    new = NewRevision(
        n=REVISION,
        digest=version.digest,
        made_by=await _author(session, version),
        by_person=False,
        changes=[f"{version.name} {version.version} as it was published"],
        created_at=datetime.now(UTC),
        files=files,
    )
    await revisions.keep(session, job.job_id, new)
    if maker is not None:
        await _as_its_maker(session, job, maker, plan.description)
    else:
        job.sources = [_text_of(files).model_dump(mode="json")]
    await jobs.merge_result(
        session, job.job_id, skill_name=plan.name, taxonomy_path=plan.path, revision=REVISION, digest=version.digest
    )


async def _as_its_maker(session: Session, job: Job, maker: Job, description: str) -> None:
    """What the job that made the version knew: what was asked and answered, its cases, and the queries it was tried
    on, whose choices are to be made again."""
    job.task_description_refined = maker.task_description_refined or maker.task_description
    await understanding.copy(session, maker.job_id, job.job_id)
    cases = await evidence.cases_of(session, maker.job_id)
    if cases:
        await evidence.keep_cases(session, job.job_id, cases)
    tried = await triggers.newest(session, maker.job_id)
    if tried is not None and tried.queries:
        known = {"queries": tried.queries, "neighbours": tried.neighbours}
        again = TriggerReport(status="partial", description=description).model_copy(update=known)
        await triggers.keep(session, job.job_id, again)


def _plan(maker: Job | None, skill: Skill, files: Sequence[SkillFileEntry]) -> Plan:
    """The plan it was written by; of a skill that came from elsewhere, one made of what it says of itself."""
    front = front_of(files)
    description = front.description if front else skill.description
    if maker is not None and maker.plan is not None:
        plan = Plan.model_validate(maker.plan)
        return plan.model_copy(update={"name": skill.name, "category": skill.category, "description": description})
    title = skill.name.replace("-", " ").capitalize()
    return Plan(name=skill.name, title=title, description=description[:1024], category=skill.category)


async def _author(session: Session, version: SkillVersion) -> str:
    """Who wrote it: a model, or whoever published it."""
    if version.job_id is not None and version.revision is not None:
        made = await revisions.find(session, version.job_id, version.revision)
        if made is not None:
            return made.made_by
    return version.promoted_by


def _text_of(files: Sequence[SkillFileEntry]) -> Source:
    text = next((file.data for file in files if file.path == SKILL_FILE), b"").decode("utf-8", "replace")
    return Source(name=SKILL_FILE, content=text[:MOST_TEXT])


async def _tell(session: Session, job_id: UUID, report: EvaluationReport) -> None:
    told = {"verdict": report.verdict, "version": report.version, "model": report.models.agent}
    message = f"{report.verdict}: {in_words(report)}"
    await jobs.change(session, job_id, "evaluated", "evaluated", message, {**told})
    await jobs.merge_result(session, job_id, outcome=report.verdict)
