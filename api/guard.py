"""What holds for every request and every answer: a request id, security headers, one log line, no cross-site writes.

Pure ASGI, so that streams pass untouched. Must not know any route.
"""

import re
import secrets
import time
from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, problem_response

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names under which a page of this machine is asked for. Any other means a foreign name was pointed at us."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)
"""What every answer says; a page's own scripts are let in by the nonce of its request beside that."""

MAX_BODY = 512 * 1024
"""Bytes of a request: the largest skill with room for escapes."""

PATIENCE = 16 * MAX_BODY
"""Bytes of a request that is too large which are read and dropped."""

REFUSED_SOCKET: Message = {"type": "websocket.close", "code": 1008, "reason": "Open this from our own page."}
"""Before the handshake: the client gets a 403."""

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger("api")


class Guard:
    """Wraps the application; `hosts` are the names besides loopback under which it may be asked for.

    `streamed`: paths whose bodies are never held as a whole, each with its own most bytes.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str] = (), streamed: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._app = app
        self._streamed = streamed
        self._hosts = LOOPBACK | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = accepted_id(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        nonce = scope["state"]["nonce"] = secrets.token_urlsafe(16)
        answer = _Answer(send, request_id, nonce)
        began = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                app = refusal(scope, headers, self._hosts) or self._app
                most = self._streamed.get(scope["path"], MAX_BODY)
                await app(scope, _Body(receive, most).receive, answer.send)
            finally:
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=answer.status,
                    seconds=round(time.monotonic() - began, 3),
                )

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket from a foreign page, or under a foreign name, reaches no route; the lifespan is none of ours."""
        if scope["type"] == "websocket" and not is_own(Headers(scope=scope), self._hosts):
            await send(REFUSED_SOCKET)
            return
        await self._app(scope, receive, send)


class _Answer:
    """Adds the headers to the answer and remembers its status."""

    def __init__(self, send: Send, request_id: str, nonce: str) -> None:
        self._send = send
        self._nonce = nonce
        self._request_id = request_id
        self.status = 500

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if headers.get("content-type", "").startswith("text/html"):
                headers["Content-Security-Policy"] += f"; script-src 'nonce-{self._nonce}'"
            headers["X-Request-Id"] = self._request_id
        await self._send(message)


class _Body:
    """Passes the body on as it comes and refuses what is too much of it."""

    def __init__(self, receive: Receive, most: int = MAX_BODY) -> None:
        self._receive = receive
        self._most = most
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            await self._read_on(message)
            raise HTTPException(413)
        return message

    async def _read_on(self, message: Message) -> None:
        """A client that still sends would not hear the refusal."""
        while message.get("more_body") and self._size < self._most + PATIENCE:
            message = await self._receive()
            self._size += len(message.get("body", b""))


def accepted_id(given: str) -> str:
    """The caller's request id if it is a plain one, else a new one."""
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex


def refusal(scope: Scope, headers: Headers, hosts: Collection[str]) -> ASGIApp | None:
    """The answer to a request that must not reach any route; None for all others."""
    host = headers.get("host", "")
    if host_name(host) not in hosts:
        detail = f"This server does not answer to the name {host[:100]!r}. Open it as http://127.0.0.1:PORT."
        return _refused(scope, 400, "host_refused", "Unknown host", detail)
    if scope["method"] not in SAFE and is_cross_site(headers, host):
        detail = "Another site's page tried to change something here. Do it on our own page, or without a browser."
        return _refused(scope, 403, "cross_site", "Cross-site request", detail)
    return None


def is_own(headers: Headers, hosts: Collection[str]) -> bool:
    """Whether this comes to us under a name of ours, and from no other site's page."""
    host = headers.get("host", "")
    return host_name(host) in hosts and not is_cross_site(headers, host)


def host_name(host: str) -> str:
    """The Host header without its port."""
    return re.sub(r":\d*$", "", host.strip().lower())


def is_cross_site(headers: Headers, host: str) -> bool:
    """Whether a browser says that the request comes from another origin; programs say nothing."""
    if headers.get("sec-fetch-site") == "cross-site":
        return True
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc.lower() != host.strip().lower()
    except ValueError:  # such as "http://[": no address, so none of ours
        return True


def _refused(scope: Scope, status: int, code: str, title: str, detail: str) -> ASGIApp:
    problem = Problem(title=title, status=status, detail=detail, instance=scope["path"], code=code)
    return problem_response(problem, scope["state"]["request_id"])
