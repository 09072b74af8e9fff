"""The version that a job's draft becomes: its files, number, changelog and where it came from, from the job's record.

Made of rows only, and the same at every retry once the name is claimed. Must not decide whether it may be published.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import func, select

from activities.adoption import FIRST
from activities.publishing import Wanted
from domain.library.metadata import OriginKind, Publishing, SkillOrigin, metadata_of
from domain.library.next_version import front_of, next_version
from domain.library.promotion import Approval
from domain.skill import Frontmatter, SkillFileEntry
from store import calls, jobs, revisions, skills, standing, versions, waivers
from store.base import Json
from store.library_tables import SkillVersion
from store.session import Session
from store.tables import HitlInteraction, StepResult
from workflows import promote_messages as pm

MOST_STEPS = 20
"""Steps of a job whose prompts are told apart; a job has some fifteen. With a count and a digest each they take less
than 4 KB, whatever the number of cases and rounds: every page of a version carries them."""

OTHERS = "others"
"""Where the prompts of the steps after those are counted."""


def token_of(request: pm.PromoteRequest) -> str:
    """Who holds the name: the workflow of this promotion."""
    return f"promote-skill:{request.job_id}"


async def candidate(session: Session, move: pm.Move) -> Wanted:
    """The version. Its number and time are those of the claim, or chosen now when nothing is claimed yet.

    Raises NotFound without a plan or revision, LibraryConflict when the author's own number cannot be.
    """
    request, placed = move.request, move.placed
    plan = await jobs.plan_of(session, request.job_id)
    files = list(await revisions.files(session, request.job_id, placed.revision))
    base = await versions.base_of(session, plan.name, request.job_id)
    front = front_of(files) or Frontmatter(name=plan.name, description=plan.description)
    publishing = Publishing(
        version=placed.version or await _number(session, plan.name, files),
        category=placed.path.split("/")[0],
        origin=SkillOrigin(kind=OriginKind.JOB, job_id=request.job_id, revision=placed.revision),
        by=request.by,
        at=placed.at or datetime.now(UTC),
    )
    return Wanted(
        token=token_of(request),
        metadata=metadata_of(front.model_copy(update={"name": plan.name}), files, publishing),
        files=files,
        kind="published",
        base=base.version if base else None,
        changelog=await _changelog(session, move, base),
        forced_reason=request.reason if request.force else None,
        provenance=await _provenance(session, move, base),
        person=request.by,
        reason=request.reason or None,
    )


async def _number(session: Session, name: str, files: list[SkillFileEntry]) -> str:
    row = await skills.get(session, name)
    old = await versions.files(session, name, row.version) if row else []
    highest = await versions.highest(session, name)
    return next_version(highest.version if highest else None, old, files)


async def _changelog(session: Session, move: pm.Move, base: SkillVersion | None) -> str:
    """What the revisions since the base say that they changed, one line each; of a first version nothing is told."""
    if base is None:
        return ""
    made = await revisions.history(session, move.request.job_id)
    since = [row for row in made if FIRST < row.n <= move.placed.revision]
    lines = [line for row in since for line in (row.feedback, *row.changes) if line]
    return "\n".join(f"- {line}" for line in dict.fromkeys(lines))


async def _provenance(session: Session, move: pm.Move, base: SkillVersion | None) -> Json:
    """Models and cost, one digest a step of all that they were asked, answers, approvals, waivers and the evidence at a
    glance. Texts, and the digest of each call, stay with the job."""
    job_id, digest = move.request.job_id, move.placed.digest
    usage = await calls.usage(session, job_id)
    asked = select(StepResult.key, StepResult.input_digest).where(StepResult.job_id == job_id)
    answers = select(func.count()).where(HitlInteraction.job_id == job_id, HitlInteraction.responded_by.is_not(None))
    at_previews = await standing.approvals(session, job_id, digest)
    return {
        **usage.model_dump(mode="json"),
        "base": base.version if base else None,
        "prompts": by_step((key, prompt) for key, prompt in await session.execute(asked.order_by(StepResult.key))),
        "answers": await session.scalar(answers) or 0,
        "approvals": [each.model_dump(mode="json") for each in [*at_previews, *_by_promoting(move)]],
        "approved_by_promoting": move.request.digest == digest,
        "waivers": await waivers.on_record(session, digest),
        **proven(move.placed),
    }


def by_step(asked: Iterable[tuple[str, str]]) -> Json:
    """Of each step how many different prompts it had, and one digest: of a single prompt its own, else the SHA-256 of
    all in their order. `asked`: key and digest of each call; keys begin with the step, those of trials with the arm."""
    found: dict[str, set[str]] = {}
    for key, prompt in asked:
        first, second, *_ = [*key.split("/"), ""]
        step = f"{first}/{second}"[:60] if first == "try" else first[:60]
        step = step if step in found or len(found) < MOST_STEPS - 1 else OTHERS
        found.setdefault(step, set()).add(prompt)
    return {step: {"prompts": len(own), "digest": _together(own)} for step, own in found.items()}


def _together(digests: set[str]) -> str:
    ordered = sorted(digests)
    return ordered[0] if len(ordered) == 1 else sha256("\n".join(ordered).encode()).hexdigest()


def proven(placed: pm.Placed) -> Json:
    """The evidence as it was when the promotion was decided, with what it lacks by the policy of that hour; nothing of
    promotions that were decided without."""
    if placed.evidence is None:
        return {}
    return {"evidence": {**placed.evidence.model_dump(mode="json", by_alias=True), "policy": placed.policy}}


def _by_promoting(move: pm.Move) -> list[Approval]:
    """Promoting a digest by its name approves it; the time is that of the claim."""
    if move.request.digest != move.placed.digest:
        return []
    return [Approval(by=move.request.by, channel="promotion", at=move.placed.at)]
