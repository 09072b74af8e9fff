"""`Idempotency-Key` on everything that changes something: the same request sent twice is done once (Stripe's rules).

The same key and body get the first answer again; another body is refused; a request whose process died may be sent
again, which is safe because each operation is idempotent by itself. Pure ASGI, knows no route but those with a way of
their own, and holds no database session while the route runs.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

import structlog
from pydantic import JsonValue
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import asking_name, services
from api.errors import InvalidRequest, KeyReused, StillAtWork
from api.problems import Told
from domain.errors import SkillFleetError
from store import idempotency as keys
from store.idempotency import KeptAnswer, RequestKey

HEADER = "Idempotency-Key"
MAX_KEY = 255

LEASE = timedelta(seconds=20)
"""How long a request may be at work before its process counts as dead. Longer than any request is let run."""

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

OWN_WAY = frozenset({"/api/v1/skills", "/api/v1/skills/validate", "/api/v1/sources"})
"""A start makes its job's id from the key; validating changes nothing; a source is too large to be held, and compares
its own digest."""

KEPT = frozenset({200, 201, 202, 204, 409, 410})
"""Answers of an operation that was carried out. Refusals before that, and failures, are forgotten."""

LONGEST_ROUTE = 500
"""Bytes; a longer one is kept as its digest, because an index entry has its limit."""

AT_WORK = "The first request with this key is still at work; `Retry-After` says when to send it again."

DOCUMENTED: Mapping[str, JsonValue] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key and body again get the first answer again, for seven days; another body is refused.",
    "schema": {"type": "string", "maxLength": MAX_KEY},
}

log = structlog.get_logger("api")


class Idempotency:
    """Wraps the routes. `told` answers for its own errors."""

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self._app = app
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, at most once per key."""
        if scope["type"] != "http" or not keyed(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await request.body()
            key = key_of(request)
            lease = await self._begun(request, key, digest(body))
        except ClientDisconnect:
            return
        except (SkillFleetError, HTTPException, SQLAlchemyError, OSError) as error:
            await self._told(request, error)(scope, receive, send)
            return
        if isinstance(lease, Response):
            await lease(scope, receive, send)
            return
        await self._done(request, key, lease, body, send)

    async def _begun(self, request: Request, key: RequestKey, body: str) -> datetime | Response:
        """The lease if it is ours to do, else the answer that it got before. Raises KeyReused, StillAtWork."""
        async with services(request).database.transaction() as session:
            begun = await keys.begin(session, key, body, LEASE)
        if begun.lease is not None:
            return begun.lease
        if not begun.same:
            raise KeyReused(
                f"This {HEADER} was used for another request. Send that one again unchanged, or use a new key."
            )
        if begun.answer is None:
            raise still_at_work(begun.remaining)
        headers = {**begun.answer.headers, "Idempotent-Replayed": "true"}
        return Response(begun.answer.body, begun.answer.status, headers)

    async def _done(self, request: Request, key: RequestKey, lease: datetime, body: bytes, send: Send) -> None:
        """Let the route answer, and keep that before it is sent."""
        answer = _Recorded()
        # What raises here was not answered (nobody foresaw it, or it was given up): its lease ends by itself.
        await self._app(request.scope, _once(body, request.receive), answer.take)
        await self._keep(request, key, lease, answer)
        for message in answer.messages:
            await send(message)

    async def _keep(self, request: Request, key: RequestKey, lease: datetime, answer: "_Recorded") -> None:
        """A database that went away meanwhile changes no answer: the lease ends by itself."""
        try:
            async with services(request).database.transaction() as session:
                if answer.status in KEPT:
                    await keys.finish(session, key, answer.kept())
                else:
                    await keys.release(session, key, lease)
        except (SQLAlchemyError, OSError) as error:
            log.warning("an answer could not be kept under its key", error=str(error)[:200])


class _Recorded:
    """What a route sends, held back until it is kept."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"]) if self.messages else 500

    def kept(self) -> KeptAnswer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.messages[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in self.messages[1:])
        return KeptAnswer(status=self.status, headers=headers, body=body)


def keyed(scope: Scope) -> bool:
    """Whether a request is to be done once under a key."""
    return scope["method"] in CHANGING and heeded(scope["path"]) and bool(HTTPConnection(scope).headers.get(HEADER))


def heeded(path: str) -> bool:
    """Whether the key is heeded here; pages cannot send one."""
    return path.startswith("/api/") and path not in OWN_WAY


def key_of(request: Request) -> RequestKey:
    """The key of a request. Raises InvalidRequest."""
    key = request.headers[HEADER]
    if len(key) > MAX_KEY or not key.isprintable():
        message = f"An {HEADER} has 1 to {MAX_KEY} printable characters, such as a UUID."
        raise InvalidRequest(message, {HEADER: message})
    address = request.url.path + ("?" + request.url.query if request.url.query else "")
    if len(address.encode()) > LONGEST_ROUTE:
        address = sha256(address.encode()).hexdigest()
    return RequestKey(user_id=asking_name(request), route=f"{request.method} {address}", key=key)


def digest(body: bytes) -> str:
    """SHA-256 of what was sent; JSON that only differs in blanks and the order of its names is the same."""
    try:
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        log.debug("the body is no JSON; its bytes are compared")
    return sha256(body).hexdigest()


def still_at_work(remaining: float) -> StillAtWork:
    """Ask again after as long as it has been at work: soon while it is young, and up to the end of the lease."""
    age = LEASE.total_seconds() - remaining
    seconds = max(1, ceil(min(age, remaining)))
    return StillAtWork("The first request with this key is still at work. Send it again in a moment.", seconds)


def document(schema: Mapping[str, JsonValue]) -> None:
    """Tell of the header in an OpenAPI document, at every operation that heeds it."""
    paths = schema.get("paths")
    for path, operations in paths.items() if isinstance(paths, dict) else ():
        for method, operation in operations.items() if isinstance(operations, dict) and heeded(path) else ():
            if method.upper() in CHANGING and isinstance(operation, dict):
                known = operation.get("parameters")
                operation["parameters"] = [*(known if isinstance(known, list) else []), dict(DOCUMENTED)]
                answers = operation.get("responses")
                if isinstance(answers, dict):
                    answers.setdefault("409", {"description": AT_WORK})


def _once(body: bytes, receive: Receive) -> Receive:
    """The body again, then whatever comes after it."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
