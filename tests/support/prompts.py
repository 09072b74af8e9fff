"""One good prompt of each kind, as workflows would open it."""

from collections.abc import Sequence

from domain.budget import Budget, Spend
from domain.evaluation import Arm
from domain.evidence.case_file import read_cases
from domain.prompt import (
    BudgetData,
    CaseResult,
    ConfirmData,
    HitlType,
    PreviewData,
    PromptData,
    Question,
    QuestionsData,
    StructureFixData,
    SuggestedFix,
    TddData,
    ValidateData,
)
from domain.skill import Finding, Severity

CASES = """- id: first
  kind: pressure
  prompt: Write the notes
  expectations:
    - text: names the version
      check: regex
      value: v[0-9]+
    - text: is kind
      check: judge
"""
"""Evaluation cases as a person would edit them."""

SKILL = "---\nname: release-notes\ndescription: Writes notes. Use when a release is near.\n---\n\n## Steps\n\nWrite.\n"

TDD = TddData(
    cases=read_cases(CASES),
    results=[CaseResult(case_id="first", arm=Arm.WITHOUT, passed=False, missed=["names the version"], output="Done.")],
    rationalizations=["I left the version out for brevity."],
    checklist={"baseline recorded": True, "skill written": False},
    content=CASES,
)
SPENT = Spend(calls=5, tokens=900, usd=0.25)
SUGGESTED = SuggestedFix(
    field="skill_name", issue="The name has capital letters.", current="Release Notes", suggested="release-notes"
)


def shown(kind: HitlType, *, questions: Sequence[Question] = (), codes: Sequence[str] = ()) -> PromptData:
    """What a prompt of this kind shows; `questions` for the kinds that ask some, `codes` are the errors of validate."""
    findings = [Finding(code=code, severity=Severity.ERROR, message=f"{code} is wrong") for code in codes]
    skill = TDD.model_copy(update={"content": SKILL, "revision": 1, "digest": "d"})
    by_kind: dict[HitlType, PromptData] = {
        HitlType.STRUCTURE_FIX: StructureFixData(
            skill_name="Release Notes", description="Writes notes.", suggested_fixes=[SUGGESTED]
        ),
        HitlType.CLARIFY: QuestionsData(questions=list(questions)),
        HitlType.DEEP_UNDERSTANDING: QuestionsData(questions=list(questions), summary="Notes from pull requests."),
        HitlType.CONFIRM: ConfirmData(summary="Notes", path="writing/release-notes", plan=["Steps"]),
        HitlType.TDD_RED: TDD,
        HitlType.TDD_GREEN: skill,
        HitlType.TDD_REFACTOR: skill,
        HitlType.PREVIEW: PreviewData(content=SKILL, revision=1, digest="d"),
        HitlType.VALIDATE: ValidateData(passed=False, score=0.5, findings=findings, report="", revision=1, digest="d"),
        HitlType.BUDGET: BudgetData(spent=SPENT, limit=Budget(calls=5), reason="5 of 5 model calls are spent"),
    }
    return by_kind[kind]
