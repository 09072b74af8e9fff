"""The page: plain HTML that works without JavaScript. Its forms do what the api does, by the same functions.

One module a page, named for its address; `frame` is what all of them have.
"""

from fastapi import APIRouter

from api.pages import (
    analytics,
    home,
    home_jobs,
    inbox,
    job,
    job_actions,
    job_draft,
    job_live,
    library,
    revision,
    settings,
    skill,
    skill_actions,
    who,
)
from api.pages.frame import assets
from api.pages.problem import problem_page
from api.pages.start_form import STREAMED

__all__ = ["STREAMED", "assets", "problem_page", "router"]

router = APIRouter(include_in_schema=False)
for _page in (
    home,
    home_jobs,
    who,
    inbox,
    job,
    job_draft,
    job_live,
    job_actions,
    revision,
    library,
    skill,
    skill_actions,
    analytics,
    settings,
):
    router.include_router(_page.router)
