"""What the author model knows of a job: the request, what people decided, and the plan made of it. Shapes only."""

from typing import Annotated

from pydantic import Field

from domain.job import Source
from domain.prompt import SuggestedFix
from domain.shape import Shape
from domain.skill import Frontmatter


class Decision(Shape):
    """A question and what a person answered, word for word. It wins over anything a model writes."""

    question: str
    answer: str


class Refinement(Shape):
    """The request sharpened, and first proposals that rules check before anything expensive is asked."""

    task_description: str
    name: str
    description: str


class Proposal(Shape):
    """The name and description that the plan shall start from; `fixes`: what rules have against them, until a person
    has settled it."""

    name: str
    description: str
    fixes: list[SuggestedFix] = []


class Understanding(Shape):
    """What is known after a round of questions; `readiness` between 0 and 1 is the model's own claim.

    Not `complete`: another round of questions would be worth asking.
    """

    summary: str
    user_problem: str = ""
    user_goals: list[str] = []
    readiness: float = 0.0
    complete: bool = True


class Brief(Shape):
    """All that the author model may know when it plans and writes. Everything but `task` may still be empty.

    `feedback`: what people said to earlier revisions, oldest first.
    """

    task: str
    refined: str = ""
    sources: list[Source] = []
    decisions: list[Decision] = []
    understanding: Understanding | None = None
    feedback: list[str] = []


class Plan(Shape):
    """What will be written. `name` is final: free in the library and legal in the format.

    `outline`: headings in their order; `guidance`: what the category's template says of headings that are its own.
    `shelf`: the model's own word for the place, unless `placed_by_person`. `unsure`: why a person should look at the
    place; `alternatives` to it.
    """

    name: Annotated[str, Field(max_length=64)]
    title: str
    description: Annotated[str, Field(max_length=1024)]
    category: str
    triggers: list[str] = []
    non_triggers: list[str] = []
    outline: list[str] = []
    success_criteria: list[str] = []
    key_assumptions: list[str] = []
    guidance: dict[str, str] = {}
    tags: list[str] = []
    requires: list[str] = []
    shelf: str = ""
    placed_by_person: bool = False
    unsure: str = ""
    alternatives: list[str] = []

    @property
    def path(self) -> str:
        """Where the skill will lie in the library: `<category>/<name>`."""
        return f"{self.category}/{self.name}"

    @property
    def frontmatter(self) -> Frontmatter:
        """What its SKILL.md begins with."""
        words = {"tags": " ".join(self.tags), "requires": " ".join(self.requires)}
        metadata = {key: value for key, value in words.items() if value}
        return Frontmatter(name=self.name, description=self.description, metadata=metadata)
