"""Entry point of `skill-fleet`. The commands are named in `cli/registry.py`; each lives in the file named for it."""

import sys
from types import TracebackType

import typer

from cli.flags import remember
from cli.registry import Commands

DEBUG = "--debug"


def build() -> typer.Typer:
    """The command line as typer sees it."""
    app = typer.Typer(
        name="skill-fleet",
        cls=Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(remember)
    return app


def main() -> None:
    """Run the command line; leaves with its exit code."""
    sys.excepthook = _unforeseen
    typer.main.get_command(build()).main(prog_name="skill-fleet")


def _unforeseen(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours: one sentence, the traceback only for who asked for it. Python then leaves with 1."""
    if DEBUG in sys.argv:
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write(f"error: skill-fleet failed: {kind.__name__}: {error}\nnext: run it again with {DEBUG}\n")


if __name__ == "__main__":
    main()
