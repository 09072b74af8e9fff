"""What changed between two texts, as a unified diff."""

import difflib

LARGEST = 200_000
"""Characters of both texts together: difflib is quadratic."""


def unified(before: str, after: str, old: str, new: str, context: int = 3) -> str:
    """A unified diff with `context` lines around each change; a sentence instead when the texts are too large."""
    if len(before) + len(after) > LARGEST:
        return "The texts are too large to compare here."
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm="", n=context)
    return "\n".join(lines)
