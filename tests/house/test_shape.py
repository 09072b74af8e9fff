"""The house itself: sizes, who may import what in single files, and steps that nobody forgot to register."""

import ast
import inspect
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio import activity

from settings import Settings
from store.session import Database
from worker import steps
from workflows.evaluation_steps import Reviewing
from workflows.import_steps import Importing
from workflows.library_steps import Curator, Keeper
from workflows.steps import Author, Checks, Evaluator, Library, Records, Retention

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("domain", "workflows", "activities", "store", "api", "cli", "deploy")
SOURCES = sorted(
    path
    for path in [ROOT / "settings.py", ROOT / "worker.py", *(p for f in FOLDERS for p in (ROOT / f).rglob("*.py"))]
    if "migrations/versions" not in path.as_posix()
)

LONGEST_FILE, LONG_FILE, MEDIAN_FILE = 350, 300, 120
LONGEST_FUNCTION, LONG_FUNCTION, MEDIAN_FUNCTION = 50, 40, 10
"""Caps of the style guide: maximum, 95th percentile and median, in lines."""

ENVIRONMENT_READERS = {
    "settings.py",
    "worker.py",
    "deploy/demo.py",
    "deploy/launch.py",
    "deploy/local.py",
    "deploy/model_server.py",
    "deploy/weights_hub.py",
}
"""Files that may touch os.environ: the settings, and process entry points that hand an environment on."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{name(path)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def percentile95(numbers: list[int]) -> int:
    return sorted(numbers)[int(len(numbers) * 0.95)]


def test_a_file_is_read_in_two_screens() -> None:
    sizes = {name(path): path.read_text().count("\n") for path in SOURCES if path.name != "__init__.py"}
    assert [one for one, size in sizes.items() if size > LONGEST_FILE] == []
    assert percentile95(list(sizes.values())) <= LONG_FILE
    assert statistics.median(sizes.values()) <= MEDIAN_FILE


def test_a_function_is_read_in_one_screen() -> None:
    sizes = dict(pair for path in SOURCES for pair in functions(path))
    assert [one for one, size in sizes.items() if size > LONGEST_FUNCTION] == []
    assert percentile95(list(sizes.values())) <= LONG_FUNCTION
    assert statistics.median(sizes.values()) <= MEDIAN_FUNCTION


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert path.name == "__init__.py" or ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", sorted((ROOT / "workflows").glob("*.py")), ids=name)
def test_first_party_imports_of_a_workflow_file_sit_in_one_passthrough_block(path: Path) -> None:
    """Elsewhere, or as `from workflows import x`, the sandbox loads a second copy whose classes are not the first's."""
    tree = ast.parse(path.read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.With)]
    loose = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(blocks) <= 1
    assert not [module for node in loose for module in imported(node) if module.split(".")[0] in FOLDERS]
    inside = [module for block in blocks for node in block.body for module in imported(node)]
    assert "workflows" not in inside


def imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_only_the_settings_and_entry_points_read_the_environment(path: Path) -> None:
    reads = "os.environ" in path.read_text() or "os.getenv" in path.read_text()
    assert not reads or name(path) in ENVIRONMENT_READERS


def test_every_step_is_implemented_and_registered_on_a_queue(tmp_path: Path) -> None:
    declared = {
        method
        for contract in (Records, Author, Evaluator, Checks, Library, Retention, Importing, Curator, Keeper, Reviewing)
        for method, function in inspect.getmembers(contract, inspect.isfunction)
        if getattr(function, "__isabstractmethod__", False)
    }
    registered = [
        getattr(step, "__temporal_activity_definition").name
        for queue in steps(
            Settings(library=tmp_path), Database.connect("postgresql://nobody@127.0.0.1:1/none")
        ).values()
        for step in queue
    ]
    assert sorted(registered) == sorted(declared)


def test_every_abstract_step_is_a_temporal_activity() -> None:
    for contract in (Records, Author, Evaluator, Checks, Library, Retention, Importing, Curator, Keeper, Reviewing):
        for method, function in inspect.getmembers(contract, inspect.isfunction):
            assert activity._Definition.from_callable(function) is not None, f"{contract.__name__}.{method}"
