"""`retention` shows what is too old and what went, and never hides that something could not go."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from domain.retention import Found, Gone, Kind, Mode, Report, RetentionView, Survey
from tests.cli.conftest import Cli
from tests.cli.scripted_api import ServerThread

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
JOB = UUID(int=7)


def a_view(mode: Mode = Mode.DRY_RUN, gone: list[Gone] | None = None, **more: object) -> RetentionView:
    found = [
        Found(kind=Kind.DRAFTS, days=90, before=NOW, jobs=2, rows=2, oldest=NOW, examples=[JOB]),
        Found(kind=Kind.EVENTS, days=180, before=NOW),
    ]
    report = Report(survey=Survey(mode=mode, at=NOW, found=found), gone=gone or [])
    return RetentionView.model_validate(
        {"scheduled": True, "next_run": NOW, "run": "night-1", "report": report, **more}
    )


class Nights:
    """What the api answers, one view after the other; the last one again and again."""

    def __init__(self) -> None:
        self.views = [a_view()]
        self.begun = 0

    def next(self) -> dict[str, JsonValue]:
        view = self.views.pop(0) if len(self.views) > 1 else self.views[0]
        return view.model_dump(mode="json")


@pytest.fixture
def nights(server: ServerThread) -> Nights:
    """The scripted api, with the routes of retention."""
    made = Nights()

    async def read() -> dict[str, JsonValue]:
        return made.next()

    async def begin() -> dict[str, JsonValue]:
        made.begun += 1
        return made.views[0].model_dump(mode="json")

    app = server._server.config.app
    assert isinstance(app, FastAPI)
    app.get("/api/v1/retention")(read)
    app.post("/api/v1/retention")(begin)
    return made


def test_a_dry_run_shows_counts_and_how_to_let_it_go(cli: Cli, nights: Nights) -> None:
    shown = cli("retention")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        f"drafts\t90 d\t2\t2\t2026-01-02\t-\t{JOB}",
        "events\t180 d\t0\t0\t-\t-\t-",
    ]
    assert "SKILL_FLEET_RETENTION=on" in shown.stderr
    assert "the next night: 2026-01-02 03:04 UTC" in shown.stderr


def test_json_is_the_view_itself(cli: Cli, nights: Nights) -> None:
    assert RetentionView.model_validate(json.loads(cli("retention", "--json").stdout)) == a_view()


def test_what_went_and_what_could_not_is_said(cli: Cli, nights: Nights) -> None:
    gone = [
        Gone(kind=Kind.DRAFTS, rows=2, jobs=2, folders=1, kept=1),
        Gone(kind=Kind.EVENTS, rows=5, more=True, error="The database does not answer."),
        Gone(kind=Kind.PARKED_JOBS, jobs=300, more=True),
    ]
    nights.views = [a_view(Mode.ON, gone)]
    shown = cli("retention")
    assert shown.stdout.splitlines()[0].split("\t")[5] == "2"
    assert "drafts: 1 could not go" in shown.stderr
    assert "events: stopped, the rest goes the next night: The database does not answer." in shown.stderr
    assert "parked jobs: there is more than one night can do" in shown.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"scheduled": False, "report": None}, "a worker does that when it starts"),
        ({"paused": True}, "the schedule is paused"),
        ({"running": True}, "a night is under way"),
        ({"report": None, "error": "it broke"}, "the last night failed: it broke"),
    ],
)
def test_where_the_schedule_stands_is_said(cli: Cli, nights: Nights, more: dict[str, object], words: str) -> None:
    nights.views = [a_view().model_copy(update=more)]
    assert words in cli("retention").stderr


def test_now_begins_a_night_and_waits_for_its_end(cli: Cli, nights: Nights) -> None:
    nights.views = [a_view(), a_view(), a_view(run="night-2", running=True), a_view(Mode.ON, run="night-2")]
    shown = cli("retention", "--now", "--json")
    assert nights.begun == 1
    assert json.loads(shown.stdout)["report"]["survey"]["mode"] == "on"


def test_a_night_that_does_not_end_is_left_to_itself(cli: Cli, nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.retention.PAUSE", 0.0)
    monkeypatch.setattr("cli.retention.LOOKS", 3)
    shown = cli("retention", "--now")
    assert shown.exit_code == 1
    assert "has not ended yet" in shown.stderr
