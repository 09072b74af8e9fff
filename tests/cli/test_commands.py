"""Slash commands: what is one, what is none, and which was perhaps meant."""

import pytest

from cli.commands import WORDS, Command, Slash, UnknownCommand, help_lines, parse


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/help", Command(name=Slash.HELP)),
        ("/CANCEL  not needed ", Command(name=Slash.CANCEL, rest="not needed")),
        ("/queue Write release notes\nfor users", Command(name=Slash.QUEUE, rest="Write release notes\nfor users")),
        ("/etc/hosts is the file", None),
        (" /help", None),
        ("use /help", None),
        ("", None),
        ("/", None),
    ],
)
def test_a_command_begins_the_line(text: str, command: Command | None) -> None:
    assert parse(text) == command


def test_a_typing_error_is_answered_with_the_right_one() -> None:
    with pytest.raises(UnknownCommand, match="did you mean /status"):
        parse("/statsu")


def test_help_names_them_all() -> None:
    assert len(help_lines()) == len(Slash) == len(WORDS)
