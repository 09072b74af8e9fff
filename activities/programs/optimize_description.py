"""Descriptions to be tried: one skill's in two styles, and better ones for what went wrong in the training half.

The two styles contradict each other: the specification wants what a skill does and when to use it; others found that
an agent which is told what a skill does follows that instead of reading it. So both are measured. Must not see the
held-out half: what wins is chosen on it.
"""

import re
from collections.abc import Sequence

import dspy

from activities.programs.context import as_data, known, listed, told
from activities.programs.description_trials import DescriptionTrials
from activities.programs.language_model import LanguageModel
from activities.programs.prose import capital, cites, is_useful, sentence, sentences
from activities.programs.task import Task
from activities.programs.together import together
from domain.answering.proposals import description_findings
from domain.brief import Brief
from domain.evaluation import DescriptionTrial
from domain.evidence.triggers import best_trained, f1, in_words, perfect, told_failures
from domain.rules.neighbours import Neighbour

IMPROVEMENTS = 2
"""Descriptions that the author model may write anew; each is tried on half of the queries."""

MOST_WHEN = 499
"""Characters of a description that says only when: under 500, as the writing-skills of superpowers has it."""

_WHEN = re.compile(r"(?:^|(?<=[.!?;:])\s+)use (?:this skill |it )?when(?:ever)?\b\s*", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|we|us|our)\b")
_STEP = re.compile(r"\b(?:first|then|next|finally|step \d)\b", re.IGNORECASE)


class DescribeInParts(Task):
    """Say of this skill, apart from each other, what it does and when to use it. An agent sees nothing else when it
    decides whether to read the skill. What it does: one concrete sentence in the third person, with the words that
    users have for it. When to use it: the situations and messages that call for it, never how it goes about it."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    present: str = dspy.InputField(desc="the description as it stands")
    what: str = dspy.OutputField(
        desc="what the skill does, one sentence beginning with a verb: 'Writes …'", max_length=300
    )
    use_when: str = dspy.OutputField(desc="completes the sentence 'Use when …'", max_length=400)


class ImproveDescription(Task):
    """Rewrite the description of a skill so that agents choose it when they should and only then. An agent sees the
    descriptions of all its skills, nothing else, and chooses by them.

    You are told on which messages of users the present description failed. Find out what kind of message was missed or
    wrongly caught, and name that kind; never quote or list the messages themselves: others like them will come. Say
    what users want done, in words that users have, and what is another skill's work where the two were confused. Prefer
    a few exact words to many vague ones. Look at what was tried before and try something that is different from it."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    neighbours: str = dspy.InputField(desc="the other skills; may be empty")
    present: str = dspy.InputField(desc="the description as it stands")
    failures: str = dspy.InputField(desc="messages on which it failed, and what the agent chose instead")
    history: str = dspy.InputField(desc="descriptions that were tried, each with what it reached")
    description: str = dspy.OutputField(
        desc="the new description: third person, has a sentence that begins with 'Use when', at most 150 words",
        max_length=1_000,
    )


def parts_of(description: str) -> tuple[str, str]:
    """What a description says the skill does, and its "Use when …" with all that follows; either may be empty."""
    text = " ".join(description.split())
    found = _WHEN.search(text)
    if not found:
        return text, ""
    when = text[found.end() :]
    return text[: found.start()].strip(), f"Use when {when}" if when else ""


def style_of(description: str) -> str:
    """The style in which a planned description is written."""
    what, when = parts_of(description)
    return ("what_and_when" if what else "when_only") if when else "as_planned"


def shortened(when: str) -> str:
    """The whole sentences of a "Use when …" that fit under 500 characters; "" when the first does not."""
    kept = ""
    for part in sentences(when):
        if len(f"{kept} {part}") > MOST_WHEN:
            break
        kept = f"{kept} {part}".strip()
    return kept


def is_when_only(text: str) -> bool:
    """Triggers only, in the third person, under 500 characters, and no summary of a workflow."""
    summary = len(_STEP.findall(text)) > 1
    return text.startswith("Use when ") and len(text) <= MOST_WHEN and not (summary or _FIRST_PERSON.search(text))


def is_legal(text: str) -> bool:
    """A description without a finding."""
    return is_useful(text) and not description_findings(text)


async def styles(model: LanguageModel, brief: Brief, planned: str) -> list[DescriptionTrial]:
    """The planned description first, then the other style: by rule from what is there, else by the author model.

    A style that cannot be written within the rules is left out.
    """
    what, when = parts_of(planned)
    short = shortened(when)
    if not what or not is_when_only(short):
        what, short = await _in_parts(model, brief, planned, what, short)
    drawn = {"what_and_when": _joined(what, when or short), "when_only": short}
    own = style_of(planned)
    trials = [DescriptionTrial.model_validate({"style": own, "description": planned})]
    for style, text in drawn.items():
        fits = is_legal(text) and (style != "when_only" or is_when_only(text))
        if style != own and fits and text != planned:
            trials.append(DescriptionTrial.model_validate({"style": style, "description": text}))
    return trials


def _joined(what: str, when: str) -> str:
    """Both parts as sentences; "" when one is missing."""
    end = "" if what.endswith((".", "!", "?", ":")) else "."
    return f"{what}{end} {when}" if what and when else ""


async def _in_parts(model: LanguageModel, brief: Brief, planned: str, what: str, when: str) -> tuple[str, str]:
    """What is there stays; what is missing is the model's, where it is of any use."""
    found = await model.at("describing in parts").ask(
        DescribeInParts, 260, request=told(brief, model.low_confidence), present=as_data(planned)
    )
    heard = f"{known(brief)}\n{planned}"
    told_what, told_when = sentence(str(found.what), 300), _when(str(found.use_when))
    own = [text if not cites(text, heard) else "" for text in (told_what, told_when)]
    return what or own[0], when if is_when_only(when) else own[1]


def _when(said: str) -> str:
    """A model's completion of "Use when …", with that lead once."""
    text = sentence(said, 480)
    bare = re.sub(r"^(?:use (?:this skill |it )?)?when(?:ever)?\s+", "", text, flags=re.IGNORECASE)
    return f"Use when {bare[:1].lower()}{bare[1:]}" if bare else ""


async def candidates(
    model: LanguageModel, brief: Brief, planned: str, trials: DescriptionTrials
) -> list[DescriptionTrial]:
    """Every description worth a look at the held-out half, with its numbers on the training half; the planned first.

    The better style is improved until nothing is left to improve, or an improvement does not help.
    """
    drawn = await styles(model, brief, planned)
    tried = list(await together(*(trials.on("train", trial) for trial in drawn)))
    for _ in range(IMPROVEMENTS):
        best = best_trained(tried)
        failures = told_failures(trials.name, trials.queries, trials.choices(best.description))
        if perfect(best.train) or not failures:
            break
        made = await improve(model, brief, trials.neighbours, failures, tried, best)
        if made is None:
            break
        tried.append(await trials.on("train", made))
        if f1(tried[-1].train) <= f1(best.train):
            break
    return tried


async def improve(
    model: LanguageModel,
    brief: Brief,
    neighbours: Sequence[Neighbour],
    failures: Sequence[str],
    tried: Sequence[DescriptionTrial],
    present: DescriptionTrial,
) -> DescriptionTrial | None:
    """A description that has not been tried; None when the model has none within the rules. `failures`: of the training
    half, and nothing of `tried` but what it reached there is told."""
    known_ones = {trial.description for trial in tried}
    heard = "\n".join([known(brief), *known_ones])
    quoted = [text for trial in tried for text in [*trial.train.missed, *trial.train.false_alarms]]

    def usable(text: str) -> bool:
        new = text not in known_ones and not any(query.casefold() in text.casefold() for query in quoted)
        return new and is_legal(text) and not cites(text, heard)

    found = await model.at("improving the description", str(len(tried))).ask(
        ImproveDescription,
        400,
        0.7,
        accept=lambda answer: usable(_one_line(answer.description)),
        request=told(brief, model.low_confidence),
        neighbours=listed([f"{item.name}: {' '.join(as_data(item.description).split())}" for item in neighbours]),
        present=as_data(present.description),
        failures=listed([as_data(line) for line in failures]),
        history=listed([f"{in_words(trial.train)}: {as_data(trial.description)}" for trial in tried]),
    )
    text = _one_line(found.description)
    return DescriptionTrial(style="improved", description=text) if usable(text) else None


def _one_line(text: object) -> str:
    return capital(" ".join(str(text).split()))
