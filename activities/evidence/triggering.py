"""Whether agents choose the skill: its description is tried on queries beside its neighbours, and made better."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import JsonValue

from activities import estimates
from activities.models import Models, Role
from activities.programs.description_trials import DescriptionTrials
from activities.programs.language_model import LanguageModel
from activities.programs.optimize_description import candidates, style_of
from activities.programs.together import together
from activities.programs.trigger_queries import write_queries
from activities.revising import described_as
from domain.answering.proposals import asked_description, settled
from domain.brief import Brief, Plan
from domain.errors import BudgetExhausted
from domain.evaluation import CaseKind, DescriptionTrial, EvaluationCase, TriggerQuery, TriggerReport
from domain.evidence.profile import Profile
from domain.evidence.triggers import FIRES, halved, in_words, missing, nearest, numbers, tallied, winner
from domain.prompt import HitlType
from domain.rules.neighbours import Neighbour
from store import evidence, jobs, prompts, revisions, triggers, understanding
from store.prompts import Channel
from store.session import Database, Session

SCOPE = "triggers"
MOST_PROMPTS = 3
"""Tasks before which it is watched whether the agent reads the skill."""

ALONE = "There are no neighbours in the library: only this skill or none could be chosen."
"""What the numbers then cannot say: whether it is taken for another skill."""


@dataclass(frozen=True)
class _Known:
    """What the record has for a trial. `before`: the last report of the job, also a partial one."""

    brief: Brief
    plan: Plan
    library: list[Neighbour]
    cases: list[EvaluationCase]
    before: TriggerReport | None
    settled: bool


class Triggering:
    """Tries descriptions with the agent model, and improves them with the author model."""

    def __init__(self, database: Database, models: Models, profile: Profile) -> None:
        """Take what it needs."""
        self.database = database
        self.models = models
        self.profile = profile

    async def tuned(self, job_id: UUID, attempt: int) -> TriggerReport | None:
        """Try the planned description and its variants, and give the plan the best one unless a person has settled it.

        None when the profile tries none. Done once a job; a second time the stored report comes back. Raises
        BudgetExhausted, once what has been tried is kept as a partial report.
        """
        agent = await self._agent(job_id, attempt)
        if agent is None:
            return None
        async with self.database.transaction() as session:
            known = await _known(session, job_id)
            standing = _whole(await triggers.of(session, job_id, known.plan.description), agent)
            standing = standing or _whole(await triggers.newest(session, job_id, whole=True), agent)
        if standing:
            return standing
        author = self.models.of(Role.AUTHOR, job_id, SCOPE, attempt)
        planned = known.plan.description
        trials = await self._trials(job_id, agent, author, known, planned)
        report = await self._guarded(job_id, trials, planned, _tuned(trials, author, known))
        async with self.database.transaction() as session:
            await triggers.keep(session, job_id, report)
            await _keep_description(session, job_id, planned, report)
        return report

    async def measured(self, job_id: UUID, revision: int, attempt: int) -> TriggerReport | None:
        """The report on the description of this revision: the stored one, or a new trial of it on the same queries.

        None when the profile tries none, or the revision has no readable description. A report by another agent model
        says nothing of this one, so it does not stand. Raises as `tuned`.
        """
        agent = await self._agent(job_id, attempt)
        if agent is None:
            return None
        async with self.database.transaction() as session:
            description = described_as(await revisions.content(session, job_id, revision))
            standing = _whole(await triggers.of(session, job_id, description or ""), agent)
            known = await _known(session, job_id)
        if standing or not description:
            return standing
        author = self.models.of(Role.AUTHOR, job_id, SCOPE, attempt)
        trials = await self._trials(job_id, agent, author, known, description)
        report = await self._guarded(job_id, trials, description, _measured(trials, description))
        async with self.database.transaction() as session:
            await triggers.keep(session, job_id, report)
        return report

    async def coming(self, job_id: UUID, revision: int, attempt: int) -> int:
        """Model calls at most of `tuned` (revision 0) or `measured`; none where the report stands."""
        agent = await self._agent(job_id, attempt)
        if agent is None:
            return 0
        async with self.database.transaction() as session:
            plan, newest = await jobs.plan_of(session, job_id), await triggers.newest(session, job_id)
            text = await revisions.content(session, job_id, revision) if revision else ""
            description = described_as(text) if revision else plan.description
            standing = _whole(await triggers.of(session, job_id, description or ""), agent)
            if not revision:
                standing = standing or _whole(await triggers.newest(session, job_id, whole=True), agent)
        if standing or not description:
            return 0
        most = 1 if revision else estimates.MOST_DESCRIPTIONS
        return estimates.trials(descriptions=most, queries=bool(newest and newest.queries))

    async def _agent(self, job_id: UUID, attempt: int) -> LanguageModel | None:
        """The job's agent model, where descriptions are tried at all: choices of the small local one mean nothing."""
        if not self.profile.triggers:
            return None
        agent = await self.models.agent(job_id, SCOPE, attempt)
        return None if agent.low_confidence else agent

    async def _trials(
        self, job_id: UUID, agent: LanguageModel, author: LanguageModel, known: _Known, description: str
    ) -> DescriptionTrials:
        """The queries and neighbours of the job's earlier trials; new ones when there are none."""
        before = known.before or TriggerReport()
        beside = nearest(description, known.library, before.neighbours)
        queries = before.queries
        if not queries:
            written = await write_queries(author, known.brief, known.plan, beside)
            queries = halved(*written, seed=str(job_id))
        prompts_ = _prompts(known.cases, queries)
        return DescriptionTrials(agent, str(job_id), known.plan.name, beside, queries, prompts_)

    async def _guarded(
        self, job_id: UUID, trials: DescriptionTrials, description: str, work: Awaitable[TriggerReport]
    ) -> TriggerReport:
        """The report; when the budget ends it early, what ran is kept before the job asks for more."""
        try:
            return await work
        except BudgetExhausted as error:
            async with self.database.transaction() as session:
                await triggers.keep(session, job_id, _partial(trials, description, str(error)))
            raise


async def _known(session: Session, job_id: UUID) -> _Known:
    brief, plan = await understanding.brief_of(session, job_id), await jobs.plan_of(session, job_id)
    return _Known(
        brief=brief,
        plan=plan,
        library=await triggers.others(session, plan.name),
        cases=await evidence.cases_of(session, job_id),
        before=await triggers.newest(session, job_id),
        settled=await _settled(session, job_id, brief),
    )


async def _settled(session: Session, job_id: UUID, brief: Brief) -> bool:
    """Whether a person gave or accepted the description, or was shown the plan and let it pass."""
    proposal, options = await jobs.proposal_of(session, job_id), await jobs.options_of(session, job_id)
    given = asked_description(brief.task) or (proposal and settled(proposal).description)
    shown = [item for item in await prompts.history(session, job_id) if item.interaction_type is HitlType.CONFIRM]
    by_person = any(item.channel not in (None, Channel.AUTO) for item in shown)
    return bool(given) or by_person or (options.confirm and not options.auto_approve)


def _whole(found: TriggerReport | None, agent: LanguageModel) -> TriggerReport | None:
    """The report if it is whole, and of what this agent chose."""
    return found if found and found.status != triggers.PARTIAL and found.model in ("", agent.name) else None


def _prompts(cases: Sequence[EvaluationCase], queries: Sequence[TriggerQuery]) -> dict[str, str]:
    """Tasks that the skill is for: the job's cases, but those that may ask to leave it alone, else queries."""
    own = {case.id: case.prompt for case in cases if case.kind is not CaseKind.RECOGNITION}
    asked = own or {query.id: query.text for query in queries if query.should}
    return dict([*asked.items()][:MOST_PROMPTS])


async def _tuned(trials: DescriptionTrials, author: LanguageModel, known: _Known) -> TriggerReport:
    """The report on the description that wins; on the planned one where a person has settled it."""
    planned = known.plan.description
    stopped = await _stopped(trials, planned)
    if stopped:
        return stopped
    tried = await candidates(author, known.brief, planned, trials)
    judged = list(await together(*(_judged(trials, trial) for trial in tried)))
    best, own = winner(judged), judged[0]
    if best is own or not known.settled:
        return _report(trials, best, judged)
    better = f"{in_words(best.held_out)}, against {in_words(own.held_out)} of the present one, which a person settled"
    return _report(trials, own, judged, f"Another description was found better: “{best.description}” ({better}).")


async def _measured(trials: DescriptionTrials, description: str) -> TriggerReport:
    """The report on one description, on both halves."""
    stopped = await _stopped(trials, description)
    if stopped:
        return stopped
    trial = DescriptionTrial.model_validate({"style": style_of(description), "description": description})
    trained, judged = await together(*(trials.on("train", trial), _judged(trials, trial)))
    return _report(trials, judged, [judged.model_copy(update={"train": trained.train})])


async def _judged(trials: DescriptionTrials, trial: DescriptionTrial) -> DescriptionTrial:
    """The trial with its numbers on the held-out half, and how often the skill was read."""
    held_out, read = await together(*(trials.on("held_out", trial), trials.read(trial)))
    return held_out.model_copy(update={"body_read": read.body_read})


async def _stopped(trials: DescriptionTrials, description: str) -> TriggerReport | None:
    """Why nothing can be found out here: no query should fire, or the one that must does not. None: go on."""
    empty = TriggerReport(
        description=description,
        model=trials.agent.name,
        neighbours=[other.name for other in trials.neighbours],
        queries=[*trials.queries],
        note=_of_the_trial(trials),
    )
    if not any(query.should for query in trials.queries):
        return empty
    chosen = await trials.control(description)
    if chosen.count(trials.name) >= FIRES:
        return None
    note = (
        f"the control query did not fire: asked by its name to use {trials.name}, the agent chose {tallied(chosen)}; "
        "nothing else was asked"
    )
    return empty.model_copy(update={"status": "broken", "note": note})


def _report(
    trials: DescriptionTrials, trial: DescriptionTrial, tried: Sequence[DescriptionTrial], note: str = ""
) -> TriggerReport:
    return TriggerReport(
        status="measured",
        description=trial.description,
        model=trials.agent.name,
        neighbours=[other.name for other in trials.neighbours],
        queries=[*trials.queries],
        choices=trials.choices(trial.description),
        numbers=trial.held_out,
        body_read=trial.body_read,
        trials=[*tried],
        note=_joined(_of_the_trial(trials), note),
    )


def _of_the_trial(trials: DescriptionTrials) -> str:
    """What of a whole trial is not there: messages, or skills that an agent could have taken it for."""
    return _joined(missing(trials.queries), "" if trials.neighbours else ALONE)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _partial(trials: DescriptionTrials, description: str, why: str) -> TriggerReport:
    """What ran: numbers only where the held-out half was begun."""
    choices = trials.choices(description)
    found = numbers(trials.name, trials.queries, choices, "held_out")
    trial = DescriptionTrial(style="as_planned", description=description, held_out=found if found.queries else None)
    report = _report(trials, trial, [], f"Not all was asked: {why}")
    return report.model_copy(update={"status": triggers.PARTIAL})


async def _keep_description(session: Session, job_id: UUID, planned: str, report: TriggerReport) -> None:
    """The plan gets the description that won, unless another has come into it meanwhile; people are told, once."""
    plan = await jobs.plan_of(session, job_id)
    if plan.description != planned or report.description == planned:
        return
    old = next(trial for trial in report.trials if trial.description == planned)
    reached = f"{in_words(old.held_out)} → {in_words(report.numbers)}"
    message = f"the description is changed to the one that did best in trials: {reached}"
    told: dict[str, JsonValue] = {
        "old": planned,
        "new": report.description,
        "before": old.held_out.model_dump(mode="json") if old.held_out else None,
        "after": report.numbers.model_dump(mode="json") if report.numbers else None,
        "read_before": old.body_read,
        "read_after": report.body_read,
    }
    if await jobs.change(session, job_id, "description:tuned", "description", message, told):
        await jobs.keep_plan(session, job_id, plan.model_copy(update={"description": report.description}))
