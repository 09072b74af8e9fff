"""Which finding a waiver is about. A waiver belongs to one finding on one digest: whoever changes a file loses it."""

from collections.abc import Collection, Iterable
from hashlib import sha256

from domain.skill import Finding, Severity

KEY_LENGTH = 16
"""Hexadecimal digits of a finding's key: 64 bits, and a digest has some hundred findings at most."""


def fingerprint(finding: Finding) -> str:
    """The key of a finding within one digest: its code, its file, its line and what it shows."""
    parts = (finding.code, finding.file, str(finding.line or ""), finding.field or "", finding.excerpt or "")
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:KEY_LENGTH]


def standing_errors(findings: Iterable[Finding], waived: Collection[str]) -> list[Finding]:
    """The errors that nobody let stand; `waived` are keys."""
    return [
        finding for finding in findings if finding.severity is Severity.ERROR and fingerprint(finding) not in waived
    ]
