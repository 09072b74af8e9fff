"""The inbox: what waits for an answer, and what waits for something to be mended, due first; live, and counted."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from markupsafe import Markup

from api import listing
from api.dependencies import PersonDep, Services, ServicesDep
from api.live import BREATH
from api.pages.changing import changing, streamed
from api.pages.frame import View, templates
from api.pages.partials import partial
from api.pages.refusals import for_people
from api.permissions import Person
from domain.job import PendingItem, StoppedJob
from domain.prompt import HitlType
from domain.shape import Shape

router = APIRouter()

MOST = 99
"""A higher number of waiting things is not told exactly."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Asked(Shape):
    """What of the inbox is asked for."""

    mine: bool = False
    kind: HitlType | None = None

    def address(self, path: str, **other: object) -> str:
        """The same choice elsewhere, with what is `other` about it."""
        given = {"mine": "true" if self.mine else "", "kind": self.kind or "", **other}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{path}?{query}" if query else path


class Waiting(Shape):
    """A prompt with how urgent it is, in words; `late`: its time is over."""

    item: PendingItem
    due: str
    late: bool


class CountView(View):
    """How much waits for this person."""

    inbox_count: int
    inbox_most: int = MOST


class InboxView(View):
    """What waits for an answer, and what waits for something to be mended; `live` is the stream of both."""

    asked: Asked
    kinds: list[HitlType] = [*HitlType]
    waiting: list[Waiting]
    problems: list[StoppedJob]
    live: str


class InboxPageView(InboxView, CountView):
    """The whole page: what waits, and in its header how much of it waits for this person."""


def asked_of(mine: str = "", kind: str = "") -> Asked:
    """What an address asks for. A kind that is none means all, as the empty choice of a form does."""
    return Asked(mine=mine == "true", kind=HitlType(kind) if kind in [*HitlType] else None)


AskedDep = Annotated[Asked, Depends(asked_of)]


@router.get("/inbox")
async def show_inbox(request: Request, parts: ServicesDep, asking: PersonDep, asked: AskedDep) -> Response:
    """What waits for an answer."""
    view = await _inbox(parts, asking, asked)
    given = {name: getattr(view, name) for name in InboxView.model_fields}
    return templates.page(request, "inbox/page.html", InboxPageView(**given, inbox_count=await _number(parts, asking)))


@router.get("/inbox/live")
async def follow_inbox_page(
    request: Request,
    parts: ServicesDep,
    asking: PersonDep,
    asked: AskedDep,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """The list as a stream of fragments, with the number in the header: now, and whenever it has changed."""

    async def shown() -> str:
        view = await _inbox(parts, asking, asked)
        return partial("waiting", templates.part(request, "inbox/waiting.html", view)) + partial(
            "inbox-count", await _count(request, parts, asking), "innerHTML"
        )

    return await streamed(changing(parts.hub, shown, last_event_id, breath=BREATH))


@router.get("/inbox/count")
async def count_inbox(request: Request, parts: ServicesDep, asking: PersonDep) -> Response:
    """How much waits for this person, for the header of every page; nothing when it is nothing."""
    return HTMLResponse(await _count(request, parts, asking), headers={"Cache-Control": "no-store"})


async def _inbox(parts: Services, asking: Person, asked: Asked) -> InboxView:
    wanted = listing.InboxWanted(mine=asked.mine, kind=asked.kind)
    pending, now = await listing.inbox(parts, asking, wanted), datetime.now(UTC)
    return InboxView(
        title="Inbox",
        asked=asked,
        waiting=[_waiting(item, now) for item in pending.items],
        problems=[job.model_copy(update={"error": for_people(job.error)}) for job in pending.problems],
        live=asked.address("/inbox/live"),
    )


async def _count(request: Request, parts: Services, asking: Person) -> Markup:
    view = CountView(title="Inbox", inbox_count=await _number(parts, asking))
    return templates.part(request, "inbox/count.html", view)


async def _number(parts: Services, asking: Person) -> int:
    pending = await listing.inbox(parts, asking, listing.InboxWanted(mine=True, limit=MOST + 1))
    return len(pending.items) + len(pending.problems)


def _waiting(item: PendingItem, now: datetime) -> Waiting:
    left = item.timeout_at - now if item.timeout_at else None
    return Waiting(item=item, due=due_in(left), late=left is not None and left <= timedelta())


def due_in(left: timedelta | None) -> str:
    """When an answer is due, in hours or days: a minute less is no news to a page that stands open."""
    if left is None:
        return "no time limit"
    if left <= timedelta():
        return f"overdue for {_long(-left)}"
    return f"in {_long(left)}"


def _long(time: timedelta) -> str:
    if time < HOUR:
        return "less than an hour"
    n, unit = (round(time / DAY), "day") if time >= 2 * DAY else (round(time / HOUR), "hour")
    return f"{n} {unit}{'' if n == 1 else 's'}"
