"""A new job takes over what an ended one had reached: what was understood, planned, tried and written. Asks no model.

Part of `DatabaseRecords.adopt`: one transaction, done whole or not at all, and once whatever is retried.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from pydantic import JsonValue

from domain.brief import Plan
from domain.errors import NotFound, SkillFileError
from domain.evaluation import Arm
from domain.evidence.holding import passing, proofs
from domain.evidence.numbers import status_of, tried_with
from domain.evidence.profile import QUICK, Profile
from domain.job import JobResult, JobStatus, Origin
from domain.names import free_name
from domain.skill import SKILL_FILE, Frontmatter, SkillFileEntry
from domain.skill_file import digest, frontmatter_of, parse, with_frontmatter
from store import evidence, jobs, proof, revisions, skills, triggers, understanding
from store.revisions import NewRevision
from store.session import Session
from store.tables import Job
from workflows import messages as m

FIRST = 1
"""Number that the adopted revision gets in the new job."""

NOTHING = 0
"""Number of no revision: bytes that were never tried take over the runs of the control arm only."""

NOT_YET = "the new task is not worked in yet: ask for it at the preview with `revise`"
"""Said of a first revision whose job was given a task of its own: it was written for another one."""

LEAVES_ITS_NAME = (JobStatus.CANCELLED, JobStatus.FAILED)
"""How a job must have ended to hand its name on; a completed one may still be promoted under it."""


async def adopt(
    session: Session, job_id: UUID, edited: Sequence[SkillFileEntry] = (), profile: Profile = QUICK
) -> m.Adopted:
    """Take over from the job named in `origin`; `edited`: the files of its draft, where they are wanted as they lie.
    `profile`: how thoroughly jobs are proven here, for whether the evidence that is taken over is whole.

    Raises NotFound when there is no such job, plan, revision or file.
    """
    job = await jobs.locked(session, job_id)
    origin = Origin.model_validate(job.origin or {"job_id": job_id, "revision": 0})
    source = await jobs.get(session, origin.job_id)
    if source is None or origin.job_id == job_id:
        raise NotFound(f"Job {job_id} names no job that it could take anything over from.")
    source = await jobs.locked(session, source.job_id)  # nothing of it is removed meanwhile (store/retention.py)
    what = "its draft as it was edited" if origin.draft else f"revision {origin.revision}"
    message = f"taken over from job {origin.job_id}, {what}"
    told: dict[str, JsonValue] = {"job_id": str(origin.job_id), "revision": origin.revision}
    refined = job.task_description if _asks_anew(job, source) else source.task_description_refined
    refined = refined or source.task_description
    if await jobs.change(session, job_id, "adopted", "adopted", message, told, task_description_refined=refined):
        await _take_over(session, job, source, origin, message, edited)
    return await _adopted(session, job_id, profile)


async def _take_over(
    session: Session, job: Job, source: Job, origin: Origin, message: str, edited: Sequence[SkillFileEntry]
) -> None:
    await understanding.copy(session, source.job_id, job.job_id)
    before = await jobs.plan_of(session, source.job_id)
    plan = await _reserved(session, job, source, before)
    await jobs.keep_plan(session, job.job_id, plan)
    old = await revisions.summary(session, source.job_id, origin.revision)
    taken = edited if origin.draft else await revisions.files(session, source.job_id, origin.revision)
    if not taken:
        raise NotFound(f"The folder of drafts of job {source.job_id} is not there any more; go on from its revision.")
    files = [_named(file, before, plan) for file in taken]
    await _take_proof(session, job, source, digest(files), renamed=plan.name != before.name)
    renamed = [] if plan.name == before.name else [f"renamed to {plan.name}: {before.name} is the other job's"]
    new = NewRevision(
        n=FIRST,
        digest=digest(files),
        made_by=origin.by if origin.draft else old.made_by,
        by_person=origin.draft or old.by_person,
        changes=[message, *renamed, *([NOT_YET] if _asks_anew(job, source) else [])],
        created_at=datetime.now(UTC),
        files=files,
    )
    await revisions.keep(session, job.job_id, new)
    await _fill_result(session, job, source, plan, new)


async def _take_proof(session: Session, job: Job, source: Job, own: str, *, renamed: bool) -> None:
    """Cases and control arm; runs with the skill only if they were made with these very bytes, whichever revision of
    the source has them. Descriptions were tried among names: under another one the agent saw another catalogue."""
    measured = await proof.tried_revision(session, source.job_id, own) or NOTHING
    await evidence.copy(session, source.job_id, job.job_id, revision=measured, as_revision=FIRST)
    if not renamed:
        await triggers.copy(session, source.job_id, job.job_id)


def _asks_anew(job: Job, source: Job) -> bool:
    """Whether the new job was given a task of its own; one that says nothing has the words of its source."""
    return job.task_description != source.task_description


async def _reserved(session: Session, job: Job, source: Job, plan: Plan) -> Plan:
    """The plan under a name that is now the new job's, on the shelf that its request names."""
    if JobStatus(source.status) in LEAVES_ITS_NAME:
        await skills.hand_over(session, plan.name, source.job_id, job.job_id)
    category = (await jobs.options_of(session, job.job_id)).category or plan.category
    taken: set[str] = set()
    name = plan.name
    while not await skills.reserve(session, name, category, plan.description, "", job.job_id):
        taken = {*taken, name, *await skills.names(session, other_than=job.job_id)}
        name = free_name(plan.name, taken)
    return plan.model_copy(update={"name": name, "category": category})


def _named(file: SkillFileEntry, before: Plan, plan: Plan) -> SkillFileEntry:
    """The file, with the new name in its frontmatter when it is a SKILL.md and the name has changed."""
    if file.path != SKILL_FILE or plan.name == before.name:
        return file
    try:
        front = frontmatter_of(parse(file.data, lenient=True)).model_copy(update={"name": plan.name})
    except SkillFileError:
        front = Frontmatter(name=plan.name, description=plan.description)
    text = with_frontmatter(file.data.decode("utf-8", "replace"), front)
    return SkillFileEntry(path=file.path, data=text.encode("utf-8", "replace"))


async def _fill_result(session: Session, job: Job, source: Job, plan: Plan, new: NewRevision) -> None:
    found, before = await proof.of_revision(session, job.job_id, FIRST), JobResult.model_validate(source.result)
    await jobs.merge_result(
        session,
        job.job_id,
        understanding_summary=before.understanding_summary,
        skill_name=plan.name,
        taxonomy_path=plan.path,
        revision=FIRST,
        digest=new.digest,
        evidence=found.shown(profile=before.evidence.profile if before.evidence else "").model_dump(
            mode="json", by_alias=True
        ),
    )


async def _adopted(session: Session, job_id: UUID, profile: Profile) -> m.Adopted:
    """What there is now. `passed_with` is None where the evidence is to be completed: its runs that are kept are not
    made again, and where nothing is missing this asks no model either."""
    plan = await jobs.plan_of(session, job_id)
    found = await proof.of_revision(session, job_id, FIRST)
    cases, runs = found.cases, found.runs
    ran = {run.arm for run in runs}
    return m.Adopted(
        name=plan.name,
        path=plan.path,
        revision=FIRST,
        cases=len(proofs(cases)),
        passed_without=len(passing(cases, runs, Arm.WITHOUT)) if Arm.WITHOUT in ran else None,
        passed_with=len(passing(cases, runs, Arm.WITH, FIRST)) if whole(found, profile) else None,
    )


def whole(found: proof.Proof, profile: Profile) -> bool:
    """Whether a proof has all that the profile plans: every run of every case in both arms, and the trial of the
    description to its end, with the model of the runs."""
    own = next(iter(found.numbers(planned=profile.runs)), None)
    if own is None or status_of(own) != "measured":
        return False
    tried = tried_with(own, found.triggers)
    return not profile.triggers or (tried is not None and tried.status not in ("none", triggers.PARTIAL))
