"""What retention keeps, what it found too old, and what went. Shapes only, for every layer."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.shape import Shape


class Mode(StrEnum):
    """Whether old things go, are only counted, or neither."""

    OFF = "off"
    DRY_RUN = "dry-run"
    ON = "on"


class Kind(StrEnum):
    """What retention looks for, in the order in which it goes."""

    DRAFTS = "drafts"
    MODEL_ANSWERS = "model answers"
    EVENTS = "events"
    ANSWER_DRAFTS = "drafts of answers"
    NOTIFICATIONS = "notifications"
    IDEMPOTENCY_KEYS = "idempotency keys"
    PARKED_JOBS = "parked jobs"
    UPLOADS = "uploads"


class Keep(Shape):
    """How many days each kind is kept; a day has 24 hours. Drafts of answers go with the drafts."""

    mode: Mode = Mode.DRY_RUN
    drafts: int
    model_answers: int
    events: int
    parked: int
    idempotency: int
    notifications: int
    uploads: int

    def days(self, kind: Kind) -> int:
        """Days that this kind is kept."""
        return {
            Kind.DRAFTS: self.drafts,
            Kind.MODEL_ANSWERS: self.model_answers,
            Kind.EVENTS: self.events,
            Kind.ANSWER_DRAFTS: self.drafts,
            Kind.NOTIFICATIONS: self.notifications,
            Kind.IDEMPOTENCY_KEYS: self.idempotency,
            Kind.PARKED_JOBS: self.parked,
            Kind.UPLOADS: self.uploads,
        }[kind]

    def goes(self, kind: Kind) -> bool:
        """Whether what is too old of this kind goes. Keys go in a dry run too: they are promised for their time only,
        nothing is known by them, and each request leaves one."""
        return self.mode is Mode.ON or (self.mode is Mode.DRY_RUN and kind is Kind.IDEMPOTENCY_KEYS)

    def age(self, kind: Kind) -> timedelta:
        """The same as a time."""
        return timedelta(days=self.days(kind))


class Found(Shape):
    """What is too old of one kind: older than `before`. `rows` counts its rows, `jobs` the jobs they belong to.

    `examples` are ids of jobs, those that ended longest ago first.
    """

    kind: Kind
    days: int
    before: datetime
    jobs: int = 0
    rows: int = 0
    oldest: datetime | None = None
    examples: list[UUID] = []
    goes: bool = False
    """Set since 0.3.0; in mode `on` all goes whatever this says."""


class Survey(Shape):
    """What was found at one moment of the database's clock. In a dry run only idempotency keys go."""

    mode: Mode
    at: datetime
    found: list[Found] = []


class Batch(Shape):
    """A part of a kind that shall go: what is older than `before`, beyond the place `after`."""

    kind: Kind
    before: datetime
    after: str = ""


class Gone(Shape):
    """What went of one kind: rows, the jobs that have none left, folders of drafts. `kept` could not go: see the log.

    `more`: there is more, beyond the place `after`. `error`: why the rest was left for the next night. What an attempt
    removed before it was cut off is gone, and not counted.
    """

    kind: Kind
    jobs: int = 0
    rows: int = 0
    folders: int = 0
    kept: int = 0
    more: bool = False
    after: str = ""
    error: str = ""

    def and_then(self, later: "Gone") -> "Gone":
        """Both as one; where the later one stopped."""
        counted = ("jobs", "rows", "folders", "kept")
        return later.model_copy(update={name: getattr(self, name) + getattr(later, name) for name in counted})


class Overdue(Shape):
    """Parked jobs that nobody came for, to be cancelled for this reason; `more`: there are more beyond `after`."""

    jobs: list[UUID] = []
    reason: str = ""
    more: bool = False
    after: str = ""


class Report(Shape):
    """Result of one night: what was found, and what of it went (in a dry run: keys only)."""

    survey: Survey
    gone: list[Gone] = []


class RetentionView(Shape):
    """`GET /retention`: whether there is a schedule and when it is due, the last night that ended, and one under way.

    `run` names the last run's workflow. `error`: why it ended without a report.
    """

    scheduled: bool
    paused: bool = False
    next_run: datetime | None = None
    running: bool = False
    run: str = ""
    started_at: datetime | None = None
    report: Report | None = None
    error: str = ""
