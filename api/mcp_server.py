"""`python -m api.mcp_server`: the library for agents over the Model Context Protocol, on stdin and stdout.

Its own process, one client. It reads the api over HTTP only, starts while the api is away, and writes nothing but the
protocol to stdout; what it has to say to people goes to stderr.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourcesListChanged
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from api.mcp_client import Line, at, noted_in
from api.mcp_context import Context
from api.mcp_resources import Resources
from api.mcp_shelf import Shelf
from api.mcp_tools import Tools
from domain.errors import SkillFleetError
from domain.library.catalog import instructions

NAME = "skill-fleet"
FIRST_LOOK = 5.0
"""Seconds that the start waits for the catalog; without it the instructions say how to find skills later."""

AWAY = (
    "Skills are written procedures, served as data from a library that could not be reached at the start: {why} "
    "Try search_skills when a task begins."
)

log = logging.getLogger("skill-fleet-mcp")


def build(shelf: Shelf, told: str) -> Server[None]:
    """The server over a shelf; `told` are its instructions."""
    bus = InMemorySubscriptionBus()
    resources, tools = Resources(shelf), Tools(shelf, _teller(bus))
    server: Server[None] = Server(
        NAME,
        version="1",
        instructions=told,
        on_list_resources=resources.list,
        on_list_resource_templates=resources.templates,
        on_read_resource=resources.read,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
        on_subscriptions_listen=ListenHandler(bus),
    )
    resources.add_to(server)
    return server


def _teller(bus: InMemorySubscriptionBus) -> Callable[[Context], Awaitable[None]]:
    """Tells the client that the list of resources has changed, in the way of its protocol's version."""

    async def tell(context: Context) -> None:
        await bus.publish(ResourcesListChanged())
        if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            await context.session.send_resource_list_changed()

    return tell


async def first_look(shelf: Shelf) -> str:
    """The instructions, from the catalog as it is now."""
    try:
        async with asyncio.timeout(FIRST_LOOK):
            catalog = await shelf.catalog()
    except (SkillFleetError, TimeoutError) as error:
        log.warning("the library cannot be reached yet: %s", error)
        return AWAY.format(why=str(error) or "it took too long.")
    shelf.has_changed(catalog)
    return instructions(catalog.skills, all_skills=shelf.everything)


async def serve(where: Callable[[], str], user: str | None, *, everything: bool) -> None:
    """Serve one client until it closes stdin."""
    async with Line(where, user) as line:
        shelf = Shelf(line, everything=everything)
        server = build(shelf, await first_look(shelf))
        options = server.create_initialization_options(NotificationOptions(resources_changed=True))
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, options)


def main(arguments: list[str] | None = None) -> None:
    """The process. `skill-fleet mcp` becomes it."""
    parser = argparse.ArgumentParser(prog="api.mcp_server", description="Serve the library over MCP.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--api-url", help="where the api is")
    source.add_argument("--stack-file", type=Path, help="the stack.json that says where it is")
    parser.add_argument("--user", help="whose mounted skills are served, and who is on record for their use")
    parser.add_argument("--all", action="store_true", help="serve the whole library")
    given = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    where = at(given.api_url) if given.api_url else noted_in(given.stack_file)
    asyncio.run(serve(where, given.user, everything=given.all))


if __name__ == "__main__":
    main()
