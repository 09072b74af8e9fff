"""Entry point of `skill-fleet`: names the commands, and nothing else. Every command lives in the file named for it."""

import sys
from types import TracebackType

import typer

from cli import answer, chat, create, diff, doctor, inbox, jobs, library, people, stack, validate
from cli.flags import Command, remember

DEBUG = "--debug"


def build() -> typer.Typer:
    """The command line as typer sees it."""
    app = typer.Typer(name="skill-fleet", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.callback()(remember)
    app.command(cls=Command)(stack.up)
    app.command(cls=Command)(stack.down)
    app.command(cls=Command)(stack.status)
    app.command(cls=Command)(chat.chat)
    app.command(cls=Command)(create.create)
    app.command(cls=Command)(create.watch)
    app.command(cls=Command)(jobs.show)
    app.command(cls=Command)(jobs.jobs)
    app.command(cls=Command)(inbox.inbox)
    app.command(cls=Command)(answer.answer)
    app.command(cls=Command)(jobs.cancel)
    app.command(cls=Command)(jobs.retry)
    app.command(cls=Command)(jobs.reopen)
    app.command(cls=Command)(people.assign)
    app.command(cls=Command)(people.groups)
    app.command(cls=Command)(diff.diff)
    app.command(cls=Command)(library.promote)
    app.command(cls=Command)(library.skills)
    app.command("list", cls=Command, hidden=True)(library.skills)
    app.command("generate-xml", cls=Command)(library.generate_xml)
    app.command(cls=Command)(validate.validate)
    app.command(cls=Command)(doctor.doctor)
    app.command(cls=Command)(stack.worker)
    app.command(cls=Command)(stack.serve)
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
