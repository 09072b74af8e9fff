"""Whether traces can go to MLflow from here; `programs/mlflow_tracing.py` sends them. Must not load MLflow."""

from importlib.util import find_spec


def required(uri: str | None) -> None:
    """Nothing, where MLflow is installed or no server of it is named. Raises SystemExit, with what to do."""
    if uri is not None and find_spec("mlflow") is None:
        raise SystemExit(
            "SKILL_FLEET_MLFLOW_URI is set, but MLflow's tracing is not installed: install skill-fleet[mlflow] "
            "(`uv sync --extra mlflow`), or unset it."
        )
