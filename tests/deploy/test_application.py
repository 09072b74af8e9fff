"""The parts that are ours: how they are started and when they count as ready."""

import http.server
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from activities.draining import LAST
from deploy.application import DRAIN, Api, LocalModel, Worker, answers, migrations, replay_gate

SECRET = {"MODEL_SERVER_KEY": "secret"}


class Handler(http.server.BaseHTTPRequestHandler):
    """200 for the two health addresses, 503 for anything else."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.path in {"/health", "/api/v1/health/live"} else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a server that is healthy."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever).start()
        yield running.server_port
        running.shutdown()


async def test_only_200_counts_as_an_answer(server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert await answers(f"http://127.0.0.1:{server}/health")
    assert not await answers(f"http://127.0.0.1:{server}/else")
    assert not await answers("http://127.0.0.1:1/health")


async def test_api_and_model_are_ready_when_their_health_answers(server: int, tmp_path: Path) -> None:
    assert await Api(tmp_path, tmp_path, server, {}).ready()
    assert await LocalModel(tmp_path, tmp_path, tmp_path / "w", server, {}).ready()
    assert not await Api(tmp_path, tmp_path, 1, {}).ready()


async def test_a_worker_without_temporal_is_not_ready(tmp_path: Path) -> None:
    worker = Worker(tmp_path, tmp_path, "127.0.0.1:1", "build", {})
    await worker.prepare()
    assert not await worker.ready()


def test_every_part_of_ours_runs_in_the_checkout_on_loopback(tmp_path: Path) -> None:
    api = Api(tmp_path, tmp_path, 8, {}).command()
    assert " ".join(api.arguments[1:]).startswith("-m uvicorn api.app:create --factory --host 127.0.0.1 --port 8")
    worker = Worker(tmp_path, tmp_path, "a", "b", {}).command()
    assert worker.arguments[1:] == (str(tmp_path / "worker.py"), "--drain", DRAIN)
    assert migrations(tmp_path, {}).arguments[-2:] == ("upgrade", "head")
    assert replay_gate(tmp_path, {}).arguments[1:] == ("-m", "deploy.rollout", "gate", "--only-running")
    assert {api.directory, worker.directory, migrations(tmp_path, {}).directory} == {tmp_path}


def test_the_model_s_key_is_in_no_argument(tmp_path: Path) -> None:
    command = LocalModel(tmp_path, tmp_path, tmp_path / "weights.gguf", 8, SECRET).command()
    assert command.environment["MODEL_SERVER_KEY"] == "secret"
    assert "secret" not in " ".join(command.arguments)
    assert command.arguments[-4:] == ("--weights", str(tmp_path / "weights.gguf"), "--port", "8")


def test_the_time_all_parts_have_to_stop_is_15_seconds() -> None:
    from deploy.postgres_server import PostgresServer
    from deploy.temporal_server import TemporalServer

    parts = (Api, Worker, LocalModel, TemporalServer, PostgresServer)
    assert sum(part.stop_grace for part in parts) <= 15


def test_the_worker_has_handed_back_what_runs_before_it_is_killed() -> None:
    assert timedelta(seconds=float(DRAIN)) + LAST <= timedelta(seconds=Worker.stop_grace)
