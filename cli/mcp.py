"""`mcp`: become the process that serves skills to one agent over MCP. Nothing of it runs in here."""

from typing import Annotated, Literal

import typer

from cli.address import STACK_FILE, find
from cli.run import run_of
from cli.stack import become


def mcp(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="The whole library, not only what is mounted.")] = False,
    transport: Annotated[Literal["stdio"], typer.Option(help="How the agent talks to it.")] = "stdio",  # noqa: ARG001 - the only one there is, named so that clients may say it
) -> None:
    """Serve mounted skills to an agent over MCP. Agents start it themselves: `skill-fleet mcp` goes into their
    configuration. The api may come later, and may move."""
    run = run_of(ctx)
    if run.flags.api_url or run.settings.api_url:
        arguments = ["--api-url", find(run.flags.api_url, run.settings)]
    else:
        arguments = ["--stack-file", str((run.settings.data_dir / STACK_FILE).absolute())]
    arguments += ["--user", run.user] if run.user else []
    arguments += ["--all"] if everything else []
    become("-m", "api.mcp_server", *arguments)
