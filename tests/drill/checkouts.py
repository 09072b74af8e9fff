"""The versions of the drill: copies of this checkout, two of them with a changed workflow."""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "domain",
    "workflows",
    "activities",
    "store",
    "api",
    "cli",
    "deploy",
    "tests/histories",
    "settings.py",
    "worker.py",
)
PATCH = "a-step-of-the-drill"
START = re.compile(
    r'^( +)async def run\(self, start: StartJob\) -> m\.Outcome:\n +""".*?"""\n', re.MULTILINE | re.DOTALL
)
"""Where a job begins: the signature of its `run` and the docstring."""
END = re.compile(r"^( +)status = await self\.job\.to_the_end\(.*\)\n", re.MULTILINE)
"""Where the work of a job is done, and its end recorded."""
ANSWERED = re.compile(r"^( +)taken = await self\._asked\(prompt\)\n", re.MULTILINE)
"""Where every answer of every kind has just come in."""


def copy(to: Path) -> Path:
    """The checkout as it is now."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(source, to / part)
    return to


def changed(to: Path) -> Path:
    """A version with a step more at the start of each job, after each answer and at the end, behind `workflow.patched`.

    A job that runs takes the last for certain, and the second only when it had not come by that place before.
    """
    copy(to)
    insert(to / "workflows" / "create_skill.py", START, step(f"{PATCH}-at-the-start"), deeper=4)
    insert(to / "workflows" / "create_skill.py", END, step(PATCH))
    insert(to / "workflows" / "asking.py", ANSWERED, step(f"{PATCH}-after-an-answer"))
    return to


def step(patch: str) -> str:
    """A step that only this version has. One name a place: the SDK remembers what it said of a name in this run."""
    return f'if workflow.patched("{patch}"):\n    await workflow.sleep(0.001, summary="a step of the newer version")\n'


def careless(to: Path) -> Path:
    """A version with the same step at the start, and no patch: every job that runs would break."""
    copy(to)
    insert(to / "workflows" / "create_skill.py", START, "await workflow.sleep(0.001)\n", deeper=4)
    return to


def insert(file: Path, place: re.Pattern[str], code: str, *, deeper: int = 0) -> None:
    """Add lines after the place; LookupError when the workflow has changed so that the place is not there once."""
    text = file.read_text()
    found = list(place.finditer(text))
    if len(found) != 1:
        raise LookupError(f"{file.name}: {place.pattern!r} is there {len(found)} times; mend tests/drill/checkouts.py")
    margin = found[0][1] + " " * deeper
    lines = "".join(f"{margin}{line}\n" for line in code.splitlines())
    file.write_text(text[: found[0].end()] + lines + text[found[0].end() :])
