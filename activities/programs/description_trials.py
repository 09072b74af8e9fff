"""Descriptions of one skill, tried on the same queries beside the same neighbours. Stores nothing but model calls.

What has been chosen so far stays here, also when a call fails: that is what partial evidence is made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from activities.programs.choose_skill import NONE, choose, reads_first, task_among
from activities.programs.language_model import LanguageModel
from activities.programs.task import Task
from activities.programs.together import together
from domain.evaluation import DescriptionTrial, TriggerChoice, TriggerQuery
from domain.evidence.triggers import RUNS, Half, control_query, digest_of, numbers, shuffled
from domain.rules.neighbours import Neighbour

CONTROL = "control"
SHORT = 8
"""Hexadecimal digits that tell the descriptions of one job apart."""


@dataclass
class DescriptionTrials:
    """The agent and what it chooses among. `seed` (the job) decides the orders, so that a retry asks the same.

    `prompts`: tasks by a label; whether the agent reads the skill before it does them is the second question.
    `made`: choices by the digest of the description.
    """

    agent: LanguageModel
    seed: str
    name: str
    neighbours: Sequence[Neighbour]
    queries: Sequence[TriggerQuery]
    prompts: dict[str, str]
    made: dict[str, list[TriggerChoice]] = field(default_factory=dict)
    task: type[Task] = field(init=False)

    def __post_init__(self) -> None:
        """One question for all orders; a neighbour that is called like the choice of none cannot be told from it."""
        self.neighbours = [other for other in self.neighbours if other.name != NONE]
        self.task = task_among([self.name, *(other.name for other in self.neighbours)])

    async def control(self, description: str) -> list[str | None]:
        """What is chosen, in each run, for a message that asks for the skill by its name."""
        message = control_query(self.name, description)
        return list(await together(*(self._chosen(description, CONTROL, message, run) for run in range(RUNS))))

    async def on(self, half: Half, trial: DescriptionTrial) -> DescriptionTrial:
        """The trial with its numbers on one half of the queries."""
        asked = [query for query in self.queries if query.half == half]
        await together(*(self._try(trial.description, query, run) for query in asked for run in range(RUNS)))
        found = numbers(self.name, self.queries, self.choices(trial.description), half)
        return trial.model_copy(update={half: found})

    async def read(self, trial: DescriptionTrial) -> DescriptionTrial:
        """The trial with the share of runs in which the agent read the skill before it did a task."""
        asked = [(label, text, run) for label, text in self.prompts.items() for run in range(RUNS)]
        read = await together(*(self._reads(trial.description, *one) for one in asked))
        return trial.model_copy(update={"body_read": sum(read) / len(read) if read else None})

    def choices(self, description: str) -> list[TriggerChoice]:
        """What has been chosen so far under this description, in the order of queries and runs."""
        order = {query.id: number for number, query in enumerate(self.queries)}
        found = self.made.get(digest_of(description), [])
        return sorted(found, key=lambda choice: (order[choice.query_id], choice.run))

    async def _try(self, description: str, query: TriggerQuery, run: int) -> None:
        chosen = await self._chosen(description, query.id, query.text, run)
        choice = TriggerChoice(query_id=query.id, run=run, chosen=chosen)
        self.made.setdefault(digest_of(description), []).append(choice)

    async def _chosen(self, description: str, query: str, message: str, run: int) -> str | None:
        label = _label(description, query, run)
        return await choose(self.agent, self.task, self._skills(description, query, run), message, label)

    async def _reads(self, description: str, label: str, message: str, run: int) -> bool:
        skills = self._skills(description, label, run)
        return await reads_first(self.agent, self.name, skills, message, _label(description, label, run))

    def _skills(self, description: str, query: str, run: int) -> list[Neighbour]:
        own = Neighbour(name=self.name, description=description)
        return shuffled([own, *self.neighbours], f"{self.seed}/{digest_of(description)}/{query}/{run}")


def _label(description: str, query: str, run: int) -> str:
    return f"{digest_of(description)[:SHORT]} {query} run {run + 1}"
