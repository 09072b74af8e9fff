"""Who may do what: the one function that every route asks about a job, a prompt, a stream or a draft.

Today's people are names on a server that only this machine reaches; real authentication changes this file and
`dependencies.py`, no route.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

LOCAL = "local"
"""Who asks when nobody says who they are: the machine's owner, who has every role."""


class Verb(StrEnum):
    """What may be done with a job, or with a group."""

    READ = "read"
    ANSWER = "answer"
    CANCEL = "cancel"
    RETRY = "retry"
    REOPEN = "reopen"
    ASSIGN = "assign"
    PROMOTE = "promote"
    DELETE = "delete"
    CHANGE = "change"
    INSPECT = "inspect"


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


@runtime_checkable
class Assigned(Owned, Protocol):
    """A job seen with the people it is assigned to; without them (in a list) it is its owner's alone."""

    @property
    def assignees(self) -> frozenset[str]:
        """Names of all who act for the owner: the assignee, or the members of the assigned group."""
        ...


@dataclass(frozen=True)
class Group:
    """A group as `may` sees it: it belongs to its members."""

    assignees: frozenset[str]
    user_id: str = LOCAL


def may(person: Person, verb: Verb, job: Owned) -> bool:
    """Whether this person may do this; a refusal is answered like a job that does not exist (404).

    Everyone reads and answers; the owner, the assignees and `local` do the rest.
    """
    acting = job.assignees if isinstance(job, Assigned) else frozenset()
    return verb in EVERYONE or person.name in {LOCAL, job.user_id, *acting}
