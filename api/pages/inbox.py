"""The inbox: what waits for an answer, and what waits for something to be mended, due first."""

from fastapi import APIRouter, Request, Response

from api import listing
from api.dependencies import PersonDep, ServicesDep
from api.pages.frame import View, templates
from domain.job import PendingPage

router = APIRouter()


class InboxView(View):
    """What waits for an answer, and what waits for something to be mended. `mine`: only what is this person's."""

    pending: PendingPage
    mine: bool


@router.get("/inbox")
async def show_inbox(request: Request, parts: ServicesDep, asking: PersonDep, mine: bool = False) -> Response:
    """What waits for an answer."""
    pending = await listing.inbox(parts, asking, listing.InboxWanted(mine=mine))
    return templates.page(request, "inbox.html", InboxView(title="Inbox", pending=pending, mine=mine))
