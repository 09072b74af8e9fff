"""One attempt to tell a webhook, signed as Standard Webhooks says, at an address that may be called.

Follows no redirect, uses no proxy, keeps no cookie and reads nothing of the answer but its head: what it answers is a
number. When to try again is not known here.
"""

import asyncio
import base64
import binascii
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from pydantic import JsonValue
from standardwebhooks import Webhook as Signer

from api.outbound import Destination, Lookup, Resolver, UnsafeDestination, destination
from domain.errors import SkillFleetError

WITHIN = 5.0
"""Seconds for one attempt: lookup, connection, request and head of the answer."""

PER_ADDRESS = 2.0
"""Seconds to connect; a host with several addresses is tried at the next one."""

BEGINS = "whsec_"
SHORTEST = 24
"""How a secret begins, and the bytes of its key (Standard Webhooks: 24 to 64)."""

GONE, TOO_MANY, AWAY = 410, 429, 503


class UnusableWebhook(SkillFleetError):
    """The settings of the webhook do not fit; says which, and what to do."""


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt. `error` None: delivered. `retry_after`: seconds the receiver asked for."""

    error: str | None = None
    gone: bool = False
    retry_after: float | None = None


def trusted() -> ssl.SSLContext:
    """The usual authorities, and those the machine trusts besides (a company's own)."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


@dataclass(frozen=True)
class Webhook:
    """Where and how notifications are sent."""

    to: Destination
    signer: Signer
    look_up: Lookup = field(default_factory=Resolver)
    tls: ssl.SSLContext = field(default_factory=trusted)

    async def send(self, message_id: str, payload: Mapping[str, JsonValue]) -> Outcome:
        """Try once, in five seconds at most; whatever goes wrong is in the outcome."""
        try:
            async with asyncio.timeout(WITHIN):
                return await self._post(message_id, json.dumps(payload, ensure_ascii=False, separators=(",", ":")))
        except TimeoutError:
            return Outcome(f"no answer within {WITHIN:.0f} s")
        except UnsafeDestination as error:
            return Outcome(f"not sent: {error}")
        except (httpx.ConnectError, OSError) as error:
            return Outcome(f"{type(error).__name__}: {error}"[:300])
        except httpx.HTTPError as error:
            return Outcome(type(error).__name__)  # its text may quote what the other side said

    async def _post(self, message_id: str, body: str) -> Outcome:
        now = datetime.now(UTC)
        headers = {
            "Host": self.to.url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": "skill-fleet",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.signer.sign(message_id, now, body),
        }
        failure: httpx.HTTPError | None = None
        for address in await self.to.addresses(self.look_up):
            try:
                return await self._post_to(address, headers, body.encode())
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error  # nothing was sent; the host's next address may do
        assert failure is not None  # a host without an address is refused above
        raise failure

    async def _post_to(self, address: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Straight through the transport: a client would log the URL, which may hold a token."""
        timeout = httpx.Timeout(WITHIN, connect=PER_ADDRESS).as_dict()
        async with httpx.AsyncHTTPTransport(verify=self.tls, trust_env=False) as transport:
            request = httpx.Request(
                "POST",
                self.to.url.copy_with(host=address),
                headers=headers,
                content=body,
                extensions={"sni_hostname": self.to.host, "timeout": timeout},
            )
            response = await transport.handle_async_request(request)
            await response.aclose()
        return read(response.status_code, response.headers.get("Retry-After"))


def read(status: int, retry_after: str | None) -> Outcome:
    """What a status means: 2xx is taken, 410 is never again, all else is tried again."""
    if 200 <= status < 300:
        return Outcome()
    redirected = " (redirects are not followed)" if 300 <= status < 400 else ""
    wait = seconds(retry_after) if status in (TOO_MANY, AWAY) else None
    return Outcome(f"the receiver answered {status}{redirected}", gone=status == GONE, retry_after=wait)


def seconds(retry_after: str | None) -> float | None:
    """The header in seconds, given as a number or as a date; None when it is neither."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def webhook_of(url: str | None, secret: str | None, *, private: bool) -> Webhook | None:
    """The webhook the settings name; None when they name none. Raises UnusableWebhook."""
    if url is None:
        return None
    if secret is None:
        raise UnusableWebhook(
            "SKILL_FLEET_WEBHOOK_URL is set, but nothing signs what it is sent: "
            "set SKILL_FLEET_WEBHOOK_SECRET too (docs/notifications.md says how to make one)."
        )
    check_secret(secret)
    try:
        return Webhook(destination(url, private=private), Signer(secret))
    except UnsafeDestination as error:
        raise UnusableWebhook(f"SKILL_FLEET_WEBHOOK_URL may not be used: {error}.") from error


def check_secret(secret: str) -> None:
    """Refuse a secret that is none of Standard Webhooks'. Raises UnusableWebhook, which does not repeat it."""
    try:
        key = base64.b64decode(secret.removeprefix(BEGINS), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(BEGINS) or len(key) < SHORTEST:
        raise UnusableWebhook(
            f"SKILL_FLEET_WEBHOOK_SECRET must be {BEGINS} and then base64 of at least {SHORTEST} "
            "random bytes (docs/notifications.md says how to make one)."
        )
