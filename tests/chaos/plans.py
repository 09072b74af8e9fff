"""What each person of the chaos will do, drawn from the seed before anything begins. Chooses; does nothing.

Every job has a generator of its own, named by seed and number, so that nothing that happens shifts a choice.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Literal

from pydantic import JsonValue

from domain.prompt import HitlType, PromptAction

FEWEST, MOST = 3, 5
"""Jobs of one seed."""

_KINDS = (
    "archive billing calendar catalogue customer delivery design document editorial export festival finance garden "
    "harbour heating housing insurance inventory kitchen laundry legal library lighting maintenance market medical "
    "museum office orchard packaging payroll pension plumbing postal printing property purchase quality railway "
    "recipe rental research restaurant safety school shipping storage studio survey theatre ticket timber traffic "
    "training transport travel vaccine vehicle visitor warehouse water weather"
)
_THINGS = (
    "agendas appeals audits briefs budgets charts checklists claims complaints contracts drafts drawings estimates "
    "forms handovers incidents inspections interviews invitations invoices journals labels leaflets letters lists "
    "manuals measurements memos minutes notices offers orders permits plans policies proposals protocols quotes "
    "receipts records referrals registers reminders reports requests reviews rosters samples schedules shifts slides "
    "statements summaries surveys tables tests timetables updates vouchers warranties"
)


class End(StrEnum):
    """How a job shall end."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


Change = Literal["revise", "edit", "break"]
"""What is done to a preview: asked for anew, edited into something good, or into what no validation lets pass."""

Giving = Literal["answer", "waiting", "working"]
"""How a job is cancelled: by the answer to a prompt, while one waits, or in the middle of work."""


@dataclass(frozen=True)
class Plan:
    """One job and its person."""

    number: int
    owner: str
    task: str
    options: dict[str, JsonValue]
    end: End
    changes: tuple[Change, ...]
    """What is done to its previews, in order; after that they are approved."""
    mending: PromptAction
    """What is done about a validation that fails."""
    sent_back: int
    """How often the plan is sent back at `confirm`."""
    on_budget: PromptAction
    cancelled: Giving
    parks: bool
    """The first prompt is left until it is parked, and asked again."""
    seed: str
    """Names the generator of what is decided at each prompt."""

    def chance(self, *place: object) -> Random:
        """A generator of its own for one decision."""
        return Random("/".join([self.seed, *map(str, place)]))

    @property
    def statuses(self) -> frozenset[str]:
        """The states in which the job may end."""
        if self.end is End.CANCELLED:
            return frozenset({"cancelled"})
        spent = self.on_budget is PromptAction.FINISH and "budget" in self.options
        return frozenset({"completed", "cancelled"} if spent else {"completed"})

    @property
    def words(self) -> str:
        """The plan in a line."""
        what = [*self.changes, *([f"mend by {self.mending}"] if "break" in self.changes else [])]
        what += ["parked first"] if self.parks else []
        end = f"{self.end} ({self.cancelled})" if self.end is End.CANCELLED else str(self.end)
        return f"job {self.number}: {self.options} {', '.join(what) or 'approved at once'} -> {end}"


def plans(seed: int) -> list[Plan]:
    """The jobs of one seed."""
    return [plan(seed, number) for number in range(Random(f"{seed}/jobs").randint(FEWEST, MOST))]


def plan(seed: int, number: int) -> Plan:
    """One job of one seed."""
    name = f"{seed}/job/{number}"
    rng = Random(name)
    end = rng.choices([End.DRAFT, End.PUBLISHED, End.CANCELLED], [3, 5, 2])[0]
    things = _THINGS.split()
    task = f"Create a skill for writing {rng.choice(_KINDS.split())} {rng.choice(things)} from {rng.choice(things)}"
    parks, changes = rng.random() < 0.2, _changes(rng)
    return Plan(
        number=number,
        owner=f"person-{number}",
        task=task,
        options=_options(rng, end, parks=parks),
        end=end,
        changes=changes,
        mending=rng.choice([PromptAction.REVISE, PromptAction.EDIT, PromptAction.WAIVE]),
        sent_back=rng.randint(0, 1),
        on_budget=PromptAction.FINISH if rng.random() < 0.3 else PromptAction.RAISE,
        cancelled=rng.choice(["answer", "waiting", "working"]),
        parks=parks,
        seed=name,
    )


def _changes(rng: Random) -> tuple[Change, ...]:
    changes: list[Change] = [rng.choice(["revise", "edit"]) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
    return (*changes, "break") if rng.random() < 0.35 else tuple(changes)


def _options(rng: Random, end: End, *, parks: bool) -> dict[str, JsonValue]:
    """What is not wanted is left out, as people do."""
    asks = end is End.CANCELLED or rng.random() < 0.7
    found: dict[str, JsonValue] = {"max_questions": 3 if asks else 0, "max_rounds": rng.randint(1, 2)}
    found |= {"confirm": True} if rng.random() < 0.4 else {}
    found |= {"tdd_checkpoints": True} if rng.random() < 0.15 else {}
    found |= {"promote": True} if end is End.PUBLISHED and rng.random() < 0.4 else {}
    found |= {"budget": {"calls": rng.randint(12, 30)}} if rng.random() < 0.2 else {}
    return found | ({"hitl_timeout": "PT2S", "remind_after": ["PT1S"]} if parks else {})


QUESTIONS = frozenset({HitlType.CLARIFY, HitlType.DEEP_UNDERSTANDING})
