"""The base shapes: strict where people speak to us, lenient where one version of us speaks to another, and for signals
one that takes anything."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

MOST_SAID = 2_000
"""Characters of what is said about input that does not fit."""


class Shape(BaseModel):
    """Frozen and lenient: unknown fields are ignored, so that a newer sender loses nothing at an older reader.

    For everything that crosses Temporal or is stored; fields added later need defaults.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class StrictShape(BaseModel):
    """Frozen and strict: an unknown field is an error. For HTTP bodies and the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Heard(Shape):
    """Argument of a signal whose name says all that matters: never fails to parse. Of what does not fit `unreadable`
    tells what is wrong, and the rest is left at its defaults; Temporal would drop the signal without a word."""

    unreadable: str = Field("", exclude_if=lambda said: not said)

    @model_validator(mode="wrap")
    @classmethod
    def _never_lost(cls, given: object, parse: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return parse(given)
        except ValidationError as error:
            return parse({"unreadable": f"what was sent could not be read: {wrong_with(error)}"})


def wrong_with(error: ValidationError) -> str:
    """What does not fit, and where, without what was given."""
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the signal'}: {one['msg']}" for one in found)[:MOST_SAID]
