"""The slash commands that a person may type at any question: their names, their words, and what they end.

Must not act: `cli/desk.py` and `cli/dialogue.py` do what is asked.
"""

import difflib
import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.shape import Shape

HELP_WIDTH = 12
"""Columns of a command in the list of all."""

LOOKS_LIKE_ONE = re.compile(r"/[a-zA-Z]+(?=\s|$)")
"""A path (`/etc/hosts`) does not."""


class Slash(StrEnum):
    """What may be typed instead of an answer."""

    HELP = "help"
    STATUS = "status"
    SHOW = "show"
    SAVE = "save"
    BACK = "back"
    EDIT = "edit"
    QUEUE = "queue"
    CHECKLIST = "checklist"
    CANCEL = "cancel"
    EXIT = "exit"


WORDS: Mapping[Slash, str] = MappingProxyType(
    {
        Slash.HELP: "this list",
        Slash.STATUS: "where the job stands",
        Slash.SHOW: "what is asked, once more",
        Slash.SAVE: "keep what was answered as a draft on the server, and go on",
        Slash.BACK: "the question before",
        Slash.EDIT: "write the answer in an editor",
        Slash.QUEUE: "jobs of this session and what waits for you; with a task behind it: start one more job",
        Slash.CHECKLIST: "the checklist of the tests, and how the cases went",
        Slash.CANCEL: "cancel the job; asks why",
        Slash.EXIT: "leave; the job goes on, answers are kept as a draft",
    }
)


class Turn(Exception):
    """A command that ends the question it was typed at. Not an error: nothing went wrong."""


class Back(Turn):
    """To the question before."""


class Leave(Turn):
    """Away from the job, which goes on."""


class JobStopped(Turn):
    """The person has cancelled the job."""


class Command(Shape):
    """A command, and what was typed behind it."""

    name: Slash
    rest: str = ""


class UnknownCommand(ValueError):
    """It looks like a command and is none; says which one was perhaps meant."""


def parse(text: str) -> Command | None:
    """The command that was typed; None for an answer, also for one that begins with a blank. Raises UnknownCommand."""
    found = LOOKS_LIKE_ONE.match(text)
    if found is None:
        return None
    word = found.group()[1:].lower()
    if word in list(Slash):
        return Command(name=Slash(word), rest=text[found.end() :].strip())
    near = difflib.get_close_matches(word, list(Slash), 1)
    meant = f"did you mean /{near[0]}? " if near else ""
    raise UnknownCommand(f"there is no /{word}: {meant}/help lists them; a blank before it makes it an answer")


def help_lines() -> list[str]:
    """The commands with their words."""
    return [f"{'/' + name:<{HELP_WIDTH}}{words}" for name, words in WORDS.items()]
