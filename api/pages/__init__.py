"""The page: plain HTML that works without JavaScript. Its forms do what the api does, by the same functions.

One module a page, named for its address; `frame` is what all of them have.
"""

from fastapi import APIRouter

from api.pages import home, inbox, job, job_actions, library, revision, skill
from api.pages.frame import assets
from api.pages.problem import problem_page

__all__ = ["assets", "problem_page", "router"]

router = APIRouter(include_in_schema=False)
for _page in (home, inbox, job, job_actions, revision, library, skill):
    router.include_router(_page.router)
