"""What can go wrong in the api itself, beside `domain.errors`.

SkillFleetError
├── InvalidRequest           a body or parameter that does not fit; carries one message per field
├── KeyReused                the Idempotency-Key was used for something else
├── NothingToRetry           no problem of this job waits for a person
├── PromotionFailed          the promotion was tried and failed; nothing is half done
├── TemporalUnavailable      Temporal cannot be reached; nothing was lost
└── WorkflowGone             Temporal has no running workflow of that name

Translated at one edge (`api/problems.py`).
"""

from domain.errors import SkillFleetError


class InvalidRequest(SkillFleetError):
    """Does not fit. `fields` maps a field (`options.category`) to what is wrong with it."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class KeyReused(SkillFleetError):
    """The same Idempotency-Key, another body."""


class NothingToRetry(SkillFleetError):
    """No problem of this job waits for a person."""


class PromotionFailed(SkillFleetError):
    """The promotion was tried and failed; files and rows are as before."""


class TemporalUnavailable(SkillFleetError):
    """Temporal cannot be reached."""


class WorkflowGone(SkillFleetError):
    """Temporal has no running workflow of that name: it has ended, or was forgotten."""
