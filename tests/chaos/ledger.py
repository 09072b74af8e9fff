"""What was sent, what was said to it, and what the workflows made of it: counted outside of what is tested.

Sent and acknowledged is what the senders saw. Applied is what the workflows' own histories in Temporal say. The two are
held against what people can read: the prompts of a job and its audit.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from domain.job import AuditEntry
from domain.prompt import InteractionView

ACKNOWLEDGED = frozenset({200, 202})
HEARD = frozenset({200, 202, 409, 410, 422})
"""Answers after which the words that were sent must be on record."""


@dataclass
class Sent:
    """One answer of one person; `marker` is in its words and in nobody else's."""

    marker: str
    job: UUID
    prompt: UUID
    person: str
    way: Literal["http", "signal"]
    codes: list[int] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        """Whether its sender was told that it stands."""
        return not ACKNOWLEDGED.isdisjoint(self.codes)


@dataclass(frozen=True)
class Aftermath:
    """How one job ended, as people and operators see it."""

    status: str
    prompts: list[InteractionView]
    audit: list[AuditEntry]
    applied: list[UUID]
    """Prompts whose answer a step handed to the workflow, as often as it did."""


@dataclass
class Ledger:
    """The books."""

    sent: list[Sent] = field(default_factory=list)
    worked_on: dict[UUID, set[str]] = field(default_factory=dict)
    """What the author did for an answer to a prompt: one entry a step, however often it was tried."""
    stuck: list[UUID] = field(default_factory=list)
    """Jobs that got nowhere although they were answered."""
    scenes: int = 0
    troubles: Counter[str] = field(default_factory=Counter)

    def send(self, job: UUID, prompt: UUID, person: str, way: Literal["http", "signal"]) -> Sent:
        """Enter an answer that is about to be sent."""
        entry = Sent(f"marker-{len(self.sent):06d}", job, prompt, person, way)
        self.sent.append(entry)
        return entry

    def work(self, prompt: UUID, step: str) -> None:
        """Enter what the author does for an answer."""
        self.worked_on.setdefault(prompt, set()).add(step)

    def faults(self, after: dict[UUID, Aftermath]) -> list[str]:
        """Everything that was lost or doubled, in words."""
        found = [fault for entry in self.sent for fault in _of_answer(entry, after[entry.job])]
        for job, one in after.items():
            found += _of_job(job, one)
        found += [f"lost: job {job} is stuck" for job in self.stuck]
        found += [
            f"doubled: {prompt} led to {sorted(done)}" for prompt, done in self.worked_on.items() if len(done) > 1
        ]
        return found

    def counts(self) -> dict[str, int]:
        """How many were sent, and what their senders were told last."""
        ways = Counter(f"sent by {entry.way}" for entry in self.sent)
        first = Counter(_told(entry.codes) for entry in self.sent if entry.way == "http")
        repeated = sum(entry.codes.count(200) for entry in self.sent)
        return {"interleavings": self.scenes, **ways, **first, "repeated": repeated, **self.troubles}


def _told(codes: list[int]) -> str:
    words = {202: "accepted", 200: "accepted", 409: "refused 409", 410: "refused 410", 422: "refused 422"}
    return next((words[code] for code in codes if code in words), "never told (the sender was cut off)")


def _of_answer(entry: Sent, after: Aftermath) -> list[str]:
    stands = next((one for one in after.prompts if one.interaction_id == entry.prompt), None)
    standing = stands is not None and entry.marker in json.dumps(stands.response_data)
    faults = []
    if entry.acknowledged and not standing:
        faults.append(f"lost: {entry.marker} was acknowledged, and another answer stands")
    if entry.acknowledged and standing and stands is not None:
        told_lost = stands.undeliverable is not None and after.status != "completed"
        if after.applied.count(entry.prompt) == 0 and not told_lost:
            faults.append(f"lost: {entry.marker} was acknowledged and never applied, and nobody was told")
    heard = not HEARD.isdisjoint(entry.codes)
    if heard and not any(entry.marker in json.dumps(line.body) for line in after.audit):
        faults.append(f"lost: the words of {entry.marker} are not on record, told {entry.codes}")
    return faults


def _of_job(job: UUID, after: Aftermath) -> list[str]:
    applied = Counter(after.applied)
    faults = [f"doubled: {prompt} was applied {times} times" for prompt, times in applied.items() if times > 1]
    noted = Counter(line.interaction_id for line in after.audit if line.outcome == "applied")
    faults += [f"doubled: the audit of {job} has {prompt} applied {n} times" for prompt, n in noted.items() if n > 1]
    claims = Counter(line.interaction_id for line in after.audit if line.outcome == "accepted")
    faults += [f"doubled: {prompt} was accepted {n} times" for prompt, n in claims.items() if n > 1]
    if after.status not in ("completed", "cancelled"):
        faults.append(f"lost: job {job} is {after.status}")
    return faults
