"""The record of a job: rows and events in short transactions, each transition once, whatever is retried."""

import contextlib
from datetime import UTC, datetime
from uuid import UUID, uuid5

from temporalio import activity

from activities.prompt_data import prompt_data
from domain import answers
from domain.answers import spoken
from domain.brief import Decision
from domain.errors import InvalidAnswer
from domain.job import JobStatus, Phase, StartJob
from domain.prompt import YOU_DECIDE, Answer, HitlType, PromptAction, PromptStatus, Question, QuestionsData
from domain.text import clean
from store import evidence, jobs, prompts, understanding
from store.prompts import Channel, Claim
from store.session import Database, Session
from store.tables import HitlInteraction
from workflows import messages as m
from workflows.steps import Records

AUTO = "auto_approve"
"""Who answers when nobody is asked; the record says so."""

PHASES: list[Phase] = [phase for phase in Phase if phase is not Phase.PROMOTION]


class DatabaseRecords(Records):
    """The record, kept in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Take what the steps need."""
        self.database = database

    @activity.defn
    async def open_job(self, start: StartJob) -> None:
        """Create the job's row; a known id changes nothing."""
        async with self.database.transaction() as session:
            await jobs.open_job(session, start)
            await jobs.change(
                session,
                start.job_id,
                "opened",
                "started",
                "the job has begun",
                status=JobStatus.RUNNING,
                started_at=datetime.now(UTC),
            )

    @activity.defn
    async def enter_phase(self, entered: m.Entered) -> None:
        """Set phase and progress, and tell of it, once per phase and round."""
        async with self.database.transaction() as session:
            await jobs.change(
                session,
                entered.job_id,
                f"phase:{entered.phase}:{entered.round}",
                "phase",
                entered.message,
                {"round": entered.round},
                status=JobStatus.RUNNING,
                current_phase=entered.phase,
                progress_percent=100 * PHASES.index(entered.phase) // len(PHASES),
            )

    @activity.defn
    async def open_prompt(self, prompt: m.Prompt) -> m.Taken:
        """Open a prompt; with `auto` it is answered at once, else `action` is None."""
        interaction_id = prompt_key(prompt.job_id, prompt.kind, prompt.round)
        async with self.database.transaction() as session:
            data = await prompt_data(session, prompt)
            questions = data.questions if isinstance(data, QuestionsData) else []
            await prompts.open_prompt(
                session,
                interaction_id,
                prompt.job_id,
                prompt.kind,
                prompt.round,
                data.model_dump(mode="json", by_alias=True),
                answers.form(prompt.kind, questions),
                prompt.timeout,
            )
            if prompt.auto is not None:
                return await _answer_itself(session, prompt, prompt.auto, interaction_id)
            await _tell_opened(session, prompt, interaction_id)
        return m.Taken(interaction_id=interaction_id)

    @activity.defn
    async def take_answer(self, offered: m.Offered) -> m.Taken:
        """Validate an answer and go on with the one that was claimed first, whoever signalled."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, offered.interaction_id)
            if row is not None and row.status == PromptStatus.PENDING:
                refusal = await _claim_signalled(session, row, offered)
                row = await prompts.get(session, offered.interaction_id)
            else:
                refusal = "this prompt is closed"
            if row is not None and row.status == PromptStatus.RESPONDED:
                return await _apply(session, row)
            await jobs.change(
                session,
                offered.job_id,
                f"refused:{offered.number}",
                "answer_refused",
                f"an answer was refused: {refusal}",
            )
        return m.Taken(interaction_id=offered.interaction_id, refusal=refusal)

    @activity.defn
    async def park_prompt(self, prompt: m.ForPrompt) -> m.Taken:
        """The prompt is overdue: take its answer if one was claimed, else mark the job as parked."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, prompt.interaction_id)
            if row is not None and row.status == PromptStatus.RESPONDED:
                return await _apply(session, row)
            await jobs.change(
                session,
                prompt.job_id,
                f"parked:{prompt.interaction_id}",
                "parked",
                "nobody has answered in time: the job is parked, and the prompt can still be answered",
                parked_at=datetime.now(UTC),
            )
        return m.Taken(interaction_id=prompt.interaction_id)

    @activity.defn
    async def report_problem(self, problem: m.Problem) -> None:
        """Show what stopped the job, and park it."""
        async with self.database.transaction() as session:
            await jobs.change(
                session,
                problem.job_id,
                f"problem:{problem.number}",
                "problem",
                f"waiting for a person: {problem.message}",
                {"retry": f"skill-fleet retry {problem.job_id}"},
                error=problem.message,
                parked_at=datetime.now(UTC),
            )

    async def tell_trouble(self, job_id: UUID, key: str, message: str) -> None:
        """Show what a step waits for while it is tried again by itself; told as far as the database allows."""
        with contextlib.suppress(Exception):
            async with self.database.transaction() as session:
                await jobs.change(session, job_id, f"trouble:{key}", "trouble", f"{message} Trying again by itself.")

    @activity.defn
    async def resume(self, problem: m.Problem) -> None:
        """A person asked to try again."""
        async with self.database.transaction() as session:
            key = f"resumed:{problem.number}"
            await jobs.change(session, problem.job_id, key, "resumed", "trying again", error=None, parked_at=None)

    @activity.defn
    async def keep_decisions(self, taken: m.ForPrompt) -> None:
        """Store the answers of a round of questions, word for word, as decisions."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, taken.interaction_id)
            if row is not None:
                await understanding.keep_decisions(session, taken.job_id, decisions(row))

    @activity.defn
    async def waive(self, waiver: m.Waiver) -> None:
        """Record who let the findings stand, and why."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, waiver.answer)
            answer = Answer.model_validate(row.response_data or {}) if row else Answer()
            by = row.responded_by if row else None
            note = {"by": by, "reason": answer.reason, "findings": answer.findings}
            await evidence.waive(session, waiver.report_id, note)
            message = f"{by} let the findings stand: {answer.reason}"
            await jobs.change(session, waiver.job_id, f"waived:{waiver.report_id}", "waived", message)

    @activity.defn
    async def finish(self, ending: m.Ending) -> None:
        """Set the final state and close what is still open."""
        done = ending.status is JobStatus.COMPLETED
        message = {
            JobStatus.COMPLETED: "the job is completed",
            JobStatus.CANCELLED: f"cancelled by {ending.by or 'someone'}: {ending.reason or 'no reason given'}",
        }.get(ending.status, f"failed: {ending.error}")
        columns = jobs.Change(
            status=ending.status, hitl_type=None, parked_at=None, error=ending.error, completed_at=datetime.now(UTC)
        )
        if done:
            columns["progress_percent"] = 100
        if ending.stack:
            columns["error_stack"] = ending.stack
        async with self.database.transaction() as session:
            await prompts.close_open(session, ending.job_id, PromptStatus.CANCELLED)
            data = {"reason": ending.reason, "by": ending.by}
            await jobs.change(session, ending.job_id, "end", ending.status, message, dict(data), **columns)


def prompt_key(job_id: UUID, kind: HitlType, number: int) -> UUID:
    """The identity of a prompt: the same for every attempt to open it."""
    return uuid5(job_id, f"{kind}:{number}")


def decisions(row: HitlInteraction) -> list[Decision]:
    """What people decided; questions left to the model are no decisions."""
    given = Answer.model_validate(row.response_data or {}).answers or {}
    known = [(question, given.get(question.id)) for question in _asked(row)]
    return [
        Decision(question=question.text, answer=spoken(question, value))
        for question, value in known
        if value not in (None, "", YOU_DECIDE)
    ]


def _asked(row: HitlInteraction) -> list[Question]:
    return QuestionsData.model_validate(row.prompt_data).questions if "questions" in row.prompt_data else []


async def _tell_opened(session: Session, prompt: m.Prompt, interaction_id: UUID) -> None:
    review = prompt.kind is HitlType.VALIDATE
    await jobs.change(
        session,
        prompt.job_id,
        f"prompt:{interaction_id}",
        "prompt",
        f"waiting for a person: {prompt.kind}",
        {"interaction_id": str(interaction_id), "hitl_type": prompt.kind},
        status=JobStatus.PENDING_REVIEW if review else JobStatus.PENDING_HITL,
        hitl_type=prompt.kind,
    )


async def _answer_itself(session: Session, prompt: m.Prompt, action: PromptAction, interaction_id: UUID) -> m.Taken:
    row = await prompts.get(session, interaction_id)
    questions = (
        QuestionsData.model_validate(row.prompt_data).questions if row and "questions" in row.prompt_data else []
    )
    given = Answer(action=action, answers={question.id: YOU_DECIDE for question in questions} or None)
    claim = Claim(answer=given, digest=answers.digest(given, AUTO), by=AUTO, channel=Channel.AUTO)
    await prompts.claim(session, interaction_id, claim)
    await prompts.mark_applied(session, interaction_id)
    message = f"{prompt.kind} answered itself: {action}"
    await jobs.change(session, prompt.job_id, f"answer:{interaction_id}", "auto_answered", message)
    return m.Taken(interaction_id=interaction_id, action=action, by=AUTO)


async def _claim_signalled(session: Session, row: HitlInteraction, offered: m.Offered) -> str | None:
    """Claim the prompt with an answer that came whole in the signal; the refusal if it is not a legal one."""
    given = Answer.model_validate(offered.signal.model_dump(exclude={"responded_by", "interaction_id"}))
    given = given.model_copy(update={"interaction_id": row.interaction_id})
    try:
        answers.check(HitlType(row.interaction_type), _asked(row), given, answers.open_codes(row.prompt_data))
    except InvalidAnswer as refused:
        return "; ".join(dict.fromkeys([*refused.fields.values()] or [str(refused)]))
    by = clean(offered.signal.responded_by or "temporal")[:255]
    await prompts.claim(
        session,
        row.interaction_id,
        Claim(answer=given, digest=answers.digest(given, by), by=by, channel=Channel.SIGNAL),
    )
    return None


async def _apply(session: Session, row: HitlInteraction) -> m.Taken:
    given = Answer.model_validate(row.response_data or {})
    await prompts.mark_applied(session, row.interaction_id)
    job = await jobs.locked(session, row.job_id)
    await jobs.change(
        session,
        row.job_id,
        f"answer:{row.interaction_id}",
        "answered",
        f"{row.responded_by} answered {row.interaction_type}: {given.action}",
        {"interaction_id": str(row.interaction_id), "action": given.action},
        status=JobStatus.RUNNING,
        hitl_type=None,
        parked_at=job.parked_at if job.error else None,  # a problem elsewhere still waits for its retry
    )
    return m.Taken(interaction_id=row.interaction_id, action=PromptAction(given.action), by=row.responded_by or "")
