"""Steps that do nothing but remember: subclasses of the contracts, so that the type checker keeps them complete."""

from dataclasses import dataclass, field
from uuid import UUID, uuid5

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.job import StartJob
from domain.prompt import HitlType, PromptAction
from workflows import evaluation_messages as em
from workflows import messages as m
from workflows import promote_messages as pm
from workflows.evaluation_steps import Reviewing
from workflows.steps import (
    BUDGET_EXHAUSTED,
    PLACE_TROUBLE,
    PROVIDER_PROBLEM,
    Author,
    Checks,
    Evaluator,
    Library,
    Records,
)


@dataclass
class Memory:
    """What the fakes were asked, in order, and what they shall say."""

    told: list[str] = field(default_factory=list)
    verdicts: list[bool] = field(default_factory=list)
    passed_with: list[int] = field(default_factory=list)
    rounds: list[tuple[bool, bool]] = field(default_factory=list)
    """Of each round of answers to failing cases: whether the new revision holds, and whether another is worth it. An
    evaluator of an older release says neither: then this is empty."""
    harmed: bool = False
    """Whether the first revision harms a case that only guards against that."""
    trouble: list[str] = field(default_factory=list)
    disk: list[str] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    """Published skills whose files cannot be read until the test mends it, however often they are asked for."""
    fixes: int = 0
    incomplete: int = 0
    no_more_questions: bool = False
    unsure: int = 0
    """How many plans are unsure of their place."""
    passed_without: list[int] = field(default_factory=list)
    broke: dict[str, int] = field(default_factory=dict)
    """How often each step says that the budget is spent."""
    affords: dict[str, int] = field(default_factory=dict)
    """How often each step is done before it says so."""
    prompts: dict[UUID, m.Prompt] = field(default_factory=dict)
    ending: m.Ending | None = None

    def note(self, what: str) -> None:
        """Remember one step."""
        self.told.append(what)

    def spend(self, step: str) -> None:
        """Refuse to spend more, when and as often as the test said."""
        if self.affords.get(step):
            self.affords[step] -= 1
        elif self.broke.get(step):
            self.broke[step] -= 1
            raise ApplicationError("3 of 3 model calls are spent", type=BUDGET_EXHAUSTED, non_retryable=True)

    def write_file(self) -> None:
        """Refuse to write, as often as the test said."""
        if self.disk:
            raise ApplicationError(self.disk.pop(), type=PLACE_TROUBLE, non_retryable=True)

    def prompt_id(self, job_id: UUID, kind: HitlType, number: int) -> UUID:
        """The id that the fake record gives a prompt."""
        return uuid5(job_id, f"{kind}:{number}")


class FakeRecords(Records):
    """A record in memory; an answer is legal when it names an action."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    @activity.defn
    async def open_job(self, start: StartJob) -> None:
        self.memory.note("open_job")

    @activity.defn
    async def enter_phase(self, entered: m.Entered) -> None:
        self.memory.note(f"{entered.phase}:{entered.round}")

    @activity.defn
    async def open_prompt(self, prompt: m.Prompt) -> m.Taken:
        key = self.memory.prompt_id(prompt.job_id, prompt.kind, prompt.round)
        self.memory.prompts[key] = prompt
        self.memory.note(f"ask {prompt.kind}:{prompt.round}")
        return m.Taken(interaction_id=key, action=prompt.auto)

    @activity.defn
    async def take_answer(self, offered: m.Offered) -> m.Taken:
        signal = offered.signal
        if signal.unreadable or signal.interaction_id not in (None, offered.interaction_id):
            self.memory.note(f"refuse {signal.unreadable or signal.action}")
            return m.Taken(interaction_id=offered.interaction_id, refusal="not for this prompt")
        if not signal.action:
            return m.Taken(interaction_id=offered.interaction_id, refusal="it names no action")
        self.memory.note(f"take {signal.action}")
        action = PromptAction(signal.action)
        return m.Taken(interaction_id=offered.interaction_id, action=action, by=signal.responded_by)

    @activity.defn
    async def park_prompt(self, prompt: m.ForPrompt) -> m.Taken:
        self.memory.note("park")
        return m.Taken(interaction_id=prompt.interaction_id)

    @activity.defn
    async def remind(self, reminder: m.Reminder) -> m.Taken:
        self.memory.note(f"{'escalate' if reminder.escalate else 'remind'} {reminder.number}")
        return m.Taken(interaction_id=reminder.interaction_id)

    @activity.defn
    async def reopen_prompt(self, reopening: m.Reopening) -> m.Taken:
        self.memory.note(f"reopen {reopening.number} by {reopening.by}")
        return m.Taken(interaction_id=reopening.interaction_id)

    @activity.defn
    async def fix_structure(self, taken: m.ForPrompt) -> None:
        self.memory.note("fix_structure")

    @activity.defn
    async def raise_budget(self, taken: m.ForPrompt) -> None:
        self.memory.note("raise_budget")

    @activity.defn
    async def adopt(self, job: m.ForJob) -> m.Adopted:
        self.memory.note("adopt")
        return m.Adopted(name="a-skill", path="general/a-skill", revision=1, cases=2, passed_without=0)

    @activity.defn
    async def report_problem(self, problem: m.Problem) -> None:
        self.memory.note(f"problem {problem.message}")

    async def tell_trouble(self, job_id: UUID, key: str, message: str) -> None:
        self.memory.note(f"trouble {message}")

    @activity.defn
    async def resume(self, problem: m.Problem) -> None:
        self.memory.note("resume")

    @activity.defn
    async def keep_decisions(self, taken: m.ForPrompt) -> None:
        self.memory.note("keep_decisions")

    @activity.defn
    async def waive(self, waiver: m.Waiver) -> None:
        self.memory.note("waive")

    @activity.defn
    async def finish(self, ending: m.Ending) -> None:
        self.memory.ending = ending
        self.memory.note(f"finish {ending.status}")


class FakeAuthor(Author):
    """An author who writes at once."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    @activity.defn
    async def refine(self, job: m.ForJob) -> m.Refined:
        self.memory.spend("refine")
        if self.memory.trouble:
            raise ApplicationError(self.memory.trouble.pop(), type=PROVIDER_PROBLEM, non_retryable=True)
        return m.Refined(calls=1, tokens=10, fixes=self.memory.fixes)

    @activity.defn
    async def ask_questions(self, job: m.ForJob) -> m.Asked:
        return m.Asked(questions=3)

    @activity.defn
    async def ask_deeper(self, deeper: m.Deeper) -> m.Asked:
        self.memory.note(f"deeper {deeper.round}")
        return m.Asked(questions=0 if self.memory.no_more_questions else 2)

    @activity.defn
    async def summarize(self, job: m.ForJob) -> m.Understood:
        self.memory.incomplete -= 1
        return m.Understood(complete=self.memory.incomplete < 0)

    @activity.defn
    async def plan(self, planning: m.Planning) -> m.Planned:
        self.memory.unsure -= 1
        return m.Planned(name="a-skill", path="general/a-skill", unsure=self.memory.unsure >= 0)

    @activity.defn
    async def write(self, writing: m.Writing) -> m.Written:
        self.memory.spend("write")
        self.memory.write_file()
        why = "counter" if writing.reason.counter else "answer" if writing.reason.answer else "first"
        self.memory.note(f"write {writing.revision} from {writing.base} ({why})")
        self.memory.note(f"draft {writing.revision}")
        return m.Written(revision=writing.revision, digest=f"digest-{writing.revision}")


class FakeEvaluator(Evaluator):
    """Two cases that fail without the skill; with it `passed_with` says how many pass, by default both."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    @activity.defn
    async def write_cases(self, job: m.ForJob) -> m.Spent:
        return m.Spent()

    @activity.defn
    async def revise_cases(self, recasting: m.Recasting) -> m.Spent:
        self.memory.note(f"revise_cases {recasting.round}")
        return m.Spent()

    @activity.defn
    async def try_cases(self, trial: m.Trial) -> m.Measured:
        self.memory.spend("try")
        self.memory.note(f"try {trial.arm} {trial.revision}")
        if trial.revision == 0:
            return m.Measured(passed=self.memory.passed_without.pop(0) if self.memory.passed_without else 0, cases=2)
        passed = self.memory.passed_with.pop(0) if self.memory.passed_with else 2
        if not (trial.against and self.memory.rounds):
            return m.Measured(passed=passed, cases=2, worth_another=self.memory.harmed and not trial.against)
        new, another = self.memory.rounds.pop(0)
        self.memory.note(f"round {trial.round}: {trial.revision} against {trial.against}")
        holds = trial.revision if new else trial.against
        return m.Measured(passed=passed, cases=2, holds=holds, worth_another=another)


class FakeChecks(Checks):
    """Verdicts in the order they were put in; then all pass."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    @activity.defn
    async def validate(self, revision: m.ForRevision) -> m.Judged:
        if revision.advice:
            self.memory.spend("validate")
        self.memory.note(f"validate {revision.revision}{'' if revision.advice else ' by rules alone'}")
        passed = self.memory.verdicts.pop(0) if self.memory.verdicts else True
        report = uuid5(revision.job_id, f"report {revision.revision}")
        return m.Judged(report_id=report, passed=passed, score=1.0 if passed else 0.5)


class FakeLibrary(Library):
    """A library without a disk."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.rows_fail = False

    @activity.defn
    async def save_draft(self, revision: m.ForRevision) -> None:
        self.memory.write_file()
        self.memory.note(f"draft {revision.revision}")

    @activity.defn
    async def place(self, request: pm.PromoteRequest) -> pm.Placed:
        return pm.Placed(path="general/a-skill", revision=1, digest="digest-1")

    @activity.defn
    async def publish_files(self, move: pm.Move) -> None:
        self.memory.note("publish files")

    @activity.defn
    async def publish_rows(self, move: pm.Move) -> None:
        if self.rows_fail:
            raise ApplicationError("the row is locked", non_retryable=True)
        self.memory.note("publish rows")

    @activity.defn
    async def undo(self, move: pm.Move) -> None:
        self.memory.note(f"undo: {move.error}")


class FakeReviewing(Reviewing):
    """A library with one skill, whose job had `cases` cases; `due_skills` are due."""

    def __init__(self, memory: Memory, *, cases: int = 2, due_skills: tuple[str, ...] = ()) -> None:
        self.memory = memory
        self.cases = cases
        self.due_skills = due_skills

    @activity.defn
    async def take_version(self, what: em.ForVersion) -> em.TakenUp:
        if what.name in self.memory.stuck:
            raise ApplicationError("the disk is full", type=PLACE_TROUBLE, non_retryable=True)
        self.memory.write_file()
        self.memory.note(f"take {what.name} {what.version or 'newest'} for {what.model or 'any'} ({what.reason})")
        return em.TakenUp(name=what.name, version="1.2.0", cases=self.cases, path=f"general/{what.name}")

    @activity.defn
    async def conclude(self, what: em.ForVersion) -> em.Concluded:
        self.memory.note(f"conclude {what.name} {what.version}")
        return em.Concluded(evaluation_id=uuid5(what.job_id, "evaluation"), verdict="keep")

    @activity.defn
    async def due(self) -> em.DueSkills:
        model = "openai/new"
        return em.DueSkills(skills=[em.DueSkill(name=name, version="1.2.0", model=model) for name in self.due_skills])
