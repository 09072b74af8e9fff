"""Scenarios A to E of the product, end to end on the whole stack: once over HTTP, once through the command line."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import skills_ref

from domain.skill_file import parse, sections
from tests.integration.conftest import Site
from tests.support.provider import SpawnedProvider
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.integration, pytest.mark.slow]

TASK = "Create a skill for handling user data"
YOU_DECIDE = "you decide"
BROKEN = "---\nname: {name}\n---\n\n# Handling user data\n\n## Quick Start\n\n- Ask before data leaves the system.\n"
ROUNDS = 12

Json = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What came of something that a person did: whether it was taken, and the words."""

    taken: bool
    words: str


class Hands(ABC):
    """A way to do things. What the job says is read over HTTP whichever way things are done."""

    def __init__(self, site: Site, http: httpx.AsyncClient) -> None:
        self.site = site
        self.http = http

    @property
    def provider(self) -> SpawnedProvider:
        return self.site.provider

    @property
    def library(self) -> Path:
        return self.site.terminal.library

    @abstractmethod
    async def start(self, **options: object) -> str: ...

    @abstractmethod
    async def answer(self, job: str, action: str, **given: object) -> Said: ...

    @abstractmethod
    async def promote(self, job: str) -> Said: ...

    async def read(self, path: str) -> Json:
        response = await self.http.get(path)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    async def job(self, job: str) -> Json:
        return await self.read(f"/jobs/{job}")

    async def prompt(self, job: str, kind: str, after: str = "") -> Json:
        """The open prompt, once it is of this kind and not the one named."""
        async with asyncio.timeout(90):
            while True:
                prompt = await self.read(f"/hitl/{job}/prompt")
                if prompt["hitl_type"] == kind and prompt["interaction_id"] != after:
                    return prompt
                assert prompt["status"] not in ("failed", "cancelled", "completed"), await self.job(job)
                await asyncio.sleep(0.05)

    async def ended(self, job: str) -> Json:
        return await self.once(job, lambda view: view["status"] in ("completed", "failed", "cancelled"))

    async def once(self, job: str, holds: Callable[[Json], bool]) -> Json:
        """The job, once this holds."""
        async with asyncio.timeout(90):
            while True:
                if holds(view := await self.job(job)):
                    return view
                await asyncio.sleep(0.05)

    async def questions_answered(self, job: str) -> None:
        asked = await self.prompt(job, "clarify")
        answers = {question["id"]: YOU_DECIDE for question in asked["prompt_data"]["questions"]}
        assert (await self.answer(job, "proceed", answers=answers)).taken

    async def previewed(self, **options: object) -> tuple[str, Json]:
        """A job whose preview is open."""
        job = await self.start(max_questions=0, **options)
        return job, await self.prompt(job, "preview")


class Http(Hands):
    """A program that speaks HTTP."""

    async def start(self, **options: object) -> str:
        body = {"task_description": TASK, "options": options}
        response = await self.http.post("/skills", json=body, headers={"Idempotency-Key": str(uuid4())})
        assert response.status_code == 202, response.text
        return str(response.json()["job_id"])

    async def answer(self, job: str, action: str, **given: object) -> Said:
        prompt = await self.read(f"/hitl/{job}/prompt")
        body = {"interaction_id": prompt["interaction_id"], "action": action, **given}
        response = await self.http.post(f"/hitl/{job}/response", json=body)
        assert response.status_code in (202, 409, 422), response.text
        return Said(response.status_code == 202, response.text)

    async def promote(self, job: str) -> Said:
        response = await self.http.post(f"/drafts/{job}/promote", json={})
        return Said(response.is_success, response.text)


class CommandLine(Hands):
    """A person, or a script, at a terminal."""

    @property
    def terminal(self) -> Terminal:
        return self.site.terminal

    async def start(self, **options: object) -> str:
        flags = {"max_questions": "--max-questions", "confirm": "--confirm", "promote": "--promote"}
        words = [
            word
            for name, value in options.items()
            for word in ([flags[name]] if value is True else [flags[name], str(value)])
        ]
        ran = await self.terminal.fleet("create", TASK, "--json", "--detach", *words)
        assert ran.code == 0, ran.err
        return str(ran.lines[0]["job_id"])

    async def answer(self, job: str, action: str, **given: object) -> Said:
        body = json.dumps({"action": action, **given})
        ran = await self.terminal.fleet("answer", job, "--file", "-", "--json", stdin=body)
        assert ran.code in (0, 1, 2), ran.err
        return Said(ran.code == 0, ran.out + ran.err)

    async def promote(self, job: str) -> Said:
        ran = await self.terminal.fleet("promote", job, "--json")
        return Said(ran.code == 0, ran.out + ran.err)


@pytest.fixture(scope="session")
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    base = f"{site.terminal.stack.api_url}/api/v1"
    async with httpx.AsyncClient(base_url=base, timeout=30, headers={"X-User-Id": "local"}) as client:
        yield client


@pytest.fixture(params=[Http, CommandLine], ids=["http", "cli"])
def hands(request: pytest.FixtureRequest, site: Site, http: httpx.AsyncClient) -> Hands:
    made: Hands = request.param(site, http)
    return made


def headings(content: str) -> list[str]:
    return [section.heading for section in sections(parse(content.encode()).body)]


class TestA:
    """Understanding: questions, a partial answer that is kept, all answers, a summary in the result."""

    async def test_questions_are_asked_kept_and_summed_up(self, hands: Hands) -> None:
        job = await hands.start()
        prompt = await hands.prompt(job, "clarify")
        assert prompt["status"] == "pending_hitl"
        first, *others = [question["id"] for question in prompt["prompt_data"]["questions"]]
        assert len(others) in (1, 2)
        partial = await hands.answer(job, "proceed", answers={first: "Nobody exports personal data unasked"})
        assert not partial.taken and all(other in partial.words for other in others)
        again = await hands.read(f"/hitl/{job}/prompt")
        assert again["interaction_id"] == prompt["interaction_id"]
        assert again["draft"]["answers"] == {first: "Nobody exports personal data unasked"}
        whole = {first: "Nobody exports personal data unasked", **dict.fromkeys(others, YOU_DECIDE)}
        assert (await hands.answer(job, "proceed", answers=whole)).taken
        await hands.prompt(job, "preview")
        result = (await hands.job(job))["result"]
        assert result["understanding_summary"]
        shown = await hands.read(f"/jobs/{job}/revisions/{result['revision']}")
        assert "Nobody exports personal data unasked" in shown["content"]


class TestB:
    """Preview approved: the skill is shown, then validated, and lies among the drafts."""

    async def test_an_approved_preview_is_validated_and_saved_as_a_draft(self, hands: Hands) -> None:
        job, prompt = await hands.previewed()
        data = prompt["prompt_data"]
        assert data["content"].startswith("---\n") and data["highlights"] and data["digest"]
        page = await hands.http.get(hands.site.terminal.stack.api_url + f"/jobs/{job}")
        assert page.status_code == 200 and 'class="' in page.text
        assert (await hands.answer(job, "proceed")).taken
        view = await hands.ended(job)
        assert view["status"] == "completed" and view["validation_passed"] is True
        draft = hands.library / view["draft_path"]
        assert view["draft_path"].startswith(f"_drafts/{job}/")
        assert (draft / "SKILL.md").read_text() == data["content"]


class TestC:
    """Preview revised, twelve times: feedback reaches the author, structure is kept, every round has its diff."""

    async def test_twelve_rounds_of_feedback_are_each_heeded_and_remembered(self, hands: Hands) -> None:
        job, prompt = await hands.previewed()
        wanted = [f"Add more examples to the Quick Start section, kind {number}" for number in range(1, ROUNDS + 1)]
        for feedback in wanted:
            before = prompt
            assert (await hands.answer(job, "revise", feedback=feedback)).taken
            prompt = await hands.prompt(job, "preview", after=before["interaction_id"])
            data = prompt["prompt_data"]
            assert data["content"] != before["prompt_data"]["content"] and data["diff"]
            kept = headings(before["prompt_data"]["content"])
            assert [heading for heading in headings(data["content"]) if heading in kept] == kept
        assert (await hands.job(job))["feedback"] == wanted
        asked = [json.dumps(call.model_dump(mode="json")) for call in hands.provider.calls()]
        assert any(all(text in call for text in wanted) for call in asked)
        phases = [(event["phase"], event["type"]) for event in await self.events(hands, job)]
        assert phases.count(("generation", "phase")) == ROUNDS + 1
        first = await hands.read(f"/jobs/{job}/revisions/{data['revision']}/diff?against=1")
        assert first["rows"] and "+" in first["diff"]
        assert (await hands.answer(job, "proceed")).taken
        view = await hands.ended(job)
        assert view["status"] == "completed" and view["result"]["digest"] == data["digest"]

    async def events(self, hands: Hands, job: str) -> list[Json]:
        found = []
        async with hands.http.stream("GET", f"/jobs/{job}/events") as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    found.append(json.loads(line.removeprefix("data: ")))
                    if len(found) > 1 and found[-1]["seq"] >= found[0]["seq"]:
                        break
        return found[1:]


class TestD:
    """Validation fails on a missing field: fixed from the report, or waived with a reason."""

    async def broken(self, hands: Hands) -> tuple[str, Json]:
        """A job whose skill a person has edited until its description is gone."""
        job, prompt = await hands.previewed()
        name = (await hands.job(job))["result"]["skill_name"]
        assert (await hands.answer(job, "edit", content=BROKEN.format(name=name))).taken
        edited = await hands.prompt(job, "preview", after=prompt["interaction_id"])
        assert edited["prompt_data"]["content"] == BROKEN.format(name=name)
        assert (await hands.answer(job, "proceed")).taken
        failed = await hands.prompt(job, "validate")
        assert failed["status"] == "pending_review" and not failed["prompt_data"]["passed"]
        errors = [finding for finding in failed["prompt_data"]["findings"] if finding["severity"] == "error"]
        assert any("description" in finding["message"] for finding in errors) and failed["prompt_data"]["report"]
        return job, failed

    async def test_fix_issues_writes_anew_from_the_report_and_passes(self, hands: Hands) -> None:
        job, _ = await self.broken(hands)
        assert (await hands.answer(job, "revise")).taken
        view = await hands.ended(job)
        assert view["status"] == "completed" and view["validation_passed"] is True
        shown = await hands.read(f"/jobs/{job}/revisions/{view['result']['revision']}")
        assert "description:" in shown["content"] and "Ask before data leaves the system." in shown["content"]
        kinds = [
            prompt["interaction_type"] for prompt in (await hands.read(f"/jobs/{job}/interactions"))["interactions"]
        ]
        assert kinds == ["preview", "preview", "validate"]

    async def test_a_waiver_needs_a_reason_and_is_on_record(self, hands: Hands) -> None:
        job, _ = await self.broken(hands)
        silent = await hands.answer(job, "waive")
        assert not silent.taken and "reason" in silent.words
        assert (await hands.answer(job, "waive", reason="a try-out that is never published")).taken
        view = await hands.ended(job)
        assert view["status"] == "completed" and view["validation_passed"] is False
        audit = (await hands.read(f"/jobs/{job}/audit"))["entries"]
        assert audit[-1]["body"]["reason"] == "a try-out that is never published"


class TestE:
    """Promotion: the draft moves to its shelf, rows and indexes say so."""

    async def test_a_promoted_skill_lies_on_its_shelf_and_is_listed_everywhere(self, hands: Hands) -> None:
        job, _ = await hands.previewed()
        assert (await hands.answer(job, "proceed")).taken
        draft = (await hands.ended(job))["draft_path"]
        promoted = await hands.promote(job)
        assert promoted.taken, promoted.words
        view = await hands.once(job, lambda view: bool(view["promoted"]))
        path = view["final_path"]
        assert skills_ref.validate(hands.library / path) == [] and not (hands.library / draft).exists()
        listed = {skill["path"]: skill for skill in (await hands.read("/skills"))["skills"]}
        assert listed[path]["status"] == "active" and listed[path]["job_id"] == job
        category = path.split("/")[0]
        shelves = (await hands.read("/taxonomy"))["categories"]
        assert next(shelf for shelf in shelves if shelf["name"] == category)["skills"] >= 1
        xml = await hands.http.get("/taxonomy/xml")
        assert f"<name>{path.split('/')[1]}</name>" in "".join(xml.text.split())
        assert (await hands.promote(job)).taken
