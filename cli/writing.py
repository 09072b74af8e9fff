"""Texts while models write them, each seen through a window that shows its last part. Must not print."""

SEAM = 200
"""Characters by which one look is joined to the next."""


class Writing:
    """The lines of what is being written, each once. Several may be written at once, told apart by their label; looks
    may be lost, and a gap is shown as `…`."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._line: dict[str, str] = {}

    def look(self, label: str, window: str) -> list[str]:
        """The lines of this text that are whole since the last look at it."""
        *whole, rest = (self._line.get(label, "") + self._new(label, window)).split("\n")
        self._seen[label], self._line[label] = window, rest
        return [line for line in whole if line.strip()]

    def _new(self, label: str, window: str) -> str:
        """What the window shows that the last one did not."""
        seen = self._seen.get(label, "")
        if window.startswith(seen):
            return window[len(seen) :]
        seam = seen[-SEAM:]
        place = window.rfind(seam)
        return window[place + len(seam) :] if place >= 0 else f"…\n{window}"
