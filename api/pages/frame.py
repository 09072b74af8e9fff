"""The frame of every page: templates, who reads it, the token of its forms, its nonce and its files by content hash."""

from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup

from api.dependencies import USER_COOKIE
from api.pages import amounts
from api.pages.assets import Assets
from api.pages.forms import TOKEN_COOKIE, token_of
from api.permissions import LOCAL
from domain.shape import Shape

API = Path(__file__).resolve().parents[1]
YEAR = 365 * 24 * 3600

assets = Assets(API / "static")


class View(Shape):
    """What one template is given; its fields are the template's variables."""

    title: str


class Templates:
    """The templates of the page."""

    def __init__(self, folder: Path) -> None:
        self._templates = Jinja2Templates(folder)
        environment = self._templates.env
        environment.trim_blocks = environment.lstrip_blocks = True
        environment.auto_reload = False  # they change with the code: no look at a dozen files for every page
        environment.globals["asset"] = assets.url
        environment.globals["version"] = version("skill-fleet")
        environment.globals["amounts"] = amounts

    def page(self, request: Request, name: str, view: View, status: int = 200) -> Response:
        """A page; it carries the token with which its forms prove to be ours."""
        context = self._context(request, view)
        response = self._templates.TemplateResponse(request, name, context, status)
        response.headers["Cache-Control"] = "no-store"
        if request.cookies.get(TOKEN_COOKIE) != context["token"]:
            response.set_cookie(TOKEN_COOKIE, str(context["token"]), max_age=YEAR, httponly=True, samesite="strict")
        return response

    def part(self, request: Request, name: str, view: View) -> Markup:
        """One part of a page, by the same template that the whole page includes."""
        template = self._templates.env.get_template(name)
        return Markup(template.render(self._context(request, view)))  # noqa: S704 - the template escapes

    def _context(self, request: Request, view: View) -> dict[str, object]:
        return {
            **{field: getattr(view, field) for field in type(view).model_fields},
            "token": token_of(request),
            "nonce": getattr(request.state, "nonce", ""),
            "path": request.url.path,
            "user": request.cookies.get(USER_COOKIE) or LOCAL,
        }


templates = Templates(API / "templates")


def see(path: str) -> Response:
    """Go and look: a reload of the next page sends nothing again."""
    return RedirectResponse(quote(path), status_code=303)
