"""The answer protocol in plain Python: what must be true after each step, said as simply as it can be said."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID


@dataclass
class Round:
    """One prompt. `by` and `said`: the answer that stands."""

    id: UUID
    status: str = "pending"
    by: str | None = None
    said: str | None = None
    by_http: bool = False
    delivered: bool = False
    applied: bool = False
    lost: bool = False

    def is_answered_with(self, who: str, said: str) -> bool:
        """Whether exactly this stands."""
        return (self.by, self.said) == (who, said)


@dataclass
class Model:
    """One job: its prompts in order, and what was said about them."""

    rounds: list[Round] = field(default_factory=list)
    final: bool = False
    audit: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    drafts: dict[tuple[UUID, str], dict[str, object]] = field(default_factory=dict)

    @property
    def waiting(self) -> Round | None:
        """The prompt the workflow waits for: it goes on only with an applied answer."""
        last = self.rounds[-1] if self.rounds else None
        return None if last is None or last.applied or self.final else last

    @property
    def open(self) -> Round | None:
        """The prompt that takes an answer."""
        return self.waiting if self.waiting is not None and self.waiting.status == "pending" else None

    @property
    def may_open(self) -> bool:
        """Whether the workflow asks again."""
        return self.waiting is None and not self.final

    def waits_for(self, prompt: UUID) -> bool:
        """Whether the workflow hands a signal for this prompt to its step."""
        return self.waiting is not None and self.waiting.id == prompt

    def opened(self, prompt: UUID) -> None:
        """The next round."""
        self.rounds.append(Round(prompt))

    def answered(self, target: UUID, who: str, said: str, *, away: bool) -> int:
        """An answer over HTTP; the status it gets."""
        known = self._known(target)
        if known is not None and known.is_answered_with(who, said):
            return self._note(who, "repeated", said, 200)
        if self.final:
            self._keep(known, who, {"answers": {"q1": said}})
            return self._note(who, "ended", said, 410)
        if known is None or known.status != "pending":
            self._keep(known, who, {"answers": {"q1": said}})
            return self._note(who, "conflict", said, 409)
        self._claim(known, who, said)
        known.by_http, known.delivered = True, not away
        return self._note(who, "accepted", said, 202)

    def nonsense(self, target: UUID, who: str, said: str) -> int:
        """A remark where an answer was asked for; the status it gets."""
        known = self._known(target)
        self._keep(known, who, {"feedback": said})
        if self.final:
            return self._note(who, "ended", said, 410)
        if known is None or known.status != "pending":
            return self._note(who, "conflict", said, 409)
        return self._note(who, "invalid", said, 422)

    def signalled(self, who: str, said: str) -> None:
        """A whole answer from Temporal, for the prompt that is waited for."""
        asked = self.waiting
        assert asked is not None
        if asked.status == "pending":
            self._claim(asked, who, said)
            self._note(who, "accepted", said, 0)
        else:
            self._note(who, "repeated" if asked.is_answered_with(who, said) else "conflict", said, 0)
        self.taken()

    def taken(self) -> None:
        """A step looked at the prompt that is waited for, and takes what stands."""
        asked = self.waiting
        if asked is not None and asked.status == "responded" and asked.by is not None and asked.said is not None:
            asked.applied = True
            self._note(asked.by, "applied", asked.said, 0)

    def drafted(self, who: str, said: str) -> int:
        """A draft for the last prompt; the status it gets."""
        if not self.rounds:
            return 409
        self._keep(self.rounds[-1], who, {"answers": {"q1": said}})
        return 200 if self.rounds[-1].status == "pending" else 409

    def redelivered(self, *, away: bool) -> None:
        """Whatever was claimed over HTTP and not delivered is signalled, if Temporal is there."""
        for one in self.rounds:
            if one.by_http and not one.delivered and not one.lost and not away:
                one.delivered = True

    def ended(self) -> None:
        """The job has ended: what is open closes, and who was not applied is told."""
        self.final = True
        for one in self.rounds:
            if one.status == "pending":
                one.status = "cancelled"
            if one.status == "responded" and not one.applied and not one.lost:
                one.lost = True
                self._note(one.by or "", "ended", one.said or "", 0)

    def unfinished(self) -> list[Round]:
        """Answers that stand and were neither applied nor shown as lost."""
        return [one for one in self.rounds if one.status == "responded" and not one.applied and not one.lost]

    def seen(self) -> dict[str, object]:
        """What everybody must be able to see."""
        return {
            "prompts": {one.id: (one.status, one.by, one.said, one.lost) for one in self.rounds},
            "drafts": self.drafts,
            "audit": self.audit,
            "applied": sum(one.applied for one in self.rounds),
        }

    def _known(self, target: UUID) -> Round | None:
        return next((one for one in self.rounds if one.id == target), None)

    def _claim(self, asked: Round, who: str, said: str) -> None:
        asked.status, asked.by, asked.said = "responded", who, said

    def _note(self, who: str, outcome: str, said: str, status: int) -> int:
        self.audit[who, outcome, said] += 1
        return status

    def _keep(self, asked: Round | None, who: str, part: dict[str, object]) -> None:
        if asked is not None:
            kept = self.drafts.setdefault((asked.id, who), {})
            kept |= part
