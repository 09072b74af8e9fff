"""A page read and a form sent as a browser without JavaScript does."""

from html.parser import HTMLParser

import httpx

HTML = {"Accept": "text/html"}


class Fields(HTMLParser):
    """The names and values of a page's hidden fields and inputs, and its inline code (which must not be)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.names: set[str] = set()
        self.inline = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("type") == "hidden":
            self.hidden[given["name"] or ""] = given["value"] or ""
        if given.get("name"):
            self.names.add(given["name"] or "")
        inline_code = tag == "style" or (tag == "script" and "src" not in given)
        self.inline += inline_code or any(name == "style" or name.startswith("on") for name in given)


async def page(client: httpx.AsyncClient, path: str) -> tuple[str, Fields]:
    response = await client.get(path, headers=HTML)
    assert response.status_code == 200, response.text
    fields = Fields(response.text)
    assert fields.inline == 0
    return response.text, fields


async def send(client: httpx.AsyncClient, path: str, fields: Fields, **given: str) -> httpx.Response:
    return await client.post(path, data={**fields.hidden, **given}, headers=HTML)
