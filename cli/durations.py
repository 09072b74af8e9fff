"""A length of time on the command line: `90s`, `30m`, `12h`, `7d`, `1h30m`."""

import re
from datetime import timedelta

import typer

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
WHOLE = re.compile(r"(\d{1,6}[smhdw])+")
PART = re.compile(r"(\d+)([smhdw])")


def duration(text: str) -> timedelta:
    """The time that is meant. Raises typer.BadParameter that says how one is written."""
    given = text.strip().lower()
    if not WHOLE.fullmatch(given):
        raise typer.BadParameter(f"{text!r} is no length of time: write 90s, 30m, 12h, 7d or 1h30m")
    total = timedelta()
    for number, unit in PART.findall(given):
        total += timedelta(**{UNITS[unit]: int(number)})
    return total
