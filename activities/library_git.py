"""A published skill in the library's git history: one commit of one folder, and of nothing else.

Runs the `git` of the machine, without hooks, signing or questions. What is staged, by whomever, stays as it was.
"""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from workflows.library_messages import Commit, Committed

TRIES = 8
PAUSE = 0.25
"""Seconds before the first new try while another git holds the lock; each pause is half as long again."""

WITHIN = 20.0
"""Seconds for one call of git."""

QUIET = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "gc.auto=0",
)
LOCKED = ("index.lock", "Unable to create", "cannot lock ref")


@dataclass(frozen=True)
class Git:
    """The library's folder, which may lie in a git work tree."""

    root: Path

    def commit(self, wanted: Commit) -> Committed:
        """Commit what lies at the skill's path. Says why where it cannot; never raises for what git says."""
        if not self._ours():
            return Committed(why="the library's folder lies in no git work tree, or there is no git")
        for attempt in range(TRIES):
            failed = self._add_and_commit(wanted)
            if failed is None:
                return Committed(commit=self._run("rev-parse", "HEAD").stdout.strip())
            if failed == "":
                return Committed(why="nothing has changed there since the last commit")
            if not any(word in failed for word in LOCKED):
                break
            time.sleep(PAUSE * 1.5**attempt)
        return Committed(why=(failed or "").strip()[:500] or "git said nothing")

    def _ours(self) -> bool:
        try:
            return self._run("rev-parse", "--is-inside-work-tree").stdout.strip() == "true"
        except FileNotFoundError:
            return False

    def _add_and_commit(self, wanted: Commit) -> str | None:
        """None when it is committed, nothing when there is nothing to, else what git says."""
        place = f":(literal){wanted.path}"
        added = self._run("add", "--all", "--force", "--", place)
        if added.returncode:
            return added.stderr or "git add failed"
        if self._run("diff", "--cached", "--quiet", "HEAD", "--", place).returncode == 0:
            return ""
        made = self._run("commit", "--only", "--no-verify", "-F", "-", "--", place, told=_message(wanted), by=wanted.by)
        return None if made.returncode == 0 else made.stderr or made.stdout or "git commit failed"

    def _run(
        self, *arguments: str, told: str | None = None, by: str = "skill-fleet"
    ) -> subprocess.CompletedProcess[str]:
        name = "".join(char for char in by if char not in "<>\n\r\0").strip() or "unknown"
        who = {"NAME": name, "EMAIL": f"{name.replace(' ', '.')}@skill-fleet.invalid"}
        names = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        return subprocess.run(  # noqa: S603 - no shell; paths are literal
            ["git", *QUIET, *arguments],  # noqa: S607 - the machine's own git
            cwd=self.root,
            env={
                "PATH": os.defpath,
                "HOME": str(Path.home()),
                "GIT_TERMINAL_PROMPT": "0",
                "LC_ALL": "C",
                **names,
            },
            input=told,
            stdin=None if told is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )


def _message(wanted: Commit) -> str:
    name = wanted.path.rpartition("/")[2]
    return (
        f"{name} {wanted.version}\n\nPublished by {wanted.by} as {wanted.path}.\n\n"
        f"Digest: {wanted.digest}\nJob: {wanted.job_id}\n"
    )
