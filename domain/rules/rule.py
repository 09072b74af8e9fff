"""One rule of the validator as data: its code, how bad it is, what it is about and how to mend it.

A rule that is declared this way cannot report anything but what its row in the documentation says.
"""

from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, Severity


class Rule(Shape):
    """`severity` is that of the strict profile; `about` is a sentence for tables, `fix` the remedy."""

    code: str
    severity: Severity
    about: str
    fix: str

    def found(
        self,
        message: str,
        *,
        line: int | None = None,
        file: str = SKILL_FILE,
        field: str | None = None,
        excerpt: str | None = None,
    ) -> Finding:
        """A finding of this rule; `line` counts from 1 in the file, `excerpt` is cut at 120 characters."""
        return Finding(
            code=self.code,
            severity=self.severity,
            message=message,
            field=field,
            file=file,
            line=line,
            excerpt=None if excerpt is None else excerpt[:120],
            fix=self.fix,
        )
