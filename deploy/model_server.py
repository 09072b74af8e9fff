"""Serves one GGUF file over the OpenAI protocol on 127.0.0.1, with llama.cpp in this process. Run, never imported
by the application: it is a part of the stack that `deploy.local` starts and ends.

It takes no port but the one given, reaches no network, and answers nothing but `/health` without the key. The key comes
in the variable MODEL_SERVER_KEY, because everyone on the machine can read arguments.

usage: MODEL_SERVER_KEY=... python -m deploy.model_server --weights FILE --port N [--alias NAME]

Settings that were tried on 2 cores and left alone, as the differences were within the noise: flash attention on or
off, a prompt batch of 128, polling off, n-gram speculation. Two cost decoding speed: an 8-bit key/value cache (a tenth)
and not repacking the weights (a quarter, for 0.6 GB less memory).
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

if TYPE_CHECKING:
    import xllamacpp

ALIAS = "qwen2.5-coder-1.5b-instruct-q4_k_m"
"""What the default weights are called in requests; another file is called by its own name."""
CONTEXT = 8192
"""Tokens of prompt and answer together: the section calls need under 4,000, and each 1,000 take 28 MB."""
PROMPT_CACHE_MIB = 256
"""llama.cpp's default is 8192, more than the rest of the stack together."""
KEY = "MODEL_SERVER_KEY"
PATIENCE = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "2000"}
"""Have OpenMP's threads wait for each other asleep. By default they spin, and as soon as another program wants the
same cores, decoding falls apart: with two busy programs on 2 cores 0.3-0.8 tokens/s against 3-7 like this. On idle
cores the two were the same within the noise (12.0 and 12.3 tokens/s, medians of four)."""
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Serving(BaseModel):
    """What to serve and where."""

    model_config = ConfigDict(frozen=True)

    weights: Path
    port: int = Field(ge=1, le=65535)
    alias: str = Field(min_length=1)
    key: SecretStr = Field(min_length=16)
    threads: int = Field(ge=1)


def available_cores() -> int:
    """Cores this process may use, which a container may have limited."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def parameters(serving: Serving) -> "xllamacpp.CommonParams":
    """llama.cpp's own parameters.

    `force_pure_content_parser` stays off: it silently drops the JSON schema of a request.
    """
    import xllamacpp  # noqa: PLC0415 - a process entry point

    params = xllamacpp.CommonParams()
    params.model.path = str(serving.weights)
    params.model_alias = {serving.alias}
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = serving.threads
    params.cache_prompt = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.offline = True
    close_doors(params, serving)
    return params


def close_doors(params: "xllamacpp.CommonParams", serving: Serving) -> None:
    """Loopback only, key required, no page, and no web page of another origin may call it."""
    params.hostnames = ["127.0.0.1"]
    params.port = serving.port
    params.api_keys = [serving.key.get_secret_value()]
    params.cors_origins = "http://127.0.0.1"
    params.cors_credentials = False
    params.ui = False
    params.endpoint_slots = False


def load(serving: Serving) -> "xllamacpp.Server":
    """Load the weights and begin to serve. Ends the process with 1 when that cannot be done."""
    os.environ.update(PATIENCE)  # OpenMP reads it when the library is loaded
    import xllamacpp  # noqa: PLC0415 - so not before here

    try:
        return xllamacpp.Server(parameters(serving))
    except RuntimeError as error:
        sys.stderr.write(f"error: cannot serve {serving.weights} on port {serving.port}: {error}\n")
        sys.exit(1)


def wait_for_stop() -> None:
    """Return when a stop signal comes, whichever thread the kernel gives it to."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda _number, _frame: None)
    os.read(reader, 1)


def read_arguments(arguments: list[str], key: str) -> Serving:
    """Arguments and key as one checked object; ends the process with 2 and a usage line when they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m deploy.model_server")
    parser.add_argument("--weights", type=Path, required=True, help="a GGUF file")
    parser.add_argument("--port", type=int, required=True, help="a free port of 127.0.0.1")
    parser.add_argument("--alias", default=ALIAS, help="the model's name in requests")
    given = parser.parse_args(arguments)
    if not given.weights.is_file():
        parser.error(f"{given.weights} is not a file; `python -m deploy.weights` prints the path of the local model")
    if not key:
        parser.error(f"the variable {KEY} is empty; set it to the secret that callers will send")
    try:
        return Serving(**vars(given), key=SecretStr(key), threads=available_cores())
    except ValidationError as error:
        wrong = error.errors()[0]
        parser.error(f"{wrong['loc'][0]}: {wrong['msg']}")


def main() -> None:
    """Serve until a stop signal comes, then end at once with 0: nothing is on disk, so there is nothing to wind up.

    Loading takes seconds in C code during which no Python runs, so a signal in that time ends the process by itself.
    """
    serving = read_arguments(sys.argv[1:], os.environ.get(KEY, ""))
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _server = load(serving)  # serves as long as this name holds it; llama.cpp's own log says where it listens
    wait_for_stop()
    os._exit(0)


if __name__ == "__main__":
    main()
