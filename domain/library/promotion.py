"""Whether a draft may be published: the one rule, asked before a promotion starts and again when it acts.

Approval, validation, scan and evaluation belong to one digest of all files. Whatever changes a file makes another
digest, and for that one they are missing until they are done again. How much evidence is enough is the policy's to say
(`domain/evidence/policy.py`).
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from domain.evaluation import Evidence
from domain.evidence.policy import Policy
from domain.shape import Shape, StrictShape
from domain.skill import Finding


class Need(StrEnum):
    """What a digest needs before it is published."""

    DRAFT = "draft"
    ENDED = "ended"
    APPROVAL = "approval"
    FILES = "files"
    VALIDATION = "validation"
    SCAN = "scan"
    EVALUATION = "evaluation"
    REQUIREMENTS = "requirements"


class Missing(Shape):
    """One thing that is missing: what, why, and what to do."""

    what: Need
    why: str
    next_step: str


class Approval(Shape):
    """Who approved a digest, and how: at a preview, by promoting it, or by nobody (`auto_approve`); and when."""

    by: str
    channel: str
    at: datetime | None = None


class Standing(Shape):
    """What is known of a draft. All of it speaks of the very digest that would be published.

    `kept`: its files are still there. `judged`: it has a verdict. `open_errors` are the codes of that verdict's errors
    that nobody waived; `scanned` those that today's rules for safety find besides, with their place. `cases`, `runs`:
    how many evaluation cases the job has, and how many ran with these files. `evidence`: what those runs add up to, and
    what they lack by the `policy`. `unmet`: what is wrong with what it requires. `lying`: the digest of the draft's
    folder, None when there is none.
    """

    revision: int | None
    digest: str | None
    ended: bool
    kept: bool = True
    judged: bool = False
    open_errors: list[str] = []
    scanned: list[str] = []
    cases: int = 0
    runs: int = 0
    policy: Policy = Policy()
    evidence: Evidence = Evidence()
    unmet: list[str] = []
    lying: str | None = None
    approvals: list[Approval] = []


class OpenFinding(StrictShape):
    """An error that stands in the way; `key` names it within this digest."""

    key: str
    finding: Finding


class Waived(StrictShape):
    """A finding of this digest that somebody let stand; `finding` is its key."""

    finding: str
    code: str
    person: str
    reason: str
    at: datetime


class DraftView(StrictShape):
    """`GET /drafts/{job_id}`: what the digest has, and what it lacks before it may be published.

    `warnings`: what its evidence lacks, where the policy only warns of it. `waivers`: who let which finding stand.
    """

    standing: Standing
    missing: list[Missing]
    open_findings: list[OpenFinding]
    warnings: list[str] = []
    waivers: list[Waived] = []


BY_FORCE = (Need.VALIDATION, Need.SCAN, Need.EVALUATION, Need.REQUIREMENTS)
"""What a named person with a reason may pass over. A folder that was edited is never published by force: nobody could
say which of the two texts was meant."""

_AGAIN = "`skill-fleet create --from-job JOB`; by HTTP `from_job`"
_PROVE = f"Revise it in a new job ({_AGAIN}), which tries it again, or force the promotion with a reason."
_MEND = f"Revise it in a new job ({_AGAIN}), waive each finding with a reason, or force the promotion with a reason."


def missing(draft: Standing, *, approving: str | None = None) -> list[Missing]:
    """What stands in the way, in words a person can act on; nothing when the draft may be published.

    `approving`: the digest that the promoter has seen, if they named one; promoting is their approval of it.
    """
    if draft.revision is None or draft.digest is None:
        why, then = "There is no draft yet.", "Wait until the job has written one."
        return [Missing(what=Need.DRAFT, why=why, next_step=then)]
    if not draft.ended:
        then = "Answer its open prompt, or wait for its validation, then promote."
        return [Missing(what=Need.ENDED, why="The job is not completed.", next_step=then)]
    if not draft.kept:
        why = f"The files of revision {draft.revision} were removed by retention."
        then = "Start a new job with the same description."
        return [Missing(what=Need.DRAFT, why=why, next_step=then)]
    verdicts = [*_validation(draft), *_scan(draft), *_evaluation(draft)]
    return [*_approval(draft, approving), *_files(draft), *verdicts, *_requirements(draft)]


def _approval(draft: Standing, approving: str | None) -> list[Missing]:
    if approving is None or approving == draft.digest:
        return []
    why = f"What was approved is {approving[:12]}…, and the draft is {(draft.digest or '')[:12]}… by now."
    return [Missing(what=Need.APPROVAL, why=why, next_step="Read the draft again, and promote what you have read.")]


def _files(draft: Standing) -> list[Missing]:
    if draft.lying is None or draft.lying == draft.digest:
        return []
    why = (
        f"The files in the draft's folder were changed after revision {draft.revision} was approved: what lies there "
        f"is {draft.lying[:12]}…, without approval, validation, scan and evaluation."
    )
    then = (
        "To take the change in, start a job from it (`skill-fleet create --from-job JOB --draft`; by HTTP "
        "`from_job` with `from_draft: true`), which does them all again; "
        "to publish the approved revision, delete that folder."
    )
    return [Missing(what=Need.FILES, why=why, next_step=then)]


def _validation(draft: Standing) -> list[Missing]:
    if draft.judged and not draft.open_errors:
        return []
    if not draft.judged:
        why = f"Revision {draft.revision} has not been validated."
    else:
        why = f"The validation of revision {draft.revision} has not passed: {', '.join(draft.open_errors)}."
    return [Missing(what=Need.VALIDATION, why=why, next_step=_MEND)]


def _scan(draft: Standing) -> list[Missing]:
    if not draft.scanned:
        return []
    why = f"Today's rules for safety find what the validation did not: {'; '.join(draft.scanned)}."
    return [Missing(what=Need.SCAN, why=why, next_step=_MEND)]


def _evaluation(draft: Standing) -> list[Missing]:
    """By the policy, and in any case a run of every case: what was never tried is not even known to be bad."""
    found = _proof(draft)
    if found or draft.runs >= draft.cases:
        return found
    ran = f"{draft.runs} of {draft.cases}" if draft.runs else "none"
    why = f"Of the evaluation cases, {ran} ran with revision {draft.revision}."
    then = f"Start a job from it ({_AGAIN}), which runs them, or force the promotion with a reason."
    return [Missing(what=Need.EVALUATION, why=why, next_step=then)]


def _proof(draft: Standing) -> list[Missing]:
    if draft.policy.mode != "refuse":
        return []
    said = [f"{text[0].upper()}{text[1:]}." for text in draft.evidence.lacking]
    return [Missing(what=Need.EVALUATION, why=why, next_step=_PROVE) for why in said]


def warnings(draft: Standing) -> list[str]:
    """What the evidence of this digest lacks where that does not stand in the way, only has to be known."""
    return list(draft.evidence.lacking) if draft.policy.mode == "warn" and draft.revision is not None else []


def _requirements(draft: Standing) -> list[Missing]:
    if not draft.unmet:
        return []
    then = "Publish or correct what it requires, or force the promotion with a reason."
    return [Missing(what=Need.REQUIREMENTS, why=" ".join(draft.unmet), next_step=then)]


def obstacles(draft: Standing, *, force: bool, approving: str | None = None) -> list[Missing]:
    """What stands in the way when what may be passed over is forced."""
    found = missing(draft, approving=approving)
    return [item for item in found if not (force and item.what in BY_FORCE)]


def told(items: Sequence[Missing]) -> str:
    """What is missing, as sentences."""
    return " ".join(f"{item.why} {item.next_step}" for item in items)
