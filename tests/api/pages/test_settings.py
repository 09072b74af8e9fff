"""The page of settings in words: for its owner and for others, with something broken, and without a model."""

import re

import httpx
import pytest

from api.pages.settings import CHECKS, KINDS, kept_words, policy_words, proof_words
from domain.evidence.policy import Policy
from domain.evidence.profile import LOCAL_SMALL, STANDARD
from domain.retention import Kind
from settings import Settings
from tests.api.pages.by_hand import HTML, page


async def test_the_owner_sees_models_keys_and_what_is_kept(client: httpx.AsyncClient) -> None:
    text, fields = await page(client, "/settings")
    for part in ("Models", "Health", "Proof", "What is kept", "Keys of the api", "Versions"):
        assert part in text
    assert "none is named here" in text and "SKILL_FLEET_MODEL_API_KEY" in text
    assert "Requests to this api need no key" in text
    assert "as of migration" in text and "to get one usually takes" in text
    assert not re.search(r"pollers|schema|\b1 workers", text)
    assert fields.names <= {
        "token",
        "name",
        "back",
        "viewport",
        "color-scheme",
        "htmx-config",
    }  # nothing to change here


async def test_somebody_else_sees_what_concerns_them(client: httpx.AsyncClient) -> None:
    shown = await client.get("/settings", headers={**HTML, "X-User-Id": "bob"})
    assert "You are <strong>bob</strong>: author, reviewer." in shown.text
    assert [part for part in ("What is kept", "SKILL_FLEET_", "Around it") if part in shown.text] == []
    assert "Health" in shown.text


async def test_what_is_broken_stands_there_with_what_mends_it(cut_off: httpx.AsyncClient) -> None:
    text, _ = await page(cut_off, "/settings")
    assert "something is missing" in text
    assert "PostgreSQL does not answer<br>Start it: skill-fleet up" in text
    assert "unknown while the database is away" in text


async def test_a_name_that_is_markup_is_text(client: httpx.AsyncClient) -> None:
    shown = await client.get("/settings", headers={**HTML, "X-User-Id": "<script>x</script>"})
    assert shown.status_code == 200
    assert "<script>x" not in shown.text


def test_the_policy_in_words_has_its_numbers() -> None:
    assert policy_words(Policy(mode="warn", cases=1, delta=0.1, recall=0.0, precision=0.0, sure=True)) == [
        "At least 1 case must prove a skill; a draft that lacks evidence is published with a warning.",
        "Agents must pass more of them with the skill than without it, by more than "
        "+10\N{NO-BREAK SPACE}points; chance must not explain the gain.",
    ]
    assert "80\N{NO-BREAK SPACE}% of the fitting messages" in policy_words(Policy())[-1]


@pytest.mark.parametrize(("profile", "said"), [(STANDARD, "is tried on"), (LOCAL_SMALL, "Only code grades")])
def test_the_profile_in_words(profile: object, said: str) -> None:
    words = proof_words(STANDARD if profile is STANDARD else LOCAL_SMALL)
    assert any(said in one for one in words)


def test_every_kind_that_is_kept_has_words_and_its_own_days() -> None:
    assert set(KINDS) == set(Kind)
    assert [days for _, days in kept_words(Settings(keep_uploads_days=11).keep)][-1] == 11
    assert all(CHECKS.values())
