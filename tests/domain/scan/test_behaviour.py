"""Python made to cost time: functions in functions, calls in calls, chains. Judged quickly, or not at all."""

import subprocess
import sys
import time

import pytest

from domain.rules.syntax import MAX_PYTHON, mistake
from domain.scan.behaviour import python_behaviour
from domain.scan.scanned import Scanned

DEPTH = 90
INDENT = " " * DEPTH
FUNCTIONS = "".join(" " * level + "def f(a):\n" for level in range(DEPTH))
LOOPS = "".join(" " * level + "while True:\n" for level in range(DEPTH))
CALLS = "execute(" * 80 + ")" * 80 + ","


def _found(text: str) -> list[str]:
    return [one.code for one in python_behaviour(Scanned(text, "a.py"))]


@pytest.mark.parametrize(
    "text",
    [
        FUNCTIONS + INDENT + "x = [" + "execute(a)," * 11_000 + "]\n",
        FUNCTIONS + INDENT + "x = [" + CALLS * 150 + "]\n",
        LOOPS + INDENT + "x = [" + "a," * 60_000 + "]\n",
        "def f(a):\n eval(a" + ".b" * 60_000 + ")\n",
        "def f(a):\n eval(a" + "+b" * 60_000 + ")\n",
        "def f(a):\n x = eval(a)" + "(eval(a))" * 13_000 + "\n",
    ],
)
def test_what_is_nested_on_purpose_takes_no_longer_than_a_long_file(text: str) -> None:
    assert len(text) <= MAX_PYTHON
    began = time.process_time()
    _found(text)
    assert time.process_time() - began < 3


def test_an_ordinary_function_is_judged_beside_many_others() -> None:
    text = "def g(a):\n    return a\n" * 3_000 + "def f(a):\n    eval(a)\n"
    assert _found(text) == ["input-is-run"]


def test_what_is_too_long_is_not_parsed() -> None:
    assert _found("def f(a):\n    eval(a)\n" + "#" * MAX_PYTHON) == []
    assert mistake("python", "(" + "#" * MAX_PYTHON) is None


PARTS = (
    "(",
    "[",
    "{1:",
    "not ",
    "-",
    "a.",
    "a<",
    "a()",
    "lambda: ",
    "f'{",
    "9",
    "@a\n",
    "a;",
    "if a:",
    "(a b\n",
    "{**",
    "*a,",
)
CHILD = "import sys; from domain.rules.syntax import mistake; print(mistake('python', sys.stdin.read()) is not None)"


def test_no_python_text_ends_the_interpreter() -> None:
    """In a process of its own, because a crash of the parser would take the tests along."""
    for part in PARTS:
        text = (part * MAX_PYTHON)[:MAX_PYTHON]
        done = subprocess.run([sys.executable, "-c", CHILD], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (part, done.stderr[-300:])
