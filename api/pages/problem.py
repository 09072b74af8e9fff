"""A problem document as a page. A form that met it is not lost: what was typed stands there."""

from types import MappingProxyType

from fastapi import Request, Response

from api.pages.forms import Sent, sent_with
from api.pages.frame import View, templates
from api.pages.refusals import for_people
from api.problems import Problem

TO_THE_TOP = MappingProxyType({"HX-Retarget": "#trouble", "HX-Reswap": "innerMorph", "HX-Reselect": ".problem"})
"""Where htmx puts a problem. What was to be replaced stays, above all a form with what was typed into it; the same
words are not read aloud again at each attempt. An element's own `hx-status` takes precedence."""


class ProblemView(View):
    """A problem as a page. `sent`: the form that met it, which can be sent again when `again`."""

    problem: Problem
    sent: Sent | None
    again: bool


def problem_page(request: Request, problem: Problem) -> Response:
    """A problem document for people: a page, or a word at the top of the page that asked for a part of itself."""
    sent_form = sent_with(request)
    again = problem.status >= 500 and sent_form is not None and sent_form.ours
    told = problem.model_copy(update={"detail": for_people(problem.detail)})
    view = ProblemView(title=problem.title, problem=told, sent=sent_form, again=again)
    if "hx-request" not in request.headers:
        return templates.page(request, "problem.html", view, problem.status)
    response = templates.page(request, "parts/refused.html", view, problem.status)
    response.headers.update(TO_THE_TOP)
    return response
