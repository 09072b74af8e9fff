# mypy: ignore-errors
# The group `bench` is not installed in ordinary checks, and without it every decorator and base here is unknown.
"""LangGraph with its PostgreSQL checkpointer: a node for each model call, `interrupt` for the person.

As its documentation shows it: a connection pool, `durability="sync"` (a link is stored before the next one begins),
`Command(resume=...)` for the answer. The library has no worker: a run lives in the task that invoked it, and whoever
starts the process again has to know which threads to invoke again. So nothing here takes up dead runs.
"""

import asyncio
import operator
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, RetryPolicy, interrupt
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from tests.bench.peers.front import Options, Peer, main
from tests.bench.peers.job import ATTEMPTS, SHAPES, Name, ask


class State(TypedDict):
    """What the graph carries."""

    job: str
    answers: Annotated[list[str], operator.add]


Graph = CompiledStateGraph[State, None, State, State]
Update = dict[str, list[str]]
Node = Callable[[State], Awaitable[Update]]


def graph_of(shape: Name, http: httpx.AsyncClient, saver: AsyncPostgresSaver) -> Graph:
    """Links one after the other; the nodes of a link side by side; the person between."""
    graph = StateGraph(State)
    before, after = SHAPES[shape].before, SHAPES[shape].after
    ends = [START]
    for link, side_by_side in enumerate((*before, 0, *after)):
        names = [f"link {link} call {number}" for number in range(side_by_side)] or ["person"]
        for number, name in enumerate(names):
            node = _asks(http, link, number) if side_by_side else _waits
            graph.add_node(name, node, retry_policy=RetryPolicy(max_attempts=ATTEMPTS))
            graph.add_edge(ends[0] if len(ends) == 1 else ends, name)
        ends = names
    graph.add_edge(ends[0] if len(ends) == 1 else ends, END)
    return graph.compile(checkpointer=saver)


def _asks(http: httpx.AsyncClient, link: int, number: int) -> Node:
    async def node(state: State) -> Update:
        return {"answers": [await ask(http, state["job"], link, number)]}

    return node


async def _waits(_state: State) -> Update:
    interrupt("Shall it be published?")
    return {"answers": []}


class LangGraph(Peer):
    """The library inside one process; runs are tasks of its event loop."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        super().__init__(options, http)
        self.shapes: dict[str, Name] = {}
        self.runs: dict[str, asyncio.Task[object]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        how = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        pool: AsyncConnectionPool[AsyncConnection[DictRow]]
        async with AsyncConnectionPool(self.options.database, min_size=4, max_size=20, kwargs=how) as pool:
            saver = AsyncPostgresSaver(pool)
            await saver.setup()
            self.graphs = {name: graph_of(name, self.http, saver) for name in SHAPES}
            yield

    def _run(self, job: str, what: State | Command[None]) -> None:
        config: RunnableConfig = {"configurable": {"thread_id": job}}
        run = self.graphs[self.shapes[job]].ainvoke(what, config, durability="sync")
        self.runs[job] = asyncio.create_task(run)

    async def start(self, job: str, shape: Name) -> None:
        self.shapes[job] = shape
        self._run(job, State(job=job, answers=[]))

    async def answer(self, job: str) -> None:
        self._run(job, Command(resume=True))

    async def until_waiting(self, job: str) -> None:
        await self.runs[job]

    async def until_done(self, job: str) -> None:
        await self.runs.pop(job)


if __name__ == "__main__":
    main(LangGraph, None)
