"""What every handler of the MCP server shares: the context it is given, and errors as the protocol says them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from domain.errors import NotFound, SkillFleetError

Context = ServerRequestContext[None, object]


@asynccontextmanager
async def answered() -> AsyncIterator[None]:
    """Our errors as protocol errors with the same sentence; the server goes on."""
    try:
        yield
    except NotFound as error:
        raise MCPError(types.INVALID_PARAMS, str(error)) from error
    except SkillFleetError as error:
        raise MCPError(types.INTERNAL_ERROR, str(error)) from error
