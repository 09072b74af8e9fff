"""A problem as a page: what was typed stands there, and a page that stands already is not replaced by it."""

import httpx
import pytest

from api.pages.forms import TOKEN_COOKIE
from tests.api.pages.by_hand import HTML, Fields

PART = {**HTML, "HX-Request": "true"}
"""What htmx says when it asks for a piece of a page."""
TASK = "Write <b>release</b> notes & more"


async def started(client: httpx.AsyncClient, token: str = "", **more: str) -> httpx.Response:
    """The form of the start page, sent while the database is away; with the browser's own token when none is given."""
    fields = Fields((await client.get("/nowhere", headers=HTML)).text)
    data = {"token": token or fields.hidden["token"], "key": "k", "task_description": TASK, **more}
    return await client.post("/", data=data, headers=HTML)


async def test_a_form_that_met_a_failure_keeps_what_was_typed_and_is_sent_again_as_it_was(
    cut_off: httpx.AsyncClient,
) -> None:
    response = await started(cut_off)
    assert response.status_code == 503
    assert "&lt;b&gt;release&lt;/b&gt; notes &amp; more" in response.text
    assert "<b>release" not in response.text
    fields = Fields(response.text)
    assert fields.hidden["task_description"] == TASK
    assert fields.hidden["token"] == cut_off.cookies[TOKEN_COOKIE]
    assert '<button class="main">Send it again</button>' in response.text
    assert response.headers["X-Request-Id"] in response.text


async def test_a_form_of_another_site_is_not_offered_again(cut_off: httpx.AsyncClient) -> None:
    response = await started(cut_off, token="f" * 43)
    assert response.status_code == 403
    assert "Send it again" not in response.text
    assert "&lt;b&gt;release" in response.text


async def test_a_page_that_is_not_there_offers_ways_on_and_no_form(cut_off: httpx.AsyncClient) -> None:
    response = await cut_off.get("/nowhere", headers=HTML)
    assert response.status_code == 404
    assert "Send it again" not in response.text
    assert 'id="left"' not in response.text
    assert '<a href="/">' in response.text


def at_the_top(response: httpx.Response) -> bool:
    """Whether htmx puts this answer at the top of the page, and takes only the problem from it."""
    asked = {name: response.headers.get(f"HX-{name}") for name in ("Retarget", "Reswap", "Reselect")}
    return asked == {"Retarget": "#trouble", "Reswap": "innerMorph", "Reselect": ".problem"}


@pytest.mark.parametrize(("path", "status"), [("/inbox", 503), ("/nowhere", 404)])
async def test_a_part_that_fails_leaves_the_page_as_it_is(cut_off: httpx.AsyncClient, path: str, status: int) -> None:
    response = await cut_off.get(path, headers=PART)
    assert response.status_code == status
    assert at_the_top(response)
    assert '<p class="problem">' in response.text
    assert "<html" not in response.text
    assert "What you typed" not in response.text
    assert 'id="trouble"' in (await cut_off.get(path, headers=HTML)).text


async def test_a_form_sent_by_htmx_that_fails_says_that_the_text_is_still_there(cut_off: httpx.AsyncClient) -> None:
    token = Fields((await cut_off.get("/nowhere", headers=HTML)).text).hidden["token"]
    data = {"token": token, "key": "k", "task_description": TASK}
    response = await cut_off.post("/", data=data, headers=PART)
    assert response.status_code == 503
    assert at_the_top(response)
    assert "What you typed is still here." in response.text
    assert "release" not in response.text


async def test_a_page_for_a_browser_is_put_nowhere_by_htmx(cut_off: httpx.AsyncClient) -> None:
    response = await cut_off.get("/nowhere", headers=HTML)
    assert not [name for name in response.headers if name.startswith("hx-")]
