"""Text that every store takes: PostgreSQL has no NUL, and UTF-8 has no lone surrogates. Models and people send both."""

from pydantic import JsonValue


def clean(text: str) -> str:
    """The text without NULs, and with a question mark for each lone surrogate."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def clipped(text: str, most: int) -> str:
    """At most this many characters of a text, and a sign when there were more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def counted(number: int, thing: str) -> str:
    """A number of things as people write it: "1 error", "2 errors"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def utf8_problem(text: str) -> str | None:
    """Why the text cannot be written as UTF-8, or None; characters count from 1."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"Character {error.start + 1} is half of a pair and cannot be written as UTF-8; delete it."
    return None


def clean_json(value: JsonValue) -> JsonValue:
    """The same for every text in a JSON value, keys included."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_json(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean_json(item) for key, item in value.items()}
    return value
