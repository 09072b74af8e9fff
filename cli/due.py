"""Times as people read them: how long until a prompt is parked, how long something takes. Must not read the clock."""

from datetime import datetime, timedelta

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def long(time: timedelta) -> str:
    """The largest unit that says it: `3 d`, `2 h`, `40 min`, `8 s`."""
    seconds = max(int(time.total_seconds()), 0)
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size), UNITS[-1])
    return f"{seconds // size} {unit}"


def clock(time: timedelta) -> str:
    """Minutes and seconds, with hours in front when there are some."""
    minutes, seconds = divmod(max(int(time.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def due(at: datetime | None, now: datetime) -> str:
    """`in 3 d`, `overdue 2 h`, or `-` for what is never due."""
    if at is None:
        return "-"
    return f"in {long(at - now)}" if at >= now else f"overdue {long(now - at)}"
