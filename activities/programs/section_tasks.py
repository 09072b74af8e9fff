"""What the author model is asked for each section of a skill: the tasks and the shapes of their answers. No logic."""

import dspy
from pydantic import Field

from activities.programs.task import Item, Task


class InputItem(Item):
    """Something the agent is given."""

    name: str = Field("", json_schema_extra={"maxLength": 50})
    what: str = Field("", json_schema_extra={"maxLength": 140})


class StepItem(Item):
    """One step."""

    action: str = Field("", json_schema_extra={"maxLength": 90})
    detail: str = Field("", json_schema_extra={"maxLength": 180})


class RuleItem(Item):
    """One rule and its reason."""

    rule: str = Field("", json_schema_extra={"maxLength": 140})
    why: str = Field("", json_schema_extra={"maxLength": 120})


class MistakeItem(Item):
    """One mistake and what to do instead."""

    mistake: str = Field("", json_schema_extra={"maxLength": 120})
    instead: str = Field("", json_schema_extra={"maxLength": 160})


class SectionItem(Item):
    """One section of the category's own: its number in the list that was asked for, and what stands in it."""

    number: int = 0
    lines: list[str] = Field([], json_schema_extra={"maxItems": 6})


class WriteWorkflow(Task):
    """Write the workflow of this skill for an agent that has nothing but what the user gives it: what the user hands
    over, then the steps of the work in order: how to read the input, how to decide about each item of it, how to
    put the result together. Each step says what to do and how, with the concrete names and numbers of the
    request, and what to do when something is unclear. No steps about files, tools, libraries or publishing unless
    the request names them."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    weaknesses: str = dspy.InputField(desc="what agents got wrong without the skill")
    needed: list[InputItem] = dspy.OutputField(
        desc="what the user hands over (never the result): name, and what it holds", min_length=1, max_length=2
    )
    steps: list[StepItem] = dspy.OutputField(
        desc="action: a short order; detail: how, as orders ('Look for …', 'If …, …')",
        min_length=4,
        max_length=5,
    )


class GiveReasons(Task):
    """For each of the author's rules say what goes wrong for the person who uses the result when the rule is broken."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    rules: str = dspy.InputField(desc="the author's rules, numbered")
    reasons: list[str] = dspy.OutputField(desc="for each rule in order: 'Otherwise ' and what goes wrong", max_length=8)


class WriteRules(GiveReasons):
    """For each of the author's rules say what goes wrong for the person who uses the result when the rule is broken.
    Then give one or two more rules for this work that the author did not think of and that prevent the
    weaknesses, as orders to the agent. Contradict nothing the author said."""

    weaknesses: str = dspy.InputField(desc="what agents got wrong without the skill")
    more: list[RuleItem] = dspy.OutputField(desc="further rules: an order, and why", max_length=2)


class WriteEdges(Task):
    """Write what helps an agent to start and to stop: how a good result looks, which mistakes agents make in this
    work and what to do instead, and what to check at the end by reading the result. Use only what the request
    says."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    weaknesses: str = dspy.InputField(desc="what agents got wrong without the skill")
    good: str = dspy.OutputField(desc="what a good result looks like, one or two sentences", max_length=300)
    mistakes: list[MistakeItem] = dspy.OutputField(desc="mistake, and what to do instead", min_length=1, max_length=3)
    checks: list[str] = dspy.OutputField(desc="yes-or-no checks of the result", min_length=1, max_length=3)


class WriteEdgesAndMore(WriteEdges):
    """Write what helps an agent to start and to stop: how a good result looks, which mistakes agents make in this
    work and what to do instead, and what to check at the end by reading the result. Then write the further sections
    that a skill of this kind has, each as a few lines for this work and no other; no lines for a section that the
    request says nothing for. Use only what the request says."""

    wanted: str = dspy.InputField(desc="the further sections, numbered, each with what it is for")
    sections: list[SectionItem] = dspy.OutputField(
        desc="for each section in order: its number, and its lines", max_length=2
    )
