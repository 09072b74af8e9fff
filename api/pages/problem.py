"""A problem document as a page. A form that met it is not lost: what was typed stands there."""

from fastapi import Request, Response

from api.pages.forms import Sent, sent_with
from api.pages.frame import View, templates
from api.pages.refusals import for_people
from api.problems import Problem


class ProblemView(View):
    """A problem as a page. `sent`: the form that met it, which can be sent again when `again`."""

    problem: Problem
    sent: Sent | None
    again: bool


def problem_page(request: Request, problem: Problem) -> Response:
    """A problem document for people."""
    sent_form = sent_with(request)
    again = problem.status >= 500 and sent_form is not None and sent_form.ours
    told = problem.model_copy(update={"detail": for_people(problem.detail)})
    view = ProblemView(title=problem.title, problem=told, sent=sent_form, again=again)
    return templates.page(request, "problem.html", view, problem.status)
