"""The two base shapes: strict where people speak to us, lenient where one version of us speaks to another."""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Frozen and lenient: unknown fields are ignored, so that a newer sender loses nothing at an older reader.

    For everything that crosses Temporal or is stored; fields added later need defaults.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class StrictShape(BaseModel):
    """Frozen and strict: an unknown field is an error. For HTTP bodies and the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")
