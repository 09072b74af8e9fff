"""Rows that tests of the store and of the steps start from, made by the very queries the application uses."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from pydantic import JsonValue

from domain.answering.answers import digest as answer_digest
from domain.answering.answers import form
from domain.brief import Plan
from domain.evaluation import Arm, CaseRun, CheckedExpectation, EvaluationCase, Expectation
from domain.evidence.policy import Policy
from domain.job import AuditEntry, JobEvent, JobOptions, JobStatus, Origin, StartJob
from domain.model_call import ModelCall
from domain.prompt import Answer, AnswerSignal, HitlType, Option, PromptData, Question, QuestionsData
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry, SkillStatus, ValidationReport
from domain.skill_file import digest
from store import audit, events, evidence, jobs, prompts, revisions
from store.library_tables import Skill, SkillVersion
from store.prompts import Channel, Claim
from store.revisions import NewRevision
from store.session import Database, Session
from store.tables import HitlInteraction, Job
from workflows import messages as m

WARN = Policy(mode="warn")
"""For what is not about evidence."""

NAME = "release-notes"
CATEGORY = "development"
DESCRIPTION = "Writes release notes. Use when a release is cut."
SKILL = f"""---
name: {NAME}
description: {DESCRIPTION}
---
# Release notes

## When to use

Use it when someone asks for the notes of a release.

## Rules

- Read every merged pull request before the first word is written.
"""

QUESTIONS = [
    Question(id="who", text="Who reads them?"),
    Question(
        id="tone",
        text="Which tone?",
        type="single",
        options=[Option(id="dry", label="Dry and short"), Option(id="warm", label="Warm")],
    ),
]


async def make_job(
    database: Database,
    *,
    user: str = "ada",
    task: str = "Write release notes from merged pull requests",
    status: JobStatus = JobStatus.RUNNING,
    origin: Origin | None = None,
    **options: object,
) -> UUID:
    """A job that has begun; its only event so far is `started`."""
    chosen = JobOptions.model_validate(options)
    start = StartJob(job_id=uuid4(), user_id=user, task_description=task, options=chosen, origin=origin)
    async with database.transaction() as session:
        await jobs.open_job(session, start)
        await jobs.change(session, start.job_id, "opened", "started", "the job has begun", status=status)
    return start.job_id


async def make_prompt(
    database: Database,
    job_id: UUID,
    kind: HitlType = HitlType.CLARIFY,
    *,
    number: int = 1,
    due: timedelta | None = timedelta(days=7),
    data: PromptData | dict[str, JsonValue] | None = None,
    revision: int | None = None,
    digest: str | None = None,
) -> UUID:
    """An open prompt, and the job waiting for it. Data as a dict may be less than the whole of its kind."""
    interaction_id = uuid4()
    given = data or QuestionsData(questions=QUESTIONS)
    shown = given if isinstance(given, dict) else given.model_dump(mode="json", by_alias=True)
    schema = form(kind, QuestionsData(questions=[]) if isinstance(given, dict) else given)
    timeout_at = None if due is None else datetime.now(UTC) + due
    async with database.transaction() as session:
        await prompts.open_prompt(
            session, interaction_id, job_id, kind, number, shown, schema, timeout_at, revision=revision, digest=digest
        )
        waiting = JobStatus.PENDING_HITL
        key = f"prompt:{interaction_id}"
        await jobs.change(session, job_id, key, "prompt", "waiting", status=waiting, hitl_type=kind)
    return interaction_id


def claim_of(answer: Answer, by: str = "ada", channel: Channel = Channel.API) -> Claim:
    """A claim as the api makes it."""
    return Claim(answer=answer, digest=answer_digest(answer, by), by=by, channel=channel)


async def claim(database: Database, prompt: UUID, answer: Answer, by: str = "ada") -> bool:
    """Claim a prompt; True when it was won."""
    async with database.transaction() as session:
        return await prompts.claim(session, prompt, claim_of(answer, by)) is not None


def new_revision(n: int = 1, text: str = SKILL, *, feedback: str | None = None, made_by: str = "model") -> NewRevision:
    """A revision of one file."""
    files = [SkillFileEntry(path=SKILL_FILE, data=text.encode())]
    return NewRevision(
        n=n,
        digest=digest(files),
        made_by=made_by,
        by_person=False,
        feedback=feedback,
        changes=["first version"],
        created_at=datetime.now(UTC),
        files=files,
    )


async def make_draft(database: Database, job_id: UUID, *, n: int = 1, text: str = SKILL, name: str = NAME) -> str:
    """A plan and a revision, as they stand when the author has written; returns the revision's digest."""
    new = new_revision(n, text)
    async with database.transaction() as session:
        await jobs.keep_plan(session, job_id, a_plan(name))
        await revisions.keep(session, job_id, new)
        await jobs.merge_result(session, job_id, skill_name=name, revision=n, digest=new.digest)
    return new.digest


def a_plan(name: str = NAME, category: str = CATEGORY) -> Plan:
    """A plan with an outline."""
    return Plan(
        name=name,
        title="Release notes",
        description=DESCRIPTION,
        category=category,
        outline=["Rules"],
        key_assumptions=["the list of pull requests is complete"],
    )


def a_case(name: str = "case-1", value: str = "merged") -> EvaluationCase:
    """A case that code can grade."""
    expected = Expectation(text=f"Names {value}", check="contains", value=value)
    return EvaluationCase(id=name, prompt="Write the notes of release 2.", expectations=[expected])


def a_run(
    arm: Arm = Arm.WITHOUT, revision: int = 0, case: str = "case-1", *, passed: bool = False, output: str = "Notes."
) -> CaseRun:
    """A run of a case, with its verdict and, when it failed, an excuse."""
    verdict = CheckedExpectation(text="Names merged", check="contains", passed=passed, reason="read")
    excuses = [] if passed else ["I left it out for brevity."]
    return CaseRun(
        case_id=case,
        arm=arm,
        revision=revision,
        output=output,
        passed=passed,
        checked=[verdict],
        rationalizations=excuses,
    )


async def make_evidence(database: Database, job_id: UUID, *runs: CaseRun) -> None:
    """The cases of these runs, the runs, and each arm counted."""
    async with database.transaction() as session:
        await evidence.keep_cases(
            session, job_id, [a_case(name) for name in dict.fromkeys(run.case_id for run in runs)]
        )
        for run in runs:
            await evidence.keep_run(session, job_id, run)
        for arm in Arm:
            own = [run for run in runs if run.arm is arm]
            if own:
                await evidence.finish_arm(session, job_id, arm, own, "red" if arm is Arm.WITHOUT else "green")


async def make_report(database: Database, job_id: UUID, digest: str, *, passed: bool, revision: int = 1) -> UUID:
    """A verdict on a digest."""
    report_id = uuid4()
    finding = Finding(code="fact-missing", severity=Severity.ERROR, message="300 is not stated.", fix="State it.")
    found = [] if passed else [finding]
    report = ValidationReport(passed=passed, score=1.0 if passed else 0.6, findings=found)
    async with database.transaction() as session:
        await evidence.keep_report(session, report_id, job_id, revision, digest, report)
    return report_id


def a_call(key: str = "write/1/0", **more: object) -> ModelCall:
    """A model call that was answered."""
    given = {"label": "writing", "input_digest": "d", "outputs": ["text"], "model": "openai/a", **more}
    return ModelCall.model_validate({"key": key, **given})


async def row_of(database: Database, job_id: UUID) -> Job:
    """The job's row as it stands."""
    async with database.transaction() as session:
        row = await jobs.get(session, job_id)
        assert row is not None
        return row


async def told(database: Database, job_id: UUID) -> list[JobEvent]:
    """Every event of a job, in order."""
    async with database.transaction() as session:
        return await events.since(session, job_id, 0)


async def kinds(database: Database, job_id: UUID) -> list[str]:
    """The types of a job's events, in order."""
    return [event.type for event in await told(database, job_id)]


async def audited(database: Database, job_id: UUID) -> list[AuditEntry]:
    """The audit of a job, in order."""
    async with database.transaction() as session:
        return await audit.of_job(session, job_id)


async def interaction(database: Database, prompt: UUID) -> HitlInteraction:
    """The prompt's row as it stands."""
    async with database.transaction() as session:
        row = await prompts.get(session, prompt)
        assert row is not None
        return row


def offer(job: UUID, prompt: UUID, number: int = 1, **answer: object) -> m.Offered:
    """An answer signalled to a job, for the prompt that is open."""
    return offered(job, prompt, answer, number)


def offered(job: UUID, prompt: UUID, answer: dict[str, object], number: int = 1) -> m.Offered:
    """The same, from a dict; `interaction_id` in it may name another prompt."""
    signal = AnswerSignal.model_validate({"interaction_id": prompt, **answer})
    return m.Offered(job_id=job, interaction_id=prompt, signal=signal, number=number)


async def list_version(session: Session, skill: Skill, version: SkillVersion) -> None:
    """Make a draft's row active under a version, as a promotion does, without its files."""
    skill.status, skill.digest, skill.version = SkillStatus.ACTIVE, version.digest, version.version
    skill.published_at = datetime.now(UTC)
    session.add(version)
