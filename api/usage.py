"""Routes of use: agents report it, everyone reads what it adds up to."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response
from pydantic import AwareDatetime, Discriminator, JsonValue, Tag

from api.dependencies import PersonDep, Services, ServicesDep, storable
from api.described import problems
from api.errors import InvalidRequest
from api.roles import read_roles
from domain.library.analytics import FEWEST_TOGETHER, Analytics, Counts, Window, analyse
from domain.library.recommending import MountedSkill, Recommendation, companions_of, recommended
from domain.library.roles import Role, ShelvedSkill
from domain.library.usage import Received, UsageBatch, UsageReceipt, UsageReport, UsageResult, time_problem
from store import mounts, usage, usage_counts
from store.session import Session

router = APIRouter(tags=["usage"], dependencies=[Depends(storable)], responses=problems(503))

MOST_A_MINUTE = 1_200
"""Events that one person may report in a minute; more is a loop gone wild."""

DEFAULT_WINDOW = timedelta(days=30)
LONGEST_WINDOW = timedelta(days=366)


def _form(body: JsonValue) -> str:
    return "batch" if isinstance(body, dict) and "events" in body else "one"


UsageBody = Annotated[
    Annotated[UsageReport, Tag("one")] | Annotated[UsageBatch, Tag("batch")],
    Discriminator(_form),
]


@router.post("/usage", summary="Report the use of skills", status_code=202, responses=problems(422, 429))
async def report_usage(
    body: UsageBody,
    parts: ServicesDep,
    asking: PersonDep,
    response: Response,
    user_agent: Annotated[str, Header(include_in_schema=False)] = "",
) -> UsageReceipt:
    """Keep one use, or up to 100: 202 when something new is on record, 200 when all was known. What cannot be counted
    (an unknown skill) is named; in a batch the others are kept, and only a batch of nothing else is a 422."""
    reports = body.events if isinstance(body, UsageBatch) else [body]
    channel = "mcp" if user_agent.startswith("skill-fleet-mcp") else "api"
    receipt = await _kept(parts, reports, asking.name, channel)
    if len(receipt.refused) == len(reports):
        raise InvalidRequest(" ".join(dict.fromkeys(receipt.refused.values())), receipt.refused)
    response.status_code = (HTTPStatus.ACCEPTED if receipt.changed else HTTPStatus.OK).value
    return receipt


async def _kept(parts: Services, reports: list[UsageReport], person: str, channel: str) -> UsageReceipt:
    now = datetime.now(UTC)
    async with parts.database.transaction() as session:
        if await usage.kept_lately(session, person, now, timedelta(minutes=1)) + len(reports) > MOST_A_MINUTE:
            said = f"More than {MOST_A_MINUTE} uses were reported within a minute; wait one, and send this again."
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, said)
        known = await usage.names_of(session, {report.skill for report in reports})
        # In the order of their ids: two batches that share events must not wait for each other.
        ordered = sorted(range(len(reports)), key=lambda place: reports[place].event_id)
        results = {
            place: await _one(session, reports[place], known.get(reports[place].skill), person, channel, now)
            for place in ordered
        }
    return UsageReceipt(results=[results[place] for place in range(len(reports))])


async def _one(
    session: Session, report: UsageReport, skill: str | None, person: str, channel: str, now: datetime
) -> UsageResult:
    problem = time_problem(report.used_at, now) if report.used_at else None
    if skill is None:
        problem = f"There is no published skill {report.skill!r}. See the list: GET /api/v1/skills."
    if problem is None and skill is not None:
        result = await usage.keep(session, report, skill, person=person, channel=channel, now=now)
        if result is not Received.REFUSED:
            return UsageResult(event_id=report.event_id, result=result, skill=skill)
        problem = f"The event_id {report.event_id} stands for another use; choose a new one for each use."
    return UsageResult(event_id=report.event_id, result=Received.REFUSED, problem=problem)


@router.get("/analytics", summary="What skills are used for what", responses=problems(422))
async def read_analytics(
    parts: ServicesDep,
    asking: PersonDep,
    since: Annotated[AwareDatetime | None, Query(description="Default: 30 days before `until`.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Default: now.")] = None,
    category: Annotated[str | None, Query(max_length=64)] = None,
    skill: Annotated[str | None, Query(max_length=64, description="Only this skill, by its own name.")] = None,
) -> Analytics:
    """Most and never used skills, success rates with their 95 % interval, agents, versions, trend, what is used
    together, and what the person who asks might mount."""
    window = window_of(since, until, category).model_copy(update={"skill": skill})
    roles = await read_roles(parts)
    async with parts.database.transaction() as session:
        counts = await usage_counts.counted(session, window)
        shelf = await mounts.shelf(session)
        mounted = await mounts.mounted(session, asking.name)
        used = await usage_counts.used_by(session, asking.name, window)
    found = _recommended(counts, shelf, mounted, used, roles.roles)
    return analyse(counts, window).model_copy(update={"recommendations": found})


def _recommended(
    counts: Counts, shelf: list[ShelvedSkill], mounted: list[MountedSkill], used: set[str], roles: list[Role]
) -> list[Recommendation]:
    theirs = used | {one.skill for one in mounted}
    pairs = [(pair.first, pair.second, pair.sessions) for pair in counts.pairs if pair.sessions >= FEWEST_TOGETHER]
    return recommended(shelf, mounted, used, companions_of(theirs, pairs, counts.in_sessions), roles)


def window_of(since: datetime | None, until: datetime | None, category: str | None = None) -> Window:
    """The time that is looked at. Raises InvalidRequest."""
    end = until or datetime.now(UTC)
    begin = since or end - DEFAULT_WINDOW
    if not timedelta() < end - begin <= LONGEST_WINDOW:
        message = f"`since` must lie before `until`, by {LONGEST_WINDOW.days} days at most."
        raise InvalidRequest(message, {"since": message})
    return Window(since=begin, until=end, category=category)
