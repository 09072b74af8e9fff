"""A name in a cookie, and back to the page one was on: one of ours, whatever is asked for."""

import re

import httpx
import pytest
from fastapi import FastAPI

from api.pages.home.who import own_page
from tests.api.conftest import Opened
from tests.api.pages.by_hand import HTML, page, send


@pytest.mark.parametrize(
    ("given", "back"),
    [
        ("/inbox", "/inbox"),
        ("/inbox?mine=true&kind=preview", "/inbox?mine=true&kind=preview"),
        ("/?q=a+b%25&status=", "/?q=a+b%25&status="),
        ("/?q=ü", "/?q=%C3%BC"),
        ("/inbox#x", "/inbox"),
        ("", "/"),
        ("inbox", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        (" //evil.example", "/"),
        ("/nowhere", "/"),
        ("/who", "/"),
        ("/api/v1/health/live", "/"),
        ("/api/v1/jobs", "/"),
        ("/static/page.js", "/"),
        ("/openapi.json", "/"),
        ("/inbox/live", "/inbox"),
        ("/inbox/count", "/inbox"),
        ("/jobs/0b6c2c39-6f0f-4bb1-b3de-8f0d2c8a5c55/live", "/jobs/0b6c2c39-6f0f-4bb1-b3de-8f0d2c8a5c55"),
        ("/inbox" + "?" + "x" * 5000, "/"),
    ],
)
def test_only_a_page_of_ours_is_gone_back_to(app: FastAPI, given: str, back: str) -> None:
    assert own_page(given, app.routes) == back


async def test_who_names_themselves_is_on_the_same_page_afterwards(client: httpx.AsyncClient) -> None:
    text, fields = await page(client, "/inbox?mine=true")
    assert fields.hidden["back"] == "/inbox?mine=true"
    sent = await send(client, "/who", fields, name="ada")
    assert (sent.status_code, sent.headers["Location"]) == (303, "/inbox?mine=true")
    text, fields = await page(client, sent.headers["Location"])
    assert re.search(r"You are (<[^>]+>)?ada", text)
    assert (await send(client, "/who", fields, name="")).status_code == 303
    assert "ada" not in (await page(client, "/"))[0]


async def test_from_a_refused_form_one_comes_back_to_its_page(client: httpx.AsyncClient, opened: Opened) -> None:
    job = await opened()
    _, fields = await page(client, f"/jobs/{job}")
    refused = await send(client, f"/jobs/{job}/assign", fields, assignee="group:none")
    back = re.search(r'name="back" value="([^"]*)"', refused.text)
    assert back is not None
    sent = await client.post("/who", data={**fields.hidden, "name": "ada", "back": back[1]}, headers=HTML)
    assert sent.headers["Location"] == f"/jobs/{job}"


async def test_a_name_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    _, fields = await page(client, "/")
    assert (await send(client, "/who", fields, name="käthe")).status_code == 422
    assert "skill_fleet_user" not in client.cookies
