"""A reader of the library's folder that never stops: at every moment it must find the old or the new whole version.

It reads as an agent that cares would: it opens the folder, reads all of it, and looks whether that is still the one.
"""

import json
import os
import stat
import threading
from collections import Counter
from pathlib import Path

from domain.skill import METADATA_FILE, SkillFileEntry
from domain.skill_file import digest


class Reader:
    """Polls the places of skills in a thread. `steady`: names that, once there, must never be gone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known: dict[str, set[str]] = {}
        self.steady: set[str] = set()
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._there: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read_on, daemon=True)

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _read_on(self) -> None:
        while not self._stop.is_set():
            for path in list(self.known):
                self._look(path)
            self._stop.wait(0.002)

    def _look(self, path: str) -> None:
        place = self.root / path
        try:
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            self.seen["nothing there"] += 1
            if path in self.steady and path in self._there:
                self.wrong.append(f"{path} is gone")
            return
        try:
            files, torn = _all(handle, ""), False
        except OSError:
            files, torn = [], True
        same = _same(place, handle)
        os.close(handle)
        if not same:
            self.seen["exchanged while it was read"] += 1
            return
        self._there.add(path)
        self.seen["whole"] += 1
        if torn or digest(files) not in self.known[path]:
            self.wrong.append(f"{path} holds {digest(files)[:8]}: {sorted(file.path for file in files)}")
        elif _stated(files) != digest(files):
            self.wrong.append(f"metadata.json of {path} states {_stated(files)[:8]}, not {digest(files)[:8]}")


def _all(handle: int, prefix: str) -> list[SkillFileEntry]:
    found: list[SkillFileEntry] = []
    for name in os.listdir(handle):
        inner = os.open(name, os.O_RDONLY, dir_fd=handle)
        try:
            if stat.S_ISDIR(os.fstat(inner).st_mode):
                found += _all(inner, f"{prefix}{name}/")
            else:
                with os.fdopen(os.dup(inner), "rb") as file:
                    found.append(SkillFileEntry(path=prefix + name, data=file.read()))
        finally:
            os.close(inner)
    return found


def _same(place: Path, handle: int) -> bool:
    try:
        return place.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def _stated(files: list[SkillFileEntry]) -> str:
    data = next((file.data for file in files if file.path == METADATA_FILE), b"{}")
    return str(json.loads(data).get("digest", "nothing"))
