"""The twelve skills that ship with the product: valid by our own rules, safe, apart from each other, and true.

True means: every Python block compiles, every program runs, and every command of ours that they name exists.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import combinations
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest
import yaml
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from skills_ref.validator import validate as reference

from activities.evidence.reviewing import A_NIGHT
from cli.registry import COMMANDS, SUBCOMMANDS, loaded
from domain.evidence.case_checks import problems
from domain.evidence.case_file import read_cases
from domain.evidence.policy import Policy
from domain.library.metadata import REQUIRES, TAGS, words_of
from domain.library.templates import parse_template
from domain.markdown import walk
from domain.rules.budgets import tokens
from domain.rules.neighbours import Neighbour, similarity
from domain.safety import scan
from domain.skill import METADATA_FILE, Finding, Severity, SkillFileEntry
from domain.skill_file import frontmatter_of, parse
from domain.validation import STRICT, validate

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "skills"
SEEDS = (
    "development/writing-agent-skills",
    "development/testing-agent-skills",
    "development/describing-agent-skills",
    "development/reviewing-agent-skills",
    "development/writing-temporal-workflows",
    "development/debugging-temporal-workflows",
    "development/writing-dspy-programs",
    "development/building-fastapi-services",
    "data/evaluating-dspy-programs",
    "operations/deploying-temporal-workers",
    "operations/operating-skill-fleet",
    "general/authoring-with-skill-fleet",
)
LONGEST, MOST_TOKENS = 300, 2_500
NOT_ALIKE = 0.45
"""Cosine of two descriptions; the product warns from 0.6, its own skills keep more distance."""
OWN = ("operations/operating-skill-fleet", "general/authoring-with-skill-fleet")

each_seed = pytest.mark.parametrize("seed", SEEDS)


def entries(seed: str) -> list[SkillFileEntry]:
    """Its files as they are written by hand: an installation that used this folder has generated one more."""
    top = LIBRARY / seed
    written = [path for path in top.rglob("*") if path.is_file() and path.name != METADATA_FILE]
    files = sorted(path for path in written if "__pycache__" not in path.parts)
    return [SkillFileEntry(path=path.relative_to(top).as_posix(), data=path.read_bytes()) for path in files]


def text(seed: str) -> str:
    return (LIBRARY / seed / "SKILL.md").read_text()


def front(seed: str) -> dict[str, object]:
    loaded_front = yaml.safe_load(text(seed).split("---\n")[1])
    assert isinstance(loaded_front, dict)
    return loaded_front


def description(seed: str) -> str:
    return str(front(seed)["description"])


def markdown(seed: str) -> dict[str, str]:
    return {entry.path: entry.data.decode() for entry in entries(seed) if entry.path.endswith(".md")}


def blocks(page: str, language: str) -> list[str]:
    return [dedent(found) for found in re.findall(rf"(?ms)^ *```{language}\n(.*?)^ *```$", page)]


def scripts() -> list[Path]:
    return sorted(path for seed in SEEDS for path in (LIBRARY / seed).glob("scripts/*.py"))


def said(findings: list[Finding]) -> list[str]:
    return [f"{found.file}:{found.line} {found.code} {found.message}" for found in findings]


@each_seed
def test_a_seed_is_valid_without_a_warning_beside_all_others(seed: str) -> None:
    others = [Neighbour(name=other.split("/")[1], description=description(other)) for other in SEEDS if other != seed]
    category, name = seed.split("/")
    template = parse_template(category, (LIBRARY / "_templates" / category / "SKILL.md").read_text())
    taken = [other.name for other in others]
    report = validate(entries(seed), name, profile=STRICT, taken=taken, library=others, template=template)
    assert said([found for found in report.findings if found.severity is not Severity.INFO]) == []
    assert report.passed


@each_seed
def test_the_reference_validator_agrees(seed: str) -> None:
    assert reference(LIBRARY / seed) == []


@each_seed
def test_nothing_in_a_seed_is_dangerous(seed: str) -> None:
    assert said([found for found in scan(entries(seed)) if found.severity is Severity.ERROR]) == []


@each_seed
def test_a_seed_is_on_a_shelf_of_the_taxonomy_under_its_own_name(seed: str) -> None:
    taxonomy = yaml.safe_load((LIBRARY / "taxonomy.yaml").read_text())
    category, name = seed.split("/")
    assert category in {shelf["name"] for shelf in taxonomy["categories"]}
    assert front(seed)["name"] == name


@each_seed
def test_the_frontmatter_says_licence_version_author_and_tags(seed: str) -> None:
    told = front(seed)
    metadata = told["metadata"]
    assert isinstance(metadata, dict)
    assert told["license"] == "Apache-2.0"
    assert metadata["version"] == "1.0.0"
    assert metadata["author"] == "Skill Fleet"
    parsed = frontmatter_of(parse((LIBRARY / seed / "SKILL.md").read_bytes()))
    assert len(words_of(parsed, TAGS)) >= 3
    required = {re.split("[<>=]", word)[0] for word in words_of(parsed, REQUIRES)}
    assert required <= {other.split("/")[1] for other in SEEDS} - {told["name"]}


@each_seed
def test_a_description_says_what_when_and_who_else(seed: str) -> None:
    said_of_it = description(seed)
    assert re.match(r"[A-Z][a-z]+s\b", said_of_it), "third person"
    assert "Use when" in said_of_it
    assert "Not for" in said_of_it
    assert 200 <= len(said_of_it) <= 620
    names = {other.split("/")[1] for other in SEEDS}
    borders = set(re.findall(r"[a-z]+(?:-[a-z]+)+", said_of_it.partition("Not for")[2]))
    assert {border for border in borders if border.split("-")[0].endswith("ing")} <= names, (
        "a neighbour that is not there"
    )


def test_no_two_descriptions_are_alike() -> None:
    alike = {
        (one, other): round(score, 2)
        for one, other in combinations(SEEDS, 2)
        if (score := similarity(description(one), description(other))) >= NOT_ALIKE
    }
    assert alike == {}


@each_seed
def test_a_seed_is_short(seed: str) -> None:
    page = text(seed)
    assert page.count("\n") < LONGEST
    assert tokens(page.split("---\n", 2)[2]) < MOST_TOKENS


@each_seed
def test_a_seed_has_steps_with_mistakes_and_a_checklist_at_the_end(seed: str) -> None:
    headings = re.findall(r"(?m)^## (.+)$", text(seed))
    assert headings[:2] == ["When to use", "Workflow"]
    assert headings[-2:] == ["Common mistakes", "Before handing over"]
    body = text(seed)
    assert len(re.findall(r"(?m)^\d+\. ", body)) >= 6
    assert len(re.findall(r"(?m)^- \[ \] ", body)) >= 4
    assert len(re.findall(r"(?m)^\| ", body.partition("## Common mistakes")[2])) >= 7


@each_seed
def test_every_file_is_reached_from_skill_md_and_no_reference_leads_to_another(seed: str) -> None:
    page = text(seed)
    unreached = [entry.path for entry in entries(seed) if entry.path not in page and entry.path != "SKILL.md"]
    assert unreached == []
    for path, content in markdown(seed).items():
        if path != "SKILL.md":
            assert not re.search(r"\]\((?!#|https?:)", content), f"{path} leads on"


@each_seed
def test_every_python_block_compiles(seed: str) -> None:
    for path, content in markdown(seed).items():
        for block in blocks(content, "python"):
            compile(block, f"{seed}/{path}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@each_seed
def test_every_block_of_imports_names_things_that_exist(seed: str) -> None:
    """The imports of each block are run; the module `myapp` stands for the reader's own."""
    for path, content in markdown(seed).items():
        for block in blocks(content, "python"):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.Import | ast.ImportFrom) and "myapp" not in ast.unparse(node):
                    exec(compile(ast.unparse(node), f"{seed}/{path}", "exec"), {})


@pytest.mark.parametrize("script", scripts(), ids=lambda path: path.name)
def test_a_script_explains_itself(script: Path) -> None:
    run = python(script, "--help")
    assert run.returncode == 0, run.stderr
    assert "usage:" in run.stdout


def python(script: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PATH": f"{path}:{os.environ.get('PATH', '')}"}
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )


def script(name: str) -> Path:
    return next(path for path in scripts() if path.name == name)


def test_the_evaluation_example_tells_help_from_noise(tmp_path: Path) -> None:
    example = LIBRARY / "development/testing-agent-skills/assets/results_example.jsonl"
    helped = python(script("compare_arms.py"), str(example))
    assert (helped.returncode, helped.stdout.splitlines()[-1]) == (0, "verdict: helps")
    same = tmp_path / "same.jsonl"
    runs = [{"case": f"c{n % 4}", "arm": arm, "passed": n % 2 == 0} for n in range(8) for arm in ("with", "without")]
    same.write_text("\n".join(map(json.dumps, runs)))
    nothing = python(script("compare_arms.py"), str(same))
    assert (nothing.returncode, "verdict: not shown" in nothing.stdout) == (1, True)
    same.write_text('{"case": "a", "arm": "both", "passed": true}')
    assert python(script("compare_arms.py"), str(same)).returncode == 2


def test_the_trigger_example_names_what_went_wrong_and_a_silent_skill_is_a_broken_harness(tmp_path: Path) -> None:
    assets = LIBRARY / "development/describing-agent-skills/assets"
    queries, results = assets / "queries_example.json", assets / "results_example.jsonl"
    scored = python(script("score_triggers.py"), str(queries), str(results))
    assert scored.returncode == 0
    assert "expected writing-blog-posts" in scored.stdout
    silent = tmp_path / "silent.jsonl"
    lines = [json.loads(line) | {"chose": None} for line in results.read_text().splitlines()]
    silent.write_text("\n".join(map(json.dumps, lines)))
    assert python(script("score_triggers.py"), str(queries), str(silent)).returncode == 2


@pytest.mark.parametrize(
    ("name", "last"),
    [("triage_example.py", "ok: typed, grounded, one call a question"), ("evaluate_example.py", "better")],
)
def test_the_dspy_examples_run_without_a_model(name: str, last: str) -> None:
    run = python(script(name))
    assert (run.returncode, run.stdout.strip().splitlines()[-1]) == (0, last), run.stderr


def test_dspy_still_scores_examples_without_inputs_as_wrong_and_only_warns_of_a_missing_input() -> None:
    """When this fails the library was mended, and the seed's warning is to go."""
    import dspy
    from dspy.utils import DummyLM

    program = dspy.Predict("ticket -> team")
    right = dspy.Example(ticket="a", team="billing")
    with dspy.context(lm=DummyLM([{"team": "billing"}] * 3)):
        evaluate = dspy.Evaluate(devset=[right], metric=lambda example, got, trace=None: example.team == got.team)
        assert evaluate(program).score == 0.0
        assert program().team == "billing"


@pytest.mark.parametrize(("scope", "status"), [("request", 200), ("function", 500)])
def test_fastapi_still_answers_before_a_dependency_ends_unless_told(
    scope: Literal["request", "function"], status: int
) -> None:
    app = FastAPI()

    async def commit() -> AsyncIterator[None]:
        yield
        raise RuntimeError("the commit failed")

    @app.get("/", dependencies=[Depends(commit, scope=scope)])
    async def route() -> dict[str, bool]:
        return {"ok": True}

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/").status_code == status


def test_the_temporal_example_is_approved_after_a_reminder() -> None:
    bin_folder = str(Path(sys.executable).parent)
    assert shutil.which("temporal", path=bin_folder)
    run = python(script("approval_example.py"), path=bin_folder)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip().endswith("approved after 1 reminders")


def test_the_history_script_reads_our_recorded_histories() -> None:
    told = [
        python(script("explain_history.py"), str(path))
        for path in sorted((ROOT / "tests/histories").glob("*.json"))[:3]
    ]
    assert [run.returncode for run in told] == [0, 0, 0]
    assert all("last: WORKFLOW_EXECUTION_" in run.stdout for run in told)


def test_the_history_script_names_a_workflow_task_that_fails(tmp_path: Path) -> None:
    failed = {"failure": {"message": "'oops'"}}
    kinds = {"WORKFLOW_EXECUTION_STARTED": {}, "WORKFLOW_TASK_SCHEDULED": {}, "WORKFLOW_TASK_FAILED": failed}
    events = [
        {
            "eventId": str(n),
            "eventTime": "2026-11-22T00:00:00Z",
            "eventType": f"EVENT_TYPE_{kind}",
            "xEventAttributes": told,
        }
        for n, (kind, told) in enumerate(kinds.items(), 1)
    ]
    (tmp_path / "h.json").write_text(json.dumps({"events": events}))
    run = python(script("explain_history.py"), str(tmp_path / "h.json"))
    assert "its workflow task FAILS" in run.stdout
    assert "'oops'" in run.stdout


def test_the_replay_script_passes_our_histories_and_refuses_another_converter() -> None:
    arguments = ["--workflows", "workflows.registered:ALL", "--histories", "tests/histories"]
    command = [sys.executable, str(script("replay_histories.py")), *arguments]
    good = subprocess.run(
        [*command, "--converter", "workflows.converter:COMPACT"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert good.returncode == 0, good.stdout + good.stderr
    assert re.search(r"(\d+) of \1 replay", good.stdout)
    wrong = subprocess.run([*command, "--converter", "nothing"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2


def test_the_fastapi_example_answers_as_it_promises(database_url: str) -> None:
    """In a process of its own: it brings its own engine, and a table that it drops again."""
    program = """
        import asyncio
        import notes_service as notes
        from fastapi.testclient import TestClient
        from sqlalchemy.ext.asyncio import create_async_engine

        async def drop():
            engine = create_async_engine(notes.os.environ["DATABASE_URL"])
            async with engine.begin() as connection:
                await connection.run_sync(notes.Base.metadata.drop_all)
            await engine.dispose()

        with TestClient(notes.app) as client:
            first = client.post("/notes", json={"title": "a"})
            again = client.post("/notes", json={"title": "a"})
            wrong = client.post("/notes", json={"title": "", "extra": 1})
            third = client.post("/notes", json={"title": "c"}).json()["id"]
            missing = client.get("/nowhere")
            codes = [answer.status_code for answer in (first, again, wrong, missing)]
            assert codes == [201, 409, 422, 404], codes
            kinds = {answer.headers["content-type"] for answer in (again, wrong, missing)}
            assert kinds == {"application/problem+json"}, kinds
            every = client.get(f"/notes/events?until={third}").text
            rest = client.get(f"/notes/events?until={third}", headers={"Last-Event-ID": "1"}).text
            assert every.count("event: note") == 2 and rest.count("event: note") == 1
        asyncio.run(drop())
    """
    where = script("notes_service.py").parent
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    run = subprocess.run(
        [sys.executable, "-B", "-c", dedent(program)],
        cwd=where,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def commands(page: str) -> set[tuple[str, tuple[str, ...]]]:
    """Every `skill-fleet …` of a text, in shell blocks and inline code: the command and its flags."""
    inline = [
        found for line in walk(page) if not line.code for found in re.findall(r"`(skill-fleet [^`]+)`", line.text)
    ]
    shell = [line for block in blocks(page, "sh") for line in block.splitlines() if line.startswith("skill-fleet ")]
    found = set()
    for line in [*inline, *shell]:
        words = line.split("#")[0].split()[1:]
        name = " ".join(words[:2]) if " ".join(words[:2]) in SUBCOMMANDS else words[0]
        found.add((name, tuple(sorted(word for word in words if word.startswith("-")))))
    return found


@each_seed
def test_the_commands_and_flags_that_a_seed_names_exist(seed: str) -> None:
    named = {found for content in markdown(seed).values() for found in commands(content)}
    assert len(named) >= 8 or seed not in OWN
    for name, flags in named:
        assert name in COMMANDS or name in SUBCOMMANDS, name
        params = getattr(loaded(name), "params")  # noqa: B009  (typer's own class, not exported)
        known = {option for param in params for option in param.opts}
        assert set(flags) <= known, f"{name} has no {set(flags) - known}"


@pytest.mark.parametrize(
    ("seed", "facts"),
    [
        ("development/writing-agent-skills", ["1,024 characters", "one level deep", "metadata", "fresh"]),
        (
            "development/testing-agent-skills",
            ["RED", "GREEN", "REFACTOR", "no skill is needed", "interval", "guards", "skill-fleet evaluate"],
        ),
        ("development/describing-agent-skills", ["near miss", "held-out", "recall", "neighbour"]),
        ("development/reviewing-agent-skills", ["digest", "zero-width", "allowed-tools", "waive"]),
        (
            "development/writing-temporal-workflows",
            ["dropping the signal", "PayloadsTooLarge", "imports_passed_through"],
        ),
        ("development/debugging-temporal-workflows", ["TMPRL1100", "dropping the signal", "describe"]),
        ("operations/deploying-temporal-workers", ["workflow.patched", "drained", "set-current-version"]),
        (
            "development/writing-dspy-programs",
            ["use_json_adapter_fallback=False", "num_retries=0", "api_base", "acall"],
        ),
        ("data/evaluating-dspy-programs", ["with_inputs", "max_errors=1", "0 to 100"]),
        ("development/building-fastapi-services", ['scope="function"', "Last-Event-ID", "Starlette's"]),
        (
            "operations/operating-skill-fleet",
            ["skill-fleet doctor", "deploy.rollout", "no authentication", "--usage", "--trace", "skill-fleet evaluate"],
        ),
        (
            "general/authoring-with-skill-fleet",
            ["skill-fleet promote", "409", "shows the prompt to that person", "The gate", "skill-fleet evidence"],
        ),
    ],
)
def test_a_seed_states_what_it_is_kept_for(seed: str, facts: list[str]) -> None:
    page = " ".join(text(seed).split())
    assert [fact for fact in facts if fact not in page] == []


def test_the_cases_that_a_seed_shows_are_cases_that_can_be_run() -> None:
    [shown] = blocks(text("development/testing-agent-skills"), "yaml")
    cases = read_cases(shown)
    assert [found for case in cases for found in problems(case)] == []


def test_what_is_said_of_the_gate_is_the_default_policy() -> None:
    page = " ".join(text("general/authoring-with-skill-fleet").split())
    policy = Policy()
    assert (policy.mode, policy.cases, policy.delta) == ("refuse", 3, 0.0)
    assert "at least three cases, a gain, no case clearly worse" in page
    assert f"recall {policy.recall} and precision {policy.precision}" in page
    assert f"at most {A_NIGHT} a night" in text("operations/operating-skill-fleet")


def test_there_are_twelve() -> None:
    assert len(set(SEEDS)) == 12
    assert [seed for seed in SEEDS if not (LIBRARY / seed / "SKILL.md").is_file()] == []
