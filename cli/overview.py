"""A job in words: where it stands, who wrote it, how it was proven, what to do next. Must not print."""

from collections.abc import Sequence
from typing import get_args

from cli.exits import is_parked_on_a_problem
from domain.evaluation import Evidence
from domain.evidence.report import EvaluationSummary, Verdict
from domain.job import JobResult, JobStatus, JobStatusView, JobView, Usage

SMALL_MODEL = "qwen2.5-coder-1.5b"
SMALL_NOTICE = (
    "written by a small local model: read before use; better: set SKILL_FLEET_MODEL and SKILL_FLEET_MODEL_API_KEY"
)
LABEL_WIDTH = 12


def next_step(view: JobStatusView, *, promoted: bool = False) -> str:
    """The one command that takes this job further."""
    job = view.job_id
    if is_parked_on_a_problem(view):
        return f"skill-fleet retry {job}"
    if view.hitl_type is not None and not view.status.final:
        return f"skill-fleet answer {job}"
    if view.result.outcome in get_args(Verdict):
        return f"skill-fleet evidence {view.result.skill_name}"
    again = f"skill-fleet create --from-job {job}" if view.result.revision else "skill-fleet create TASK"
    ended = {
        JobStatus.COMPLETED: "skill-fleet skills" if promoted else f"skill-fleet promote {job}",
        JobStatus.FAILED: again,
        JobStatus.CANCELLED: again,
    }
    return ended.get(view.status, f"skill-fleet watch {job}")


def is_small(models: Sequence[str]) -> bool:
    """True when the local model that comes along wrote it."""
    return any(SMALL_MODEL in model.lower() for model in models)


def overview(view: JobView) -> list[str]:
    """The lines of `show`."""
    result = view.result
    told = [
        ("Job", str(view.job_id)),
        ("Task", view.task_description_refined or view.task_description),
        ("Status", _status(view)),
        ("Problem", view.error or ""),
        ("Outcome", (result.outcome or "").replace("_", " ")),
        ("For", view.assignee or ""),
        ("Goes on", f"from revision {view.origin.revision} of {view.origin.job_id}" if view.origin else ""),
        ("Skill", result.skill_name or ""),
        ("Written by", _written_by(result)),
        ("Evidence", evidence(result.evidence) if result.evidence and result.evidence.status != "none" else ""),
        ("Validation", _validation(result)),
        ("Draft", "" if view.promoted else view.draft_path or result.draft_path or ""),
        ("Published", view.final_path or result.final_path or ""),
        ("Cost", cost(result.usage) if result.usage else ""),
        ("Workflow", view.workflow_url or ""),
        ("Next", next_step(view, promoted=view.promoted)),
    ]
    return [f"{label:<{LABEL_WIDTH}}{text}" for label, text in told if text]


def evidence(found: Evidence) -> str:
    """In a line: the pass rates, how sure their difference is, how well the description is found, and what is lacking
    for publishing. While all is pending, that says it."""
    lacks = f"; lacks: {'; '.join(found.lacking)}" if found.lacking and found.status != "pending" else ""
    return f"{_rates(found)}{_described(found)} {found.note}".strip() + lacks


def _rates(found: Evidence) -> str:
    if found.with_ is None or found.without is None:
        return found.status
    delta = found.delta if found.delta is not None else found.with_ - found.without
    still = ", more runs pending" if found.status == "pending" else ""
    sure = f" [95%: {points(found.interval[0])} to {points(found.interval[1])}]" if found.interval else ""
    return f"with {found.with_:.0%}, without {found.without:.0%} ({points(delta)} points{sure}, {found.n} cases{still})"


def _described(found: Evidence) -> str:
    """How often agents choose the skill when they should, and rightly."""
    known = {"recall": found.recall, "precision": found.precision}
    return "".join(f", {name} {rate:.0%}" for name, rate in known.items() if rate is not None)


def points(share: float) -> str:
    """Percentage points, with their sign."""
    return f"{share * 100:+.0f}"


def judged(found: EvaluationSummary) -> str:
    """What a published version was last found to be worth."""
    by = f", by {found.model}" if found.model else ""
    if found.with_ is None or found.without is None:
        return f"{found.verdict}{by}: {'; '.join(found.why)}"
    rates = f"with {found.with_:.0%}, without {found.without:.0%} ({points(found.delta or 0)} points"
    return f"{found.verdict}: {rates}, {found.cases} cases{by})"


def cost(usage: Usage) -> str:
    """Calls, tokens and money; a price that nobody knows is said to be unknown."""
    unknown = ", price unknown" if usage.calls else ""
    money = unknown if usage.usd is None else f", {usage.usd:.4f} USD"
    return f"{usage.calls} model calls, {usage.input_tokens} tokens in, {usage.output_tokens} out{money}"


def spend(calls: int | None, tokens: int | None, usd: float | None) -> str:
    """The parts of a budget that are set."""
    parts = [
        "" if calls is None else f"{calls} model calls",
        "" if tokens is None else f"{tokens} tokens",
        "" if usd is None else f"{usd:.2f} USD",
    ]
    return ", ".join(part for part in parts if part)


def models_of(result: JobResult) -> list[str]:
    """The models that worked on this job."""
    return result.usage.models if result.usage else []


def _status(view: JobView) -> str:
    asked = f", waits for an answer ({view.hitl_type})" if view.hitl_type and not view.status.final else ""
    parked = f", parked since {view.parked_at:%Y-%m-%d %H:%M}" if view.parked_at and not view.status.final else ""
    phase = f" in {view.current_phase}" if view.current_phase else ""
    return f"{view.status}{phase}, {view.progress_percent} %{asked}{parked}"


def _written_by(result: JobResult) -> str:
    models = models_of(result)
    return f"{', '.join(models)} ({SMALL_NOTICE})" if is_small(models) else ", ".join(models)


def _validation(result: JobResult) -> str:
    if result.validation is None:
        return ""
    return f"{'passed' if result.validation.passed else 'not passed'}, score {result.validation.score:.2f}"
