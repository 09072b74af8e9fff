"""The books of one job, and what must hold in them: rows, events, files, prompts. Pure: judges what was read.

Every fault begins with `lost`, `doubled` or `half`, names the job, and says what is wrong.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from tests.chaos.plans import End, Plan

T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    """One row of `job_events`."""

    seq: int
    key: str
    status: str
    at: datetime


@dataclass(frozen=True)
class Asked:
    """One row of `hitl_interactions`."""

    interaction_id: UUID
    kind: str
    round: int
    status: str
    delivered: bool
    """Its workflow was told, or its author that nobody is left to be told."""


@dataclass(frozen=True)
class Kept:
    """One revision: the digest in its row, and that of its files' rows."""

    digest: str
    of_files: str


@dataclass(frozen=True)
class Listed:
    """The row of a skill, or of one of its versions."""

    name: str
    status: str
    digest: str
    path: str = ""


@dataclass(frozen=True)
class Books:
    """All that is kept of one job. Digests of folders are None where there is no folder."""

    job: UUID
    plan: Plan
    status: str
    error: str | None = None
    promoted: bool = False
    digest: str | None = None
    """Of the revision that the job's result names."""
    last_seq: int = 0
    events: tuple[Event, ...] = ()
    prompts: tuple[Asked, ...] = ()
    revisions: Mapping[int, Kept] = field(default_factory=dict)
    skills: tuple[Listed, ...] = ()
    versions: tuple[Listed, ...] = ()
    drafts: Mapping[str, str] = field(default_factory=dict)
    """Folders under `_drafts/<job>`, each with the digest of what lies in it."""
    published: str | None = None
    """The digest of what lies where the job says that it was published."""
    running: tuple[str, ...] = ()
    """Workflows of this job that have not ended."""


@dataclass(frozen=True)
class Library:
    """What lies on disk and what is listed, whoever made it."""

    waiting: tuple[str, ...]
    """Folders that are only there while something is written."""
    folders: frozenset[str]
    listed: frozenset[str]


def faults(books: Books) -> list[str]:
    """Everything that is wrong with one job, in words."""
    looks = (ended, told, asked, written, lying)
    return [f"{what} (job {books.job}, number {books.plan.number})" for look in looks for what in look(books)]


def ended(books: Books) -> list[str]:
    """The job ended as planned, and so did its workflows."""
    wrong = [f"lost: workflow {name} still runs" for name in books.running]
    if books.status not in books.plan.statuses:
        wanted = " or ".join(sorted(books.plan.statuses))
        wrong.append(f"lost: the job is {books.status} and not {wanted}; its error: {books.error}")
    if books.status == "completed" and books.promoted != (books.plan.end is End.PUBLISHED):
        wrong.append("lost: it was not published" if not books.promoted else "doubled: it was published unasked")
    return wrong


def told(books: Books) -> list[str]:
    """Events have no gap and no double; the phases' rounds are all there."""
    numbers = [event.seq for event in books.events]
    wrong = []
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append(f"lost: the events have gaps or doubles: {numbers}")
    if books.last_seq != len(numbers):
        wrong.append(f"lost: last_seq is {books.last_seq}, and there are {len(numbers)} events")
    wrong += [f"doubled: event {key} stands {n} times" for key, n in _many(event.key for event in books.events)]
    rounds: dict[str, list[int]] = {}
    for event in books.events:
        if event.key.startswith("phase:"):
            _, phase, number = event.key.split(":")
            rounds.setdefault(phase, []).append(int(number))
    for phase, found in rounds.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            wrong.append(f"lost: phase {phase} was told in rounds {found}")
    ends = [event for event in books.events if event.key == "end"]
    return wrong if len(ends) == 1 else [*wrong, f"lost: the end was told {len(ends)} times"]


def asked(books: Books) -> list[str]:
    """One row a prompt and round, each closed, each answer delivered."""
    wrong = [
        f"doubled: prompt {kind} {number} has {n} rows"
        for (kind, number), n in _many((prompt.kind, prompt.round) for prompt in books.prompts)
    ]
    for kind in {prompt.kind for prompt in books.prompts}:
        found = sorted(prompt.round for prompt in books.prompts if prompt.kind == kind)
        if found != list(range(1, len(found) + 1)):
            wrong.append(f"lost: {kind} was asked in rounds {found}")
    for prompt in books.prompts:
        if prompt.status == "pending":
            wrong.append(f"lost: prompt {prompt.kind} {prompt.round} is still open in a job that has ended")
        if prompt.status == "responded" and not prompt.delivered:
            wrong.append(f"lost: the answer to {prompt.kind} {prompt.round} was never delivered")
    return wrong


def written(books: Books) -> list[str]:
    """Revisions have all their files, and no number is left out."""
    wrong = [
        f"half: the files of revision {n} have digest {one.of_files[:12]}, its row says {one.digest[:12]}"
        for n, one in books.revisions.items()
        if one.digest != one.of_files
    ]
    if sorted(books.revisions) != list(range(1, len(books.revisions) + 1)):
        wrong.append(f"lost: the revisions are numbered {sorted(books.revisions)}")
    if len(books.skills) > 1:
        wrong.append(f"doubled: it has the skills {[skill.name for skill in books.skills]}")
    return wrong


def lying(books: Books) -> list[str]:
    """Rows and folders agree: what is published, and what is a draft."""
    return _lying_published(books) if books.promoted else _lying_draft(books)


def _lying_published(books: Books) -> list[str]:
    known = {one.digest for one in books.revisions.values()}
    wrong = []
    if len(books.skills) != 1 or books.skills[0].status != "active":
        wrong.append(f"lost: published, and its rows of skills are {[(s.name, s.status) for s in books.skills]}")
    if len(books.versions) != 1:
        wrong.append(f"doubled: published, and it has {len(books.versions)} versions")
    digests = {one.digest for one in (*books.skills, *books.versions)} | {books.published, books.digest}
    if len(digests) != 1 or not digests <= known:
        shown = sorted(str(one)[:12] for one in digests)
        wrong.append(f"half: rows, versions, folder and result have the digests {shown}")
    if books.drafts:
        wrong.append(f"half: published, and drafts are left: {sorted(books.drafts)}")
    return wrong


def _lying_draft(books: Books) -> list[str]:
    known = {one.digest for one in books.revisions.values()}
    wrong = [
        f"half: draft {path} holds what is no revision" for path, found in books.drafts.items() if found not in known
    ]
    if books.versions or any(skill.status == "active" for skill in books.skills):
        wrong.append("half: it is listed as published, and the job does not say so")
    if books.status == "completed" and set(books.drafts.values()) != {books.digest}:
        shown = {path: found[:12] for path, found in books.drafts.items()}
        wrong.append(f"half: the drafts are {shown}, the result says {str(books.digest)[:12]}")
    return wrong


def library_faults(library: Library) -> list[str]:
    """Nothing half-written lies in the library, and what lies there is what is listed."""
    wrong = [f"half: {path} was left behind by a write" for path in library.waiting]
    wrong += [f"half: {path} lies in the library, and is not listed" for path in library.folders - library.listed]
    return wrong + [f"lost: {path} is listed, and does not lie there" for path in library.listed - library.folders]


def _many(values: Iterable[T]) -> list[tuple[T, int]]:
    return [(value, n) for value, n in Counter(values).items() if n > 1]
