"""A receiver of webhooks: a real HTTP server on loopback that answers as it is told, well or badly.

Must not know what sends to it. `receiver.pem` is the certificate of `hooks.example` with its key, for tests only.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

CERTIFICATE = Path(__file__).with_name("receiver.pem")

Manner = Literal["answer", "hang", "slow head", "endless body", "hang up"]


@dataclass(frozen=True)
class Reply:
    """How one request is answered."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    manner: Manner = "answer"


@dataclass(frozen=True)
class Received:
    """One request as it came; header names in small letters."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came in, and what is answered: `replies` in turn, then `always`."""

    url: str
    port: int
    requests: list[Received] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    always: Reply = field(default_factory=Reply)
    server_names: list[str | None] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, number: int) -> None:
        """Wait until this many requests have come in, ten seconds at most."""
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.requests) >= number)

    @property
    def ids(self) -> list[str]:
        """The `webhook-id` of each request, as they came."""
        return [request.headers["webhook-id"] for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, note it, answer it."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            async with self.arrived:
                self.requests.append(Received(head[0], headers, body))
                self.arrived.notify_all()
            await answer(writer, self.replies.popleft() if self.replies else self.always)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def answer(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """Answer in the manner that is asked for; the bad ones go on until the sender has had enough."""
    if reply.manner == "hang up":
        return
    while reply.manner == "hang":
        await asyncio.sleep(0.02)
        if writer.transport.is_closing():
            return
    headers = {"Content-Length": "0" if reply.manner == "answer" else "1000000", "Connection": "close", **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} So", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    head = "\r\n".join(lines).encode()
    if reply.manner != "slow head":
        writer.write(head)
        await writer.drain()
    rest = {"slow head": head, "endless body": b"x" * 1_000_000}.get(reply.manner, b"")
    for byte in rest:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def receiving(host: str = "127.0.0.1", port: int = 0, *, tls: bool = False) -> AsyncIterator[Receiver]:
    """A receiver for as long as the block lasts."""
    receiver = Receiver("", 0)
    context = _context(receiver) if tls else None
    server = await asyncio.start_server(receiver.serve, host, port, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'https' if tls else 'http'}://{host}:{receiver.port}/hook"
    try:
        yield receiver
    finally:
        server.close()


def _context(receiver: Receiver) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.sni_callback = lambda _, name, __: receiver.server_names.append(name)
    return context
