"""Who uses this browser: a name in a cookie, given in the header of every page."""

from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.routing import BaseRoute, Match

from api.dependencies import MAX_USER, USER_COOKIE, user_problem
from api.errors import InvalidRequest
from api.pages.forms import FormDep
from api.pages.frame import YEAR

router = APIRouter()

NO_PAGES = ("/api/", "/static/", "/docs", "/openapi.json")
"""What is no page, beside streams and parts of pages: programs ask for it, and a browser would show it as text."""

LONGEST_BACK = 2_000
"""Characters of an address that is gone back to."""


@router.post("/who")
async def send_name(request: Request, form: FormDep) -> Response:
    """Remember who uses this browser, and go back to the page it was on."""
    name = form.text("name").strip()[:MAX_USER]
    problem = user_problem(name) if name else None
    if problem or not name.isascii():
        raise InvalidRequest(problem or "Only plain letters, please: the name travels in a header.", {"name": name})
    response = RedirectResponse(own_page(form.text("back"), request.app.routes), status_code=303)
    if name:
        response.set_cookie(USER_COOKIE, name, max_age=YEAR, httponly=True, samesite="strict")
    else:
        response.delete_cookie(USER_COOKIE)
    return response


def own_page(given: str, routes: list[BaseRoute]) -> str:
    """The address if it is one of our pages, else the page above it (the address of a form has none), else the first.

    No other site, whatever a browser makes of the text: slashes either way round, and controls, which browsers drop.
    """
    if not given.startswith("/") or given.startswith("//") or "\\" in given or not given.isprintable():
        return "/"
    if len(given) > LONGEST_BACK or urlsplit(given).netloc:
        return "/"
    path, question, query = given.partition("#")[0].partition("?")
    if _is_page(path, routes):
        return quote(path) + question + quote(query, safe="=&%+:,")
    above = path.rpartition("/")[0]
    return quote(above) if above and _is_page(above, routes) else "/"


def _is_page(path: str, routes: list[BaseRoute]) -> bool:
    if path.startswith(NO_PAGES) or path.endswith(("/live", "/count")):
        return False
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)
