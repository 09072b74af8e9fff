"""The parts of a job's page that are about its content: evidence, cost, files, what a draft lacks, what a scan finds.

Each comes from the api's own functions. Reads no row: what it is made of was read (`job/facts.py`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from api.dependencies import Services
from api.drafts import view_of_draft
from api.pages.job.asked import AskedView
from api.pages.job.evidence_view import ProofView, Stage, proof_view, stages
from api.pages.rendering import anchors
from domain.budget import Budget, Spend
from domain.errors import SkillFileError
from domain.evaluation import EvaluationView
from domain.job_usage import JobUsage, PartUsage
from domain.library.promotion import DraftView, Need
from domain.safety_memory import scanned_before
from domain.shape import Shape
from domain.skill import Finding, RevisionFileView, Severity, SkillFileEntry
from store.standing import Draft

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "refine": "Refine the request",
        "questions": "Think of questions",
        "understand": "Understand",
        "plan": "Plan",
        "cases": "Write the cases",
        "try/without": "Try without the skill",
        "try/with": "Try with the skill",
        "triggers": "Try the description",
        "write": "Write",
        "revise": "Revise",
        "review": "Review",
        "removed": "Earlier calls, whose details were removed",
    }
)
"""What people call the steps that the ledger names; others go by their own names."""

NEEDS: Mapping[Need, tuple[str, str]] = MappingProxyType(
    {
        Need.DRAFT: ("No draft", "Start again with the same task."),
        Need.ENDED: ("Not finished", "Answer what is asked, or wait until the job is completed."),
        Need.APPROVAL: ("Not approved", "Read the draft again, then publish what you have read."),
        Need.FILES: ("Edited on the disk", "Go on from this revision, or delete the edited folder."),
        Need.VALIDATION: (
            "Validation",
            "Let each finding stand below, go on with a new job, or publish in spite of it.",
        ),
        Need.SCAN: ("Safety", "Let each finding stand below, go on with a new job, or publish in spite of it."),
        Need.EVALUATION: ("Evidence", "Go on with a new job, which tries it again, or publish in spite of it."),
        Need.REQUIREMENTS: ("What it requires", "Publish or correct that first, or publish in spite of it."),
    }
)
"""What is missing, and what to do about it on the page (the api tells what to do by command or request)."""

LIMITS: Mapping[str, str] = MappingProxyType({"calls": "Model calls", "tokens": "Tokens", "usd": "US dollars"})


class Meter(Shape):
    """One limit of a budget and how much of it is spent; `share` of it between 0 and 1."""

    words: str
    spent: str
    limit: str
    share: float


class Lack(Shape):
    """One thing that keeps a draft from being published, and what to do."""

    title: str
    why: str
    then: str


class CodeGroup(Shape):
    """The findings of one severity and code: a waiver in a prompt is about all of them."""

    code: str
    findings: list[Finding]


class Report(Shape):
    """The findings of one severity."""

    severity: Severity
    groups: list[CodeGroup]

    @property
    def count(self) -> int:
        """How many findings there are."""
        return sum(len(group.findings) for group in self.groups)


class Cost(Shape):
    """What the job cost, and what its budget still allows."""

    usage: JobUsage
    by_step: list[tuple[str, PartUsage]] = []
    meters: list[Meter] = []


class JobParts(Shape):
    """What the fragments of a job's page show. None or empty: there is nothing to show."""

    proof: ProofView | None = None
    cost: Cost | None = None
    draft: DraftView | None = None
    lacks: list[Lack] = []
    shelves: list[str] = []
    files: list[RevisionFileView] = []
    anchors: dict[str, str] = {}
    report: list[Report] = []
    scanned: list[Finding] = []
    meters: list[Meter] = []
    stages: list[Stage] = []


@dataclass(frozen=True)
class Material:
    """What the parts are made of. `asked`: the open prompt; `draft`: what waits to be published; `held`: the files of
    the revision that is shown."""

    asked: AskedView | None
    evaluation: EvaluationView | None
    usage: JobUsage
    draft: Draft | None
    held: Sequence[SkillFileEntry]


async def job_parts(parts: Services, found: Material, files: list[RevisionFileView]) -> JobParts:
    """All of them. `files`: those that are listed."""
    draft = await view_of_draft(found.draft) if found.draft else None
    asked, held = found.asked, found.held
    preview = asked.preview if asked else None
    return JobParts(
        proof=proof_view(found.evaluation) if found.evaluation and found.evaluation.cases else None,
        cost=cost(found.usage) if found.usage.calls else None,
        draft=draft,
        lacks=[Lack(title=NEEDS[one.what][0], why=one.why, then=NEEDS[one.what][1]) for one in draft.missing]
        if draft
        else [],
        shelves=await asyncio.to_thread(_shelves, parts) if draft else [],
        files=files,
        anchors=await asyncio.to_thread(anchors, preview.content) if preview else {},
        report=report(asked.validation.findings) if asked and asked.validation else [],
        scanned=await asyncio.to_thread(_worth_a_look, held) if preview and held else [],
        meters=meters(asked.budget.limit, asked.budget.spent) if asked and asked.budget else [],
        stages=stages(asked.tdd.checklist) if asked and asked.tdd else [],
    )


def _shelves(parts: Services) -> list[str]:
    try:
        return parts.library.taxonomy().names
    except SkillFileError:
        return []  # the library says so where it is used


def _worth_a_look(files: Sequence[SkillFileEntry]) -> list[Finding]:
    """What a reviewer of these files should not pass by; hints are left out."""
    return [finding for finding in scanned_before(files) if finding.severity is not Severity.INFO]


def report(findings: Sequence[Finding]) -> list[Report]:
    """Findings by severity, the gravest first, and by code in the order in which they came."""
    found = []
    for severity in Severity:
        codes: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.severity is severity:
                codes.setdefault(finding.code, []).append(finding)
        groups = [CodeGroup(code=code, findings=some) for code, some in codes.items()]
        found += [Report(severity=severity, groups=groups)] if groups else []
    return found


def cost(usage: JobUsage) -> Cost:
    """What was spent, by step in words, and how much of the budget that is."""
    spent = Spend(calls=usage.calls, tokens=usage.input_tokens + usage.output_tokens, usd=usage.usd)
    return Cost(
        usage=usage,
        by_step=[(STEPS.get(part.step, part.step.replace("_", " ").capitalize()), part) for part in usage.by_step],
        meters=meters(usage.budget, spent) if usage.budget else [],
    )


def meters(limit: Budget, spent: Spend) -> list[Meter]:
    """A meter for each limit that is set; money that cannot be counted is said to be so."""
    found = []
    for name, words in LIMITS.items():
        most, used = getattr(limit, name), getattr(spent, name)
        if most is not None:
            said = "price unknown" if used is None and spent.calls else _amount(used or 0)
            share = min(1.0, (used or 0) / most)
            found.append(Meter(words=words, spent=said, limit=_amount(most), share=share))
    return found


def _amount(value: float) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
