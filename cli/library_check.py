"""`library check`: whether rows and files of the library agree, and a repair that loses nothing."""

from typing import Annotated

import typer

from cli.run import run_of
from domain.library.curation import Difference, LibraryReport
from domain.shape import StrictShape

TITLES = ("What", "Where", "How", "Then")


class CheckBody(StrictShape):
    """Body of `POST /library/check`."""

    repair: bool = False


def check(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make files what the rows say; edits are kept aside.")
    ] = False,
) -> None:
    """Compare the library's rows and files; 1 when differences stand."""
    run = run_of(ctx)
    with run.api() as api:
        report = api.post("/library/check", CheckBody(repair=repair), LibraryReport)
    if run.out.json_wanted:
        run.out.document(report)
    else:
        if report.differences:
            run.out.rows(TITLES, [_row(each) for each in report.differences])
        run.out.say(_said(report))
    if report.open or report.dropped:
        raise typer.Exit(1)


def _row(found: Difference) -> tuple[str, ...]:
    return found.code, found.path, found.message, found.mended or found.next_step or "--repair mends it"


def _said(report: LibraryReport) -> str:
    looked = f"{report.skills} skills and {report.folders} folders"
    if not report.differences:
        return f"{looked}: rows and files agree"
    more = f", and {report.dropped} more that are not shown" if report.dropped else ""
    return f"{looked}: {len(report.differences)} differences, {len(report.open)} open{more}"
