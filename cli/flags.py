"""The flags that every command takes, before or after its name. `--help` loads this file: next to nothing with it.

What becomes of them is in `cli/edge.py`.
"""

from dataclasses import dataclass
from typing import Annotated

import typer

PANEL = "Everywhere"

ApiUrl = Annotated[
    str | None, typer.Option("--api-url", metavar="URL", help="Where the api is.", rich_help_panel=PANEL)
]
User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Who you are.", rich_help_panel=PANEL)]
Json = Annotated[
    bool, typer.Option("--json", help="Data as JSON on stdout, messages on stderr.", rich_help_panel=PANEL)
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Lines only, nothing is redrawn: for screen readers.", rich_help_panel=PANEL)
]
EditorCommand = Annotated[
    str | None,
    # The environment is read by typer, as the default of a flag; settings know only what is Skill Fleet's own.
    typer.Option("--editor", envvar=["VISUAL", "EDITOR"], metavar="COMMAND", help="Opens texts that you change."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=PANEL)]


@dataclass(frozen=True)
class Flags:
    """What was given anywhere on the command line."""

    api_url: str | None = None
    user: str | None = None
    json_wanted: bool = False
    plain: bool = False
    debug: bool = False

    def over(self, earlier: "Flags") -> "Flags":
        """These flags; what they leave open is taken from those before the command's name."""
        return Flags(
            api_url=self.api_url or earlier.api_url,
            user=self.user or earlier.user,
            json_wanted=self.json_wanted or earlier.json_wanted,
            plain=self.plain or earlier.plain,
            debug=self.debug or earlier.debug,
        )


def remember(
    ctx: typer.Context,
    api_url: ApiUrl = None,
    user: User = None,
    json_wanted: Json = False,
    plain: Plain = False,
    debug: Debug = False,
) -> None:
    """Make Agent Skills worth installing.

    Exit codes: 0 done, 1 failed, 2 usage, 3 cancelled or timed out, 4 not allowed, 5 job failed, 8 waiting for a
    person, 130 interrupted.
    """
    ctx.obj = Flags(api_url=api_url, user=user, json_wanted=json_wanted, plain=plain, debug=debug)
