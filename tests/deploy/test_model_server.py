"""The local model is served to those who have the key, and answers in the form it is asked for."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import dspy
import httpx
import pytest
from dspy.utils.exceptions import LMAuthError
from pydantic import BaseModel, Field, SecretStr

from deploy.model_server import ALIAS, CONTEXT, KEY, Serving, parameters, read_arguments
from deploy.weights import default_cache_dir, ensure

SECRET = "a-key-of-the-tests"


def some_file(folder: Path, content: bytes = b"GGUF") -> Path:
    path = folder / "model.gguf"
    path.write_bytes(content)
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def start(weights: Path, port: int, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "deploy.model_server", "--weights", str(weights), "--port", str(port)]
    environment = {**os.environ, KEY: SECRET}
    return subprocess.Popen(command, env=environment, text=True, stdout=output, stderr=subprocess.STDOUT)


def test_it_is_closed_to_all_but_local_callers_with_the_key(tmp_path: Path) -> None:
    serving = Serving(weights=tmp_path, port=4321, alias="small", key=SecretStr(SECRET), threads=2)
    params = parameters(serving)
    assert params.hostnames == ["127.0.0.1"]
    assert (params.port, params.api_keys, params.offline, params.ui) == (4321, [SECRET], True, False)
    assert params.cors_origins == "http://127.0.0.1"


def test_the_schema_of_a_request_is_never_switched_off(tmp_path: Path) -> None:
    serving = Serving(weights=tmp_path, port=4321, alias="small", key=SecretStr(SECRET), threads=2)
    params = parameters(serving)
    assert params.force_pure_content_parser is False
    assert (params.n_ctx, params.n_parallel, params.cache_prompt, params.cache_ram_mib) == (CONTEXT, 1, True, 256)
    assert (params.cpuparams.n_threads, params.cpuparams_batch.n_threads) == (2, 2)


def test_arguments_and_key_become_one_checked_object(tmp_path: Path) -> None:
    weights = some_file(tmp_path)
    serving = read_arguments(["--weights", str(weights), "--port", "4321"], SECRET)
    assert (serving.weights, serving.port, serving.alias) == (weights, 4321, ALIAS)
    assert SECRET not in repr(serving)


@pytest.mark.parametrize(
    ("port", "key", "complaint"),
    [("0", SECRET, "port"), ("70000", SECRET, "port"), ("4321", "", "MODEL_SERVER_KEY is empty"), ("4321", "x", "key")],
)
def test_a_wrong_argument_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], port: str, key: str, complaint: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read_arguments(["--weights", str(some_file(tmp_path)), "--port", port], key)
    assert complaint in capsys.readouterr().err


def test_missing_weights_say_how_to_get_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        read_arguments(["--weights", str(tmp_path / "gone"), "--port", "4321"], SECRET)
    assert "python -m deploy.weights" in capsys.readouterr().err


def test_a_file_that_holds_no_model_ends_it_with_a_sentence(tmp_path: Path) -> None:
    process = start(some_file(tmp_path, b"GGUF and nonsense"), free_port())
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "error: cannot serve" in said


@pytest.mark.local_model
@pytest.mark.slow
def test_a_stop_while_the_weights_load_ends_it_at_once() -> None:
    process = start(ensure(default_cache_dir()), free_port())
    for line in process.stdout or ():
        if "loading model" in line:
            break
    process.terminate()
    process.communicate(timeout=2)
    assert process.returncode in (0, -signal.SIGTERM)


class Served(BaseModel):
    """A running server."""

    url: str
    pid: int


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The real weights, served as the stack does; fetched first if they are not in the cache."""
    weights, port = ensure(default_cache_dir()), free_port()
    process = start(weights, port, output=subprocess.DEVNULL)
    try:
        await_health(f"http://127.0.0.1:{port}", process)
        yield Served(url=f"http://127.0.0.1:{port}", pid=process.pid)
        process.terminate()
        assert process.wait(2) == 0
    finally:
        process.kill()
        process.wait()


def await_health(url: str, process: subprocess.Popen[str], patience: float = 60) -> None:
    """Ask as the supervisor does, until it serves; a busy machine takes its time to load a gigabyte."""
    end = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < end:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health").status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the model server does not serve (exit code {process.poll()})")


class SchemaLM(dspy.LM):  # type: ignore[misc] # dspy ships no types
    """As production reaches any provider that takes a schema: say so, as no catalogue knows this model."""

    @property
    def supports_response_schema(self) -> bool:
        return True

    @property
    def supported_params(self) -> set[str]:
        return {*super().supported_params, "response_format"}


class Step(BaseModel):
    title: str = Field(max_length=60)
    kind: Literal["read", "write", "check"]


class Plan(BaseModel):
    steps: list[Step] = Field(min_length=3, max_length=4)


class PlanWork(dspy.Signature):  # type: ignore[misc] # dspy ships no types
    """Plan the work in three or four short steps."""

    task: str = dspy.InputField()
    plan: Plan = dspy.OutputField()


def model(served: Served, key: str = SECRET) -> SchemaLM:
    base = f"{served.url}/v1"
    return SchemaLM(f"openai/{ALIAS}", api_base=base, api_key=key, num_retries=0, cache=False, max_tokens=400)


@pytest.mark.local_model
@pytest.mark.slow
def test_readiness_needs_no_key_and_everything_else_does(served: Served) -> None:
    assert httpx.get(f"{served.url}/health").status_code == 200
    for path in ("/v1/models", "/props", "/slots", "/metrics"):
        assert httpx.get(served.url + path).status_code == 401
    known = httpx.get(f"{served.url}/v1/models", headers={"Authorization": f"Bearer {SECRET}"})
    assert known.json()["data"][0]["id"] == ALIAS


@pytest.mark.local_model
@pytest.mark.slow
def test_it_listens_on_loopback_only_and_grants_no_other_origin(served: Served) -> None:
    answer = httpx.get(f"{served.url}/health", headers={"Origin": "http://elsewhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1"


@pytest.mark.local_model
@pytest.mark.slow
def test_a_schema_constrained_answer_parses(served: Served) -> None:
    with dspy.context(lm=model(served), adapter=dspy.JSONAdapter()):
        answer = dspy.Predict(PlanWork)(task="Summarise last week's support tickets for the product team.")
    assert isinstance(answer.plan, Plan)
    assert 3 <= len(answer.plan.steps) <= 4


@pytest.mark.local_model
@pytest.mark.slow
def test_another_key_is_refused(served: Served) -> None:
    with (
        dspy.context(lm=model(served, "another-key-than-that"), adapter=dspy.JSONAdapter()),
        pytest.raises(LMAuthError),
    ):
        dspy.Predict(PlanWork)(task="Summarise last week's support tickets.")
