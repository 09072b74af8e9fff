"""`show JOB --understanding`, and what prompts tell of research and of open points."""

import json

from domain.brief import AskedQuestion, Decision, UnderstandingView
from domain.prompt import ConfirmData, HitlType, Question, QuestionsData
from domain.research import Hit, OpenPoint, Research
from tests.cli.conftest import Cli
from tests.cli.scripted_api import Fault, Script
from tests.cli.test_prompts import told

NEAR = Hit(
    name="documents/release-notes", text="Writes release notes.", score=0.7, why="its description is alike", near=True
)
LOOKED_UP = [
    Research(query="release notes", where="library", hits=[NEAR]),
    Research(query="release notes", where="source", hits=[]),
]
OPEN = [OpenPoint(point="Who reads them?", changes="It decides the tone.")]
KNOWN = UnderstandingView(
    research=LOOKED_UP,
    questions=[AskedQuestion(id="q1", text="Which tone?"), AskedQuestion(id="q2_1", text="How long?", round=2)],
    answers=[Decision(question="Which tone?", answer="dry")],
    summary="Notes of a release.",
    user_goals=["short notes"],
    readiness=0.67,
    unknown=OPEN,
)


def shown(cli: Cli, script: Script, view: UnderstandingView, *flags: str) -> str:
    path = f"/jobs/{script.job.job_id}/understanding"
    script.faults[path] = [Fault(status=200, body=view.model_dump(mode="json"))]
    done = cli("show", str(script.job.job_id), "--understanding", *flags)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_it_tells_what_was_looked_up_asked_and_understood_and_what_is_open(cli: Cli, script: Script) -> None:
    assert [line.strip() for line in shown(cli, script, KNOWN).splitlines()] == [
        "Looked up",
        "“release notes” in the library: 1 found",
        "documents/release-notes (0.70; its description is alike)",
        "“release notes” in the sources: 0 found",
        "Asked",
        "round 1: Which tone? → dry",
        "round 2: How long? (no answer: left to the model, or open)",
        "Understood",
        "Notes of a release.",
        "goal: short notes",
        "readiness 67%",
        "Still open",
        "Who reads them? It decides the tone.",
    ]


def test_as_json_it_is_all_that_the_api_said(cli: Cli, script: Script) -> None:
    assert UnderstandingView.model_validate(json.loads(shown(cli, script, KNOWN, "--json"))) == KNOWN


def test_before_anything_is_known_each_part_says_so(cli: Cli, script: Script) -> None:
    assert shown(cli, script, UnderstandingView()).count("nothing yet") == 4


def test_a_round_of_questions_names_the_near_duplicate_and_what_is_open() -> None:
    data = QuestionsData(questions=[Question(id="q1", text="How long?")], summary="So far.", unknown=OPEN)
    text = told(HitlType.CLARIFY, data.model_copy(update={"research": LOOKED_UP}).model_dump(mode="json"))
    assert "documents/release-notes does nearly this: its description is alike. Writes release notes." in text
    assert "Still open:\n  - Who reads them? It decides the tone." in text
    plain = told(HitlType.CLARIFY, data.model_copy(update={"unknown": []}).model_dump(mode="json"))
    assert plain.endswith("So far.")


def test_a_plan_is_confirmed_with_its_style_its_kind_its_files_and_what_is_near() -> None:
    data = ConfirmData(
        summary="Writes notes.",
        path="documents/notes",
        plan=["Rules"],
        style="navigation_hub",
        kind="technique",
        files=["references/groups.md: Tells the groups."],
        near=[NEAR],
    )
    text = told(HitlType.CONFIRM, data.model_dump(mode="json"))
    assert "Style: navigation hub; kind: technique" in text
    assert "Files beside SKILL.md:\n  - references/groups.md: Tells the groups." in text
    assert "The library has documents/release-notes for nearly this: Writes release notes." in text
