"""What the scan found in files that this process has scanned before: pages ask again for every reader and event.

By the digest of every path and byte; the rules do not change while a process runs. Bounded in entries and their size.
"""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock

from domain.safety import scan
from domain.skill import Finding, SkillFileEntry

REMEMBERED = 64
"""Sets of files whose findings are kept."""

MOST_FINDINGS = 200
"""Of one set of files; a finding has an excerpt of some hundred characters. More are found anew each time."""


class Memory:
    """Findings by what they were found in; for several threads. `scans`: how often it had to look."""

    def __init__(self, entries: int = REMEMBERED, most: int = MOST_FINDINGS) -> None:
        self.scans = 0
        self._entries, self._most = entries, most
        self._found: OrderedDict[bytes, tuple[Finding, ...]] = OrderedDict()
        self._lock = Lock()

    def scan(self, files: Sequence[SkillFileEntry]) -> list[Finding]:
        """What `scan` finds."""
        key = _key(files)
        with self._lock:
            known = self._found.get(key)
            if known is not None:
                self._found.move_to_end(key)
                return [*known]
            self.scans += 1
        found = scan(files)
        if len(found) <= self._most:
            with self._lock:
                self._found[key] = tuple(found)
                while len(self._found) > self._entries:
                    self._found.popitem(last=False)
        return found

    def __len__(self) -> int:
        """Sets of files that are remembered."""
        return len(self._found)


def _key(files: Sequence[SkillFileEntry]) -> bytes:
    """Lengths stand before what they are of, so that no two sets of files read alike. Order counts."""
    whole = sha256()
    for file in files:
        path = file.path.encode("utf-8", "surrogatepass")
        whole.update(b"%d %d " % (len(path), len(file.data)) + path)
        whole.update(file.data)
    return whole.digest()


_OF_THIS_PROCESS = Memory()


def scanned_before(files: Sequence[SkillFileEntry]) -> list[Finding]:
    """Everything that the safety checks find in these files, from memory when they were scanned before."""
    return _OF_THIS_PROCESS.scan(files)
