"""A job's page as it changes: the stream of `api/stream.py`, drawn with the templates of the whole page.

Every event is one line of the log, once and in its order. Of the rest only what differs from what this connection was
sent before is sent again, and the open prompt only when another one is open, so that nobody's typing is touched.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial as partial_of
from hashlib import sha256
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import answering
from api.dependencies import JobToRead, PersonDep, Services, ServicesDep
from api.errors import TemporalUnavailable
from api.jobs import position
from api.pages.frame import View, templates
from api.pages.job.asked import Typed
from api.pages.job.facts import JobFacts, facts_of
from api.pages.job.log import Line, line_of
from api.pages.job.shared import Shared
from api.pages.job.view import JobPageView, page_of
from api.pages.partials import partial
from api.permissions import Person, Verb, may
from api.reading import KnownJob
from api.stream import BEAT, HEARTBEAT, UNBUFFERED, News, Wanted, message, news
from domain.errors import NotFound
from domain.job import JobEvent
from store.notifications import Look

router = APIRouter()

STATE = ("head", "watching", "left", "publish", "skill", "spend", "evidence", "revisions", "record")
"""Parts of the page that say how the job stands: each is a template, and the element with that id."""

ASKED = ("due", "measured")
"""Parts of the open prompt that change while it is open."""

ENDED = "event: ended\ndata: \n\n"
"""The page listens no more: nothing can come after this."""

PACE = 0.5
"""Seconds in which one page is drawn once: what happens meanwhile is told in one message. A busy job has
several events a second, and every page that follows it is drawn by the same process."""

_FACTS: Shared[UUID, JobFacts] = Shared()


class EventView(View):
    """One line of the log."""

    line: Line


class WritingView(View):
    """What models write at this moment."""

    looks: list[Look]


class WatchingView(View):
    """Who else looks at the job."""

    watching: list[str]


class Pace:
    """Not more often than once between two ticks of a clock that all pages share: those that follow one job are drawn
    at the same moment, from one reading. The first time is at once."""

    def __init__(self, seconds: float = PACE) -> None:
        self._seconds = seconds
        self._due = 0.0

    async def kept(self) -> None:
        """Come back at once, or as soon as it is time again."""
        await asyncio.sleep(max(0.0, self._due - time.monotonic()))
        self._due = (time.monotonic() // self._seconds + 1) * self._seconds


class Screen:
    """What one open page was last sent. `prompt`: the id of the prompt it shows, empty for none."""

    def __init__(self, request: Request, prompt: str) -> None:
        self._request = request
        self._prompt: str | None = prompt
        self._shown: dict[str, bytes] = {}
        self._looks: dict[str, Look] = {}
        self._key = str(uuid4())

    def know(self, view: JobPageView) -> bool:
        """Take the page to be up to date but for who looks; False when it shows another prompt, so that it is not."""
        for name in STATE:
            self._changed(name, self._keyed(view))
        del self._shown["watching"]
        return _asked(view) == self._prompt

    def forget(self) -> None:
        """Nothing is known of what the page shows, but its prompt."""
        self._shown.clear()

    def doubt(self) -> None:
        """The prompt may be another than the address says: it is sent, and a page that has it leaves it alone."""
        self._prompt = None

    def state(self, view: JobPageView) -> list[str]:
        """The parts of the page that are not as they were sent last."""
        view, parts, names = self._keyed(view), [], [*STATE]
        if _asked(view) != self._prompt:
            self._prompt = _asked(view)
            parts.append(partial("prompt", self._draw("job/prompt.html", view), "outerHTML"))
            for name in ASKED:  # the prompt has them
                self._changed(name, view)
        elif self._prompt:
            names += ASKED
        return parts + [partial(name, html) for name in names if (html := self._changed(name, view))]

    def told(self, events: list[JobEvent]) -> list[str]:
        """Lines for the log; whatever was being written is done, or goes on and is seen again."""
        if not events:
            return []
        lines = [self._draw("job/event.html", EventView(title="", line=line_of(event))) for event in events]
        cleared, self._looks = self._looks, {}
        return [partial("events", "".join(lines), "beforeend"), *(self._writing() if cleared else [])]

    def written(self, looks: list[Look]) -> list[str]:
        """What models write."""
        self._looks.update({look.label: look for look in looks})
        return self._writing() if looks else []

    def seen(self, watching: list[str]) -> list[str]:
        """Who else looks at the job, if that is news."""
        html = self._changed("watching", WatchingView(title="", watching=watching))
        return [partial("watching", html)] if html else []

    def _writing(self) -> list[str]:
        return [
            partial("writing", self._draw("job/writing.html", WritingView(title="", looks=[*self._looks.values()])))
        ]

    def _changed(self, name: str, view: View) -> str:
        """The part as it is now; empty when it was sent like this."""
        html = self._draw(f"job/{name}.html", view)
        digest = sha256(html.encode()).digest()
        before, self._shown[name] = self._shown.get(name), digest
        return "" if before == digest else html

    def _keyed(self, view: JobPageView) -> JobPageView:
        """With the key that this page's forms have on this connection: it alone is no change."""
        return view.model_copy(update={"key": self._key})

    def _draw(self, template: str, view: View) -> str:
        return str(templates.part(self._request, template, view))


@router.get("/jobs/{job_id}/live")
async def follow_page(
    request: Request,
    job: JobToRead,
    parts: ServicesDep,
    asking: PersonDep,
    after: Annotated[str | None, Query(max_length=20)] = None,
    prompt: Annotated[str, Query(max_length=40)] = "",
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """What becomes of the page that showed the events up to `after` and the prompt `prompt`."""
    seen = position(last_event_id or after)
    screen = Screen(request, prompt)
    if last_event_id:  # connected again: the address still names the prompt of the page's beginning
        screen.doubt()
    stream = messages(parts, asking, job, seen, screen)
    return StreamingResponse(_until_away(stream), media_type="text/event-stream", headers=UNBUFFERED)


async def messages(
    parts: Services, asking: Person, job: KnownJob, seen: int, screen: Screen, heartbeat: float = HEARTBEAT
) -> AsyncGenerator[str, None]:
    """The text of the stream. Holds no database session while it waits or draws."""
    wanted = Wanted(tokens=True, presence=True, watcher=asking.name, linger=True)
    pace = Pace()
    async with aclosing(news(parts, job, seen, wanted, heartbeat)) as story:
        first = await anext(story)
        if first.last.seq > seen:
            screen.doubt()
        elif not screen.know(await _view(parts, asking, job)):
            screen.forget()
        async for told in story:
            lines = screen.told(told.events)
            passing = told.looks or told.watching is not None or told.quiet
            view = None
            if told.events or not passing:
                await pace.kept()
                view = await _view(parts, asking, job)
            state = screen.state(view) if view else screen.seen(_others(told, asking)) if told.watching else []
            body = [*lines, *state, *screen.written(told.looks)]
            if body:
                yield message("\n".join(body), told.position if told.events else None)
            elif told.quiet:
                yield BEAT
            if view is not None and not view.follows and told.position >= view.seq:
                break
    yield ENDED


async def _view(parts: Services, asking: Person, job: KnownJob) -> JobPageView:
    """The page as it stands. Raises NotFound when the job is gone, or is this person's no more."""
    facts = await _FACTS.read(job.job_id, partial_of(_facts, parts, job))
    if not may(asking, Verb.READ, facts.known):
        raise NotFound("The job is not this person's any more.")
    return page_of(parts, facts, asking, Typed())


async def _facts(parts: Services, job: KnownJob) -> JobFacts:
    """What everybody is shown who follows this job."""
    facts = await facts_of(parts, job, log=False)
    if facts.known.opened:
        return facts
    return await facts_of(parts, await answering.reread(parts, job.job_id), log=False)


async def _until_away(stream: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    """Until the end, or until something it needs is away: then the page connects again, and is told what it missed."""
    async with aclosing(stream):
        try:
            async for text in stream:
                yield text
        except NotFound:
            yield ENDED
        except (DBAPIError, PoolTimeout, TemporalUnavailable):
            return


def _asked(view: JobPageView) -> str:
    return str(view.asked.prompt.interaction_id) if view.asked else ""


def _others(told: News, asking: Person) -> list[str]:
    return [name for name in told.watching or [] if name != asking.name]
