"""Templates and what every page of ours has: who reads it, and the token of its forms."""

from pathlib import Path

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates

from api.dependencies import USER_COOKIE
from api.forms import TOKEN_COOKIE, token_of
from api.permissions import LOCAL
from domain.shape import Shape

YEAR = 365 * 24 * 3600


class View(Shape):
    """What one template is given; its fields are the template's variables."""

    title: str


class Templates:
    """The templates of the page."""

    def __init__(self, folder: Path) -> None:
        self._templates = Jinja2Templates(folder)
        self._templates.env.trim_blocks = self._templates.env.lstrip_blocks = True

    def page(self, request: Request, name: str, view: View, status: int = 200) -> Response:
        """A page; it carries the token with which its forms prove to be ours."""
        token = token_of(request)
        context = {
            **{field: getattr(view, field) for field in type(view).model_fields},
            "token": token,
            "user": request.cookies.get(USER_COOKIE) or LOCAL,
        }
        response = self._templates.TemplateResponse(request, name, context, status)
        response.headers["Cache-Control"] = "no-store"
        if request.cookies.get(TOKEN_COOKIE) != token:
            response.set_cookie(TOKEN_COOKIE, token, max_age=YEAR, httponly=True, samesite="strict")
        return response
