"""The MCP server's line to the api: finds it anew when it moved, says plainly when it is away, loses no report.

Must not know MCP.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from domain.errors import SkillFleetError
from domain.library.catalog import Catalog, SkillFiles
from domain.library.usage import UsageBatch, UsageReceipt, UsageReport

PREFIX = "/api/v1"
CLIENT = "skill-fleet-mcp"
"""The api tells from it that the server reports by itself (`api/usage.py`)."""

TIMEOUT = httpx.Timeout(20.0, connect=3.0)
WAITS = (0.2, 0.6)
"""Seconds between the three tries of a request: an api that is being restarted is back by then, or is away."""

BUSY = frozenset({429, 502, 503, 504})
MOST_PENDING = 100
"""Reports that wait while the api is away; the oldest are dropped beyond."""

Answer = TypeVar("Answer", bound=BaseModel)


class ApiAway(SkillFleetError):
    """The api cannot be reached, or is of another kind than ours."""


class ApiRefused(SkillFleetError):
    """The api answered that it will not; the text is its reason."""


class Line:
    """HTTP to the api. `where` says its address each time, and raises ApiAway while there is none."""

    def __init__(self, where: Callable[[], str], user: str | None) -> None:
        self._where = where
        self._headers = {"User-Agent": CLIENT} | ({"X-User-Id": user} if user else {})
        self._https: dict[bool, httpx.AsyncClient] = {}
        self._pending: dict[UUID, UsageReport] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._https.values():
            await client.aclose()

    @property
    def origin(self) -> str:
        """Where the library is, for people. Raises ApiAway."""
        return self._where()

    async def catalog(self, *, mounted: bool) -> Catalog:
        """What may be served. Raises ApiAway, ApiRefused."""
        return await self._asked("GET", f"/catalog?mounted={str(mounted).lower()}", Catalog)

    async def files(self, name: str, version: str) -> SkillFiles:
        """The files of a version. Raises ApiAway, ApiRefused."""
        return await self._asked("GET", f"/catalog/{quote(name, safe='')}/{quote(version, safe='')}", SkillFiles)

    async def report(self, report: UsageReport) -> bool:
        """Report a use, with those that could not be reported before. False: it is kept and sent with the next one;
        its id makes sure that it counts once. Raises ApiRefused."""
        known = self._pending.get(report.event_id)
        self._pending[report.event_id] = report.model_copy(update={"used_at": known.used_at}) if known else report
        while len(self._pending) > MOST_PENDING:
            self._pending.pop(next(iter(self._pending)))
        waiting = list(self._pending.values())
        try:
            await self._asked("POST", "/usage", UsageReceipt, UsageBatch(events=waiting))
        except ApiAway:
            return False
        except ApiRefused:
            self._told(waiting)
            raise
        self._told(waiting)
        return True

    def _told(self, reports: list[UsageReport]) -> None:
        """Forget them, but one that was said anew meanwhile."""
        for report in reports:
            if self._pending.get(report.event_id) is report:
                del self._pending[report.event_id]

    async def _asked(self, method: str, path: str, shape: type[Answer], body: BaseModel | None = None) -> Answer:
        response = await self._sent(method, path, body)
        if not response.is_success:
            raise ApiRefused(_reason(response))
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as error:
            raise ApiAway("The api answered in a form that is not known here: it is of another version.") from error

    async def _sent(self, method: str, path: str, body: BaseModel | None) -> httpx.Response:
        """The first answer that is not "later". Raises ApiAway."""
        why = ""
        for wait in (*WAITS, None):
            url = self._where()
            try:
                response = await self._client(url).request(
                    method,
                    url + PREFIX + path,
                    content=body.model_dump_json(exclude_unset=True) if body else None,
                    headers={"Content-Type": "application/json"} if body else {},
                )
            except httpx.HTTPError as error:
                why = str(error) or type(error).__name__
            else:
                if response.status_code not in BUSY:
                    return response
                why = _reason(response)
            if wait is not None:
                await asyncio.sleep(wait)
        raise ApiAway(f"Skill Fleet's api at {self._where()} cannot be used now ({why}). {RETRY}")

    def _client(self, url: str) -> httpx.AsyncClient:
        host = urlsplit(url).hostname or ""
        here = host in ("localhost", "::1") or host.startswith("127.")
        if here not in self._https:  # a proxy set for the outside world does not lead to this machine
            self._https[here] = httpx.AsyncClient(headers=self._headers, timeout=TIMEOUT, trust_env=not here)
        return self._https[here]


RETRY = "Start it with `skill-fleet up`, then ask again; nothing has to be restarted here."


def at(url: str) -> Callable[[], str]:
    """A fixed address."""
    return lambda: url.rstrip("/")


def noted_in(file: Path) -> Callable[[], str]:
    """The address that a running stack notes in its `stack.json`, read each time: it may start later, or move."""

    def where() -> str:
        try:
            noted: JsonValue = json.loads(file.read_bytes())
        except (OSError, ValueError):
            noted = None
        url = noted.get("api_url") if isinstance(noted, dict) else None
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise ApiAway(f"No Skill Fleet api is known: {file} names no running stack. {RETRY}")
        return url.rstrip("/")

    return where


def _reason(response: httpx.Response) -> str:
    """What a problem document says."""
    try:
        told: JsonValue = response.json()
    except ValueError:
        told = None
    detail = told.get("detail") if isinstance(told, dict) else None
    return str(detail or f"HTTP {response.status_code}")[:500]
