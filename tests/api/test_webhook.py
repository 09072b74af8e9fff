"""One attempt at a webhook against a real receiver: signed, pinned to one address, and cut short when it is bad."""

import asyncio
import base64
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import JsonValue
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from api import webhook as sender
from api.webhook import Outcome, UnusableWebhook, Webhook, read, seconds, webhook_of
from tests.support.receiver import CERTIFICATE, Receiver, Reply, receiving

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
PAYLOAD: dict[str, JsonValue] = {"type": "job.completed", "data": {"message": "Größe: 10 €"}}


def hook(url: str, *addresses: str, tls: ssl.SSLContext | None = None) -> Webhook:
    """A webhook that may be on loopback; with addresses its host is looked up nowhere else."""
    found = webhook_of(url, SECRET, private=True)
    assert found is not None

    async def known(host: str, port: int) -> list[str]:
        return list(addresses)

    return Webhook(found.to, found.signer, known if addresses else found.look_up, tls or found.tls)


async def send(receiver: Receiver, message_id: str = "m-1") -> Outcome:
    return await hook(receiver.url).send(message_id, PAYLOAD)


async def test_it_arrives_signed_and_the_receiver_can_verify_it() -> None:
    async with receiving() as receiver:
        assert await send(receiver) == Outcome()
    [request] = receiver.requests
    assert request.line == "POST /hook HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert Verifier(SECRET).verify(request.body, request.headers) == PAYLOAD


async def test_what_was_changed_on_the_way_or_signed_by_another_does_not_verify() -> None:
    async with receiving() as receiver:
        await send(receiver)
    [request] = receiver.requests
    other = "whsec_" + base64.b64encode(b"another key of 24 bytes!").decode()
    for secret, headers, body in [
        (SECRET, request.headers, request.body + b" "),
        (SECRET, {**request.headers, "webhook-id": "m-2"}, request.body),
        (other, request.headers, request.body),
    ]:
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, headers)


async def test_a_second_attempt_has_the_same_id_and_body() -> None:
    async with receiving() as receiver:
        await send(receiver)
        await send(receiver)
    first, second = receiver.requests
    assert receiver.ids == ["m-1", "m-1"]
    assert first.body == second.body


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_taken(status: int) -> None:
    async with receiving() as receiver:
        receiver.always = Reply(status)
        assert await send(receiver) == Outcome()


@pytest.mark.parametrize("status", [400, 401, 404, 500, 502])
async def test_any_other_answer_is_a_failure_with_its_number(status: int) -> None:
    async with receiving() as receiver:
        receiver.always = Reply(status)
        assert await send(receiver) == Outcome(f"the receiver answered {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_leads_nowhere(status: int) -> None:
    async with receiving() as receiver, receiving() as inside:
        receiver.always = Reply(status, {"Location": inside.url})
        outcome = await send(receiver)
    assert outcome.error == f"the receiver answered {status} (redirects are not followed)"
    assert inside.requests == []


async def test_gone_is_for_good_and_a_busy_receiver_says_when() -> None:
    async with receiving() as receiver:
        receiver.replies.extend([Reply(410), Reply(429, {"Retry-After": "70"}), Reply(503, {"Retry-After": "80"})])
        outcomes = [await send(receiver) for _ in range(3)]
    assert [outcome.gone for outcome in outcomes] == [True, False, False]
    assert [outcome.retry_after for outcome in outcomes] == [None, 70.0, 80.0]


async def test_a_body_without_end_is_not_read() -> None:
    async with receiving() as receiver:
        receiver.always = Reply(200, manner="endless body")
        began = time.monotonic()
        assert await send(receiver) == Outcome()
    assert time.monotonic() - began < sender.WITHIN


@pytest.mark.parametrize("manner", ["hang", "slow head"])
async def test_an_attempt_ends_in_time_however_slowly_it_is_answered(
    manner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sender.WITHIN == 5.0
    monkeypatch.setattr(sender, "WITHIN", 0.4)
    async with receiving() as receiver:
        receiver.always = Reply(200, manner=manner)  # type: ignore[arg-type]  # parametrized over a literal
        outcome = await send(receiver)
    assert outcome.error is not None
    assert outcome.error.startswith(("no answer within", "ReadTimeout"))


async def test_a_resolver_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "WITHIN", 0.1)

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    known = hook("https://hooks.example/")
    outcome = await Webhook(known.to, known.signer, silent, known.tls).send("m-1", PAYLOAD)
    assert outcome.error == "no answer within 0 s"


async def test_a_receiver_that_hangs_up_or_is_not_there_is_a_failure() -> None:
    async with receiving() as receiver:
        receiver.always = Reply(manner="hang up")
        assert (await send(receiver)).error == "RemoteProtocolError"
    assert ((await send(receiver)).error or "").startswith("ConnectError")
    unknown = await hook("https://nobody.invalid/").send("m-1", PAYLOAD)
    assert (unknown.error or "").startswith("gaierror")


async def test_what_is_no_http_is_a_failure_that_does_not_repeat_what_was_said() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(other, "127.0.0.1", 0)
    outcome = await hook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/").send("m-1", PAYLOAD)
    server.close()
    assert outcome.error == "RemoteProtocolError"


async def test_it_connects_to_the_address_that_was_judged_and_asks_for_no_other() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with receiving() as judged, receiving("127.0.0.2", judged.port) as other:
        known = hook(f"http://rebinding.invalid:{judged.port}/hook")
        outcome = await Webhook(known.to, known.signer, rebinding, known.tls).send("m-1", PAYLOAD)
    assert outcome == Outcome()
    assert asked == ["rebinding.invalid"]
    assert judged.requests[0].headers["host"] == f"rebinding.invalid:{judged.port}"
    assert other.requests == []


async def test_a_name_that_turns_inside_after_the_start_is_not_followed() -> None:
    found = webhook_of("https://hooks.example/", SECRET, private=False)
    assert found is not None

    async def inside(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    outcome = await Webhook(found.to, found.signer, inside, found.tls).send("m-1", PAYLOAD)
    assert (outcome.error or "").startswith("not sent: its address is not on the internet")


async def test_the_next_address_of_a_host_is_tried_when_one_is_dead() -> None:
    async with receiving("127.0.0.2") as receiver:
        url = f"http://hooks.invalid:{receiver.port}/hook"
        # Not 127.0.0.1: another test's server may have this very port there.
        assert await hook(url, "127.0.0.9", "127.0.0.2").send("m-1", PAYLOAD) == Outcome()
    assert len(receiver.requests) == 1


async def test_a_host_that_answered_badly_is_not_told_twice_in_one_attempt() -> None:
    async with receiving() as first, receiving("127.0.0.2", first.port) as second:
        first.always = Reply(500)
        url = f"http://hooks.invalid:{first.port}/hook"
        outcome = await hook(url, "127.0.0.1", "127.0.0.2").send("m-1", PAYLOAD)
    assert outcome.error == "the receiver answered 500"
    assert second.requests == []


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await send(receiver) == Outcome()
    assert (len(receiver.requests), proxy.requests) == (1, [])


async def test_a_pinned_address_still_proves_that_it_is_the_named_host() -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    async with receiving(tls=True) as receiver:
        right = hook(f"https://hooks.example:{receiver.port}/", "127.0.0.1", tls=trusting)
        assert await right.send("m-1", PAYLOAD) == Outcome()
        wrong = hook(f"https://other.example:{receiver.port}/", "127.0.0.1", tls=trusting)
        assert "Hostname mismatch" in ((await wrong.send("m-2", PAYLOAD)).error or "")
        doubting = hook(f"https://hooks.example:{receiver.port}/", "127.0.0.1")
        assert "self-signed" in ((await doubting.send("m-3", PAYLOAD)).error or "")
    assert receiver.ids == ["m-1"]
    assert receiver.server_names == ["hooks.example", "other.example", "hooks.example"]


async def test_a_token_in_the_url_is_sent_and_shows_up_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with receiving() as receiver:
        receiver.always = Reply(500)
        outcome = await hook(f"{receiver.url}?token=t0ps3cret").send("m-1", PAYLOAD)
    assert "t0ps3cret" in receiver.requests[0].line
    assert "t0ps3cret" not in caplog.text + str(outcome)


@pytest.mark.parametrize(
    ("given", "wanted"), [("0", 0.0), ("120", 120.0), (None, None), ("soon", None), ("-5", None), ("nan", None)]
)
def test_retry_after_is_read_as_seconds(given: str | None, wanted: float | None) -> None:
    assert seconds(given) == wanted


def test_retry_after_is_read_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    assert 590 < (seconds(later) or 0) <= 600
    assert seconds(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)) == 0.0
    assert seconds("Wed, 21 Oct 2026 07:28:00 -0000") is None


def test_retry_after_counts_only_where_it_means_later() -> None:
    assert read(500, "60").retry_after is None
    assert read(503, "60").retry_after == 60.0


def test_without_a_url_there_is_no_webhook() -> None:
    assert webhook_of(None, None, private=False) is None
    assert webhook_of(None, SECRET, private=False) is None


@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        "whsec_not base64 at all!!!!!!!!!!!!!!!!!!!!!",
        "whsec_" + base64.b64encode(b"23 bytes are not enough").decode(),
    ],
)
def test_a_url_without_a_proper_secret_is_refused_in_clear_words(secret: str | None) -> None:
    with pytest.raises(UnusableWebhook, match="SKILL_FLEET_WEBHOOK_SECRET") as refused:
        webhook_of("https://hooks.example/", secret, private=False)
    assert not secret or len(secret) < 10 or secret not in str(refused.value)


@pytest.mark.parametrize("url", ["http://hooks.example/", "https://169.254.169.254/", "https://u:p@hooks.example/"])
def test_an_unsafe_url_is_refused_in_clear_words(url: str) -> None:
    with pytest.raises(UnusableWebhook, match="SKILL_FLEET_WEBHOOK_URL may not be used: it"):
        webhook_of(url, SECRET, private=False)
