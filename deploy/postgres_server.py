"""PostgreSQL as a part of the stack: one server on loopback TCP, with the application's role and database."""

import signal
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from deploy.part import Part
from deploy.ports import HOST
from deploy.postgres_cluster import SUPERUSER, Cluster, clear_leftovers
from deploy.process import Command

ROLE = "skill_fleet"
"""The role the application uses: owner of its database, no superuser. CREATEDB so that tests can make their own."""
DATABASE = "skill_fleet"
MAX_CONNECTIONS = 300
"""Several processes of 50 connections each exceed PostgreSQL's default of 100."""


class PostgresServer(Part):
    """Listens on TCP only: a Unix socket's path may have 107 characters, and a data folder's may be longer."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint, leaves
    stop_grace = 3.0

    def __init__(self, logs: Path, cluster: Cluster, port: int) -> None:
        super().__init__(logs)
        self._cluster = cluster
        self._port = port
        self._set_up = False

    @property
    def url(self) -> str:
        """The application's database, with its password."""
        return f"postgresql://{ROLE}:{self._password()}@{HOST}:{self._port}/{DATABASE}"

    async def prepare(self) -> None:
        """A server that was killed leaves backends and a pid file; both would stop the next."""
        clear_leftovers(self._cluster.data)

    def command(self) -> Command:
        """The server in the foreground; `unix_socket_directories` empty is what long paths need."""
        values = {
            "listen_addresses": HOST,
            "port": self._port,
            "unix_socket_directories": "",
            "max_connections": MAX_CONNECTIONS,
            "password_encryption": "scram-sha-256",
            "log_destination": "stderr",
            "logging_collector": "off",
        }
        settings = [word for key, value in values.items() for word in ("-c", f"{key}={value}")]
        return self._cluster.program("postgres", "-D", str(self._cluster.data), *settings)

    async def ready(self) -> bool:
        """Whether it answers; the first time, whether role and database are there as well."""
        try:
            if not self._set_up:
                await self._set_up_database()
                self._set_up = True
            async with await self._connect(ROLE, DATABASE):
                return True
        except psycopg.Error:
            return False

    async def _set_up_database(self) -> None:
        async with await self._connect(SUPERUSER, "postgres") as connection:
            role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
            if not await exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", ROLE):
                await connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            alter = sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(self._password()))
            await connection.execute(alter)
            if not await exists(connection, "SELECT FROM pg_database WHERE datname = %s", DATABASE):
                await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))

    async def _connect(self, user: str, database: str) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(
            host=HOST,
            port=self._port,
            user=user,
            password=self._password(),
            dbname=database,
            connect_timeout=2,
            autocommit=True,
        )

    def _password(self) -> str:
        return self._cluster.folder.password.read_text()


async def exists(connection: psycopg.AsyncConnection[tuple[object, ...]], query: LiteralString, name: str) -> bool:
    """Whether a catalogue query finds the name."""
    return (await connection.execute(query, (name,))).rowcount > 0
