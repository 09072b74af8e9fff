"""`diff`: what changed from one revision of a skill to another, and what feedback changed it."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.client import Api
from cli.jobs import JobId
from cli.output import Output, shown
from cli.problems import CliError
from cli.record import Revisions
from cli.run import run_of
from domain.compare.diff import DiffRow, RowKind
from domain.compare.rewording import Span, SpanKind
from domain.compare.section_changes import SectionChange
from domain.shape import Shape

STYLES = {SpanKind.REMOVED: "red reverse", SpanKind.ADDED: "green reverse"}
"""Of words inside a line; never the only sign: the line's place and mark say it too."""

MARKS = {RowKind.EQUAL: " ", RowKind.CHANGED: "~", RowKind.ADDED: "+", RowKind.REMOVED: "-"}


class FeedbackAnswered(Shape):
    """What a person wanted of a revision, and what it says was changed."""

    revision: int
    feedback: str
    changes: list[str]


class RevisionDiff(Shape):
    """`GET /jobs/{id}/revisions/{n}/diff`."""

    n: int
    against: int
    diff: str
    rows: list[DiffRow] = []
    rows_left_out: int = 0
    sections: list[SectionChange] = []
    feedback: list[FeedbackAnswered] = []


def diff(
    ctx: typer.Context,
    job: JobId,
    n: Annotated[int | None, typer.Argument(min=1, help="The revision; default: the last one.")] = None,
    against: Annotated[int | None, typer.Option(min=0, help="0: nothing; default: the one before.")] = None,
    side_by_side: Annotated[bool, typer.Option("--side-by-side", help="Old and new beside each other.")] = False,
    context: Annotated[int, typer.Option(min=0, max=100, help="Unchanged lines around a change.")] = 3,
) -> None:
    """Show what changed between two revisions. It also says what your feedback changed."""
    run = run_of(ctx)
    with run.api() as api:
        number = n if n is not None else _last(api, str(job))
        path = f"/jobs/{job}/revisions/{number}/diff"
        found = api.get(path, RevisionDiff, against=against, context=context)
    if run.out.json_wanted:
        run.out.document(found)
        return
    for line in _head(found):
        run.out.line(line)
    if side_by_side:
        beside(run.out, found.rows, found.rows_left_out)
    else:
        run.out.diff(found.diff)


def _last(api: Api, job: str) -> int:
    known = api.get(f"/jobs/{job}/revisions", Revisions).revisions
    if not known:
        raise CliError("The job has no revision yet.", next_step=f"stay with it: skill-fleet watch {job}")
    return known[-1].n


def _head(found: RevisionDiff) -> list[str]:
    told = [f"revision {found.n} against {found.against or 'nothing'}{'' if found.diff else ': the same'}"]
    told += [f"{section.kind} {section.heading}" for section in found.sections]
    for answered in found.feedback:
        told.append(f"you wanted of revision {answered.revision}: {answered.feedback}")
        told += [f"  changed: {text}" for text in answered.changes]
    return told


def beside(out: Output, rows: Sequence[DiffRow], left_out: int) -> None:
    """Two columns with their line numbers; the mark in the middle says what happened, also without colours."""
    table = Table(box=None, pad_edge=False, show_header=False, expand=True)
    for width in (5, None, 1, 5, None):
        table.add_column(width=width, ratio=None if width else 1, overflow="fold")
    for row in rows:
        if row.kind is RowKind.FOLDED:
            table.add_row("", Text(f"… {row.folded} unchanged lines", style="dim"))
            continue
        left, right = _number(row.left_no), _number(row.right_no)
        table.add_row(left, _text(row.left), MARKS[row.kind], right, _text(row.right))
    out.console.print(table)
    if left_out:
        out.say(f"{left_out} more rows: see them without --side-by-side")


def _number(line: int | None) -> str:
    return "" if line is None else str(line)


def _text(spans: list[Span]) -> Text:
    line = Text()
    for span in spans:
        line.append(shown(span.text), style=STYLES.get(span.kind))
    return line
