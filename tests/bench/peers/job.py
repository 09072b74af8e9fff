"""The job that every system of the bench does, and the model call it is made of.

The shape is that of this application's own job with the stand-in provider: `python -m tests.bench` compares both and
stops when they differ. A peer calls the provider with plain HTTP; its prompt is as long as ours are at the median.
"""

from dataclasses import dataclass
from typing import Literal

import httpx

Name = Literal["whole", "parked"]


@dataclass(frozen=True)
class Shape:
    """Links of a chain, each with its number of calls side by side: before a person is waited for, and after."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def calls(self) -> int:
        """All model calls of a job."""
        return sum(self.before) + sum(self.after)


SHAPES: dict[Name, Shape] = {
    "whole": Shape((1, 1, 1, 1, 2, 2, 2, 3, 2, 2, 2, 1, 2, 2, 2), (1,)),
    "parked": Shape((1, 1), (1,)),
}
"""`whole`: a skill from its request to its approval at the preview. `parked`: one that waits after its first questions.
"""

PROMPT = "Write release notes for the Acme CLI from merged pull requests, grouped into Added, Fixed and Breaking. " * 18
"""1,900 characters: the median prompt of a job of ours."""

HEARTBEAT = 2.5
"""Seconds after which a worker that died amid a model call is noticed, where a system has such a setting; as ours."""


ATTEMPTS = 8
"""How often a model call is tried, where a system does not try for ever by itself; as ours."""


def provider_client(url: str, key: str) -> httpx.AsyncClient:
    """A client that waits as long as a model may take, with as many connections as there are calls.

    An idle connection is dropped after 2 s: the provider closes them after 5, and a call on a closed one fails.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=2)
    headers = {"authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=120, limits=limits)


async def ask(http: httpx.AsyncClient, job: str, link: int, number: int) -> str:
    """One model call. The job's name in the prompt lets the provider's ledger tell whose call it was."""
    prompt = f"{job}. Link {link}, call {number}. {PROMPT}"
    body = {"model": "stand-in", "messages": [{"role": "user", "content": prompt}]}
    response = await http.post("/chat/completions", json=body)
    response.raise_for_status()
    return str(response.json()["choices"][0]["message"]["content"])
