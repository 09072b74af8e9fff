"""A database in which jobs stand in every state that a page may have to show, with realistic texts. Rows, no workflow.

`EveryState.pages` are the addresses of all pages by what they show: what is crawled, and what is checked for access.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from pydantic import JsonValue

from domain.job import JobStatus, Phase
from domain.library.usage import UsageOutcome, UsageReport
from domain.prompt import HitlType, Option, PreviewData, PromptData, Question
from domain.skill_file import digest
from store import calls, groups, jobs, revisions, usage
from store.session import Database
from tests.support.evaluated import a_report, evaluate
from tests.support.prompts import shown
from tests.support.proof import make_proof
from tests.support.published import publish_skill
from tests.support.rows import SKILL, a_call, a_plan, make_draft, make_job, make_prompt, make_report, new_revision

FIRST = f"""{SKILL}
## Quick Start

Every line has the number of its pull request:

```python
def line(title: str, number: int) -> str:
    return f"- {{title}} (#{{number}})"
```

| Group | Holds |
|---|---|
| Added | what users can do now |
| Fixed | what works again |
"""
BODY = FIRST.partition("\n---\n")[2]
"""Without its frontmatter, which whoever publishes it writes."""
SECOND = FIRST.replace("Use it when someone asks for the notes of a release.", "Use it when a release is cut.") + (
    "\nFor “#1219 renames --verbose to --loud” the line is:\n\n- `--verbose` is now `--loud` (#1219)\n"
)
FEEDBACK = "Add more examples to the Quick Start section"

QUESTIONS = [
    Question(
        id="who",
        text="Who reads the notes?",
        type="single",
        options=[Option(id="users", label="Everyone who uses the CLI"), Option(id="us", label="Our own engineers")],
        why="Users want to know what they can do now; engineers want the pull request.",
    ),
    Question(
        id="leave",
        text="What must be left out?",
        type="multi",
        options=[Option(id="deps", label="Dependency bumps"), Option(id="docs", label="Documentation")],
    ),
    Question(id="old", text="May an old heading be renamed?", type="boolean"),
    Question(id="done", text="How will you know that the notes are good?", required=False),
]
TASKS: dict[HitlType, str] = {
    HitlType.STRUCTURE_FIX: "Write commit messages that follow the conventional commits format",
    HitlType.CLARIFY: "Write release notes for the Acme CLI from merged pull requests",
    HitlType.DEEP_UNDERSTANDING: "Review a pull request for the rules of our style guide",
    HitlType.CONFIRM: "Plan a database migration that can be rolled back",
    HitlType.TDD_RED: "Triage a bug report and ask for what is missing in it",
    HitlType.TDD_GREEN: "Write an incident report from the messages of a channel",
    HitlType.TDD_REFACTOR: "Estimate the effort of a ticket with three points",
    HitlType.PREVIEW: "Write release notes from merged pull requests, with the number of each",
    HitlType.VALIDATE: "Anonymise user data in log files before they are shared",
    HitlType.BUDGET: "Translate the user interface into German and keep its placeholders",
}


@dataclass(frozen=True)
class EveryState:
    """The jobs by the state that each is in, and the pages to look at."""

    jobs: dict[str, UUID]

    @property
    def pages(self) -> dict[str, str]:
        """Addresses by what they show."""
        completed = f"/jobs/{self.jobs['completed']}/revisions"
        fixed = {"start": "/", "inbox": "/inbox", "inbox-mine": "/inbox?mine=true", "library": "/library"}
        also = {"skill": "/library/development/release-notes", "analytics": "/analytics", "settings": "/settings"}
        views = {f"revision-{view}": f"{completed}/2?show={view}" for view in ("rendered", "raw", "diff", "split")}
        found = {"library-search": "/library?q=release", "library-none": "/library?q=nothing+like+it"}
        lost = {"problem": f"/jobs/{uuid4()}"}
        return {
            **fixed,
            **also,
            **found,
            **views,
            **lost,
            **{f"job-{at}": f"/jobs/{of}" for at, of in self.jobs.items()},
        }


async def every_state(database: Database) -> EveryState:
    """Make them all."""
    made = {f"asks-{kind}": await _asking(database, kind) for kind in HitlType}
    made["working"] = await _at(database, "Write a changelog entry for each merged branch", Phase.GENERATION, 55)
    made["parked"] = await _asking(database, HitlType.CLARIFY, parked=True)
    made["stopped"] = await _at(database, "Explain a failed build to who broke it", Phase.PLANNING, 30)
    stopped = "The provider refuses the key (401). Set SKILL_FLEET_MODEL_API_KEY, restart the worker, and try again."
    await _change(database, made["stopped"], "problem", stopped, error=stopped, parked_at=datetime.now(UTC))
    made["completed"] = await _completed(database)
    made["published"] = await _published(database)
    for status, why in ((JobStatus.FAILED, "the report still has errors"), (JobStatus.CANCELLED, "ada: not needed")):
        made[status] = await _at(database, f"Name the tables of a database, {status}", Phase.VALIDATION, 80)
        await _end(database, made[status], status, why, error=why if status is JobStatus.FAILED else None)
    await _library(database)
    async with database.transaction() as session:
        await groups.set_members(session, "docs", ["ada", "grace"])
    return EveryState(made)


async def _at(database: Database, task: str, phase: Phase, percent: int) -> UUID:
    job = await make_job(database, task=task)
    message = f"{phase.value}: working on it"
    await _change(database, job, "phase", message, current_phase=phase, progress_percent=percent)
    async with database.transaction() as session:
        usd = a_call(model="openai/gpt-5", input_tokens=5200, output_tokens=840, usd=0.021, latency=3.2)
        await calls.keep(session, job, usd)
    return job


async def _asking(database: Database, kind: HitlType, *, parked: bool = False) -> UUID:
    job = await _at(database, TASKS[kind], Phase.PREVIEW if kind is HitlType.PREVIEW else Phase.UNDERSTANDING, 20)
    revision = None
    if kind in (HitlType.PREVIEW, HitlType.VALIDATE, HitlType.TDD_GREEN, HitlType.TDD_REFACTOR):
        await _two_revisions(database, job)
        revision = 2
    due = timedelta(hours=len(TASKS[kind]))
    await make_prompt(database, job, kind, data=shown_at(kind), due=due, revision=revision)
    if kind is HitlType.VALIDATE:
        await _change(database, job, "review", "waiting for a review", status=JobStatus.PENDING_REVIEW)
    if parked:
        await _change(database, job, "parked", "nobody answered in time", parked_at=datetime.now(UTC))
    return job


def shown_at(kind: HitlType) -> PromptData:
    if kind is not HitlType.PREVIEW:
        return shown(kind, questions=QUESTIONS, codes=["fact-missing", "description-missing"])
    diff = "--- revision 1\n+++ revision 2\n@@ -9 +9 @@\n-Use it when someone asks.\n+Use it when a release is cut.\n"
    return PreviewData(
        content=SECOND, revision=2, digest="d", against=1, diff=diff, feedback=FEEDBACK, changes=["Quick Start grew"]
    )


async def _two_revisions(database: Database, job: UUID, name: str = "release-notes") -> str:
    await make_draft(database, job, text=FIRST, name=name)
    second = new_revision(2, SECOND, feedback=FEEDBACK)
    async with database.transaction() as session:
        await revisions.keep(session, job, second)
        await jobs.keep_plan(session, job, a_plan(name))
        await jobs.merge_result(session, job, revision=2, digest=second.digest)
    return digest(second.files)


async def _completed(database: Database) -> UUID:
    job = await _at(database, "Write notes of a release for who uses our command line", Phase.VALIDATION, 90)
    text = await _two_revisions(database, job)
    report = await make_report(database, job, text, passed=True, revision=2)
    await make_proof(database, job)
    verdict: dict[str, JsonValue] = {"passed": True, "score": 0.94, "report_id": str(report)}
    async with database.transaction() as session:
        await jobs.merge_result(session, job, validation=verdict, understanding_summary="Notes for users of the CLI.")
    await _end(database, job, JobStatus.COMPLETED, "the job is completed")
    return job


async def _published(database: Database) -> UUID:
    job = await _completed(database)
    path = "development/release-notes"
    await _change(database, job, "promoted", "published", promoted=True, final_path=path, current_phase=Phase.PROMOTION)
    return job


async def _library(database: Database) -> None:
    told = "Writes release notes. Use when a release is cut."
    beside = {"references/groups.md": b"# Groups\n\nAdded, Fixed, Breaking.\n"}
    await publish_skill(database, "release-notes", description=told, body="# Notes\n\n1. Read.\n", tags=["git"])
    await publish_skill(database, "release-notes", description=told, body=BODY, version="1.1.0", files=beside)
    await publish_skill(database, "commit-messages", category="writing", requires=["release-notes"])
    await evaluate(database, a_report("release-notes", "1.1.0"))
    async with database.transaction() as session:
        for number, outcome in enumerate((UsageOutcome.SUCCESS, UsageOutcome.SUCCESS, UsageOutcome.FAILURE)):
            used = UsageReport(event_id=uuid4(), skill="release-notes", agent="claude-code", outcome=outcome)
            at = datetime.now(UTC) - timedelta(days=number)
            await usage.keep(session, used, "release-notes", person="ada", channel="api", now=at)


async def _end(database: Database, job: UUID, status: JobStatus, message: str, error: str | None = None) -> None:
    await _change(database, job, "end", message, status=status, error=error, completed_at=datetime.now(UTC))


async def _change(database: Database, job: UUID, key: str, message: str, **columns: object) -> None:
    async with database.transaction() as session:
        await jobs.change(session, job, key, key, message, **columns)  # type: ignore[arg-type]  # passed on as given
