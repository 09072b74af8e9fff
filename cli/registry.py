"""The commands by name: in which module each is, and what the list of all says of it.

Loads none of them: `--help` would then load everything there is. Must not say more than a command's own first sentence.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Listed(NamedTuple):
    """A command that is not loaded yet: a function of a module, and its first sentence."""

    module: str
    function: str
    does: str
    hidden: bool = False


COMMANDS: Mapping[str, Listed] = MappingProxyType(
    {
        "up": Listed("cli.stack", "up", "Start the whole stack on this machine."),
        "down": Listed("cli.stack", "down", "Stop the stack that runs in the background."),
        "status": Listed("cli.stack", "status", "Say how the stack of this machine is."),
        "chat": Listed("cli.chat", "chat", "Make skills in a conversation."),
        "create": Listed("cli.create", "create", "Create a skill from a sentence."),
        "watch": Listed("cli.create", "watch", "Stay with a job."),
        "show": Listed("cli.jobs", "show", "Show where a job stands."),
        "jobs": Listed("cli.jobs", "jobs", "List jobs, newest first."),
        "inbox": Listed("cli.inbox", "inbox", "List what waits for an answer."),
        "answer": Listed("cli.answer", "answer", "Answer the open prompt of a job."),
        "cancel": Listed("cli.jobs", "cancel", "Cancel a job."),
        "retry": Listed("cli.jobs", "retry", "Let a job go on after its problem was mended."),
        "reopen": Listed("cli.jobs", "reopen", "Ask a parked prompt again."),
        "assign": Listed("cli.people", "assign", "Hand a job to a person or a group."),
        "groups": Listed("cli.people", "groups", "List the groups that jobs can be assigned to."),
        "diff": Listed("cli.diff", "diff", "Show what changed between two revisions."),
        "promote": Listed("cli.library", "promote", "Publish a finished draft into the library."),
        "skills": Listed("cli.library", "skills", "List the skills of the library."),
        "list": Listed("cli.library", "skills", "List the skills of the library.", hidden=True),
        "generate-xml": Listed(
            "cli.library", "generate_xml", "Print the library as XML for agents (`<available_skills>`)."
        ),
        "validate": Listed("cli.validate", "validate", "Check a skill against the Agent Skills format."),
        "doctor": Listed("cli.doctor", "doctor", "Check the settings, the api and all behind it."),
        "retention": Listed("cli.retention", "retention", "Show what is too old."),
        "worker": Listed("cli.stack", "worker", "Run one worker, with the servers of the settings."),
        "serve": Listed("cli.stack", "serve", "Run the api and the page, with the servers of the settings."),
    }
)
"""In the order of the list of all."""

SUBCOMMANDS: Mapping[str, Listed] = MappingProxyType(
    {
        "skills show": Listed("cli.skills", "show_skill", "Show one skill of the library."),
    }
)
"""What follows the name of a command that has more than one thing to do; its own `--help` lists them."""

_VALUED, _BARE = ("--api-url", "--user"), ("--json", "--plain", "--debug")
"""The common flags, which may stand between the two names."""

EDGE = "cli.edge"
"""The module whose `Command` every command is made of; it knows every way to fail, so it is loaded late too."""


class Commands(TyperGroup):
    """All commands. Listed by their names; the module of one is loaded when it is asked for."""

    def __init__(self, **told: object) -> None:
        """Take what typer tells a group, and list the commands."""
        super().__init__(**told)  # type: ignore[arg-type]  # typer's own arguments, handed on
        for name, listed in COMMANDS.items():
            self.add_command(TyperCommand(name, short_help=listed.does, hidden=listed.hidden))

    # The base class names its context and its commands by types that typer does not export: hence the ignore.
    def resolve_command(self, ctx: typer.Context, args: list[str]) -> tuple[str | None, object, list[str]]:  # type: ignore[override]
        """The command that these arguments name, loaded."""
        name, _, rest = super().resolve_command(ctx, args)
        if name is None:
            return name, None, rest
        whole, rest = _whole(name, rest)
        return whole, loaded(whole), rest


def _whole(name: str, rest: list[str]) -> tuple[str, list[str]]:
    """The name with that of its subcommand, if one follows, and the arguments without the latter."""
    at = 0
    while at < len(rest) and rest[at] in (*_VALUED, *_BARE):
        at += 2 if rest[at] in _VALUED else 1
    if at < len(rest) and f"{name} {rest[at]}" in SUBCOMMANDS:
        return f"{name} {rest[at]}", [*rest[:at], *rest[at + 1 :]]
    return name, rest


def loaded(name: str) -> object:
    """A command of the registry, as typer makes it of its function."""
    listed = COMMANDS.get(name) or SUBCOMMANDS[name]
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    function = getattr(import_module(listed.module), listed.function)
    alone.command(name, cls=import_module(EDGE).Command, hidden=listed.hidden, epilog=_more(name))(function)
    return typer.main.get_command(alone)


def _more(name: str) -> str | None:
    """The subcommands with their sentences, for the end of a command's help."""
    own = [f"\b\n  {key} — {listed.does}" for key, listed in SUBCOMMANDS.items() if key.startswith(f"{name} ")]
    return "\n\n".join(["More:", *own]) if own else None
