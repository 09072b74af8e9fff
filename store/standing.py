"""What the record knows of a draft that shall be published, for the one rule in `domain/library/promotion.py`.

Gathered twice: by the api before a promotion starts, and by the step that acts.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.evaluation import Arm
from domain.evidence.policy import Policy
from domain.job import JobResult
from domain.library.dependencies import problems
from domain.library.metadata import REQUIRES, words_of
from domain.library.next_version import front_of
from domain.library.promotion import Approval, Standing, Waived
from domain.library.waivers import fingerprint, standing_errors
from domain.prompt import HitlType, PromptAction, PromptStatus
from domain.safety_memory import scanned_before
from domain.shape import Shape
from domain.skill import Finding, Frontmatter, Severity, SkillFileEntry
from store import evidence, proof, requirements, revisions, waivers
from store.proof import Proof
from store.tables import HitlInteraction


class Examined(Shape):
    """A draft and what today's rules for safety say of it. `errors` are all, `open_errors` those that nobody waived."""

    standing: Standing
    errors: list[Finding] = []
    open_errors: list[Finding] = []


class Draft(Shape):
    """A draft and its files; the errors of its verdict, the keys of all that the verdict found, and what may stand.

    `proof`: what its evidence adds up from; its standing has the sum once it is examined. `profile`: how thoroughly the
    job went about it.
    """

    standing: Standing
    proof: Proof = Proof()
    profile: str = ""
    files: Sequence[SkillFileEntry] = ()
    judged: list[Finding] = []
    known: frozenset[str] = frozenset()
    waivers: list[Waived] = []

    @property
    def waived(self) -> frozenset[str]:
        """The keys of what may stand."""
        return frozenset(one.finding for one in self.waivers)

    def examined(self) -> Examined:
        """Scan the files once more: rules may have changed since the verdict. And add up the evidence. Tens of
        milliseconds of work: call it in a thread."""
        scanned = standing_errors(scanned_before(self.files), ())
        found = [finding for finding in scanned if fingerprint(finding) not in self.known]
        new = [f"{item.code} ({item.file}:{item.line or 1})" for item in standing_errors(found, self.waived)]
        errors = [*self.judged, *found]
        evidence = self.proof.shown(self.standing.policy, profile=self.profile)
        return Examined(
            standing=self.standing.model_copy(update={"scanned": new, "evidence": evidence}),
            errors=errors,
            open_errors=standing_errors(errors, self.waived),
        )


async def of_job(
    session: AsyncSession,
    job_id: UUID,
    result: JobResult,
    policy: Policy,
    *,
    ended: bool,
    lying: str | None,
    read: Sequence[SkillFileEntry] = (),
    proven: Proof | None = None,
) -> Draft:
    """The draft that holds. `lying`: the digest of its folder, if it has one. `read` and `proven`: its files and the
    proof of them, from whoever has read them."""
    if result.revision is None or result.digest is None:
        return Draft(standing=Standing(revision=result.revision, digest=result.digest, ended=ended, policy=policy))
    let_stand = [Waived.model_validate(one) for one in await waivers.on_record(session, result.digest)]
    waived = frozenset(one.finding for one in let_stand)
    report = await evidence.last_report(session, job_id, result.digest)
    found = evidence.findings(report) if report else []
    # Reports waived by releases before 0.4.0 have one note for all of their findings, and no rows of their own.
    judged = [] if report is None or report.waived is not None else standing_errors(found, ())
    files = read or await _files(session, job_id, result.revision)
    front = front_of(files)
    description = front.description if front else None
    found_out = proven or await proof.of_digest(session, job_id, result.digest, description, files)
    standing = Standing(
        revision=result.revision,
        digest=result.digest,
        ended=ended,
        kept=bool(files),
        judged=report is not None,
        open_errors=list(dict.fromkeys(finding.code for finding in standing_errors(judged, waived))),
        cases=len(found_out.cases),
        runs=len({run.case_id for run in found_out.runs if run.arm is Arm.WITH}),
        policy=policy,
        lying=lying,
        unmet=await _unmet(session, front),
        approvals=await approvals(session, job_id, result.digest),
    )
    known = frozenset(map(fingerprint, found))
    profile = result.evidence.profile if result.evidence else ""
    return Draft(
        standing=standing, proof=found_out, profile=profile, files=files, judged=judged, known=known, waivers=let_stand
    )


async def _files(session: AsyncSession, job_id: UUID, revision: int) -> Sequence[SkillFileEntry]:
    """The revision's files; none where retention has let them go."""
    try:
        return await revisions.files(session, job_id, revision)
    except NotFound:
        return ()


async def _unmet(session: AsyncSession, front: Frontmatter | None) -> list[str]:
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
