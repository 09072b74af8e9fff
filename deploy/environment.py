"""What the parts find in their environment: the person's own, and where the stack's other parts are.

Knows the names that `settings.py`, Temporal and the model server read. Reads no environment itself: it is given one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.ports import HOST
from deploy.temporal_server import NAMESPACE
from deploy.worker_version import DEPLOYMENT
from settings import PREFIX

Variables = Mapping[str, str]
"""A whole environment."""
LOCAL_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"


@dataclass(frozen=True)
class Surroundings:
    """The person's environment, without what would lead a part away from this stack."""

    base: Variables

    @classmethod
    def of(cls, environment: Variables) -> "Surroundings":
        """Drop Temporal's variables (they may name another server or a cloud) and keep loopback off any proxy."""
        kept = {name: value for name, value in environment.items() if not name.startswith("TEMPORAL_")}
        direct = ",".join(filter(None, [kept.get("NO_PROXY") or kept.get("no_proxy"), HOST, "localhost"]))
        return cls(kept | {"NO_PROXY": direct, "no_proxy": direct, "PYTHONUNBUFFERED": "1"})


@dataclass(frozen=True)
class Addresses:
    """Where the stack is, for api and worker."""

    database_url: str
    temporal_address: str
    temporal_ui_url: str
    library: Path
    data_dir: Path


def application(around: Surroundings, where: Addresses) -> Variables:
    """The environment of api and migrations, and the beginning of the worker's."""
    return {
        **around.base,
        f"{PREFIX}DATABASE_URL": where.database_url,
        f"{PREFIX}LIBRARY": str(where.library),
        f"{PREFIX}DATA_DIR": str(where.data_dir),
        f"{PREFIX}TEMPORAL_UI_URL": where.temporal_ui_url,
        "TEMPORAL_ADDRESS": where.temporal_address,
        "TEMPORAL_NAMESPACE": NAMESPACE,
        # The default file may hold a profile of a cloud; its key would turn TLS on.
        "TEMPORAL_CONFIG_FILE": "/dev/null",
        # LiteLLM fetches a price list from the network at import unless told to use its own.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


def demonstration(base: Variables) -> Variables:
    """The environment of the demo's stack: what its run did not prove is published all the same, and told, unless the
    person has chosen otherwise. A small model in two cases cannot prove enough."""
    name = f"{PREFIX}EVIDENCE_POLICY"
    chosen = any(given.upper() == name and value for given, value in base.items())
    return base if chosen else {**base, name: "warn"}


def worker(application: Variables, build: str, model: Variables) -> Variables:
    """The environment of the worker: its version, and the local model if there is one."""
    return {
        **application,
        "TEMPORAL_DEPLOYMENT_NAME": DEPLOYMENT,
        "TEMPORAL_WORKER_BUILD_ID": build,
        **model,
    }


def model_server(around: Surroundings, key: str) -> Variables:
    """The environment of the local model's server; `key` is what callers must show."""
    return {**around.base, "MODEL_SERVER_KEY": key}


def local_model(port: int, key: str) -> Variables:
    """How the worker reaches the local model: an OpenAI-compatible server that answers one call at a time."""
    return {
        f"{PREFIX}MODEL": f"openai/{LOCAL_MODEL}",
        f"{PREFIX}MODEL_API_BASE": f"http://{HOST}:{port}/v1",
        f"{PREFIX}MODEL_API_KEY": key,
        f"{PREFIX}MODEL_CONCURRENCY": "1",
    }
