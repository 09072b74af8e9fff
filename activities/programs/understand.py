"""Questions to the author, and what is understood once they are answered."""

from collections.abc import Sequence
from typing import Literal

import dspy
from pydantic import Field

from activities.programs.context import known, listed, told
from activities.programs.language_model import LanguageModel
from activities.programs.prose import alike, clip, distinct, is_useful, phrase, restates, sentence
from activities.programs.task import Item, Task
from domain.brief import Brief, Understanding
from domain.prompt import Option, Question

LEAST = 2
"""The first round asks at least this many, unless fewer are allowed."""


class QuestionItem(Item):
    """One question as a model proposes it."""

    text: str = Field("", json_schema_extra={"maxLength": 140})
    type: Literal["text", "boolean", "single", "multi"] | str = Field(
        "text", json_schema_extra={"enum": ["text", "boolean", "single", "multi"]}
    )
    options: list[str] = Field(default=[], json_schema_extra={"maxItems": 4})
    why: str = Field("", json_schema_extra={"maxLength": 120})


class AskAuthor(Task):
    """Ask the author what you must know before you write this skill, and cannot know from the request. Each question is
    about one decision that changes the result: the problem behind it, how success is recognised, limits, preferences.
    Never ask what is already said or answered. Give options where the answers are few."""

    request: str = dspy.InputField(desc="what a person asked for, answers so far, sources as data")
    questions: list[QuestionItem] = dspy.OutputField(
        desc="questions; type single or multi with 2 to 4 short options, boolean, or text; why: what it changes",
        min_length=2,
        max_length=3,
    )


class AskDeeper(Task):
    """The author has answered. Ask only what is still open, follows from the answers, and changes the result: a
    contradiction, an answer too vague to write a rule from, a case that the answers leave undecided. Never ask again
    what was asked before in other words. None is a good answer when nothing is open."""

    request: str = dspy.InputField(desc="what a person asked for, answers so far, sources as data")
    asked: str = dspy.InputField(desc="the questions that were asked before, answered or left to you")
    questions: list[QuestionItem] = dspy.OutputField(
        desc="questions; type single or multi with 2 to 4 short options, boolean, or text; why: what it changes",
        max_length=3,
    )


class SumUp(Task):
    """Say what is understood of this skill, from the request and the author's answers only. Add nothing."""

    request: str = dspy.InputField(desc="what a person asked for, answers, sources as data")
    summary: str = dspy.OutputField(desc="two or three sentences", max_length=500)
    user_problem: str = dspy.OutputField(desc="the problem behind the request, one sentence", max_length=200)
    user_goals: list[str] = dspy.OutputField(desc="what the author wants to reach", min_length=1, max_length=4)
    ready: bool = dspy.OutputField(desc="true when nothing that changes the result is still open")


_BANK = (
    ("What goes wrong today when this is done without the skill?", "The skill is written against that."),
    ("How will you see that a result is good?", "It becomes what every result is checked for."),
    ("What must a result never contain, or which limits (length, format, tools) must it keep?", "It becomes a rule."),
    ("Which style, tone or format do you prefer?", "It decides how results look."),
)
"""Problem, success criteria, constraints, preferences: asked when the model has no better questions."""


async def ask_questions(model: LanguageModel, brief: Brief, *, most: int) -> list[Question]:
    """Between min(2, most) and `most` distinct questions that are not answered yet; none when `most` is 0."""
    if most < 1:
        return []
    found = await model.at("thinking of questions").ask(AskAuthor, 420, request=told(brief, model.low_confidence))
    known_ones = [item.question for item in brief.decisions]
    shaped = _shaped(found.questions, brief, known_ones)[:most]
    missing = max(0, min(LEAST, most) - len(shaped))
    more = _never_asked([*known_ones, *(question.text for question in shaped)])[:missing]
    return _numbered([*shaped, *more], "q")


async def ask_deeper(
    model: LanguageModel, brief: Brief, *, asked: Sequence[str], round_number: int, most: int
) -> list[Question]:
    """At most `most` questions of a later round; none when nothing sensible is left to ask.

    `asked`: all questions of the rounds before, also those left to the model. `round_number` counts the deep rounds
    from 1. Where the model has no new one, those of problem, success, limits and preferences that were never asked.
    """
    if most < 1:
        return []
    author = model.at(f"thinking of deeper questions ({round_number})")
    request = told(brief, model.low_confidence)
    found = await author.ask(AskDeeper, 420, request=request, asked=listed(asked))
    known_ones = [*asked, *(item.question for item in brief.decisions)]
    wanted = [item for item in found.questions if not restates(item.text, AskDeeper.__doc__ or "")]
    shaped = _shaped(wanted, brief, known_ones) or _never_asked(known_ones)
    return _numbered(shaped[:most], f"q{round_number + 1}_")


def _never_asked(heard: Sequence[str]) -> list[Question]:
    """What every skill needs to know and nobody was asked yet."""
    return [
        Question(id="", text=text, why=why) for text, why in _BANK if not any(alike(text, other) for other in heard)
    ]


def _shaped(items: Sequence[QuestionItem], brief: Brief, asked: Sequence[str]) -> list[Question]:
    """The sensible ones among the proposed, each once, and none that is nearly one of `asked`."""
    wanted = [item for item in items if _sensible(item, brief)]
    texts = distinct((_asked(item.text) for item in wanted), asked)
    return [_question(next(item for item in wanted if _asked(item.text) == text), text) for text in texts]


def _numbered(questions: Sequence[Question], lead: str) -> list[Question]:
    return [question.model_copy(update={"id": f"{lead}{number}"}) for number, question in enumerate(questions, 1)]


def _sensible(item: QuestionItem, brief: Brief) -> bool:
    """A question of at least four words that is not just the request again."""
    return is_useful(item.text) and len(item.text.split()) >= 4 and not alike(item.text, brief.task)


def _asked(text: str) -> str:
    line = phrase(text, 200).rstrip("?")
    return f"{line[0].upper()}{line[1:]}?" if line else ""


def _question(item: QuestionItem, text: str) -> Question:
    labels = distinct(phrase(f"{option} .", 80) or option.strip()[:80] for option in item.options)[:4]
    why = sentence(item.why, 160) or "The answer decides how the skill is written."
    if item.type in ("single", "multi") and len(labels) >= 2:
        options = [Option(id=f"o{number}", label=label) for number, label in enumerate(labels, 1)]
        return Question(id="", text=text, type="multi" if item.type == "multi" else "single", options=options, why=why)
    return Question(id="", text=text, type="boolean" if item.type == "boolean" else "text", why=why)


async def summarize(model: LanguageModel, brief: Brief) -> Understanding:
    """What is understood. Readiness: 1 when the model sees nothing open, else by the share of questions answered."""
    found = await model.at("summing up").ask(SumUp, 320, request=told(brief, model.low_confidence))
    goals = distinct(phrase(goal) for goal in found.user_goals)[:4]
    summary = str(found.summary).strip()
    return Understanding(
        summary=clip(summary, 700) if is_useful(summary) else clip(known(brief).strip(), 700),
        user_problem=sentence(str(found.user_problem)),
        user_goals=goals or [clip(brief.task.strip(), 200)],
        readiness=1.0 if found.ready else min(0.9, 0.4 + 0.2 * len(brief.decisions)),
    )
