"""`doctor`: what is set and where it came from, what answers, what is missing, and the one line that mends it."""

import tempfile
from pathlib import Path
from typing import Literal

import typer
from pydantic import SecretStr

from cli import address
from cli.client import Api
from cli.create import leave
from cli.exits import ExitCode
from cli.output import Output
from cli.overview import SMALL_NOTICE
from cli.problems import CliError
from cli.run import Run, run_of
from domain.shape import Shape, StrictShape
from settings import PREFIX, Settings

MASK = "********"


class Setting(StrictShape):
    """One setting as it is used; secrets are masked."""

    name: str
    value: str
    source: Literal["default", "environment"]


class Check(StrictShape):
    """One thing that was tried."""

    name: str
    ok: bool
    detail: str = ""
    fix: str = ""


class Diagnosis(StrictShape):
    """What `doctor --json` prints."""

    ok: bool
    settings: list[Setting]
    checks: list[Check]


class ReadyCheck(Shape):
    """One check of `GET /health/ready`."""

    ok: bool
    detail: str = ""
    fix: str = ""


class Ready(Shape):
    """`GET /health/ready`."""

    status: str
    checks: dict[str, ReadyCheck] = {}


def doctor(ctx: typer.Context) -> None:
    """Check the settings, the api and all behind it. Each fault comes with what mends it."""
    run = run_of(ctx)
    checks = behind_the_api(run)
    told_already = {check.name for check in checks}
    here = [library_writable(run.settings.library), model(run.settings)]
    checks += [check for check in here if check.name not in told_already]
    diagnosis = Diagnosis(ok=all(check.ok for check in checks), settings=settings_used(run.settings), checks=checks)
    if run.out.json_wanted:
        run.out.document(diagnosis)
    else:
        told(run.out, diagnosis)
    leave(ExitCode.DONE if diagnosis.ok else ExitCode.FAILED)


def settings_used(settings: Settings) -> list[Setting]:
    """Every setting, its value (never a secret) and where it came from."""
    return [
        Setting(
            name=PREFIX + name.upper(),
            value=_masked(getattr(settings, name)),
            source="environment" if name in settings.model_fields_set else "default",
        )
        for name in Settings.model_fields
    ]


def behind_the_api(run: Run) -> list[Check]:
    """Whether the api answers, then what it says of its parts."""
    try:
        with run.api() as api:
            return [Check(name="api", ok=True, detail=f"answers at {api.url}"), *_readiness(api)]
    except CliError as error:
        return [Check(name="api", ok=False, detail=f"{error.what} {error.why}".strip(), fix=error.next_step)]


def library_writable(folder: Path) -> Check:
    """Whether a file can be made in the library, by making one; in the folder above when it is not there yet."""
    there = next(above for above in (folder.absolute(), *folder.absolute().parents) if above.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return Check(
                name="library", ok=True, detail=f"{folder} {'is writable' if folder.exists() else 'can be made'}"
            )
    except OSError as error:
        return Check(
            name="library",
            ok=False,
            detail=f"{folder}: {error.strerror}",
            fix=f"make it writable for you, or set {PREFIX}LIBRARY to another folder",
        )


def model(settings: Settings) -> Check:
    """Whether some model can write: the configured one, else the local one of the stack that runs here."""
    configured = settings.model_for("author")
    if configured is not None:
        return Check(name="model", ok=True, detail=f"{configured.model} writes")
    stack = address.running_stack(settings.data_dir)
    if stack is not None and stack.pids.model is not None:
        return Check(name="model", ok=True, detail=f"the local model writes; {SMALL_NOTICE}")
    return Check(
        name="model",
        ok=False,
        detail="no model is configured and no local one runs: jobs wait",
        fix=f"export {PREFIX}MODEL=provider/model {PREFIX}MODEL_API_KEY=… and start again; or `skill-fleet up`",
    )


def told(out: Output, diagnosis: Diagnosis) -> None:
    """The diagnosis for people: settings that somebody made, every check, and what mends it."""
    out.rows(("Setting", "Value", "From"), [(item.name, item.value, item.source) for item in diagnosis.settings])
    out.line()
    for check in diagnosis.checks:
        out.line(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}", style=None if check.ok else "red")
        if not check.ok and check.fix:
            out.line(f"     fix: {check.fix}")
    out.say("all is well" if diagnosis.ok else "not all is well: see FAIL above")


def _readiness(api: Api) -> list[Check]:
    ready = api.unchecked("/health/ready", Ready)
    return [Check(name=name, ok=check.ok, detail=check.detail, fix=check.fix) for name, check in ready.checks.items()]


def _masked(value: object) -> str:
    if value is None:
        return "-"
    return MASK if isinstance(value, SecretStr) else str(value)
