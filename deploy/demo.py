"""The main job, for real and by itself: `python -m deploy.demo`. Starts the stack, makes one skill, stops the stack.

Does what a person would do with `skill-fleet up`, `create` and `show`; a running stack is used and left alone, and its
policy decides what is published. The stack that the demo starts publishes with a warning what its run did not prove.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy import environment
from deploy.background import status
from deploy.folder import Folder
from domain.evaluation import Evidence
from domain.text import counted
from settings import Settings, load

TASK = (
    "Write release notes for the Acme CLI from a list of merged pull requests, "
    "grouped into Added, Fixed and Breaking, at most 300 words"
)


SERVER = (sys.executable, "-P", "-m", "deploy.local")

PROMOTED = ("promotion_completed", "promotion_failed")
"""Events that say how the promotion ended."""

Line = dict[str, object]
"""One object of `create --json`."""


def main(arguments: list[str]) -> int:
    """Run the demo; the exit code is the job's."""
    settings = load()
    folder = Folder(settings.data_dir.absolute())
    found = status(folder)
    started = found.state == "stopped"
    if started and (code := local("up", "--detach")) != 0:
        return code
    try:
        return make(settings, " ".join(arguments) or TASK)
    except KeyboardInterrupt:
        return 130
    finally:
        if started:
            local("down")
            say("The stack is stopped. Look at it all with `.venv/bin/skill-fleet up`.")


def make(settings: Settings, task: str) -> int:
    """One skill from this sentence, shown as it happens."""
    say(f"\nTask: {task}")
    outcome: Line = {}
    promotion: Line = {}
    for line in job_lines(task):
        if line["type"] == "job":
            say(f"Job:  {line['job_id']}\n")
        elif line["type"] == "outcome":
            outcome = line
        elif line["type"] != "state":
            promotion = line if str(line["type"]) in PROMOTED else promotion
            say(f"{line['progress']:>4} %  {line['phase'] or '':<14} {line['message']}")
    code = int(str(outcome.get("exit_code", 1)))
    if "job_id" in outcome:
        say("")
        subprocess.run(cli("show", str(outcome["job_id"])), check=False)
    for told in proven(promotion):
        say(told)
    if code == 0:
        say(f"\nThe published skill: {settings.library.absolute() / Path(str(outcome['final_path']))}/SKILL.md")
    return code


def proven(promotion: Line) -> list[str]:
    """What the run proved or failed to prove, and whether it was published all the same; of no promotion nothing."""
    if promotion.get("type") == "promotion_failed":
        return [f"\nNot published: {promotion['message']}"]
    data = promotion.get("data")
    found = Evidence.model_validate(data.get("evidence") or {}) if isinstance(data, dict) else Evidence()
    said = []
    if found.with_ is not None and found.without is not None:
        rates = f"{found.with_:.0%} passed with the skill, {found.without:.0%} without it"
        said.append(f"\nThe run of {counted(found.n, 'case')}: {rates}.")
    if found.lacking:
        said.append(f"\nPublished with a warning: {'; '.join(found.lacking)}.")
    return said


def job_lines(task: str) -> Iterator[Line]:
    """What `create --json` prints: the job, each event, the outcome."""
    command = cli("create", task, "--auto-approve", "--promote", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)


def cli(*arguments: str) -> list[str]:
    """The command line, in this very Python."""
    return [sys.executable, "-P", "-m", "cli.app", *arguments]


def local(*arguments: str) -> int:
    """Start or stop the stack."""
    around = environment.demonstration(os.environ)  # handed on whole; nothing is read from it here
    return subprocess.run([*SERVER, *arguments], check=False, env=around).returncode


def say(text: str) -> None:
    """Print now, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
