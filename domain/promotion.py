"""Whether a draft may be published: the one rule, asked before a promotion starts and again when it acts."""

from domain.shape import Shape


class Standing(Shape):
    """What is known of a draft. `validated` and `waived` speak of the very digest that would be published."""

    revision: int | None
    digest: str | None
    ended: bool
    validated: bool
    waived: bool


def obstacle(draft: Standing, *, force: bool, reason: str) -> str | None:
    """What stands in the way, in words a person can act on; None when the draft may be published.

    `force` passes over a failed validation, never over a missing draft, and needs a reason that goes on record.
    """
    if draft.revision is None or draft.digest is None:
        return "There is no draft yet: wait until the job has written one."
    if not draft.ended:
        return "The job is not completed: answer its open prompt, or wait for its validation, then promote."
    if force:
        return None if reason.strip() else "Forcing needs a reason: say why this draft may be published all the same."
    if not (draft.validated or draft.waived):
        return "The validation of this revision has not passed. Revise it, or force the promotion with a reason."
    return None
