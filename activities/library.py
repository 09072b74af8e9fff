"""The skill library on disk and its rows, kept in step. Files appear whole or not at all; every step may run twice."""

import asyncio
from uuid import UUID

from temporalio import activity

from activities import drafts
from activities.shelves import Shelves
from domain.errors import NotFound, PromotionRefused
from domain.job import JobResult, JobStatus, Phase
from domain.promotion import Standing, obstacle
from domain.skill import DRAFTS, SkillStatus
from domain.taxonomy import Taxonomy, place
from store import calls, evidence, jobs, revisions, skills
from store.library_tables import SkillVersion
from store.session import Database, Session
from workflows import messages as m
from workflows.steps import Library

FIRST_VERSION = "1.0.0"


class FolderLibrary(Library):
    """The library, a folder of skills beside the database."""

    def __init__(self, database: Database, shelves: Shelves, taxonomy: Taxonomy) -> None:
        """Take what the steps need."""
        self.database = database
        self.shelves = shelves
        self.taxonomy = taxonomy

    @activity.defn
    async def save_draft(self, revision: m.ForRevision) -> None:
        """Write a revision to `_drafts/<job>/<name>` and bring its row up to date."""
        await drafts.save(self.database, self.shelves, revision.job_id, revision.revision)

    @activity.defn
    async def place(self, request: m.PromoteRequest) -> m.Placed:
        """Decide where the draft goes. Refuses a draft that may not be published."""
        async with self.database.transaction() as session:
            found = await skills.draft_of(session, request.job_id)
            if found is None:
                raise PromotionRefused("There is no draft yet: wait until the job has written one.")
            job, skill = found
            result = JobResult.model_validate(job.result)
            if skill.status == SkillStatus.ACTIVE and skill.digest == result.digest:
                path = f"{skill.category}/{skill.name}"
                return m.Placed(path=path, revision=result.revision or 0, digest=skill.digest, done=True)
            standing = await standing_of(session, request.job_id, result, ended=within_job(job.status))
            refusal = obstacle(standing, force=request.force, reason=request.reason)
            category = place(request.category or skill.category, self.taxonomy)
        if refusal:
            await self._tell(request.job_id, f"refused:{standing.digest}:{refusal}", "promotion_failed", refusal)
            raise PromotionRefused(refusal)
        path = f"{category}/{skill.name}"
        await self._tell(request.job_id, f"promoting:{standing.digest}", "promotion_started", f"publishing as {path}")
        return m.Placed(path=path, revision=standing.revision or 0, digest=standing.digest or "")

    @activity.defn
    async def publish_files(self, move: m.Move) -> None:
        """Put the files at their place, whole or not at all."""
        async with self.database.transaction() as session:
            files = await revisions.files(session, move.request.job_id, move.placed.revision)
        await asyncio.to_thread(self.shelves.add, move.placed.path, files, move.placed.digest)

    @activity.defn
    async def publish_rows(self, move: m.Move) -> None:
        """Make the rows say so, and remove the draft's files."""
        job_id, path = move.request.job_id, move.placed.path
        async with self.database.transaction() as session:
            await self._publish(session, move)
            await jobs.change(
                session,
                job_id,
                f"promoted:{move.placed.digest}",
                "promotion_completed",
                f"published as {path}",
                {"final_path": path},
                current_phase=Phase.PROMOTION,
                promoted=True,
                final_path=path,
            )
            await jobs.merge_result(session, job_id, final_path=path, taxonomy_path=path)
        try:
            await asyncio.to_thread(self.shelves.remove, f"{DRAFTS}/{job_id}")
        except OSError as left:
            activity.logger.warning("the draft of a published skill is left behind: %s", left)

    @activity.defn
    async def undo(self, move: m.Move) -> None:
        """Take files back whose rows could not be written, and tell why."""
        job_id = move.request.job_id
        async with self.database.transaction() as session:
            skill = await skills.of_job(session, job_id)
            listed = skill is not None and skill.status == SkillStatus.ACTIVE and skill.digest == move.placed.digest
        if listed:
            return
        await asyncio.to_thread(self.shelves.take_back, move.placed.path, move.placed.digest)
        await self._tell(job_id, f"unpromoted:{activity.info().workflow_run_id}", "promotion_failed", move.error)

    async def _publish(self, session: Session, move: m.Move) -> None:
        skill = await skills.of_job(session, move.request.job_id)
        if skill is None:
            raise NotFound(f"Job {move.request.job_id} has no skill to publish.")
        usage = await calls.usage(session, move.request.job_id)
        skill.category = move.placed.path.split("/")[0]
        version = SkillVersion(
            name=skill.name,
            version=FIRST_VERSION,
            digest=move.placed.digest,
            job_id=move.request.job_id,
            revision=move.placed.revision,
            promoted_by=move.request.by,
            forced_reason=move.request.reason if move.request.force else None,
            provenance=usage.model_dump(mode="json"),
        )
        await skills.publish(session, skill, version)

    async def _tell(self, job_id: UUID, key: str, kind: str, message: str) -> None:
        async with self.database.transaction() as session:
            await jobs.change(session, job_id, key, kind, message)


def within_job(status: str) -> bool:
    """True when a job of this status may publish: completed, or (options.promote) about to be."""
    return status in (JobStatus.COMPLETED, JobStatus.RUNNING)


async def standing_of(session: Session, job_id: UUID, result: JobResult, *, ended: bool) -> Standing:
    """What is known of the draft that would be published."""
    report = await evidence.last_report(session, job_id, result.digest) if result.digest else None
    return Standing(
        revision=result.revision,
        digest=result.digest,
        ended=ended,
        validated=report is not None and report.passed,
        waived=report is not None and report.waived is not None,
    )
