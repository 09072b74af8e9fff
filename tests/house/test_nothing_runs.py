"""Nothing in the product runs what a skill brings: who starts a process or runs text is named here, and nobody else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for folder in ("domain", "workflows", "activities", "store", "api") for path in (ROOT / folder).rglob("*.py")
)

STARTS_PROCESSES = {
    "activities/second_opinion.py": "the command of the second scanner, which an operator names",
    "activities/library_git.py": "git, to commit what was promoted",
    "activities/evidence/sandbox.py": "a command that a person wrote into a case, without reach",
    "activities/exchange.py": "no process: the system call that swaps two folders, through ctypes",
    "api/extracting.py": "our own interpreter on our own module, which takes the text out of an attached document",
}
"""Files of the product that may start a process, and which; cli/ and deploy/ start the stack's own parts."""

_PROCESS = {"subprocess", "pty", "multiprocessing", "runpy", "code", "codeop", "imp", "ctypes"}
_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "system",
    "popen",
    "spawn",
    "fork",
    "forkpty",
    "execv",
    "execve",
    "execvp",
}
_STARTS = {
    "create_subprocess_exec",
    "create_subprocess_shell",
    "Popen",
    "posix_spawn",
    "spec_from_file_location",
    "run_path",
}


def starts(tree: ast.AST) -> Iterator[str]:
    """What in a file could start a process or run text as code. Methods such as `re.compile` are something else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] in _PROCESS)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _PROCESS:
            yield str(node.module)
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in _CALLS | _STARTS:
                yield called.id
            if isinstance(called, ast.Attribute) and (called.attr in _STARTS or _of_os(called)):
                yield called.attr


def _of_os(called: ast.Attribute) -> bool:
    return isinstance(called.value, ast.Name) and called.value.id == "os" and called.attr in _CALLS


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_process_is_started_and_no_text_is_run(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() not in STARTS_PROCESSES:
        assert list(starts(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from subprocess import run",
        "eval(x)",
        "os.system(x)",
        "asyncio.create_subprocess_exec(x)",
        "exec(x)",
    ],
)
def test_the_look_finds_what_it_looks_for(text: str) -> None:
    assert list(starts(ast.parse(text)))


def test_the_second_scanner_is_started_without_a_shell() -> None:
    text = (ROOT / "activities/second_opinion.py").read_text()
    assert list(starts(ast.parse(text))) == ["create_subprocess_exec"]
    assert "shell=True" not in text


def test_commands_of_cases_are_run_in_the_sandbox_alone_and_without_a_shell() -> None:
    """What a skill brings is text to it; the sandbox gets the words of a person's command, and the agent's answer."""
    text = (ROOT / "activities/evidence/sandbox.py").read_text()
    assert list(starts(ast.parse(text))) == ["create_subprocess_exec"]
    assert "shell=True" not in text
    users = [path for path in SOURCES if "activities.evidence.sandbox" in path.read_text()]
    assert sorted(path.name for path in users) == ["evaluator.py", "graders.py"]
    assert "by_person" in (ROOT / "activities/evidence/graders.py").read_text()
