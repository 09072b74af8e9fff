"""Server-Sent Events as a client reads them."""

from collections.abc import AsyncIterator
from typing import TypedDict

import httpx

from domain.job import JobEvent


class Frame(TypedDict):
    """One event as it was read; `id` is empty for one that has none."""

    id: str
    event: str
    data: JobEvent


def fields(block: str) -> dict[str, str]:
    """The fields of one block; none for a comment."""
    return dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))


def parsed(text: str) -> list[Frame]:
    """The events in a text."""
    found = [fields(block) for block in text.split("\n\n")]
    return [
        {"id": one.get("id", ""), "event": one["event"], "data": JobEvent.model_validate_json(one["data"])}
        for one in found
        if one
    ]


async def blocks(response: httpx.Response) -> AsyncIterator[str]:
    """The blocks of an open stream as they come, comments included."""
    text = ""
    async for part in response.aiter_text():
        text += part
        while "\n\n" in text:
            block, _, text = text.partition("\n\n")
            yield block


async def events(response: httpx.Response) -> AsyncIterator[Frame]:
    """The events of an open stream as they come."""
    async for block in blocks(response):
        for frame in parsed(block):
            yield frame
