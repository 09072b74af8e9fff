"""Agents for the stand-in provider: computed answers that obey a skill, ignore it, or are harmed by it.

An agent's call is known by its system prompt, which begins with `AGENT`; with the skill arm it goes on with the text of
the skill. All other calls (author, judge) are left to the stand-in. In the test's process only::

    play(provider, obeying("Added: the --json flag (#1204)."))        # finds a gain
    play(provider, ignoring("I skipped the numbers for brevity."))    # finds none
    play(provider, harmed("Added: the --json flag (#1204)."))         # is refused

An answer is a text, or a function of what the user said (`Said`) that gives one.
"""

from collections.abc import Callable

from tests.support.provider import LocalProvider
from tests.support.provider_models import ChatRequest

AGENT = "You are an assistant. Do the task with what you are given"
"""How the agent's system prompt begins (activities/programs/agent.py)."""

SKILL = "Follow this skill:"
"""What stands before the skill in it."""

POOR = "I left the details out for brevity."
"""An answer that shows nothing, with an excuse in it."""

Said = str | Callable[[str], str]
Answer = Callable[[ChatRequest], str]


def skill_of(request: ChatRequest) -> str:
    """The skill that the agent was given, with the files beside it; "" in the control arm."""
    return request.messages[0].text.partition(SKILL)[2].strip()


def prompt_of(request: ChatRequest) -> str:
    """What the user said."""
    return request.messages[-1].text


def obeying(good: Said, poor: Said = POOR, *, needs: str = "") -> Answer:
    """Answers well with the skill, and poorly without; `needs`: words that the skill must have for it."""
    return lambda request: _say(good if skill_of(request) and needs in skill_of(request) else poor, request)


def ignoring(said: Said) -> Answer:
    """Says the same in both arms."""
    return lambda request: _say(said, request)


def harmed(good: Said, poor: Said = POOR) -> Answer:
    """Answers well without the skill, and poorly with it."""
    return lambda request: _say(poor if skill_of(request) else good, request)


def wavering(*said: Said) -> Answer:
    """One after the other, and round again: repeats that disagree."""
    turns = iter(range(10**9))
    return lambda request: _say(said[next(turns) % len(said)], request)


def echoing(request: ChatRequest) -> str:
    """Hands the user's own words back: meets whatever expects what was pasted."""
    return prompt_of(request)


def play(provider: LocalProvider, answer: Answer) -> None:
    """From now on every agent's call is answered so; the last one given wins."""
    provider.when(contains=AGENT).answer(answer)


def agent_calls(provider: LocalProvider) -> int:
    """How many calls of agents there were."""
    return sum(AGENT in call.text for call in provider.calls())


def _say(said: Said, request: ChatRequest) -> str:
    return said if isinstance(said, str) else said(prompt_of(request))
