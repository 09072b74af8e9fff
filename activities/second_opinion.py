"""What another scanner says of a skill: its command run on a copy, as a process of its own. It never fails a job.

Made for cisco-ai-skill-scanner, whose pins clash with ours and whose import takes seconds: it lives in its own
environment, and only its JSON comes here. Nothing of the skill is run; the process sees a copy, a bare environment and
no key of ours. Must not decide anything: its findings stand beside those of the rules, and people waive or heed them.
"""

import asyncio
import os
import re
import shlex
import shutil
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from pydantic import Field, ValidationError

from domain.library.package import path_problem
from domain.scan.hidden_text import visible
from domain.shape import Shape
from domain.skill import Finding, Severity, SkillFileEntry

TIMEOUT = 60.0
"""Seconds; the real scanner takes some ten, most of them for its imports."""

MOST_OUTPUT = 4 * 1024 * 1024
"""Bytes that are read; the report of a bad skill has some 16 KB."""

MOST_FINDINGS = 100

SEVERITIES = {
    "CRITICAL": Severity.ERROR,
    "HIGH": Severity.ERROR,
    "MEDIUM": Severity.WARNING,
    "LOW": Severity.WARNING,
    "INFO": Severity.INFO,
}
"""High and above asks for a person's decision, as its own gate does; the reasons are in docs/safety.md."""


class _Reported(Shape):
    """One finding of the scanner, as far as we use it."""

    rule_id: str
    severity: str
    category: str | None = None
    title: str = ""
    description: str | None = None
    file_path: str | None = None
    line_number: int | None = None
    snippet: str | None = None
    remediation: str | None = None


class _Report(Shape):
    """What the scanner prints; `findings` must be there, or it is not a report."""

    findings: list[_Reported] = Field(...)


class NoOpinion(Exception):
    """The scanner gave no report; the text says why."""


class SecondOpinion:
    """A scanner's command and how long it may take."""

    def __init__(self, command: str, timeout: float = TIMEOUT) -> None:
        """`command` is a program with its own arguments, such as `/opt/scanner/bin/skill-scanner`."""
        self.command = shlex.split(command)
        self.timeout = timeout

    async def of(self, files: Sequence[SkillFileEntry], name: str) -> list[Finding]:
        """Its findings on these files; one warning where there is no report."""
        try:
            with tempfile.TemporaryDirectory(prefix="second-opinion-", ignore_cleanup_errors=True) as folder:
                skill = Path(folder) / "scanned" / (name if path_problem(name) is None and "/" not in name else "skill")
                await asyncio.to_thread(_copy, files, skill)
                return _findings(_report(await self._run(skill, Path(folder))))
        except (NoOpinion, OSError) as problem:
            structlog.get_logger().warning("no second opinion", why=str(problem))
            return [_missing(str(problem))]

    async def _run(self, skill: Path, home: Path) -> bytes:
        program = shutil.which(self.command[0]) if self.command else None
        if program is None:
            raise NoOpinion(f"there is no program {' '.join(self.command) or '(empty)'}")
        process = await asyncio.create_subprocess_exec(
            program,
            *self.command[1:],
            *("scan", str(skill), "--format", "json", "--compact"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=home,
            env={"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1"},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self.timeout):
                return await _output(process)
        except TimeoutError:
            raise NoOpinion(f"it had not finished after {self.timeout:g} seconds") from None
        finally:
            await _end(process)


async def _output(process: asyncio.subprocess.Process) -> bytes:
    """All it prints, until it ends. Raises NoOpinion for a flood."""
    assert process.stdout is not None
    printed = bytearray()
    while part := await process.stdout.read(64 * 1024):
        printed += part
        if len(printed) > MOST_OUTPUT:
            raise NoOpinion(f"it printed more than {MOST_OUTPUT} bytes")
    code = await process.wait()
    if code and not printed.strip():
        raise NoOpinion(f"it ended with code {code} and said nothing")
    return bytes(printed)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of it stays: the process, and whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()


def _copy(files: Sequence[SkillFileEntry], skill: Path) -> None:
    """Writes what may lie in a folder; what may not, the rules have refused already."""
    skill.mkdir(parents=True)
    for entry in files:
        if path_problem(entry.path) is None:
            target = skill / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(entry.data)


def _report(printed: bytes) -> _Report:
    try:
        return _Report.model_validate_json(printed)
    except ValidationError as error:
        raise NoOpinion("what it printed is not a report of a scan") from error


def _findings(report: _Report) -> list[Finding]:
    """Once for each rule and place, the worst first."""
    order = list(SEVERITIES)
    known = [one for one in report.findings if one.severity.upper() in SEVERITIES]
    ranked = sorted(known, key=lambda one: order.index(one.severity.upper()))
    kept: dict[tuple[str, str | None, int | None], _Reported] = {}
    for one in ranked:
        kept.setdefault((one.rule_id, one.file_path, one.line_number), one)
    return [_finding(one) for one in list(kept.values())[:MOST_FINDINGS]]


def _finding(one: _Reported) -> Finding:
    secret = "secret" in f"{one.category} {one.rule_id}".lower()
    return Finding(
        code=f"second-opinion:{re.sub(r'[^A-Za-z0-9_.-]', '-', one.rule_id)[:80]}",
        severity=SEVERITIES[one.severity.upper()],
        message=visible(f"Second opinion ({one.severity.lower()}): {one.title or one.description or one.rule_id}", 300),
        file=visible(one.file_path or "SKILL.md"),
        line=one.line_number,
        excerpt=visible(one.snippet) if one.snippet and not secret else None,
        fix=visible(one.remediation, 300) if one.remediation else None,
    )


def _missing(why: str) -> Finding:
    return Finding(
        code="second-opinion-missing",
        severity=Severity.WARNING,
        message=visible(f"The second scanner gave no opinion: {why}.", 300),
        fix="Look at SKILL_FLEET_SCANNER, and validate again.",
    )
