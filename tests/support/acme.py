"""An author model that knows its subject: release notes for the Acme CLI, in words that one would want to read.

For what people look at (the browser's tests and the pictures in `docs/images`): questions, a plan, cases, the skill and
its second revision. Whatever is not here the stand-in makes up as it always does.
"""

import re

from pydantic import JsonValue

from tests.support import agents
from tests.support.provider import Provider
from tests.support.provider_models import ChatRequest

TASK = "Write release notes for the Acme CLI from merged pull requests, grouped into Added, Fixed and Breaking"
FEEDBACK = "Add more examples to the Quick Start section"

AUDIENCE = "Who reads the notes?"
PARTS = "What must be left out of the notes?"
DONE = "How will you know that the notes are good?"

QUESTIONS: list[JsonValue] = [
    {
        "text": AUDIENCE,
        "type": "single",
        "options": ["Everyone who uses the CLI", "Our own engineers"],
        "why": "Users want to know what they can do now; engineers want the pull request.",
    },
    {
        "text": PARTS,
        "type": "multi",
        "options": ["Dependency bumps", "Refactorings", "Documentation", "Changes to tests"],
        "why": "What is left out decides how long the notes are.",
    },
    {"text": DONE, "type": "text", "why": "It becomes a check at the end of the skill."},
]

_REFINE: dict[str, JsonValue] = {
    "task_description": f"{TASK}. Name each pull request by its number.",
    "name": "write-release-notes",
    "description": "Writes release notes for the Acme CLI. Use when a release is cut and its pull requests are merged.",
    "look_up": [],
}
_UNDERSTOOD: dict[str, JsonValue] = {
    "summary": "Notes for people who use the Acme CLI, made from the titles of merged pull requests, in three groups.",
    "user_problem": "Notes are written by hand the night before a release, and breaking changes are missed.",
    "user_goals": ["No breaking change is missed", "Notes that are ready in minutes"],
    "unknown": [],
    "ready": True,
}
_PLAN: dict[str, JsonValue] = {
    "title": "Release Notes",
    "name": "write-release-notes",
    "what": "Writes release notes for the Acme CLI from merged pull requests, grouped into Added, Fixed and Breaking",
    "use_when": "a release of the Acme CLI is cut and its pull requests are merged",
    "triggers": [
        "Write the release notes for Acme CLI 2.4",
        "Turn these merged pull requests into notes for our users",
    ],
    "non_triggers": ["Write a commit message for my staged changes"],
    "success_criteria": ["A reader finds each breaking change and what to do about it"],
    "key_assumptions": ["The titles of pull requests say what changed"],
    "category": "development",
}
_MERGED: dict[str, list[JsonValue]] = {
    "2.4": ["#1204 adds --json to acme list", "#1198 mends a crash on empty folders", "#1187 drops Python 3.8"],
    "2.5": ["#1231 colours the diff", "#1226 mends paging on Windows", "#1219 renames --verbose to --loud"],
    "3.0": ["#1302 completion for fish", "#1297 no socket leaks on timeout", "#1285 drops the XML exporter"],
}
_CASES: list[JsonValue] = [
    {"variant": "application", "ask": f"We ship {version} today, please write up what was merged.", "material": lines}
    for version, lines in _MERGED.items()
]
_WORKFLOW: dict[str, JsonValue] = {
    "needed": [{"name": "Merged pull requests", "what": "Number and title of each, one in a line."}],
    "steps": [
        {"action": "Read every pull request", "detail": "Note its number, and what changes for who uses the CLI."},
        {
            "action": "Choose its group",
            "detail": "Breaking wins over Added and Fixed: ask whether a script would fail.",
        },
        {"action": "Write one line for it", "detail": "Begin with what a user can do now, and end with the number."},
        {"action": "Say how to move on", "detail": "Under Breaking, name the old command and what to write instead."},
    ],
}
_RULES: dict[str, JsonValue] = {
    "reasons": ["Otherwise readers hunt for the one change that stops their script."],
    "more": [
        {"rule": "Never merge two pull requests into one line.", "why": "A reader looks for the number they know."}
    ],
}
_EDGES: dict[str, JsonValue] = {
    "good": "Three headings, one line for each pull request, and no change that only its author understands.",
    "mistakes": [
        {"mistake": "A renamed option stands under Added", "instead": "Put it under Breaking, with both names."}
    ],
    "checks": ["Does every pull request have a line?", "Does each breaking change say what to do?"],
}
_REMARK: JsonValue = {
    "section": "Workflow",
    "problem": "It does not say what to do with a pull request whose title says nothing.",
    "fix": "Say that its description is read then, and that it is named where that says nothing either.",
}
_WANTED: list[JsonValue] = [
    "Turn these merged pull requests into notes for the 2.4 release please",
    "we ship tomorrow, need the changelog text from this PR list",
    "Here are forty pull request titles, write what users should read",
    "Summarise what changed since v3.1 for our customers",
    "draft the release announcement out of these merges",
    "Can you make notes of what we merged this sprint for the users?",
    "PR list attached, produce the notes for Acme CLI 5.0",
    "What do I tell users about these merged changes? write it up",
    "Write up the fixes and breaking changes in this list for publication",
    "I have the merge log, I need release notes by noon",
]
_NEAR: list[JsonValue] = [
    "Which of these pull requests should be merged first?",
    "Review this pull request for bugs",
    "Write a commit message for my staged changes",
    "Tag the release and push it to the registry",
    "Why did the release pipeline fail last night?",
    "Translate the existing release notes into German",
    "Close all stale pull requests of the repository",
    "What does semantic versioning say about breaking changes?",
    "Write a blog post about why we build command line tools",
    "Plan the next release with dates and owners",
]
MORE: list[JsonValue] = [
    "For “#1407 renames --quiet to --silent” the line is:",
    "",
    "```markdown",
    "## Breaking",
    "- `--quiet` is now `--silent`; replace it in your scripts (#1407)",
    "```",
    "",
    "```python",
    "def heading(title: str) -> str:",
    '    return f"## {title}"',
    "```",
]
"""What a revision adds when it is asked for more."""

_ANSWERED: dict[str, JsonValue] = {
    "forms": [
        {"failure": 1, "kind": "slot", "name": "Added", "text": "What users can do now, one line for each."},
        {"failure": 2, "kind": "slot", "name": "Fixed", "text": "What works again, one line for each."},
        {"failure": 3, "kind": "slot", "name": "Breaking", "text": "What stops working, and what to write instead."},
    ],
    "truths": [],
    "red_flags": [],
}
_REVISED: dict[str, JsonValue] = {
    "touched": ["Quick Start"],
    "lines": MORE,
    "change": "The Quick Start shows a renamed option, and how its line is written.",
}
_HEEDED: dict[str, JsonValue] = {
    "quote": "`--quiet` is now `--silent`; replace it in your scripts (#1407)",
    "reason": "The section has an example that was not there before.",
    "verdict": "yes",
}
_BY_TASK: tuple[tuple[str, dict[str, JsonValue]], ...] = (
    ("Say the request as one clear instruction", _REFINE),
    ("Plan the skill. Its description is all", _PLAN),
    ("Write the workflow of this skill", _WORKFLOW),
    ("For each of the author's rules say", _RULES),
    ("Write what helps an agent to start and to stop", _EDGES),
    ("Agents failed at this work as listed", _ANSWERED),
    (FEEDBACK, _REVISED),
    ("Does the new text do what the feedback asks for?", _HEEDED),
)


def play(provider: Provider) -> None:
    """From now on the author writes about release notes, and agents do well with what it wrote.

    The provider must run in this process: some answers are worked out here.
    """
    for words, fields in _BY_TASK:
        for name, value in fields.items():
            provider.when(field=name, contains=words).answer(value)
    for name, value in {**_UNDERSTOOD, "questions": QUESTIONS, "cases": _CASES}.items():
        provider.when(field=name).answer(value)
    provider.when(field="remarks").answer([_REMARK])
    provider.when(field="wanted").answer(_WANTED)
    provider.when(field="near_misses").answer(_NEAR)
    provider.when(field="verdict").answer("yes")
    provider.when(field="choice").answer(_chooses)
    poor = "We fixed a lot and added some things. Enjoy the release!"
    provider.when(contains=agents.AGENT).answer(agents.obeying(_good, poor))


def _good(said: str) -> str:
    """The form that the request asks for, with all that was pasted."""
    return f"## Added\n- {said}\n\n## Fixed\n- {said}\n\n## Breaking\n- none"


def _chooses(request: ChatRequest) -> str:
    """The newest skill about release notes for what it is for, none for all else."""
    message = request.messages[-1].text
    if any(str(text) in message for text in _NEAR):
        return "none"
    named = re.findall(rf"'({_PLAN['name']}[a-z0-9-]*)'", str(request.response_format))
    return max(named, key=len, default="none")
