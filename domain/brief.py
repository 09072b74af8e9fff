"""What the author model knows of a job: the request, what people decided, and the plan made of it. Shapes only."""

from typing import Annotated, Literal

from pydantic import Field

from domain.job import Source, Style
from domain.prompt import Question, SuggestedFix
from domain.research import OpenPoint, Research
from domain.shape import Shape, StrictShape
from domain.skill import Frontmatter


class Decision(Shape):
    """A question and what a person answered, word for word. It wins over anything a model writes."""

    question: str
    answer: str


class Refinement(Shape):
    """The request sharpened, and first proposals that rules check before anything expensive is asked.

    `look_up`: what the model would search for in the library and in the sources before it asks.
    """

    task_description: str
    name: str
    description: str
    look_up: list[str] = []


class Proposal(Shape):
    """The name and description that the plan shall start from; `fixes`: what rules have against them, until a person
    has settled it."""

    name: str
    description: str
    fixes: list[SuggestedFix] = []


class Understanding(Shape):
    """What is known after a round of questions, and what is still `unknown`; `readiness` between 0 and 1 is the model's
    own claim.

    Not `complete`: another round of questions would be worth asking.
    """

    summary: str
    user_problem: str = ""
    user_goals: list[str] = []
    readiness: float = 0.0
    complete: bool = True
    unknown: list[OpenPoint] = []


class Brief(Shape):
    """All that the author model may know when it plans and writes. Everything but `task` may still be empty.

    `feedback`: what people said to earlier revisions, oldest first. `research`: what was looked up beforehand.
    """

    task: str
    refined: str = ""
    sources: list[Source] = []
    decisions: list[Decision] = []
    understanding: Understanding | None = None
    feedback: list[str] = []
    research: list[Research] = []


class PlannedFile(Shape):
    """A file beside SKILL.md that the plan asks for; `path` lies under `references/` (.md) or `scripts/` (.py, .sh)."""

    path: Annotated[str, Field(max_length=120)]
    kind: Literal["reference", "script"]
    purpose: Annotated[str, Field(max_length=200)]


Kind = Literal["technique", "discipline", "pattern", "reference"]
"""What a skill is for: a way to do a task; a rule to keep under pressure; something to recognise; facts to look up.
It decides which evaluation cases prove it, and which form its text takes."""


class Plan(Shape):
    """What will be written. `name` is final: free in the library and legal in the format.

    `outline`: headings in their order; `guidance`: what the category's template says of headings that are its own.
    `shelf`: the model's own word for the place, unless `placed_by_person`. `unsure`: why a person should look at the
    place; `alternatives` to it. `files`: what lies beside SKILL.md, for the styles and kinds that need it.
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
    style: Style = "comprehensive"
    kind: Kind = "technique"
    files: list[PlannedFile] = []

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


class AskedQuestion(Question):
    """A question as it was asked, and the round it belongs to."""

    round: int = 1


class UnderstandingView(StrictShape):
    """`GET /jobs/{id}/understanding`: what was looked up, asked and answered, what it adds up to, and what is open.

    `readiness` is null before the first summary.
    """

    research: list[Research] = []
    questions: list[AskedQuestion] = []
    answers: list[Decision] = []
    summary: str = ""
    user_problem: str = ""
    user_goals: list[str] = []
    readiness: float | None = None
    complete: bool = False
    unknown: list[OpenPoint] = []
