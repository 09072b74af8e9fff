"""What the record knows of a draft that shall be published, for the one rule in `domain/library/promotion.py`.

Gathered twice: by the api before a promotion starts, and by the step that acts.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.job import JobResult
from domain.library.dependencies import problems
from domain.library.metadata import REQUIRES, words_of
from domain.library.next_version import front_of
from domain.library.promotion import Approval, Standing
from domain.library.waivers import fingerprint, standing_errors
from domain.prompt import HitlType, PromptAction, PromptStatus
from domain.safety import scan
from domain.shape import Shape
from domain.skill import Finding, Severity, SkillFileEntry
from store import evidence, requirements, revisions, waivers
from store.tables import HitlInteraction


class Examined(Shape):
    """A draft and what today's rules for safety say of it. `errors` are all, `open_errors` those that nobody waived."""

    standing: Standing
    errors: list[Finding] = []
    open_errors: list[Finding] = []


class Draft(Shape):
    """A draft and its files; the errors of its verdict, the keys of all that the verdict found, and those waived."""

    standing: Standing
    files: Sequence[SkillFileEntry] = ()
    judged: list[Finding] = []
    known: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()

    def examined(self) -> Examined:
        """Scan the files once more: rules may have changed since the verdict. Milliseconds of work: call it in a
        thread."""
        found = [finding for finding in standing_errors(scan(self.files), ()) if fingerprint(finding) not in self.known]
        new = [f"{item.code} ({item.file}:{item.line or 1})" for item in standing_errors(found, self.waived)]
        errors = [*self.judged, *found]
        return Examined(
            standing=self.standing.model_copy(update={"scanned": new}),
            errors=errors,
            open_errors=standing_errors(errors, self.waived),
        )


async def of_job(session: AsyncSession, job_id: UUID, result: JobResult, *, ended: bool, lying: str | None) -> Draft:
    """The draft that holds. `lying`: the digest of its folder, if it has one."""
    if result.revision is None or result.digest is None:
        return Draft(standing=Standing(revision=result.revision, digest=result.digest, ended=ended))
    waived = await waivers.keys(session, result.digest)
    report = await evidence.last_report(session, job_id, result.digest)
    found = evidence.findings(report) if report else []
    # Reports waived by releases before 0.4.0 have one note for all of their findings, and no rows of their own.
    judged = [] if report is None or report.waived is not None else standing_errors(found, ())
    cases = await evidence.cases_of(session, job_id)
    runs = await evidence.runs_of(session, job_id, revision=result.revision)
    try:
        files = await revisions.files(session, job_id, result.revision)
    except NotFound:
        files = ()
    standing = Standing(
        revision=result.revision,
        digest=result.digest,
        ended=ended,
        kept=bool(files),
        judged=report is not None,
        open_errors=list(dict.fromkeys(finding.code for finding in standing_errors(judged, waived))),
        cases=len(cases),
        runs=len({run.case_id for run in runs if run.revision == result.revision}),
        lying=lying,
        unmet=await _unmet(session, files),
        approvals=await approvals(session, job_id, result.digest),
    )
    known = frozenset(map(fingerprint, found))
    return Draft(standing=standing, files=files, judged=judged, known=known, waived=waived)


async def _unmet(session: AsyncSession, files: Sequence[SkillFileEntry]) -> list[str]:
    front = front_of(files)
    requires = words_of(front, REQUIRES) if front else []
    if front is None or not requires:
        return []
    found = problems(front.name, requires, await requirements.catalogue(session))
    return [finding.message for finding in found if finding.severity is Severity.ERROR]


async def approvals(session: AsyncSession, job_id: UUID, digest: str) -> list[Approval]:
    """Who approved this digest at a preview, first first."""
    query = select(HitlInteraction.responded_by, HitlInteraction.channel, HitlInteraction.responded_at).where(
        HitlInteraction.job_id == job_id,
        HitlInteraction.interaction_type == HitlType.PREVIEW,
        HitlInteraction.status == PromptStatus.RESPONDED,
        HitlInteraction.digest == digest,
        HitlInteraction.response_data["action"].astext == PromptAction.PROCEED,
    )
    rows = await session.execute(query.order_by(HitlInteraction.responded_at))
    return [Approval(by=by or "", channel=channel or "", at=at) for by, channel, at in rows]
