"""A revision of a skill, written and kept: the first from the plan, a later one from feedback, findings or failures.

Each holds all files of the skill, one beside SKILL.md with the bytes it had unless the revision is about it. No session
is held over a model call; what stands under a revision's number already is not written again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from activities import drafts
from activities.models import Models, Role, spent
from activities.programs.countering import counter
from activities.programs.failure_forms import counters
from activities.programs.language_model import LanguageModel
from activities.programs.together import together
from activities.programs.write import write
from activities.programs.write_files import Files, planned, write_files
from activities.revising import Task, described_as, headed, revised
from activities.shelves import Shelves
from domain.brief import Brief, Plan
from domain.counters import WORDS, fitted
from domain.evaluation import Arm, CaseRun, EvaluationCase
from domain.manuscript import FileLink, body
from domain.prompt import Answer, PromptAction
from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, RevisionSummary, SkillFileEntry
from domain.skill_file import digest, render
from store import evidence, jobs, prompts, revisions, understanding
from store.revisions import NewRevision
from store.session import Database, Session
from workflows import messages as m


class _Made(Shape):
    """A revision before it is kept."""

    content: str
    others: list[SkillFileEntry] = []
    changes: list[str] = []
    made_by: str
    by_person: bool = False


class Writer:
    """Writes the revisions of jobs."""

    def __init__(self, database: Database, models: Models, shelves: Shelves) -> None:
        """Take what writing needs."""
        self.database = database
        self.models = models
        self.shelves = shelves

    async def write(self, writing: m.Writing) -> m.Written:
        """Keep a revision, and save it as the draft; one that is kept already is only saved."""
        async with self.database.transaction() as session:
            kept = await revisions.find(session, writing.job_id, writing.revision)
        if kept is None:
            kept = await self._write(writing)
        await drafts.save(self.database, self.shelves, writing.job_id, kept.n)
        async with self.database.transaction() as session:
            cost = await spent(session, writing.job_id)
        return m.Written(revision=kept.n, digest=kept.digest, **cost.model_dump())

    async def _write(self, writing: m.Writing) -> RevisionSummary:
        async with self.database.transaction() as session:
            plan = await jobs.plan_of(session, writing.job_id)
            answer = await answered(session, writing.reason.answer)
            by = await _person(session, writing.reason.answer)
            before = await _files(session, writing)
        if answer.action == PromptAction.EDIT and answer.content is not None:
            others, changes = _others(before), ["edited by hand"]
            made = _Made(content=answer.content, others=others, changes=changes, made_by=by, by_person=True)
            return await self._keep(writing, made, answer.feedback)
        model = self.models.of(Role.AUTHOR, writing.job_id, _scope(writing), writing.attempt)
        if writing.base == 0:
            made = await self._first(model, writing, plan)
        elif writing.reason.counter:
            made = await self._countered(model, writing, plan, before)
        else:
            made = await self._revised(model, writing, plan, answer, before)
        return await self._keep(writing, made, answer.feedback)

    async def _first(self, model: LanguageModel, writing: m.Writing, plan: Plan) -> _Made:
        """Text, counters and files side by side; SKILL.md links the files that hold."""
        failures = await self._failures(writing.job_id, Arm.WITHOUT, 0)
        cases = await self._cases(writing.job_id)
        brief = await self._brief(writing.job_id)
        manuscript, against, files = await together(
            write(model, brief, plan, failures),
            counters(model, brief, failures, cases, discipline=plan.kind == "discipline"),
            write_files(model, brief, plan),
        )
        words = WORDS["minimal" if model.low_confidence else manuscript.style]
        update = {"counters": fitted(against, words), "files": _links(plan, files)}
        content = render(plan.frontmatter, body(manuscript.model_copy(update=update))).decode()
        changes = ["first version", *files.changes]
        return _Made(content=content, others=files.kept, changes=changes, made_by=model.name)

    async def _countered(
        self, model: LanguageModel, writing: m.Writing, plan: Plan, before: Sequence[SkillFileEntry]
    ) -> _Made:
        failures = await self._failures(writing.job_id, Arm.WITH, writing.base)
        cases, brief = await self._cases(writing.job_id), await self._brief(writing.job_id)
        rule = plan.kind == "discipline"
        made = await counter(model, brief, _main(before), failures, cases, discipline=rule)
        content = headed(made.content, plan)
        return _Made(content=content, others=_others(before), changes=made.changes, made_by=model.name)

    async def _revised(
        self,
        model: LanguageModel,
        writing: m.Writing,
        plan: Plan,
        answer: Answer,
        before: Sequence[SkillFileEntry],
    ) -> _Made:
        async with self.database.transaction() as session:
            task = Task(
                job_id=writing.job_id,
                scope=_scope(writing),
                attempt=writing.attempt,
                brief=await understanding.brief_of(session, writing.job_id),
                plan=plan,
                content=_main(before),
                others=_others(before),
                feedback=answer.feedback or "",
                findings=await _findings(session, writing.reason.report_id),
            )
        made = await revised(self.models, task)
        return _Made(content=made.content, others=made.others, changes=made.changes, made_by=model.name)

    async def _keep(self, writing: m.Writing, made: _Made, feedback: str | None) -> RevisionSummary:
        main = SkillFileEntry(path=SKILL_FILE, data=made.content.encode("utf-8", "replace"))
        files = [main, *made.others]
        new = NewRevision(
            n=writing.revision,
            digest=digest(files),
            made_by=made.made_by,
            by_person=made.by_person,
            feedback=feedback,
            changes=made.changes,
            created_at=datetime.now(UTC),
            files=files,
        )
        async with self.database.transaction() as session:
            kept = await revisions.keep(session, writing.job_id, new)
            await _keep_description(session, writing.job_id, made.content)
            message = f"revision {kept.n} is written by {made.made_by}"
            await jobs.change(session, writing.job_id, f"revision:{kept.n}", "revision", message, {"revision": kept.n})
            await jobs.merge_result(session, writing.job_id, revision=kept.n, digest=kept.digest)
        return kept

    async def _brief(self, job_id: UUID) -> Brief:
        async with self.database.transaction() as session:
            return await understanding.brief_of(session, job_id)

    async def _failures(self, job_id: UUID, arm: Arm, revision: int) -> list[CaseRun]:
        async with self.database.transaction() as session:
            runs = await evidence.runs_of(session, job_id, revision=revision)
        return [run for run in runs if run.arm is arm and not run.passed]

    async def _cases(self, job_id: UUID) -> list[EvaluationCase]:
        async with self.database.transaction() as session:
            return await evidence.cases_of(session, job_id)


async def answered(session: Session, interaction_id: UUID | None) -> Answer:
    """What a person said, or an empty answer when no person is behind this step."""
    row = await prompts.get(session, interaction_id) if interaction_id else None
    return Answer.model_validate(row.response_data or {}) if row else Answer()


async def _person(session: Session, interaction_id: UUID | None) -> str:
    row = await prompts.get(session, interaction_id) if interaction_id else None
    return (row.responded_by if row else None) or "a person"


async def _findings(session: Session, report_id: UUID | None) -> list[Finding]:
    return evidence.findings(await evidence.report_of(session, report_id)) if report_id else []


async def _files(session: Session, writing: m.Writing) -> Sequence[SkillFileEntry]:
    """The files of the revision that this one starts from; none for the first."""
    return await revisions.files(session, writing.job_id, writing.base) if writing.base else []


def _main(files: Sequence[SkillFileEntry]) -> str:
    """The text of SKILL.md, with the replacement character for bytes that are not UTF-8; "" where there is none."""
    return next((file.data.decode("utf-8", "replace") for file in files if file.path == SKILL_FILE), "")


def _others(files: Sequence[SkillFileEntry]) -> list[SkillFileEntry]:
    return [file for file in files if file.path != SKILL_FILE]


def _links(plan: Plan, files: Files) -> list[FileLink]:
    there = {file.path for file in files.kept}
    return [FileLink(path=file.path, purpose=file.purpose) for file in planned(plan) if file.path in there]


async def _keep_description(session: Session, job_id: UUID, content: str) -> None:
    """The plan follows a description that was changed, by hand or for feedback, so that the library lists that one."""
    plan = await jobs.plan_of(session, job_id)
    description = described_as(content)
    if description and description != plan.description:
        await jobs.keep_plan(session, job_id, plan.model_copy(update={"description": description}))


def _scope(writing: m.Writing) -> str:
    return f"write/{writing.revision}"
