"""Amounts for people: how long, how many, how much money, and how long a bar is. Plain text; a template escapes it."""

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0

NARROW, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"
"""A number stays with what it counts, and what is less is not read as a hyphen."""

THOUSAND, MILLION = 1_000, 1_000_000


def lasting(seconds: float | None) -> str:
    """A time with two digits that matter: 40 s, 12 min, 3.5 h, 2 d; a dash when nothing is known."""
    if seconds is None:
        return "–"
    for unit, length, more in (("s", 1.0, MINUTE), ("min", MINUTE, HOUR), ("h", HOUR, 2 * DAY)):
        if seconds < more * 0.995:
            return f"{_short(seconds / length)} {unit}"
    return f"{_short(seconds / DAY)} d"


def number(value: float) -> str:
    """A count, with thousands set apart; from ten thousand on in k and M."""
    if value >= MILLION:
        return f"{_short(value / MILLION)} M"
    return f"{_short(value / THOUSAND)} k" if value >= 10 * THOUSAND else f"{value:,.0f}"


def money(usd: float | None, known: float, unpriced: int, calls: int) -> str:
    """What calls cost; where a price is unknown, for which share of them."""
    if not calls:
        return "–"
    if usd is not None:
        return f"{usd:,.2f} USD"
    if unpriced >= calls:
        return "price unknown"
    return f"{known:,.2f} USD, price unknown for {percent(unpriced / calls)} of the calls"


def percent(share: float | None, unknown: str = "–") -> str:
    """A share between 0 and 1; something is never shown as nothing, nor a part as all."""
    if share is None:
        return unknown
    shown = round(100 * share)
    if share > 0 and shown == 0:
        return f"under 1{NARROW}%"
    return f"over 99{NARROW}%" if share < 1 and shown == 100 else f"{shown}{NARROW}%"


def points(delta: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    if delta is None:
        return "–"
    shown = round(100 * delta)
    said = f"{shown:+d}".replace("-", MINUS) if shown else "±0"
    return f"{said}{NARROW}points"


def share(value: float, most: float) -> float:
    """How long a bar in a table is, in percent of the longest; never nothing for something."""
    return max(round(100 * value / most, 1), 1.0) if value > 0 and most > 0 else 0.0


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:.0f}"
