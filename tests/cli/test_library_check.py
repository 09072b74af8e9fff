"""`library check` and what people do to skills: what is sent, what is shown, and how it ends."""

import json
from typing import Annotated

import pytest
from fastapi import Body, FastAPI
from pydantic import JsonValue

from domain.library.curation import Difference, LibraryReport, SkillChanged
from tests.cli.conftest import Cli
from tests.cli.scripted_api import ServerThread

Sent = Annotated[dict[str, JsonValue], Body()]
Maybe = Annotated[dict[str, JsonValue] | None, Body()]

EDITED = Difference(code="edited", path="data/notes", message="changed: SKILL.md")
DONE = SkillChanged(name="notes", path="data/notes", version="1.0.0", status="active")


class Library:
    """What the api answers, and what it was sent."""

    def __init__(self) -> None:
        self.report = LibraryReport(skills=3, folders=3)
        self.done = DONE
        self.sent: list[tuple[str, dict[str, JsonValue] | None]] = []


@pytest.fixture
def library(server: ServerThread) -> Library:
    """The scripted api, with the routes of the library."""
    made = Library()

    async def check(body: Sent) -> dict[str, JsonValue]:
        made.sent.append(("check", body))
        return made.report.model_dump(mode="json")

    async def change(path: str, what: str, body: Sent) -> dict[str, JsonValue]:
        made.sent.append((f"{path} {what}", body))
        return made.done.model_dump(mode="json")

    async def alias(alias: str, body: Maybe = None) -> dict[str, JsonValue]:
        made.sent.append((f"alias {alias}", body))
        return made.done.model_dump(mode="json")

    app = server._server.config.app
    assert isinstance(app, FastAPI)
    app.post("/api/v1/library/check")(check)
    app.put("/api/v1/skills/aliases/{alias}")(alias)
    app.delete("/api/v1/skills/aliases/{alias}")(alias)
    app.post("/api/v1/skills/{path:path}/{what}")(change)
    return made


def test_a_library_in_order_ends_with_0(cli: Cli, library: Library) -> None:
    done = cli("library", "check")
    assert (done.exit_code, "rows and files agree" in done.stderr) == (0, True)
    assert library.sent == [("check", {"repair": False})]


def test_differences_that_stand_end_with_1_and_are_shown(cli: Cli, library: Library) -> None:
    library.report = LibraryReport(differences=[EDITED])
    done = cli("library", "check")
    assert done.exit_code == 1
    assert all(word in done.stdout for word in ("edited", "data/notes", "SKILL.md"))


def test_what_was_mended_ends_with_0(cli: Cli, library: Library) -> None:
    library.report = LibraryReport(differences=[EDITED.model_copy(update={"mended": "1.0.0 is back"})], repaired=True)
    done = cli("library", "check", "--repair")
    assert (done.exit_code, "1.0.0 is back" in done.stdout) == (0, True)
    assert library.sent == [("check", {"repair": True})]


def test_programs_get_the_report_whole_and_the_same_end(cli: Cli, library: Library) -> None:
    library.report = LibraryReport(differences=[EDITED])
    done = cli("library", "check", "--json")
    assert (done.exit_code, json.loads(done.stdout)["differences"][0]["code"]) == (1, "edited")


@pytest.mark.parametrize(
    ("words", "route", "body"),
    [
        (("rollback", "notes", "1.0.0"), "notes rollback", {"version": "1.0.0", "reason": "why"}),
        (("undo", "data/notes"), "data/notes rollback", {"reason": "why"}),
        (("yank", "notes"), "notes status", {"status": "yanked", "reason": "why", "replaced_by": None}),
        (("restore", "notes"), "notes status", {"status": "active", "reason": "why"}),
        (
            ("deprecate", "notes", "--replaced-by", "b"),
            "notes status",
            {"status": "deprecated", "reason": "why", "replaced_by": "b"},
        ),
    ],
)
def test_a_change_is_sent_with_its_reason(
    cli: Cli, library: Library, words: tuple[str, ...], route: str, body: JsonValue
) -> None:
    done = cli("skills", *words, "--reason", "why")
    assert (done.exit_code, library.sent) == (0, [(route, body)])
    assert "data/notes 1.0.0 (active)" in done.stdout


def test_a_change_without_a_reason_is_not_sent(cli: Cli, library: Library) -> None:
    assert cli("skills", "yank", "notes").exit_code == 2
    assert library.sent == []


def test_a_name_is_given_and_taken_away(cli: Cli, library: Library) -> None:
    assert "minutes means data/notes" in cli("skills", "alias", "minutes", "notes").stdout
    assert "minutes no longer means data/notes" in cli("skills", "alias", "minutes", "--remove").stdout
    assert library.sent == [("alias minutes", {"name": "notes"}), ("alias minutes", None)]
    assert cli("skills", "alias", "minutes").exit_code == 2


def test_who_still_requires_a_withdrawn_skill_is_named(cli: Cli, library: Library) -> None:
    library.done = DONE.model_copy(update={"status": "yanked", "required_by": ["one", "two"]})
    done = cli("skills", "yank", "notes", "--reason", "why")
    assert (done.exit_code, "one, two still require it" in done.stderr) == (0, True)
    assert "skills restore notes" in done.stderr
    told = json.loads(cli("skills", "yank", "notes", "--reason", "why", "--json").stdout)
    assert told["required_by"] == ["one", "two"]
