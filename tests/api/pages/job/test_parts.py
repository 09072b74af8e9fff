"""The content of a job's page: what it cost, what a draft lacks, what a scan finds, and waivers beside findings."""

import re
from uuid import UUID, uuid4

import httpx
from pydantic import JsonValue

from api.pages.job.parts import NEEDS, cost, meters, report
from domain.budget import Budget, Spend
from domain.evaluation import Arm
from domain.job import JobStatus
from domain.job_usage import JobUsage, PartUsage
from domain.library.promotion import Need
from domain.prompt import Highlight, HitlType, PreviewData, PromptAction, ValidateData
from domain.skill import Finding, Severity, SkillFileEntry, ValidationReport
from store import calls, evidence, jobs, revisions
from store.session import Database
from store.tables import HitlInteraction
from tests.api.conftest import Opened
from tests.api.pages.by_hand import Fields, page, send
from tests.support.rows import SKILL, a_call, a_run, make_draft, make_evidence, make_prompt, new_revision

DIGEST = "a" * 64


def finding(code: str, severity: Severity = Severity.ERROR, **more: object) -> Finding:
    return Finding.model_validate({"code": code, "severity": severity, "message": f"{code} is wrong", **more})


async def ready(opened: Opened, database: Database, *found: Finding) -> UUID:
    """A completed job whose draft has these errors."""
    job = await opened(status=JobStatus.COMPLETED)
    digest = await make_draft(database, job)
    async with database.transaction() as session:
        verdict = ValidationReport(passed=not found, score=0.5, findings=[*found])
        await evidence.keep_report(session, uuid4(), job, 1, digest, verdict)
    return job


def test_findings_are_grouped_by_severity_and_code() -> None:
    found = [finding("b", Severity.INFO), finding("a"), finding("c"), finding("a", line=3)]
    grouped = report(found)
    assert [(part.severity, part.count) for part in grouped] == [("error", 3), ("info", 1)]
    assert [(group.code, len(group.findings)) for group in grouped[0].groups] == [("a", 2), ("c", 1)]


def test_a_meter_shows_how_much_of_each_limit_is_spent() -> None:
    found = meters(Budget(calls=10, usd=2.0), Spend(calls=25, tokens=900, usd=0.5))
    assert [(one.words, one.spent, one.limit, one.share) for one in found] == [
        ("Model calls", "25", "10", 1.0),
        ("US dollars", "0.50", "2.00", 0.25),
    ]
    [unknown] = meters(Budget(usd=2.0), Spend(calls=1))
    assert (unknown.spent, unknown.share) == ("price unknown", 0.0)


def test_steps_have_words_and_unknown_ones_their_own_names() -> None:
    parts = [PartUsage(step="try/with"), PartUsage(step="some_new_step")]
    assert [words for words, _ in cost(JobUsage(by_step=parts)).by_step] == ["Try with the skill", "Some new step"]


def test_everything_that_may_be_missing_has_words_for_the_page() -> None:
    assert set(NEEDS) == set(Need)
    assert not any("api/v1" in then or "skill-fleet" in then for _, then in NEEDS.values())


async def test_what_a_job_cost_is_told_by_step_and_model(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(input_tokens=1_000, output_tokens=200, usd=0.5))
        await calls.keep(session, job, a_call("plan/1", model="local/<b>", input_tokens=10, output_tokens=2))
    text, _ = await page(client, f"/jobs/{job}")
    assert "<dd>1,212</dd>" in text and "over 0.5000" in text
    assert "price of 1 call is unknown" in text
    assert "<td>Write</td>" in text and "<td>local/&lt;b&gt;</td>" in text


async def test_a_job_that_asked_no_model_has_an_empty_part(client: httpx.AsyncClient, opened: Opened) -> None:
    text, _ = await page(client, f"/jobs/{await opened()}")
    for name in ("spend", "evidence", "revisions", "skill"):
        assert re.search(rf'id="{name}"[^>]* hidden>', text), name


async def test_evidence_is_told_with_every_run_word_for_word(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    await make_draft(database, job)
    await make_evidence(database, job, a_run(output="<i>No.</i>"), a_run(Arm.WITH, 1, passed=True, output="Merged."))
    text, fields = await page(client, f"/jobs/{job}")
    assert "that may be chance" in text
    assert 'class="chart"' in text and fields.inline == 0
    assert "<pre>&lt;i&gt;No.&lt;/i&gt;</pre>" in text and "<pre>Merged.</pre>" in text
    assert "“I left it out for brevity.”" in text
    assert "RED: see it fail without the skill" in text
    assert "What publishing still lacks" in text and "too few cases for an interval" in text and "% sure" not in text
    async with database.transaction() as session:
        await jobs.change(session, job, "p", "published", "published", promoted=True, final_path="writing/notes")
    assert "What publishing still lacks" not in (await page(client, f"/jobs/{job}"))[0]


async def test_a_draft_that_lacks_nothing_is_offered_for_publishing(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await ready(opened, database)
    text, fields = await page(client, f"/jobs/{job}")
    assert "Nothing is missing" in text
    assert '<option value="development">' in text and '<label for="promote-category">' in text
    assert len(fields.hidden["digest"]) == 64


async def test_what_a_draft_lacks_is_named_with_what_to_do(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await ready(opened, database, finding("fact-missing", line=3, excerpt="<3>", fix="State <it>."))
    text, fields = await page(client, f"/jobs/{job}")
    assert "<strong>Validation</strong>: The validation of revision 1 has not passed: fact-missing." in text
    assert "State &lt;it&gt;." in text and "&lt;3&gt;" in text
    refused = await send(client, f"/jobs/{job}/promote", fields, category="data")
    assert refused.status_code == 409
    assert "<strong>Validation</strong>" in refused.text and '<option value="data" selected>' in refused.text
    without = await send(client, f"/jobs/{job}/promote", fields, force="1", reason=" ")
    assert without.status_code == 422
    assert "Forcing needs a reason" in without.text and 'name="force" value="1" checked' in without.text


async def test_a_draft_that_changed_since_it_was_read_is_not_published(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await ready(opened, database)
    _, fields = await page(client, f"/jobs/{job}")
    fields.hidden["digest"] = DIGEST
    refused = await send(client, f"/jobs/{job}/promote", fields)
    assert (refused.status_code, "What was approved is aaaaaaaaaaaa" in refused.text) == (409, True)


async def test_a_finding_of_a_draft_is_let_stand_with_a_reason(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await ready(opened, database, finding("one"), finding("two"))
    text, fields = await page(client, f"/jobs/{job}")
    first, second = re.findall(r'name="findings" value="([0-9a-f]{16})"', text)
    unticked = await send(client, f"/jobs/{job}/waive", fields, reason="it is <fine>")
    assert unticked.status_code == 422
    assert "Tick at least one finding" in unticked.text and 'value="it is &lt;fine&gt;"' in unticked.text
    silent = await send(client, f"/jobs/{job}/waive", fields, findings=second, reason=" ")
    assert (silent.status_code, f'value="{second}" checked' in silent.text) == (422, True)
    assert (await send(client, f"/jobs/{job}/waive", fields, findings=first, reason="fine")).status_code == 303
    text, _ = await page(client, f"/jobs/{job}")
    assert re.findall(r'name="findings" value="([0-9a-f]{16})"', text) == [second]
    stale = Fields(text)
    stale.hidden["digest"] = DIGEST
    assert (await send(client, f"/jobs/{job}/waive", stale, findings=second, reason="fine")).status_code == 422


async def test_what_was_let_stand_is_told_instead_of_a_failed_validation(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    excerpt, fix = "one\\u{a}two <3>", "Write `--quiet` <b>, not `x"
    job = await ready(opened, database, finding("one", excerpt=excerpt, fix=fix), finding("two"))
    async with database.transaction() as session:
        kept = await evidence.last_report(session, job, new_revision(1).digest)
        assert kept is not None
        verdict: JsonValue = {"passed": False, "score": 0.04, "report_id": str(kept.report_id)}
        await jobs.merge_result(session, job, validation=verdict)
    text, fields = await page(client, f"/jobs/{job}")
    assert "validation did not pass, score 0.04 of 1" in text and "let it stand" not in text
    keys = re.findall(r'name="findings" value="([0-9a-f]{16})"', text)
    for key, reason in zip(keys, ("known <here>", "known <here>"), strict=True):
        sent = await send(client, f"/jobs/{job}/waive", fields, findings=key, reason=reason)
        assert sent.status_code == 303
    text, _ = await page(client, f"/jobs/{job}")
    publish = text.partition('id="publish"')[2].partition('id="skill"')[0]
    assert "did not pass" not in publish and "validation found 2 errors, which may stand" in publish
    assert publish.count("They were let stand by") == 1 and "known &lt;here&gt;" in publish
    assert publish.count("let it stand: known &lt;here&gt;") == 2
    assert "<pre>one\ntwo &lt;3&gt;</pre>" in publish
    assert "Fix: Write <code>--quiet</code> &lt;b&gt;, not `x" in publish
    assert re.search(r'<li class="done">Validate</li>', text)


async def test_a_stranger_publishes_and_waives_nothing(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await ready(opened, database, finding("one"))
    client.cookies.set("skill_fleet_user", "eve")
    text, fields = await page(client, f"/jobs/{job}")
    assert "Publish in the library" not in text and "Let them stand" not in text
    for path in ("waive", "promote"):
        assert (await send(client, f"/jobs/{job}/{path}", fields, findings="one", reason="x")).status_code == 404


async def test_a_waiver_stands_beside_each_finding_and_belongs_to_the_answer(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    await make_draft(database, job)
    again, other = finding("a-code", line=9, message="a<9>"), finding("b-code", message="b is bad")
    found = [finding("a-code", line=2), again, other, finding("c", Severity.WARNING)]
    data = ValidateData(passed=False, score=0.5, findings=found, report="", revision=1, digest="d")
    prompt = await make_prompt(database, job, HitlType.VALIDATE, data=data, revision=1)
    text, fields = await page(client, f"/jobs/{job}")
    assert "3 errors" in text and "1 warning" in text
    ticks = re.findall(r'form="decide" name="([^"]*)" value="([^"]*)"', text)
    assert ticks == [("findings", "a-code"), ("findings-also", "a-code~2"), ("findings", "b-code")]
    waiving = text.partition('<details id="choice-waive"')[2].partition("</details>")[0]
    assert "Tick every error that may stand. If one may not, choose “Fix issues”." in waiving
    url = f"/jobs/{job}/answer"
    some = await send(client, url, fields, action=PromptAction.WAIVE, findings="a-code", reason="known")
    assert some.status_code == 422
    assert 'value="a-code" checked' in some.text and "2 errors would still stand" in some.text
    beside = re.findall(r'id="unticked-(\d)">Not ticked: (.*?)</p>', some.text)
    assert beside == [("2", "a&lt;9&gt;"), ("3", "b is bad")]
    assert "“a&lt;9&gt;”; “b is bad”. Tick every error that may stand." in some.text
    assert "known</textarea>" in some.text and '<details id="choice-waive" open>' in some.text
    none = await send(client, url, fields, action=PromptAction.WAIVE)
    assert none.status_code == 422 and none.text.count("Not ticked: ") >= 4
    assert "Not answered yet: Why the findings may stand" in none.text
    body = {**fields.hidden, "action": "waive", "findings": ["a-code", "b-code"], "findings-also": "a-code~2"}
    silent = await client.post(url, data=body, headers={"Accept": "text/html"})
    ticked = re.findall(r'name="findings[^"]*" value="([^"]*)" checked', silent.text)
    assert (silent.status_code, ticked) == (422, ["a-code", "a-code~2", "b-code"])
    await client.post(url, data=body | {"reason": "known"}, headers={"Accept": "text/html"})
    async with database.transaction() as session:
        row = await session.get(HitlInteraction, prompt)
        assert row is not None and row.response_data is not None
        assert (row.response_data["findings"], row.response_data["reason"]) == (["a-code", "b-code"], "known")


async def test_a_preview_leads_to_what_deserves_a_look_and_says_what_the_scan_found(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    text = SKILL + "\nsecret\u200bword\n"
    files = [*new_revision(1, text).files, SkillFileEntry(path="references/<b>.md", data=b"x")]
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(1, text).model_copy(update={"files": files}))
        await jobs.merge_result(session, job, revision=1)
    look = [Highlight(section="Rules", why="new"), Highlight(section="<i>Gone</i>", why="x")]
    data = PreviewData(content=text, revision=1, digest="d", highlights=look)
    await make_prompt(database, job, HitlType.PREVIEW, data=data, revision=1)
    shown, _ = await page(client, f"/jobs/{job}")
    assert 'Look at <a href="#skill-rules">Rules</a>: new' in shown and 'id="skill-rules"' in shown
    assert "Look at <strong>&lt;i&gt;Gone&lt;/i&gt;</strong>" in shown
    assert "The safety scan found" in shown and "secret\\u{200b}word" in shown
    assert "references/&lt;b&gt;.md</a>" in shown and "?show=raw" in shown
