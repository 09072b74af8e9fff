"""What can go wrong, named for what happened; raised where it is known, translated at the edges.

SkillFleetError
├── ProviderError            a language model could not be asked; the job waits, nothing is lost
│   ├── ProviderRateLimited      ask again after `retry_after` seconds
│   ├── ProviderUnavailable      down, slow or unreachable: ask again later
│   ├── ProviderRefused          key, billing or request: asking again cannot help, a person must act
│   ├── NoProvider               no model is configured
│   └── Unparsable               it answered, but not in the asked form, several times
├── BudgetExhausted          the job may spend no more; it asks a person
├── SkillFileError           bytes that are not a readable SKILL.md
├── InvalidAnswer            an answer that does not fit its prompt; carries one message per field
├── AnswerConflict           another answer stands, or the prompt is closed
├── JobEnded                 the job can no longer be answered or cancelled
├── NotFound                 no such job, prompt or skill, or not for this person
├── PromotionRefused         the draft may not be published; says what is missing
└── LibraryConflict          the place in the taxonomy is taken by something else
"""


class SkillFleetError(Exception):
    """Root of every error this application raises on purpose; its text is fit for a person."""


class ProviderError(SkillFleetError):
    """A language model could not be asked."""


class ProviderRateLimited(ProviderError):
    """The provider asks us to wait `retry_after` seconds (None: it did not say)."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderUnavailable(ProviderError):
    """The provider is down, slow or unreachable."""


class ProviderRefused(ProviderError):
    """The provider refused for a reason that asking again cannot mend: key, billing, model name, request."""


class NoProvider(ProviderError):
    """No model is configured for the role."""


class Unparsable(ProviderError):
    """The model answered, but not in the asked form, as often as it was asked."""


class BudgetExhausted(SkillFleetError):
    """The job has reached a limit of its budget; the text says which."""


class SkillFileError(SkillFleetError):
    """Bytes that are not a readable SKILL.md; `code` is the finding's code."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.line = line


class InvalidAnswer(SkillFleetError):
    """An answer that does not fit its prompt. `fields` maps a field (`answers.q1`, `feedback`) to what is wrong."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class AnswerConflict(SkillFleetError):
    """Someone else's answer stands, or the prompt is no longer open. `standing` says who, when and what."""

    def __init__(self, message: str, standing: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.standing = standing or {}


class JobEnded(SkillFleetError):
    """The job has ended: it takes no answer and cannot be cancelled."""


class NotFound(SkillFleetError):
    """No such thing, or not for this person: the two are never told apart."""


class PromotionRefused(SkillFleetError):
    """The draft may not be published as it is; the text says what is missing."""


class LibraryConflict(SkillFleetError):
    """The place in the library is taken by another skill."""
