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
        "evidence": Listed("cli.evaluate", "evidence", "Show what proves a skill."),
        "evaluate": Listed("cli.evaluate", "evaluate", "Try a published skill again."),
        "skills": Listed("cli.library", "skills", "List the skills of the library."),
        "list": Listed("cli.library", "skills", "List the skills of the library.", hidden=True),
        "generate-xml": Listed(
            "cli.library", "generate_xml", "Print the library as XML for agents (`<available_skills>`)."
        ),
        "library": Listed(
            "cli.library_check", "check", "Compare the library's rows and files; 1 when differences stand."
        ),
        "analytics": Listed("cli.analytics", "analytics", "Show which skills are used, and how well they do."),
        "onboard": Listed("cli.onboard", "onboard", "Begin in a role: mount its starting set of skills."),
        "mcp": Listed("cli.mcp", "mcp", "Serve mounted skills to an agent over MCP."),
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
        "library check": Listed(
            "cli.library_check", "check", "Compare the library's rows and files; 1 when differences stand."
        ),
        "skills rollback": Listed("cli.curating", "rollback", "Make agents read an earlier version again."),
        "skills undo": Listed(
            "cli.curating", "undo", "Undo the last promotion: the version before, or none if it was the first."
        ),
        "skills deprecate": Listed(
            "cli.curating", "deprecate", "Mark a skill as out of use; it stays where it is, with the note."
        ),
        "skills yank": Listed(
            "cli.curating", "yank", "Withdraw a skill from folder and lists; its versions stay readable."
        ),
        "skills restore": Listed("cli.curating", "restore", "Bring a skill back that was deprecated or yanked."),
        "skills alias": Listed("cli.curating", "alias", "Give a skill another name, or take it away."),
        "skills show": Listed("cli.skills", "show_skill", "Show one skill of the library."),
        "skills install": Listed(
            "cli.install", "install", "Install published skills, and what they require, where agents read them."
        ),
        "skills update": Listed("cli.install", "update", "Bring installed skills to their newest versions."),
        "skills installed": Listed(
            "cli.installed", "installed", "List the skills that were installed here, and whether they are as they came."
        ),
        "skills outdated": Listed(
            "cli.installed", "outdated", "List the installed skills that have a newer version, or are out of use."
        ),
        "skills uninstall": Listed(
            "cli.installed", "uninstall", "Remove installed skills from the folders they were installed into."
        ),
        "skills export": Listed(
            "cli.export",
            "export",
            "Write the library into a folder: a plugin marketplace, and a well-known site for any web server.",
        ),
        "skills import": Listed("cli.importing", "import_skills", "Import skills into the library."),
        "skills migrate": Listed("cli.migrate", "migrate_skills", "Bring foreign skills into the canonical form."),
        "skills mount": Listed("cli.onboard", "mount", "Mount a skill: your agents are served it."),
        "skills unmount": Listed("cli.onboard", "unmount", "Take a skill out of your set."),
        "skills mounted": Listed("cli.onboard", "mounted", "List the skills you have mounted."),
        "skills search": Listed("cli.skills", "search", "Search the library."),
        "skills versions": Listed("cli.versions", "versions", "List the versions of a skill."),
        "skills diff": Listed("cli.versions", "diff_versions", "Show what changed between two versions of a skill."),
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
