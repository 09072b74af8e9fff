"""One line to the api: timeouts, bounded retries, one idempotency key a change, problem documents as CliError.

Must not print, and must not know what a command is for. Closes itself at the end of its `with`.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from httpx_sse import EventSource, connect_sse
from pydantic import BaseModel, ValidationError

from cli.problems import CliError, UsageProblem, problem_of, unreachable

PREFIX = "/api/v1"
CLIENT = "skill-fleet"
"""Who asks: the record tells the command line from other programs by it."""

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
STREAM_TIMEOUT = httpx.Timeout(45.0, connect=5.0)
"""Seconds. The stream's is three missed heartbeats of 15 s."""

WAITS = (0.3, 0.6, 1.2, 2.4)
"""Seconds between the five tries of a request: enough for an api that is being restarted."""

LONGEST_WAIT = 30.0
"""Seconds of `Retry-After` that a command waits by itself; a longer one is told to the person."""

BUSY = frozenset({429, 502, 503, 504})
MAX_USER = 255

Shape = TypeVar("Shape", bound=BaseModel)


class Api:
    """HTTP as the commands need it: shapes in, shapes out."""

    def __init__(self, url: str, user: str | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url = url
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=url + PREFIX,
            headers={"User-Agent": CLIENT} | _who(user),
            timeout=TIMEOUT,
            # A proxy set for the outside world does not lead to this machine; http needs no certificates loaded.
            trust_env=not _on_this_machine(url),
            verify=url.startswith("https://"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, shape: type[Shape], **query: str | int | None) -> Shape:
        """Read something. Raises CliError."""
        return self._shaped(self._checked("GET", path, query=query), shape)

    def text(self, path: str, **query: str | int | None) -> str:
        """Read a text. Raises CliError."""
        return self._checked("GET", path, query=query).text

    def data(self, path: str, most: int) -> bytes:
        """Fetch a file, reading no more than one byte beyond `most`. Raises CliError."""
        try:
            with self._http.stream("GET", path) as response:
                if not response.is_success:
                    response.read()
                    raise problem_of(response)
                found = bytearray()
                for piece in response.iter_bytes():
                    found += piece
                    if len(found) > most:
                        break
                return bytes(found[: most + 1])
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error

    def unchecked(self, path: str, shape: type[Shape]) -> Shape:
        """Read something whose error status is an answer too (readiness), without retries. Raises CliError."""
        try:
            return self._shaped(self._http.get(path), shape)
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error

    def post(self, path: str, body: BaseModel, shape: type[Shape], *, key: str | None = None) -> Shape:
        """Change something once, however often it has to be sent; with a `key` of its own also in other runs of the
        command. Raises CliError."""
        return self._shaped(self._checked("POST", path, body=body, key=key or str(uuid4())), shape)

    def upload(self, path: str, pieces: Callable[[], Iterable[bytes]], shape: type[Shape], *, filename: str) -> Shape:
        """Send a file piece by piece, from its beginning again when it broke off; `pieces` begins anew at each call.
        Raises CliError."""
        key = str(uuid4())
        for wait in (*WAITS, None):
            try:
                response = self._http.post(
                    path,
                    content=pieces(),
                    params={"filename": filename},
                    headers={"Content-Type": "application/octet-stream", "Idempotency-Key": key},
                )
            except httpx.TransportError as error:
                if wait is None:
                    raise unreachable(self.url, error) from error
                self._sleep(wait)
                continue
            pause = None if wait is None else later(response, wait)
            if pause is None:
                break
            self._sleep(pause)
        if not response.is_success:
            raise problem_of(response)
        return self._shaped(response, shape)

    def put(self, path: str, body: BaseModel, shape: type[Shape]) -> Shape:
        """Set something; sending it twice changes nothing more. Raises CliError."""
        return self._shaped(self._checked("PUT", path, body=body, key=str(uuid4())), shape)

    def delete(self, path: str, shape: type[Shape]) -> Shape:
        """DELETE; what it came to."""
        return self._shaped(self._checked("DELETE", path), shape)

    def patch(self, path: str, body: BaseModel, **query: str | int | None) -> None:
        """Merge something; sending it twice changes nothing more. Raises CliError."""
        self._checked("PATCH", path, body=body, query=query)

    def stream(self, path: str, last_event_id: int | str | None) -> AbstractContextManager[EventSource]:
        """Open a stream of events after one; entering it raises httpx.TransportError when nobody answers."""
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        return connect_sse(self._http, "GET", path, headers=headers, timeout=STREAM_TIMEOUT)

    def pause(self, seconds: float) -> None:
        """Wait before trying again."""
        self._sleep(seconds)

    def _checked(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: dict[str, str | int | None] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if body else {}
        if key:
            headers["Idempotency-Key"] = key
        request = self._http.build_request(
            method,
            path,
            content=body.model_dump_json(exclude_unset=True) if body else None,
            params={name: value for name, value in (query or {}).items() if value is not None},
            headers=headers,
        )
        response = self._sent(request)
        if response.is_success:
            return response
        raise problem_of(response)

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """The first answer that is not "later", or the last one. Raises CliError when nobody answers."""
        for wait in WAITS:
            try:
                response = self._http.send(request)
            except httpx.ReadTimeout as error:
                raise unreachable(self.url, error) from error  # 30 s were given already
            except httpx.TransportError:
                self._sleep(wait)
                continue
            pause = later(response, wait)
            if pause is None:
                return response
            self._sleep(pause)
        try:
            return self._http.send(request)
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error

    def _shaped(self, response: httpx.Response, shape: type[Shape]) -> Shape:
        try:
            # A newer api may say more than we know; that is no reason to fail.
            return shape.model_validate_json(response.content, extra="ignore")
        except ValidationError as error:
            raise CliError(
                f"What answers at {self.url} is no Skill Fleet api, or one of another version.",
                why=f"{response.request.url.path} did not answer with a {shape.__name__}",
                next_step="check --api-url; `skill-fleet status` shows the running stack",
            ) from error


def later(response: httpx.Response, wait: float) -> float | None:
    """Seconds to wait before asking again; None when this is the answer to take.

    A 409 with `Retry-After` is the same request still at work under its key.
    """
    asked = response.headers.get("Retry-After")
    if response.status_code not in BUSY and not (response.status_code == httpx.codes.CONFLICT and asked):
        return None
    seconds = float(asked) if asked and asked.isdigit() else wait
    return seconds if seconds <= LONGEST_WAIT else None


def _who(user: str | None) -> dict[str, str]:
    if not user:
        return {}
    if len(user) > MAX_USER or not user.isascii() or not user.isprintable():
        raise UsageProblem(
            f"{user!r} cannot be a user's name.",
            why=f"it travels in a header: up to {MAX_USER} plain printable ASCII characters",
            next_step="mend --user or SKILL_FLEET_USER",
        )
    return {"X-User-Id": user}


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
