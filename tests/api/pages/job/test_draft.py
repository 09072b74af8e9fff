"""What is typed is saved while it is typed: every kind of field, right or wrong, and it is there again."""

import re
from html import unescape
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from starlette.datastructures import FormData

from api.pages.forms import Form
from api.pages.job.answer_form import filled
from api.pages.job.draft import draft_of
from domain.answering.answers import form
from domain.prompt import MAX_ANSWER, AnswerDraft, HitlType, Option, Question, QuestionsData
from tests.api.conftest import Opened
from tests.api.pages.by_hand import HTML, Fields, page, send
from tests.support.prompts import SKILL, shown
from tests.support.screen import part

KINDS = [
    Question(id="text", text="Which data?"),
    Question(id="single", text="Delete?", type="single", options=[Option(id="d", label="Delete")]),
    Question(id="multi", text="Which?", type="multi", options=[Option(id="a", label="A"), Option(id="b", label="B")]),
    Question(id="boolean", text="Really?", type="boolean"),
]


def sent_form(*pairs: tuple[str, str]) -> Form:
    return Form(FormData([*pairs]))


def questions() -> dict[str, JsonValue]:
    return form(HitlType.CLARIFY, QuestionsData(questions=KINDS))


TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT, TEXT, st.lists(TEXT, max_size=3), st.sets(st.sampled_from(["a", "b"])), st.sampled_from(["", "true", "x"]))
def test_whatever_is_typed_into_questions_stands_there_again(
    text: str, own: str, more: list[str], ticked: set[str], truth: str
) -> None:
    pairs = [("q.text", text), ("own.single", own), *[("own.multi", one) for one in more], ("q.boolean", truth)]
    sent = sent_form(*pairs, *[("q.multi", one) for one in sorted(ticked)])
    draft, lost = draft_of(sent, questions(), "")
    assert lost == []
    kept = AnswerDraft.model_validate_json(draft.model_dump_json(exclude_none=True))
    again = {entry.id: entry for entry in filled(questions(), kept, "", {})}
    assert again["text"].text == (text if text.strip() else "")
    assert [*again["single"].ticked, *again["single"].own] == ([own] if own.strip() else [])
    given_more = [one for one in more if one.strip()]
    assert {*again["multi"].ticked, *again["multi"].own} == {*ticked, *given_more}
    assert again["boolean"].ticked + again["boolean"].own == ([truth] if truth else [])


@pytest.mark.parametrize("kind", [kind for kind in HitlType if kind is not HitlType.BUDGET])
async def test_the_form_of_every_prompt_comes_back_as_it_was_typed(
    client: httpx.AsyncClient, opened: Opened, asked: Opened, kind: HitlType
) -> None:
    job = await opened()
    await asked(job, kind, shown(kind, questions=KINDS, codes=["x", "y"]))
    text, fields = await page(client, f"/jobs/{job}")
    typed = {name: f"typed <into> {name}" for name in textareas(text) if name != "own.multi"}
    assert typed
    saved = await send(client, f"/jobs/{job}/draft", fields, **typed)
    assert saved.status_code == 200 and re.search(r'hx-target="#saved".*Saved \d\d:\d\d:\d\d UTC\.<', saved.text)
    again, _ = await page(client, f"/jobs/{job}")
    for name, value in typed.items():
        assert textareas(again)[name] == value, name
    assert (await client.get(f"/api/v1/hitl/{job}/prompt")).json()["interaction_id"] == fields.hidden["interaction_id"]


def textareas(text: str) -> dict[str, str]:
    found = re.findall(r'<textarea id="[^"]*" name="([^"]+)"[^>]*>\n(.*?)</textarea>', part(text, "prompt"), re.DOTALL)
    return {name: unescape(value) for name, value in found}


async def test_an_unfinished_number_is_kept_and_so_is_the_rest(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.BUDGET, shown(HitlType.BUDGET))
    _, fields = await page(client, f"/jobs/{job}")
    await send(client, f"/jobs/{job}/draft", fields, **{"q.calls": "12 or so", "q.usd": "3"})
    text, _ = await page(client, f"/jobs/{job}")
    assert 'value="12 or so"' in text and re.search(r'name="q.usd"[^>]*value="3(\.0)?"', text)


async def test_what_is_too_long_is_said_and_does_not_lose_the_others(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x"]))
    _, fields = await page(client, f"/jobs/{job}")
    long = "x" * (MAX_ANSWER + 1)
    saved = await send(client, f"/jobs/{job}/draft", fields, feedback=long, reason="known since May")
    assert saved.status_code == 200 and "(too long)" in saved.text
    text, _ = await page(client, f"/jobs/{job}")
    assert "known since May" in text and long not in text


async def test_emptied_fields_are_empty_again_and_an_untouched_text_is_no_draft(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.PREVIEW, shown(HitlType.PREVIEW))
    text, fields = await page(client, f"/jobs/{job}")
    given = {"content": textareas(text)["content"], "feedback": "shorter"}
    assert given["content"] == SKILL
    await send(client, f"/jobs/{job}/draft", fields, **given)
    kept = (await client.get(f"/api/v1/hitl/{job}/prompt")).json()["draft"]
    assert kept == {"feedback": "shorter"} or {name: kept[name] for name in kept if kept[name]} == {
        "feedback": "shorter"
    }
    await send(client, f"/jobs/{job}/draft", fields, content="# Mine", feedback="")
    text, _ = await page(client, f"/jobs/{job}")
    assert textareas(text)["content"] == "# Mine" and textareas(text)["feedback"] == ""
    await send(client, f"/jobs/{job}/draft", fields, content=SKILL, feedback="")
    assert textareas((await page(client, f"/jobs/{job}"))[0])["content"] == SKILL


async def test_findings_that_were_ticked_are_ticked_again(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x", "y"]))
    _, fields = await page(client, f"/jobs/{job}")
    await send(client, f"/jobs/{job}/draft", fields, findings="y")
    text, _ = await page(client, f"/jobs/{job}")
    assert re.search(r'name="findings" value="y" checked', text)
    assert not re.search(r'name="findings" value="x" checked', text)


async def lose(client: httpx.AsyncClient, job: UUID, prompt: str, by: str) -> None:
    body = {"interaction_id": prompt, "action": "proceed", "answers": {"q1": "all", "q2": "d"}}
    await client.post(f"/api/v1/hitl/{job}/response", json=body, headers={"X-User-Id": by})


async def test_a_draft_for_a_prompt_that_somebody_else_closed_shows_who_and_what_was_typed(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    _, fields = await page(client, f"/jobs/{job}")
    await lose(client, job, fields.hidden["interaction_id"], "ada")
    response = await send(client, f"/jobs/{job}/draft", fields, **{"q.q1": "mine <b>"})
    assert response.status_code == 200 and 'hx-target="#left"' in response.text
    assert "ada chose" in response.text and "mine &lt;b&gt;" in response.text
    left = part((await page(client, f"/jobs/{job}"))[0], "left")
    assert "mine &lt;b&gt;" in left and "ada chose" in left


async def test_my_own_answer_from_another_tab_is_not_shown_as_lost(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    _, fields = await page(client, f"/jobs/{job}")
    await lose(client, job, fields.hidden["interaction_id"], "local")
    same = await send(client, f"/jobs/{job}/draft", fields, **{"q.q1": "all", "q.q2": "d"})
    assert "you chose" in same.text and "reached nobody" not in same.text
    more = await send(client, f"/jobs/{job}/draft", fields, **{"q.q1": "all and more", "q.q2": "d"})
    assert "reached nobody" in more.text and "all and more" in more.text
    assert "Delete or anonymise?" not in more.text


async def test_a_draft_for_no_prompt_says_so_and_one_without_our_token_saves_nothing(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    _, fields = await page(client, f"/jobs/{job}")
    for wrong in (str(uuid4()), "none"):
        fields.hidden["interaction_id"] = wrong
        assert "Not saved" in (await send(client, f"/jobs/{job}/draft", fields)).text
    _, fields = await page(client, f"/jobs/{job}")
    given = {"token": "x" * 43, "interaction_id": fields.hidden["interaction_id"], "q.q1": "evil"}
    assert (await client.post(f"/jobs/{job}/draft", data=given, headers=HTML)).status_code == 403
    assert (await send(client, f"/jobs/{uuid4()}/draft", Fields(""), token=fields.hidden["token"])).status_code == 404
    assert "evil" not in (await page(client, f"/jobs/{job}"))[0]
