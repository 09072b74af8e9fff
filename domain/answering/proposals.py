"""The name and description that a request asks for, checked by rules before anything expensive.

A model's own proposals never come here unmended: what code can mend is no question for a person. Must not look anything
up: which names are taken is told.
"""

import re
from collections.abc import Callable, Collection, Sequence

from domain.brief import Proposal, Refinement
from domain.names import LEGAL, MAX_NAME, asked_name, free_name, is_device, slug, without_asked_name
from domain.prompt import SuggestedFix
from domain.rules import format_rules
from domain.rules.format_rules import MAX_DESCRIPTION, Subject
from domain.skill import Finding
from domain.skill_file import SkillFile

_DESCRIBED = re.compile(
    r"\b(?:with\s+(?:the|this)\s+description|its\s+description\s+(?:is|(?:should|shall|must)\s+be)|described\s+as)"
    r"\s*:?\s*[\"“]([^\"“”]{1,4000})[\"”]",
    re.IGNORECASE,
)


def settled(proposal: Proposal) -> Proposal:
    """With every suggestion taken: how a proposal stands whose fixes nobody was asked about."""
    suggested = {fix.field: fix.suggested for fix in proposal.fixes}
    name = suggested.get("skill_name", proposal.name)
    return Proposal(name=name, description=suggested.get("description", proposal.description))


def asked_description(text: str) -> str | None:
    """The description that a person asks for in quotes ("with the description “…”"), in one line; None without one."""
    found = _DESCRIBED.search(text)
    return " ".join(found[1].split()) or None if found else None


def without_asked(text: str) -> str:
    """The request without the words that only give the skill's name or description: what is left is the task."""
    return without_asked_name(_DESCRIBED.sub("", text))


def examined(task: str, mended: Refinement, taken: Collection[str]) -> Proposal | None:
    """What the request asks for, with a fix for each part that a rule refuses; None when it asks for nothing.

    `mended` has a legal name and description, made of what was asked for. `taken`: names in the library. "" stands for
    what was not asked for, unless there is something to fix: then a person sees both name and description.
    """
    name, description = asked_name(task), asked_description(task)
    if name is None and description is None:
        return None
    fixes = [
        *_fixes("skill_name", name, lambda text: name_findings(text, taken), free_name(mended.name, taken)),
        *_fixes("description", description, description_findings, mended.description),
    ]
    known = mended if fixes else Refinement(task_description="", name="", description="")
    return Proposal(name=name or known.name, description=description or known.description, fixes=fixes)


def _fixes(
    field: str, current: str | None, findings: Callable[[str], Sequence[Finding]], suggested: str
) -> list[SuggestedFix]:
    found = findings(current) if current else []
    issue = " ".join(dict.fromkeys(finding.message for finding in found))
    given = {"field": field, "issue": issue, "current": current, "suggested": suggested}
    return [SuggestedFix.model_validate(given)] if found else []


def name_findings(name: str, taken: Collection[str] = ()) -> list[Finding]:
    """What the rules say to a name that is to be published: its form, reserved words, and whether it is free."""
    subject = _subject(name=name, taken=taken)
    found = [*format_rules.name_form(subject), *format_rules.name_place(subject)]
    if is_device(name):
        message = f"Windows keeps the name `{name}` for a device."
        found.append(subject.finding("name-device", message, field="name", fix="Add a word."))
    return found


def description_findings(description: str) -> list[Finding]:
    """What the rules say to a description."""
    return list(format_rules.description_form(_subject(description=description)))


def _subject(*, name: str = "", description: str = "", taken: Collection[str] = ()) -> Subject:
    fields = {"name": name, "description": description}
    skill = SkillFile(text="", source="", fields=dict(fields), lines={}, body="", body_line=1)
    return Subject(skill=skill, files=[], folder=name, taken=tuple(taken))


def legal_name(wanted: str) -> str:
    """The name as a person settled on it where the format allows it, else the nearest legal one."""
    allowed = LEGAL.fullmatch(wanted) and len(wanted) <= MAX_NAME and not is_device(wanted)
    return wanted if allowed else slug(wanted)


def legal_description(wanted: str) -> str | None:
    """The description if the format can hold it."""
    text = " ".join(wanted.split())
    return text if 0 < len(text) <= MAX_DESCRIPTION else None
