"""What crosses between workflows and steps: identities, numbers and digests, lenient and small.

Texts stay in the database, so that nothing of a skill or of an answer is needed to read a history.
"""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.evaluation import Arm
    from domain.job import CancelRequest, JobStatus, Name, Phase
    from domain.prompt import AnswerSignal, HitlType, PromptAction
    from domain.shape import Heard, Shape


class Entered(Shape):
    """The job enters a phase; `round` counts the visits from 1."""

    job_id: UUID
    phase: Phase
    round: int = 1
    message: str = ""


class Entering(Shape):
    """A step before which phases are entered; on record with the step, so that no step is made for that alone."""

    entered: list[Entered] = []


class ForJob(Entering):
    """A step that needs only the job. `attempt` rises when a person asks to try again after a problem."""

    job_id: UUID
    attempt: int = 0


class Prompt(Entering):
    """A prompt to be opened. `timeout`: when it is parked; `auto`: it answers itself with this action, on record."""

    job_id: UUID
    kind: HitlType
    round: int
    timeout: datetime | None = None
    auto: PromptAction | None = None
    questions: int = 0
    revision: int | None = None
    report_id: UUID | None = None
    no_skill_needed: bool = False
    reason: str = ""


class Taken(Shape):
    """What became of an answer. `action` None: the prompt still waits; `refusal` says why an answer was not taken."""

    interaction_id: UUID
    action: PromptAction | None = None
    by: str = ""
    refusal: str | None = None


class Offered(Shape):
    """A signalled answer, offered to its prompt. `number` counts a job's signals, so that a refusal is told once."""

    job_id: UUID
    interaction_id: UUID
    signal: AnswerSignal
    number: int


class ForPrompt(Shape):
    """A step that needs only the prompt."""

    job_id: UUID
    interaction_id: UUID


class Reminder(Shape):
    """People are to be reminded of a prompt; `number` counts from 1; `escalate`: the owner is told as well."""

    job_id: UUID
    interaction_id: UUID
    number: int
    escalate: bool = False


class Reopening(Shape):
    """A parked prompt is asked again until `due`; `number` counts from 1."""

    job_id: UUID
    interaction_id: UUID
    number: int
    due: datetime
    by: str = ""


class Problem(Shape):
    """What stopped a job until a person acts; `number` counts the problems of a job."""

    job_id: UUID
    number: int
    message: str


class Ending(Shape):
    """How a job ends. `by` and `reason` are told for a cancelled one, `error` for a failed one."""

    job_id: UUID
    status: JobStatus
    error: str | None = None
    stack: str | None = None
    reason: str = ""
    by: str = ""
    outcome: str | None = None


class Spent(Shape):
    """What the job's model calls came to when a model step ended."""

    calls: int = 0
    tokens: int = 0


class Refined(Spent):
    """The request is sharp; `fixes` counts what rules have against the name and description asked for."""

    fixes: int = 0


class Asked(Spent):
    """How many questions are ready to be asked."""

    questions: int


class Understood(Spent):
    """What is known after a round of questions; not `complete`: another round would be worth asking."""

    complete: bool = True


class Deeper(ForJob):
    """Questions of a later round are to be written; `round` counts the deep rounds from 1."""

    round: int = 1


class Recasting(ForJob):
    """The cases are to be changed as the answer says; `round` counts the changes from 1."""

    answer: UUID
    round: int = 1


class Adopted(Shape):
    """What a job took over from an ended one."""

    name: str
    path: str
    revision: int
    cases: int = 0
    passed_without: int | None = None
    passed_with: int | None = None


class Planned(Spent):
    """The plan that was stored: the name it reserved and the path it proposes. `unsure`: a person should see it."""

    name: str
    path: str
    unsure: bool = False


class Planning(ForJob):
    """A plan to be made; `confirmation` is the prompt whose feedback it answers."""

    round: int = 1
    confirmation: UUID | None = None


class WriteReason(Shape):
    """Why a revision is written: nothing set for the first; else a person's answer, findings, or failed cases."""

    answer: UUID | None = None
    report_id: UUID | None = None
    counter: bool = False


class Writing(ForJob):
    """Revision `revision` is to be written, out of `base` (0: out of the plan)."""

    revision: int
    base: int = 0
    reason: WriteReason = WriteReason()


class Written(Spent):
    """A revision that is stored."""

    revision: int
    digest: str


class Trial(ForJob):
    """All cases are to be run in one arm; `revision` is 0 without the skill.

    `against`: the revision that held before, when this one answers its failing cases; `round` counts these from 1.
    """

    arm: Arm
    revision: int = 0
    against: int = 0
    round: int = 0


class Measured(Spent):
    """How many of the cases passed in one arm.

    `holds`: the better one of two compared revisions (None: whoever asks decides). `worth_another`: a further revision
    may answer what still fails, or undo harm that `passed` does not count. Releases before 0.5.0 say neither.
    """

    passed: int
    cases: int
    holds: int | None = None
    worth_another: bool = False


class Judged(Spent):
    """A verdict on one revision; the findings are in the report."""

    report_id: UUID
    passed: bool
    score: float


class Waiver(Shape):
    """Findings a person lets stand."""

    job_id: UUID
    report_id: UUID
    answer: UUID


class ForRevision(ForJob):
    """A step on one stored revision; without `advice` no model is asked."""

    revision: int
    advice: bool = True


class RetryRequest(Heard):
    """Argument of the signal `retry`: a person has mended what stopped the job."""

    by: Name = ""


class ReopenRequest(Heard):
    """Argument of the signal `reopen`: a parked prompt shall be asked again."""

    by: Name = ""


class Conversation(BaseModel):
    """What a job must remember of its people, carried whole through continue-as-new. Changed in place."""

    signals: list[AnswerSignal] = []
    signals_seen: int = 0
    rounds: dict[HitlType, int] = {}
    visits: dict[Phase, int] = {}
    problems: int = 0
    retries: int = 0
    closed: list[UUID] = []
    """The newest prompts that have their answer."""
    reopening: ReopenRequest | None = None
    """The wish to be asked again, until the parked prompt takes it."""
    reopened: int = 0
    frugal: bool = False
    """The budget is spent, and a person chose to finish with what is there."""
    cancel: CancelRequest | None = None


class Draft(BaseModel):
    """Where the writing stands: the revision that holds, the highest number given, and what was measured.

    Changed in place by the workflow that owns it.
    """

    name: str = ""
    path: str = ""
    revision: int = 0
    latest: int = 0
    cases: int = 0
    passed_without: int | None = None
    passed_with: int | None = None
    measured: int = 0
    """Number of the revision that `passed_with` is about."""


class Progress(Shape):
    """All that `CreateSkill` carries from one run to the next."""

    conversation: Conversation = Field(default_factory=Conversation)
    draft: Draft = Field(default_factory=Draft)
    entering: list[Entered] = []
    unmeasured: bool = False
    """The cases are still to be run with the revision that holds."""
    validating: bool = False
    """The preview is approved."""


class Outcome(Shape):
    """Result of a workflow: how the job ended."""

    job_id: UUID
    status: JobStatus
    path: str = ""
    revision: int = 0
