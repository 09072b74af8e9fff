"""The inbox as it changes: the whole page now, and again whenever it is another one, across restarts of the api.

Must not print.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
from httpx_sse import SSEError
from pydantic import ValidationError

from cli.client import Api
from cli.feed import MAX_FAILURES, WAITS, refuse_errors
from cli.problems import CliError, unreachable
from domain.job import PendingPage

PATH = "/jobs/pending/events"


def pages(api: Api, conditions: dict[str, str]) -> Iterator[PendingPage]:
    """Never ends by itself. Raises CliError when the api stays away or refuses."""
    path = f"{PATH}?{urlencode(conditions)}" if conditions else PATH
    last, failures = "", 0
    while True:
        try:
            for state, page in _connection(api, path, last):
                last, failures = state, 0
                yield page
            failures += 1
        except httpx.TransportError as error:
            failures += 1
            if failures >= MAX_FAILURES:
                raise unreachable(api.url, error) from error
        api.pause(WAITS[min(failures, len(WAITS)) - 1])


def _connection(api: Api, path: str, last: str) -> Iterator[tuple[str, PendingPage]]:
    """Every state that is not the one seen last, with its id."""
    with api.stream(path, last or None) as source:
        refuse_errors(source.response)
        try:
            for sent in source.iter_sse():
                if sent.data:
                    yield sent.id, PendingPage.model_validate_json(sent.data, extra="ignore")
        except (SSEError, ValidationError) as error:
            raise CliError(
                f"{api.url} does not answer with a stream of inboxes.",
                why=str(error),
                next_step="check --api-url; without --watch it may still work",
            ) from error
