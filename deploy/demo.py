"""The main job, for real and by itself: `python -m deploy.demo`. Starts the stack, makes one skill, stops the stack.

Does what a person would do with `skill-fleet up`, `create` and `show`; a running stack is used and left alone.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.background import status
from deploy.folder import Folder
from settings import Settings, load

TASK = (
    "Write release notes for the Acme CLI from a list of merged pull requests, "
    "grouped into Added, Fixed and Breaking, at most 300 words"
)


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
    outcome: dict[str, object] = {}
    for line in job_lines(task):
        if line["type"] == "job":
            say(f"Job:  {line['job_id']}\n")
        elif line["type"] == "outcome":
            outcome = line
        elif line["type"] != "state":
            say(f"{line['progress']:>4} %  {line['phase'] or '':<14} {line['message']}")
    code = int(str(outcome.get("exit_code", 1)))
    if "job_id" in outcome:
        say("")
        subprocess.run(cli("show", str(outcome["job_id"])), check=False)
    if code == 0:
        say(f"\nThe published skill: {settings.library.absolute() / Path(str(outcome['final_path']))}/SKILL.md")
    return code


def job_lines(task: str) -> Iterator[dict[str, object]]:
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
    return subprocess.run([sys.executable, "-P", "-m", "deploy.local", *arguments], check=False).returncode


def say(text: str) -> None:
    """Print now, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
