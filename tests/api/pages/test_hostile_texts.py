"""Whatever models and people write stays text, in every place of a job's pages where it is shown.

The payloads are those that the OWASP cheat sheets on cross-site scripting name, by the context that each breaks out of:
elements, attributes, addresses, Markdown, SVG, and the attributes that our own scripts obey.
"""

from html.parser import HTMLParser
from uuid import UUID, uuid4

import httpx
import pytest

from domain.budget import Budget, Spend
from domain.evaluation import Arm, EvaluationCase, Expectation
from domain.job import JobStatus
from domain.prompt import (
    BudgetData,
    CaseResult,
    ConfirmData,
    Highlight,
    HitlType,
    Option,
    PreviewData,
    PromptData,
    Question,
    QuestionsData,
    StructureFixData,
    SuggestedFix,
    TddData,
    ValidateData,
)
from domain.research import Hit, OpenPoint, Research
from domain.skill import Finding, Severity, SkillFileEntry, ValidationReport
from store import calls, evidence, jobs, revisions
from store.session import Database
from tests.api.conftest import Opened
from tests.support.rows import a_call, a_run, make_prompt, new_revision

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title></pre></code></option></select><iframe src=//evil.example>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1)) ![x](https://evil.example/p.png)",
    "<math><mtext></form><form action=//evil.example><button>x",
    "<div hx-get=/settings hx-trigger=load></div>",
    '" hx-on:click="alert(1)" data-key="a',
    "<style>*{background:url(//evil.example)}</style>",
    "<base href=//evil.example><meta http-equiv=refresh content=0;url=//evil.example>",
    "{{ 191 * 7919 }} {% raw %} ${191*7919} <%= 191 * 7919 %>",
    "<!--><img src=x onerror=alert(1)>-->",
    "\u202e<b id=main name=token>\u200b",
]


PRODUCT = str(191 * 7919)
"""What a template engine would make of the payload that is a sum."""


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.places: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.places += [value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")]


def unharmed(text: str, told: str) -> None:
    """No element, attribute or address on this page is one that a text has made."""
    page = Elements(text)
    tags = {tag for tag, _ in page.found}
    names = {name for _, attributes in page.found for name in attributes}
    assert not tags & {"iframe", "style", "base", "math", "object", "embed"}, told
    assert not [name for name in names if name.startswith(("on", "hx-on"))], told
    assert not [at for at in page.places if "evil.example" in at.split("?")[0] or at.startswith("javascript")], told
    assert not [1 for tag, attributes in page.found if tag == "script" and "nonce" not in attributes], told
    assert PRODUCT not in text, told
    assert sum(tag == "img" for tag, _ in page.found) == text.count('<img src="/static/'), told


def finding(evil: str) -> Finding:
    return Finding(
        code="fact-missing",
        severity=Severity.ERROR,
        message=evil,
        field=evil,
        file=evil,
        line=1,
        excerpt=evil,
        fix=evil,
    )


def a_case(evil: str) -> EvaluationCase:
    expected = [Expectation(text=evil, check="contains", value=evil), Expectation(text=evil, check="judge")]
    return EvaluationCase(id="case-1", prompt=evil, expectations=expected, note=evil)


def shown(kind: HitlType, evil: str) -> PromptData:
    """A prompt of this kind whose every text is hostile."""
    hit = Hit(name=evil, text=evil, near=True)
    tdd = TddData(
        cases=[a_case(evil)],
        results=[
            CaseResult(case_id="case-1", arm=Arm.WITHOUT, passed=False, missed=[evil], undecided=[evil], output=evil)
        ],
        rationalizations=[evil],
        checklist={evil: True},
        content=evil,
        revision=1,
        digest="d",
    )
    choice = [Option(id="a", label=evil), Option(id=evil, label="b")]
    questions = [
        Question(id="q1", text=evil, why=evil),
        Question(id="q2", text=evil, type="single", options=choice, why=evil),
        Question(id="q3", text=evil, type="multi", options=choice),
    ]
    asked = QuestionsData(
        questions=questions,
        summary=evil,
        unknown=[OpenPoint(point=evil, changes=evil)],
        research=[Research(where="library", query=evil, hits=[hit])],
    )
    plan = ConfirmData(
        summary=evil,
        path=evil,
        plan=[evil],
        key_assumptions=[evil],
        unsure=evil,
        alternatives=[evil],
        style=evil,
        kind=evil,
        files=[evil],
        near=[hit],
    )
    look = [Highlight(section=evil, why=evil)]
    diff = f"--- a\n+++ b\n@@ -1 +1 @@\n-{evil}\n+{evil} {evil}"
    preview = PreviewData(
        content=f"# {evil}\n\n{evil}\n",
        highlights=look,
        revision=1,
        digest="d",
        against=1,
        diff=diff,
        feedback=evil,
        changes=[evil],
        written_by=[evil],
    )
    fix = SuggestedFix(field="skill_name", issue=evil, current=evil, suggested=evil)
    by_kind: dict[HitlType, PromptData] = {
        HitlType.CLARIFY: asked,
        HitlType.DEEP_UNDERSTANDING: asked,
        HitlType.CONFIRM: plan,
        HitlType.TDD_RED: tdd,
        HitlType.TDD_GREEN: tdd,
        HitlType.TDD_REFACTOR: tdd,
        HitlType.PREVIEW: preview,
        HitlType.STRUCTURE_FIX: StructureFixData(skill_name=evil, description=evil, suggested_fixes=[fix]),
        HitlType.VALIDATE: ValidateData(
            passed=False, score=0.5, findings=[finding(evil)], report=evil, revision=1, digest="d"
        ),
        HitlType.BUDGET: BudgetData(spent=Spend(calls=1), limit=Budget(calls=1), reason=evil),
    }
    return by_kind[kind]


async def a_job(opened: Opened, database: Database, evil: str, status: JobStatus) -> UUID:
    """A job whose task, refined task, error, messages, revisions, files, runs and findings are all hostile."""
    job = await opened(status=JobStatus.RUNNING, task=evil)
    named = evil[:200]  # names are shorter than texts
    second = new_revision(2, f"# {evil}\n\n## {evil}\n\n{evil}\n", feedback=evil, made_by=named)
    more = SkillFileEntry(path=f"references/{named}.md", data=evil.encode())
    second = second.model_copy(update={"files": [*second.files, more], "changes": [evil], "by_person": True})
    run = a_run(output=evil).model_copy(update={"rationalizations": [evil], "model": named})
    found = finding(evil)
    report_id = uuid4()
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(1, f"{evil}\n", made_by=named))
        await revisions.keep(session, job, second)
        await evidence.keep_cases(session, job, [a_case(evil)])
        for one in (run, run.model_copy(update={"arm": Arm.WITH, "revision": 2})):
            await evidence.keep_run(session, job, one)
            await evidence.finish_arm(session, job, one.arm, [one], "green")
        verdict = ValidationReport(passed=False, score=0.5, findings=[found])
        await evidence.keep_report(session, report_id, job, 2, second.digest, verdict)
        await calls.keep(session, job, a_call(f"{named}/1".replace("/script", ""), model=named, label=named))
        await jobs.merge_result(
            session,
            job,
            revision=2,
            digest=second.digest,
            skill_name=named,
            taxonomy_path=named,
            validation={"passed": False, "score": 0.5, "report_id": str(report_id)},
        )
        await jobs.change(
            session,
            job,
            "evil",
            "progress",
            evil,
            status=status,
            error=evil,
            task_description_refined=evil,
            assignee=named,
        )
    return job


@pytest.mark.parametrize("evil", PAYLOADS)
async def test_nothing_on_an_ended_jobs_pages_is_more_than_text(
    client: httpx.AsyncClient, opened: Opened, database: Database, evil: str
) -> None:
    job = await a_job(opened, database, evil, JobStatus.COMPLETED)
    addresses = [f"/jobs/{job}"] + [
        f"/jobs/{job}/revisions/2?show={way}" for way in ("rendered", "raw", "diff", "split")
    ]
    for address in addresses:
        response = await client.get(address)
        assert response.status_code == 200, response.text
        unharmed(response.text, f"{address}: {evil}")
    other = await client.get(f"/jobs/{job}/revisions/2", params={"file": f"references/{evil}.md", "against": 1})
    assert other.status_code == 200
    unharmed(other.text, evil)


@pytest.mark.parametrize("kind", HitlType)
async def test_nothing_in_a_prompt_is_more_than_text(
    client: httpx.AsyncClient, opened: Opened, database: Database, kind: HitlType
) -> None:
    evil = " ".join(PAYLOADS)
    job = await a_job(opened, database, evil, JobStatus.RUNNING)
    client.cookies.set("skill_fleet_user", "ada")
    await make_prompt(database, job, kind, data=shown(kind, evil), revision=1)
    response = await client.get(f"/jobs/{job}")
    assert response.status_code == 200, response.text
    unharmed(response.text, kind)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in response.text
