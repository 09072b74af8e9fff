"""(i) Skills that one core validates in a second, beside the reference validator, and how hostile texts grow.

On synthetic twins, and on real skills when some lie in `~/.cache/skill-fleet/real-skills` (never in the repository).
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import skills_ref

from cli.skill_folder import read, skills_below
from domain.skill import SkillFileEntry
from domain.validation import validate
from tests.bench.arithmetic import Goal, Table
from tests.support.hostile_skills import FRONT, KINDS

REAL = Path.home() / ".cache/skill-fleet/real-skills/skills"
TWINS = 100
SLOWEST = 100.0
"""Skills a second that were promised."""


def twin(number: int) -> str:
    """A SKILL.md of some 150 lines with prose, lists, a table and code."""
    steps = "".join(f"{n}. Read part {n} of letter {number + n} and note who sent it.\n" for n in range(15))
    parts = "".join(f"\n## Part {n}\n\nLetter {number} goes to shelf {n * 7}.\n\n{steps}" for n in range(5))
    code = (
        f"\n```python\nshelves = {{{number}: 'x'}}\nprint(shelves)\n```\n\n| shelf | letters |\n|---|---|\n| a | 1 |\n"
    )
    return f"---\nname: skill-{number}\ndescription: Sorts letters {number}. Use when x comes.\n---\n# T\n{parts}{code}"


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _rates(folders: list[Path]) -> tuple[float, float]:
    """Skills a second of ours (strict, with the scan; files read before; best of three) and of the reference."""
    skills = [(folder.name, read(folder).entries) for folder in folders]
    ours = min(_seconds(lambda: [validate(files, name) for name, files in skills]) for _ in range(3))
    return len(folders) / ours, len(folders) / _seconds(lambda: list(map(_asked, folders)))


def _asked(folder: Path) -> bool:
    try:
        return not skills_ref.validate(folder)
    except (OSError, UnicodeDecodeError):  # it crashes on these
        return False


def _growth() -> tuple[float, str]:
    """The worst ratio of time for four times the text; 4 is linear."""
    worst = (0.0, "")
    for kind, make in KINDS.items():
        small, large = (_hostile(make, size) for size in (50_000, 200_000))
        worst = max(worst, (large / max(small, 0.02), kind))
    return worst


def _hostile(make: Callable[[int], str], size: int) -> float:
    files = [SkillFileEntry(path="SKILL.md", data=(FRONT + make(size)).encode())]
    return _seconds(lambda: validate(files, "a-b"))


def measured(folder: Path) -> Table:
    """The table; writes its twins below the folder."""
    for number in range(TWINS):
        place = folder / f"skill-{number}"
        place.mkdir(parents=True)
        (place / "SKILL.md").write_text(twin(number), encoding="utf-8")
    table = Table("(i) Validation on one core, skills/s", ("skills", "number", "ours, strict", "skills-ref"))
    kinds = {"synthetic": skills_below(folder), "real": skills_below(REAL) if REAL.is_dir() else []}
    for kind, folders in kinds.items():
        if folders:
            ours, theirs = _rates(folders)
            table.rows.append((kind, str(len(folders)), f"{ours:.0f}", f"{theirs:.0f}"))
            table.goals.append(Goal(f"(i) a skill validated, {kind}", 1000 / SLOWEST, 1000 / ours, "ms"))
    ratio, kind = _growth()
    table.notes.append(f"Time for four times the text, worst of {len(KINDS)} hostile kinds: × {ratio:.1f} ({kind}).")
    return table


async def rows() -> list[Table]:
    """The table; measured in a thread, so that the site's heartbeats go on."""
    with tempfile.TemporaryDirectory(prefix="skill-fleet-twins-") as folder:
        return [await asyncio.to_thread(measured, Path(folder))]
