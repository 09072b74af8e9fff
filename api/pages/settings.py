"""The page of settings: what `GET /settings` says, in words. It changes nothing: settings are variables."""

from fastapi import APIRouter, Request, Response

from api.configured import SettingsView, read_settings
from api.dependencies import PersonDep, ServicesDep
from api.pages import amounts
from api.pages.frame import View, templates
from domain.evidence.policy import Policy
from domain.evidence.profile import Profile
from domain.retention import Keep, Kind, Mode
from domain.text import counted

router = APIRouter()

TRACES = {
    "off": "Nothing is kept of how models reason.",
    "summary": "The beginning of what models tell of their thoughts is kept.",
    "full": "All that models tell of their thoughts is kept, with what they were sent.",
}
KEPT = {
    Mode.OFF: "Nothing old is looked for, and nothing goes.",
    Mode.DRY_RUN: "What is too old is counted each night, and stays (only what was answered to requests goes).",
    Mode.ON: "What is too old goes each night.",
}
KINDS = {
    Kind.DRAFTS: "Drafts that nobody published",
    Kind.MODEL_ANSWERS: "Answers of models, once their job has ended",
    Kind.EVENTS: "The log of jobs that have ended",
    Kind.ANSWER_DRAFTS: "Answers that people began and never sent",
    Kind.NOTIFICATIONS: "Notifications that were delivered or given up",
    Kind.IDEMPOTENCY_KEYS: "What was answered to a request, should it be sent again",
    Kind.PARKED_JOBS: "Jobs that wait for somebody who does not come",
    Kind.UPLOADS: "Files that were sent in and are not needed",
}
CHECKS = {
    "database": "Database",
    "migrations": "Tables",
    "connections": "Connections",
    "temporal": "Temporal",
    "workers": "Workers",
    "workflows": "Jobs that cannot go on",
    "model": "Model",
    "library": "Library",
    "notifications": "Notifications",
}


class SettingsPageView(View):
    """The page. The lists are sentences; `kept` has each kind with its days."""

    settings: SettingsView
    checks: dict[str, str]
    proof: list[str]
    policy: list[str]
    traces: str = ""
    retention: str = ""
    kept: list[tuple[str, int]] = []


@router.get("/settings")
async def show_settings(request: Request, parts: ServicesDep, asking: PersonDep) -> Response:
    """What is in use, for this person."""
    found = await read_settings(parts, asking)
    known = found.operator
    keep = known.keep if known else None
    view = SettingsPageView(
        title="Settings",
        settings=found,
        checks=CHECKS,
        proof=proof_words(found.profile),
        policy=policy_words(found.policy),
        traces=TRACES[known.traces] if known else "",
        retention=KEPT[keep.mode] if keep else "",
        kept=kept_words(keep) if keep else [],
    )
    return templates.page(request, "settings.html", view)


def proof_words(profile: Profile) -> list[str]:
    """How thoroughly a skill is proven."""
    runs = counted(profile.runs, "run")
    said = [f"An agent tries up to {counted(profile.cases, 'case')}, {runs} each, without the skill and with it."]
    said.append("A model grades what code cannot." if profile.judge else "Only code grades; no model judges.")
    tried = "is tried" if profile.triggers else "is not tried"
    said.append(f"The skill's description {tried} on messages that should make an agent choose it, and on others.")
    said.append(f"Cases that still fail are answered in the text, in up to {counted(profile.rounds, 'round')}.")
    return said


def policy_words(policy: Policy) -> list[str]:
    """What a draft needs before it is published."""
    missing = "is not published" if policy.mode == "refuse" else "is published with a warning"
    said = [f"At least {counted(policy.cases, 'case')} must prove a skill; a draft that lacks evidence {missing}."]
    by = f", by more than {amounts.points(policy.delta)}" if policy.delta else ""
    sure = "; chance must not explain the gain" if policy.sure else ""
    said.append(f"Agents must pass more of them with the skill than without it{by}{sure}.")
    if policy.recall or policy.precision:
        said.append(
            f"Agents must choose it for {amounts.percent(policy.recall)} of the fitting messages, and be right "
            f"{amounts.percent(policy.precision)} of the times they choose it."
        )
    return said


def kept_words(keep: Keep) -> list[tuple[str, int]]:
    """Each kind with the days it is kept."""
    return [(KINDS[kind], keep.days(kind)) for kind in Kind]
