"""The skill library on disk and its rows, kept in step. Files appear whole or not at all; every step may run twice."""

import asyncio
from uuid import UUID

from temporalio import activity

from activities import drafts
from activities.candidate import candidate, proven, token_of
from activities.evidence.files import EvidenceFiles
from activities.evidence.proving import keep_report, published_report, write_files
from activities.publishing import Publisher, Wanted
from activities.shelves import Shelves
from domain.errors import LibraryConflict, PromotionRefused
from domain.evidence.policy import Policy
from domain.evidence.report import EvaluationReport
from domain.job import JobResult, JobStatus, Phase
from domain.library.promotion import obstacles, told
from domain.skill import DRAFTS
from domain.taxonomy import Taxonomy, place
from store import jobs, skills, standing, standing_bytes, versions
from store.base import Json
from store.session import Database, Session
from store.standing_bytes import StandingBytes
from workflows import messages as m
from workflows import promote_messages as pm
from workflows.steps import Library


class FolderLibrary(Library):
    """The library, a folder of skills beside the database."""

    def __init__(
        self, database: Database, shelves: Shelves, taxonomy: Taxonomy, policy: Policy, *, git: bool = False
    ) -> None:
        """Take what the steps need; `git`: versions go into the library's git history too. `policy`: what evidence a
        draft needs."""
        self.database = database
        self.shelves = shelves
        self.taxonomy = taxonomy
        self.policy = policy
        self.publisher = Publisher(database, shelves)
        self.files = EvidenceFiles(shelves.root)
        self.git = git

    @activity.defn
    async def save_draft(self, revision: m.ForRevision) -> None:
        """Write a revision to `_drafts/<job>/<name>` and bring its row up to date."""
        await drafts.save(self.database, self.shelves, revision.job_id, revision.revision)

    @activity.defn
    async def place(self, request: pm.PromoteRequest) -> pm.Placed:
        """Decide where the draft goes. Refuses a draft that may not be published."""
        lying = await asyncio.to_thread(self.shelves.draft_digest, request.job_id)
        async with self.database.transaction() as session:
            found = await skills.draft_of(session, request.job_id)
            if found is None:
                raise PromotionRefused("There is no draft yet: wait until the job has written one.")
            job, skill = found
            result = JobResult.model_validate(job.result)
            ended = within_job(job.status)
            draft = await standing.of_job(session, request.job_id, result, self.policy, ended=ended, lying=lying)
            category = place(request.category or skill.category, self.taxonomy)
            stands = await standing_bytes.of_draft(session, request.job_id, result.digest)
        meant = request.digest in (None, result.digest) and lying in (None, result.digest)
        if stands is not None and ended and meant:
            return await self._standing(request, result, stands)
        seen = await asyncio.to_thread(draft.examined)
        force = request.force and bool(request.reason.strip())
        refusal = told(obstacles(seen.standing, force=force, approving=request.digest))
        if refusal:
            await self._tell(request.job_id, f"refused:{result.digest}:{refusal}", "promotion_failed", refusal)
            raise PromotionRefused(refusal)
        path = f"{category}/{skill.name}"
        placed = pm.Placed(
            path=path,
            revision=result.revision or 0,
            digest=result.digest or "",
            evidence=seen.standing.evidence,
            policy=self.policy.mode,
        )
        return await self._claimed(pm.Move(request=request, placed=placed))

    @activity.defn
    async def publish_files(self, move: pm.Move) -> None:
        """Put the files at their place, whole or not at all."""
        if (wanted := await self._wanted(move)) is not None:
            await self.publisher.put(wanted)

    @activity.defn
    async def publish_rows(self, move: pm.Move) -> None:
        """Make the rows say so, and remove the draft's files."""
        wanted = await self._wanted(move)
        if wanted is None:
            async with self.database.transaction() as session:
                await _published(session, move)
        else:
            report = await published_report(self.database, self.policy, move, wanted)
            await self.publisher.complete(wanted, lambda session: _proven(session, move, report))
            await write_files(self.database, self.files, move.request.job_id, report)
        await self._leave_draft(move.request.job_id)

    @activity.defn
    async def undo(self, move: pm.Move) -> None:
        """Take files back whose rows could not be written, and tell why."""
        job_id, name = move.request.job_id, move.placed.path.rpartition("/")[2]
        if not await self.publisher.abandon(token_of(move.request), name):
            async with self.database.transaction() as session:
                made = await versions.of_job(session, job_id)
            if made is not None and made.digest == move.placed.digest:
                return
        await self._tell(job_id, f"unpromoted:{activity.info().workflow_run_id}", "promotion_failed", move.error)

    async def _standing(self, request: pm.PromoteRequest, result: JobResult, stands: StandingBytes) -> pm.Placed:
        """These bytes are a version: the job is told which. Raises LibraryConflict when agents do not read it now."""
        if not stands.current:
            await self._tell(request.job_id, f"refused:{result.digest}:{stands.told}", "promotion_failed", stands.told)
            raise LibraryConflict(stands.told)
        digest = result.digest or ""
        placed = pm.Placed(path=stands.path, revision=result.revision or 0, digest=digest, done=True)
        async with self.database.transaction() as session:
            said = f"these bytes are {stands.name} {stands.version} already"
            await _published(session, pm.Move(request=request, placed=placed), said)
        await self._leave_draft(request.job_id)
        return placed

    async def _leave_draft(self, job_id: UUID) -> None:
        try:
            await asyncio.to_thread(self.shelves.remove, f"{DRAFTS}/{job_id}")
        except OSError as left:
            activity.logger.warning("the draft of a published skill is left behind: %s", left)

    async def _claimed(self, move: pm.Move) -> pm.Placed:
        """The place, once its name is this promotion's. Raises LibraryConflict, and tells."""
        job_id, placed = move.request.job_id, move.placed
        try:
            async with self.database.transaction() as session:
                wanted = await candidate(session, move)
            held = await self.publisher.claim(wanted)
        except LibraryConflict as taken:
            await self._tell(job_id, f"refused:{placed.digest}:{taken}", "promotion_failed", str(taken))
            raise
        if held is None:
            return placed.model_copy(update={"done": True})
        said = f"publishing as {placed.path} {held.metadata.version}"
        await self._tell(job_id, f"promoting:{placed.digest}", "promotion_started", said)
        fixed = {"version": held.metadata.version, "at": held.metadata.published_at, "commit": self.git}
        return placed.model_copy(update=fixed)

    async def _wanted(self, move: pm.Move) -> Wanted | None:
        """What was claimed; for a place that a release before 0.4.0 decided the claim is made now. None: it is done."""
        async with self.database.transaction() as session:
            wanted = await candidate(session, move)
        return wanted if move.placed.version else await self.publisher.claim(wanted)

    async def _tell(self, job_id: UUID, key: str, kind: str, message: str) -> None:
        async with self.database.transaction() as session:
            await jobs.change(session, job_id, key, kind, message)


def within_job(status: str) -> bool:
    """True when a job of this status may publish: completed, or (options.promote) about to be."""
    return status in (JobStatus.COMPLETED, JobStatus.RUNNING)


async def _proven(session: Session, move: pm.Move, report: EvaluationReport) -> None:
    """The job's own record, and beside it what this version was found to be worth."""
    await _published(session, move)
    await keep_report(session, move, report)


async def _published(session: Session, move: pm.Move, said: str = "") -> None:
    """The job's own record of it; what was forced is told with who and why."""
    request, path = move.request, move.placed.path
    job_id = request.job_id
    forced = request.force and not said
    by_force = f", forced by {request.by}: {request.reason}" if forced else ""
    told: Json = {"final_path": path}
    if forced:
        told["forced"] = {"person": request.by, "reason": request.reason}
    proof = proven(move.placed)
    lacking = move.placed.evidence.lacking if move.placed.evidence else []
    warned = f", with a warning: {'; '.join(lacking)}" if lacking else ""
    await jobs.change(
        session,
        job_id,
        f"promoted:{move.placed.digest}",
        "promotion_completed",
        said or f"published as {path}{by_force}{warned}",
        {**told, **proof},
        current_phase=Phase.PROMOTION,
        promoted=True,
        final_path=path,
    )
    await jobs.merge_result(session, job_id, final_path=path, taxonomy_path=path, **proof)
