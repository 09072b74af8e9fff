"""Addresses of the web as settings name them: which are one at all, and what of them may be shown. Pure."""

from urllib.parse import SplitResult, urlsplit

NO_ADDRESS = "no web address"
"""What is shown of an address that is none: the text itself may be a secret in the wrong place."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def web_address(given: str) -> str:
    """An address that links may begin with, without a slash at its end. Raises ValueError for any other text."""
    found = _parts(given)
    if found is None or found.scheme not in ("http", "https"):
        raise ValueError("must be a whole web address that begins with http:// or https://")
    if found.username is not None or found.password is not None:
        raise ValueError("must not hold a name or a password: everybody who opens a page sees it")
    if found.query or found.fragment or not given.isprintable() or " " in given:
        raise ValueError("must end with its path: links are made by adding to it")
    return given.rstrip("/")


def host_of(address: str) -> str:
    """Host and port of an address, which is all of it that may be shown: the rest may hold a password or a key."""
    found = _parts(address)
    if found is None or found.hostname is None:
        return NO_ADDRESS
    host = f"[{found.hostname}]" if ":" in found.hostname else found.hostname
    return f"{host}:{found.port}" if found.port else host


def is_loopback(address: str) -> bool:
    """Whether it leads to this machine."""
    found = _parts(address)
    return found is not None and found.hostname in LOOPBACK


def _parts(address: str) -> SplitResult | None:
    """None for what has no host, or a port that is none."""
    try:
        found = urlsplit(address)
        return found if found.hostname and (found.port is None or found.port > 0) else None
    except ValueError:
        return None
