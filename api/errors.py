"""What can go wrong in the api itself, beside `domain.errors`.

SkillFleetError
├── InvalidRequest           a body or parameter that does not fit; carries one message per field
├── KeyReused                the Idempotency-Key was used for something else
├── JobNotEnded              only an ended job can be gone on from
├── Lacking                  a digest lacks approval, validation, scan or evaluation; carries each of them
├── NotAllowed               seen by everyone, changed by some
├── NotBegun                 the job has no record yet that could be changed
├── NotCurrent               a draft's bytes are a version that agents do not read now; the text says the way back
├── NothingToReopen          no prompt of this job is parked
├── NothingToRetry           no problem of this job waits for a person
├── PromotionFailed          the promotion was tried and failed; nothing is half done
├── RetentionOff             no night of retention can begin
├── SkillYanked              the skill was withdrawn from the library; the text says why
├── TemporalUnavailable      Temporal cannot be reached; nothing was lost
├── TooLarge                 a file, or all that a person sent within a day, is more than is taken
├── TryLater                 the same request will do in a while; carries how many seconds
│   ├── StillAtWork          the first request under this Idempotency-Key has not been answered yet
│   └── TimedOut             what the request needs hangs; it was given up
└── WorkflowGone             Temporal has no running workflow of that name

Translated at one edge (`api/problems.py`).
"""

from collections.abc import Sequence

from domain.errors import LibraryConflict, PromotionRefused, SkillFleetError
from domain.library.promotion import Missing


class InvalidRequest(SkillFleetError):
    """Does not fit. `fields` maps a field (`options.category`) to what is wrong with it."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class KeyReused(SkillFleetError):
    """The same Idempotency-Key, another body."""


class JobNotEnded(SkillFleetError):
    """The job still runs: a new one can go on only from an ended one."""


class NotAllowed(SkillFleetError):
    """This person may see it, but not change it."""


class NotCurrent(LibraryConflict):
    """These bytes are a version already, and promoting them again does not make agents read it."""


class NotBegun(SkillFleetError):
    """No worker has opened the job yet, so there is no record to change."""


class NothingToReopen(SkillFleetError):
    """No prompt of this job is parked."""


class NothingToRetry(SkillFleetError):
    """No problem of this job waits for a person."""


class NothingToPromote(PromotionRefused):
    """The job ended without a draft that could ever be published, not even by force."""


class Lacking(PromotionRefused):
    """The digest that would be published lacks something; `missing` names each with what to do."""

    def __init__(self, message: str, missing: Sequence[Missing]) -> None:
        super().__init__(message)
        self.missing = list(missing)


class PromotionFailed(SkillFleetError):
    """The promotion was tried and failed; files and rows are as before."""


class RetentionOff(SkillFleetError):
    """Retention is switched off, or nothing has scheduled it yet."""


class SkillYanked(SkillFleetError):
    """The skill was withdrawn from the library; its versions can still be read."""


class TemporalUnavailable(SkillFleetError):
    """Temporal cannot be reached."""


class TooLarge(SkillFleetError):
    """More bytes than are taken; the text says how many are."""


class TryLater(SkillFleetError):
    """The same request will do in `seconds`."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class StillAtWork(TryLater):
    """The first request under this Idempotency-Key has not been answered yet."""


class TimedOut(TryLater):
    """What the request needs hangs; it was given up, and may or may not have been done."""


class WorkflowGone(SkillFleetError):
    """Temporal has no running workflow of that name: it has ended, or was forgotten."""
