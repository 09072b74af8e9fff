"""The page: plain HTML that works without JavaScript. Its forms do what the api does, by the same functions.

One module a page, named for its address; `frame` is what all of them have.
"""

from fastapi import APIRouter

from api.pages import analytics, inbox, revision, settings
from api.pages.frame import assets
from api.pages.home import jobs as home_jobs
from api.pages.home import page as home
from api.pages.home import who
from api.pages.home.start_form import STREAMED
from api.pages.job import actions as job_actions
from api.pages.job import draft as job_draft
from api.pages.job import live as job_live
from api.pages.job import page as job
from api.pages.library import actions as skill_actions
from api.pages.library import page as library
from api.pages.library import skill
from api.pages.problem import problem_page

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
