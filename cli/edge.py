"""The edge of every command: the common flags after its name, and the one place where errors become exit codes."""

from dataclasses import fields
from functools import cache

import typer
from typer.core import TyperCommand

from cli.exits import ExitCode
from cli.flags import Flags, remember
from cli.output import Output
from cli.problems import CliError


class Command(TyperCommand):
    """A command with the common flags after its name too, whose CliErrors become a sentence and an exit code."""

    # The base class names its context and its parameters by types that typer does not export: hence the ignores.
    def get_params(self, ctx: typer.Context) -> list[object]:  # type: ignore[override]
        """Its own parameters, the common ones and --help, for the parser and for the help."""
        *own, usage = super().get_params(ctx)
        return [*own, *_common(), usage]

    def invoke(self, ctx: typer.Context) -> None:  # type: ignore[override]
        """Run it with `ctx.obj` = the Flags of the whole line."""
        own = Flags(**{field.name: ctx.params.pop(field.name) for field in fields(Flags)})
        flags = own.over(ctx.find_object(Flags) or Flags())
        ctx.obj = flags
        try:
            super().invoke(ctx)
        except CliError as error:
            if flags.debug:
                raise
            for line in error.lines():
                Output().say(line)
            raise typer.Exit(error.exit_code) from error
        except (KeyboardInterrupt, EOFError) as error:
            raise typer.Exit(ExitCode.INTERRUPTED) from error


@cache
def _common() -> tuple[object, ...]:
    """The common parameters as typer makes them, taken from a command that has only these."""
    bare = typer.Typer(add_completion=False)
    bare.command()(remember)
    return tuple(typer.main.get_command(bare).params)
