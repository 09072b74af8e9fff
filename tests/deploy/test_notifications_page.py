"""The page for operators says what is true: types, fields, pauses, settings, and snippets that verify."""

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path

from standardwebhooks import Webhook

from api.notifying import AGAIN_AFTER
from api.webhook import WITHIN
from settings import PREFIX, Settings
from store import jobs
from store.outbox import MESSAGES, NotificationType
from store.session import Database
from store.tables import Notification
from tests.support.rows import make_job, make_prompt

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "notifications.md"
TEXT = PAGE.read_text()


def block(language: str) -> str:
    """The one block of code in a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def test_every_type_is_listed_and_none_besides() -> None:
    assert re.findall(r"^\| `(job\.[a-z.]+)` \|", TEXT, re.MULTILINE) == list(NotificationType)


async def test_the_example_has_the_fields_of_a_real_one(database: Database, database_url: str) -> None:
    example = json.loads(block("http").partition("\n\n")[2])
    telling = Database.connect(database_url, notify=True)
    job = await make_job(telling)
    prompt = await make_prompt(telling, job)
    async with telling.transaction() as session:
        assert await jobs.get(session, job) is not None
        [real] = await session.run_sync(lambda one: one.query(Notification.payload).all())
    await telling.dispose()
    assert (list(example), sorted(example["data"])) == (["type", "timestamp", "data"], sorted(real.payload["data"]))
    assert sorted(example["data"]["links"]) == sorted(real.payload["data"]["links"])
    assert example["data"]["message"] == MESSAGES[NotificationType(example["type"])]
    assert real.payload["data"]["interaction_id"] == str(prompt)


def test_the_pauses_are_those_it_names() -> None:
    units = {"s": "seconds", "min": "minutes", "h": "hours"}
    sentence = TEXT[TEXT.index("All else is tried again") : TEXT.index("each up to a tenth longer")]
    named = [(int(number), units[unit]) for number, unit in re.findall(r"(\d+)\s(s|min|h)\b", sentence)]
    seconds = {"seconds": 1, "minutes": 60, "hours": 3600}
    assert [number * seconds[unit] for number, unit in named] == [pause.total_seconds() for pause in AGAIN_AFTER]
    assert f"2xx within {WITHIN:.0f} seconds" in TEXT


def test_only_settings_are_named_that_exist() -> None:
    named = set(re.findall(r"SKILL_FLEET_[A-Z_]*[A-Z]", TEXT))
    assert named == {PREFIX + name.upper() for name in Settings.model_fields if name.startswith("webhook_")}


def test_links_lead_to_files() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("https://")]
    assert links
    assert [link for link in links if not (PAGE.parent / link).resolve().exists()] == []


def test_the_receiver_in_python_takes_what_is_signed_once_and_refuses_the_rest() -> None:
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
    seen: list[str] = []
    queued: list[object] = []

    class Queue:
        put = staticmethod(queued.append)

    def remember(message_id: str) -> bool:
        return message_id not in seen and not seen.append(message_id)  # type: ignore[func-returns-value]

    given = {"SECRET": secret, "remember": remember, "queue": Queue}
    exec(block("python"), given)
    receive = given["receive"]
    assert callable(receive)
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "m-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("m-1", now, '{"a":1}'),
    }
    assert [receive(b'{"a":1}', headers), receive(b'{"a":1}', headers), receive(b'{"a":2}', headers)] == [204, 204, 401]
    assert queued == [{"a": 1}]
