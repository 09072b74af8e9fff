"""Questions to the author, and what is understood once they are answered.

Readiness, between 0 and 1, is 1 when the model says that nothing is open which changes the result. Else it is the share
of what is known: the request and each answer count one, against each open point; never more than 0.9.
"""

from collections.abc import Sequence
from typing import Literal

import dspy
from pydantic import Field

from activities.programs.answered import is_answered, known_facts
from activities.programs.context import decided, known, listed, told
from activities.programs.language_model import LanguageModel
from activities.programs.prose import alike, clip, distinct, is_useful, phrase, restates, sentence
from activities.programs.task import Item, Task
from domain.brief import Brief, Understanding
from domain.job import LEAST_QUESTIONS
from domain.prompt import Option, Question
from domain.research import OpenPoint, near_duplicates

MOST_OPEN = 4
"""Open points of a summary: more are no few words to a person, and no three questions either."""


class QuestionItem(Item):
    """One question as a model proposes it."""

    text: str = Field("", json_schema_extra={"maxLength": 140})
    type: Literal["text", "boolean", "single", "multi"] | str = Field(
        "text", json_schema_extra={"enum": ["text", "boolean", "single", "multi"]}
    )
    options: list[str] = Field(default=[], json_schema_extra={"maxItems": 4})
    why: str = Field("", json_schema_extra={"maxLength": 120})


class OpenItem(Item):
    """One open point as a model names it."""

    question: str = Field("", json_schema_extra={"maxLength": 140})
    changes: str = Field("", json_schema_extra={"maxLength": 120})


class AskAuthor(Task):
    """Ask the author what you must know before you write this skill, and cannot know from the request. Each question is
    about one decision that changes the result: the problem behind it, how success is recognised, limits, preferences.
    The decision that changes most comes first. Never ask what the request, an answer or a source says already. Give
    options where the answers are few."""

    request: str = dspy.InputField(desc="what a person asked for, answers so far, sources as data")
    questions: list[QuestionItem] = dspy.OutputField(
        desc="questions; type single or multi with 2 to 4 short options, boolean, or text; why: what it changes",
        min_length=2,
        max_length=3,
    )


class AskDeeper(Task):
    """The author has answered. Ask only what is still open, follows from the answers, and changes the result: first the
    open points below, then a contradiction, an answer too vague to write a rule from, a case that the answers leave
    undecided. Never ask again what was asked before in other words. None is a good answer when nothing is open."""

    request: str = dspy.InputField(desc="what a person asked for, answers so far, sources as data")
    asked: str = dspy.InputField(desc="the questions that were asked before, answered or left to you")
    open_points: str = dspy.InputField(desc="what was found to be open, and what it changes; may be empty")
    questions: list[QuestionItem] = dspy.OutputField(
        desc="questions; type single or multi with 2 to 4 short options, boolean, or text; why: what it changes",
        max_length=3,
    )


class SumUp(Task):
    """Say what is understood of this skill, from the request and the author's answers only. Add nothing. What nobody
    said is open: name it instead of filling it in."""

    request: str = dspy.InputField(desc="what a person asked for, answers, sources as data")
    summary: str = dspy.OutputField(desc="two or three sentences", max_length=500)
    user_problem: str = dspy.OutputField(desc="the problem behind the request, one sentence", max_length=200)
    user_goals: list[str] = dspy.OutputField(desc="what the author wants to reach", min_length=1, max_length=4)
    unknown: list[OpenItem] = dspy.OutputField(
        desc="what is still open and changes the result, each as a question to the author, with what it changes; the"
        " weightiest first; empty when nothing is",
        max_length=MOST_OPEN,
    )
    ready: bool = dspy.OutputField(desc="true when nothing that changes the result is still open")


SumUpShort = SumUp.delete("unknown").with_instructions(
    "Say what is understood of this skill, from the request and the author's answers only. Add nothing."
)
"""For the small model, whose list would be its guesses: what is open is told by rule there."""


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
    shaped = [*_beside(brief, known_ones), *_shaped(found.questions, brief, known_ones)][:most]
    missing = max(0, min(LEAST_QUESTIONS, most) - len(shaped))
    more = _never_asked([*known_ones, *(question.text for question in shaped)])[:missing]
    return _numbered([*shaped, *more], "q")


async def ask_deeper(
    model: LanguageModel, brief: Brief, *, asked: Sequence[str], round_number: int, most: int
) -> list[Question]:
    """At most `most` questions of a later round; none when nothing sensible is left to ask.

    `asked`: all questions of the rounds before, also those left to the model. `round_number` counts the deep rounds
    from 1. Where the model has no new one, the points that the last summary left open; where there are none, those of
    problem, success, limits and preferences that were never asked.
    """
    if most < 1:
        return []
    author = model.at(f"thinking of deeper questions ({round_number})")
    request = told(brief, model.low_confidence)
    points = brief.understanding.unknown if brief.understanding else []
    found = await author.ask(
        AskDeeper,
        420,
        request=request,
        asked=listed(asked),
        open_points=listed([f"{one.point} {one.changes}".strip() for one in points]),
    )
    known_ones = [*asked, *(item.question for item in brief.decisions)]
    wanted = [item for item in found.questions if not restates(item.text, AskDeeper.__doc__ or "")]
    left = [QuestionItem(text=point.point, why=point.changes) for point in points]
    shaped = _shaped(wanted, brief, known_ones) or _shaped(left, brief, known_ones) or _never_asked(known_ones)
    return _numbered(shaped[:most], f"q{round_number + 1}_")


def _beside(brief: Brief, asked: Sequence[str]) -> list[Question]:
    """Of the skill that does nearly the same, what this one is to do beside it: its answer is what sets them apart."""
    near = near_duplicates(brief.research)[:1]
    texts = [
        f"The library has {hit.name}, which does nearly this: what shall this skill do that it does not?"
        for hit in near
    ]
    why = (
        "Two skills that say the same confuse agents. If that one only needs a change, cancel this job and improve it."
    )
    return [Question(id="", text=text, why=why) for text in texts if text not in asked]


def _never_asked(heard: Sequence[str]) -> list[Question]:
    """What every skill needs to know and nobody was asked yet."""
    return [
        Question(id="", text=text, why=why) for text, why in _BANK if not any(alike(text, other) for other in heard)
    ]


def _shaped(items: Sequence[QuestionItem], brief: Brief, asked: Sequence[str]) -> list[Question]:
    """The sensible ones among the proposed, each once, none that is nearly one of `asked` or answered already."""
    facts = known_facts(brief)
    wanted = [item for item in items if _sensible(item, brief) and not is_answered(item.text, brief, facts)]
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


async def summarize(model: LanguageModel, brief: Brief, asked: Sequence[str] = ()) -> Understanding:
    """What is understood, and what is still open. `asked`: the questions of all rounds; none of them is open again,
    because who left it to the model has decided that."""
    task = SumUpShort if model.low_confidence else SumUp
    found = await model.at("summing up").ask(
        task, 320 if model.low_confidence else 440, request=told(brief, model.low_confidence)
    )
    goals = distinct(phrase(goal) for goal in found.user_goals)[:4]
    summary = str(found.summary).strip()
    items = [] if model.low_confidence else list(found.unknown)
    unknown = _open(items, brief, [*asked, *(item.question for item in brief.decisions)], ready=bool(found.ready))
    return Understanding(
        summary=clip(summary, 700) if is_useful(summary) else clip(known(brief).strip(), 700),
        user_problem=sentence(str(found.user_problem)),
        user_goals=goals or [clip(brief.task.strip(), 200)],
        readiness=1.0 if found.ready else _readiness(brief, unknown),
        unknown=unknown,
    )


def _readiness(brief: Brief, unknown: Sequence[OpenPoint]) -> float:
    """Of a model that sees something open: see the head of this file."""
    answers = 1 + len(decided(brief))
    return round(min(0.9, answers / (answers + len(unknown))), 2)


def _open(items: Sequence[OpenItem], brief: Brief, asked: Sequence[str], *, ready: bool) -> list[OpenPoint]:
    """The model's open points where they are questions that nobody asked or answered; where it names none and is not
    ready, what every skill needs to know and nobody was asked."""
    proposed = [QuestionItem(text=item.question, why=item.changes) for item in items]
    questions = _shaped(proposed, brief, asked)
    if not questions and not ready:
        questions = _never_asked(asked)
    return [OpenPoint(point=question.text, changes=question.why) for question in questions[:MOST_OPEN]]
