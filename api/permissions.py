"""Who may do what: the one function that every route asks about a job, a prompt, a stream or a draft.

Today's people are names on a server that only this machine reaches; real authentication changes this file and
`dependencies.py`, no route.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

LOCAL = "local"
"""Who asks when nobody says who they are: the machine's owner, who has every role."""


class Verb(StrEnum):
    """What may be done with a job."""

    READ = "read"
    ANSWER = "answer"
    CANCEL = "cancel"
    RETRY = "retry"
    PROMOTE = "promote"
    DELETE = "delete"


EVERYONE = frozenset({Verb.READ, Verb.ANSWER})
"""What any named person may do with anybody's job; the record says who did."""


@dataclass(frozen=True)
class Person:
    """Who asks."""

    name: str = LOCAL


class Owned(Protocol):
    """Anything that belongs to a job's owner."""

    @property
    def user_id(self) -> str:
        """The owner."""
        ...


def may(person: Person, verb: Verb, job: Owned) -> bool:
    """Whether this person may do this; a refusal is answered like a job that does not exist (404)."""
    return verb in EVERYONE or person.name in (LOCAL, job.user_id)
