"""What dspy's errors mean to us: each class becomes the domain error that says what to do. No prompts, no keys.

The classes and which of them may be retried were measured against dspy 3.4.1 (its own engine and LiteLLM).
"""

import re

from dspy.utils import exceptions as dspy_errors

from activities.programs.transport import OverlongAnswer
from domain.errors import ProviderError, ProviderRateLimited, ProviderRefused, ProviderUnavailable

_EXCERPT = 160
_UNAVAILABLE = (
    dspy_errors.LMTransportError,
    dspy_errors.LMTimeoutError,
    dspy_errors.LMServerError,
    dspy_errors.LMStreamAssemblyError,  # a stream that ended before its answer did
    dspy_errors.LMLockTimeoutError,
    dspy_errors.LMUnexpectedError,
)
_CONTEXT = re.compile(r"context.{0,12}(length|size|window)|exceed_context", re.IGNORECASE)
_FORMAT = re.compile(r"response.?format|schema|json.?(object|mode)", re.IGNORECASE)
_BROKEN_OUTPUT = re.compile(r"peg-native|does not match the expected|failed to parse", re.IGNORECASE)


def as_provider_error(error: dspy_errors.LMError, model: str, api_key: str | None) -> ProviderError:
    """The domain error for `error`, with a sentence that says what happened and what to do."""
    if isinstance(error, dspy_errors.LMRateLimitError):
        return ProviderRateLimited(
            f"The provider of {model} limits how often it may be asked (429). The job goes on by itself.",
            error.retry_after,
        )
    if isinstance(error, dspy_errors.LMAuthError):
        return ProviderRefused(
            f"The provider refused the key ({error.status or 401}). Set SKILL_FLEET_MODEL_API_KEY to a valid key, "
            "restart the worker, then retry the job."
        )
    if isinstance(error, dspy_errors.LMBillingError):
        return ProviderRefused(
            f"The provider of {model} says that credit or quota is used up. Add credit or set another key, then retry."
        )
    if isinstance(error, _UNAVAILABLE) or type(error) is dspy_errors.LMProviderError:
        return ProviderUnavailable(
            f"The provider of {model} cannot be reached or failed ({error.status or error.code}). "
            "The job tries again by itself; check SKILL_FLEET_MODEL_API_BASE if this lasts."
        )
    return _refused(error, model, api_key)


def _refused(error: dspy_errors.LMError, model: str, api_key: str | None) -> ProviderRefused:
    if isinstance(error, dspy_errors.LMUnsupportedModelError):
        return ProviderRefused(
            f"The provider does not know the model {model}. Set SKILL_FLEET_MODEL to one it has, restart the worker, "
            "then retry the job."
        )
    if isinstance(error, dspy_errors.ContextWindowExceededError) or _CONTEXT.search(error.message):
        return ProviderRefused(
            f"The request is longer than {model} can read. Give fewer or shorter sources, or set a model with a larger "
            "context window, then retry the job."
        )
    return ProviderRefused(
        f"The provider of {model} refused the request ({error.status or error.code}): "
        f"{_excerpt(error.message, api_key)}. Check the model's settings, then retry the job."
    )


def refuses_schema(error: dspy_errors.LMError) -> bool:
    """True when the provider does not take the form it was asked in: 400 naming the response format."""
    return isinstance(error, dspy_errors.LMInvalidRequestError | dspy_errors.LMUnsupportedFeatureError) and bool(
        _FORMAT.search(error.message)
    )


def is_broken_output(error: dspy_errors.LMError) -> bool:
    """True when the model did answer, so that it was paid, but nobody can read it: its server could not close the JSON
    (llama.cpp says 500 then), or there was no end to it.
    """
    unclosed = isinstance(error, dspy_errors.LMServerError) and bool(_BROKEN_OUTPUT.search(error.message))
    return unclosed or isinstance(error, OverlongAnswer)


def _excerpt(message: str, api_key: str | None) -> str:
    """The provider's first words, without the key: it may repeat a request, and we must not."""
    said = " ".join(message.split())
    if api_key:
        said = said.replace(api_key, "[key]")
    return said[:_EXCERPT].rstrip(". ")
