"""JSON as the standard has it: no NaN, no Infinity, and no number that arithmetic breaks on. Must not judge it."""

import json
import math
from typing import NoReturn

from pydantic import JsonValue

MAX_DIGITS = 300
"""Of a whole number; a double goes up to some 308, and what is divided by one must be one."""


def read_json(text: str) -> JsonValue:
    """The value. Raises ValueError, with the reason, for what is no JSON, nested too deep, or beyond all numbers."""
    try:
        found: JsonValue = json.loads(text, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits; at most {MAX_DIGITS} are read")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is beyond all numbers")
    return value
