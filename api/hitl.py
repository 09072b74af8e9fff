"""Routes of prompts: read, keep a draft, answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Query, Response
from pydantic import Field

from api import answering, reading
from api.dependencies import JobToAnswer, JobToRead, PersonDep, ServicesDep, storable
from api.described import problems
from api.examples import ANSWERS, REVISION
from domain.answering.answers import LEGAL, REQUIRED, WORDS
from domain.prompt import (
    MAX_ANSWER,
    MAX_CONTENT,
    YOU_DECIDE,
    AnswerDraft,
    AnswerReceipt,
    AnswerRequest,
    HitlType,
    PromptAction,
    PromptView,
)
from domain.shape import StrictShape
from store.prompts import Channel

COMMAND_LINE = "skill-fleet"
"""How the command line's User-Agent begins; the audit tells it from other programs."""

router = APIRouter(prefix="/hitl", tags=["prompts"], dependencies=[Depends(storable)])


class ActionConfig(StrictShape):
    """One action of one kind of prompt: its word, and the field without which it says nothing."""

    action: PromptAction
    words: str
    needs: str | None = None


class PromptConfig(StrictShape):
    """What may be done with one kind of prompt."""

    hitl_type: HitlType
    actions: list[ActionConfig]


class HitlConfig(StrictShape):
    """`GET /hitl/config`: the table of prompts and actions, the same for every client."""

    prompts: list[PromptConfig]
    you_decide: str = YOU_DECIDE
    max_answer_characters: int = MAX_ANSWER
    max_content_bytes: int = MAX_CONTENT


class DraftBody(AnswerDraft):
    """A part of an answer; it may name its prompt, as an answer does."""

    interaction_id: Annotated[UUID | None, Field(description="The prompt it is for; default: the open one.")] = None


@router.get("/config", summary="Prompts and their actions")
async def read_hitl_config() -> HitlConfig:
    """Every kind of prompt that this version opens, what may be done with it, and what it is called."""
    return HitlConfig(
        prompts=[
            PromptConfig(
                hitl_type=kind,
                actions=[
                    ActionConfig(action=action, words=WORDS[action], needs=REQUIRED.get((kind, action)))
                    for action in actions
                ],
            )
            for kind, actions in LEGAL.items()
        ]
    )


@router.get("/{job_id}/prompt", summary="The open prompt", responses=problems(404, 503))
async def read_prompt(job: JobToRead, parts: ServicesDep, asking: PersonDep) -> PromptView:
    """What the job asks now, the form to answer it with, and your draft; `hitl_type` is null when nothing is open."""
    return await reading.prompt_of(parts.database, job, asking.name, parts.hub.watching(job.job_id))


@router.patch("/{job_id}/draft", summary="Keep a part of an answer", responses=problems(404, 409, 422, 503))
async def save_draft(
    job: JobToAnswer,
    body: DraftBody,
    parts: ServicesDep,
    asking: PersonDep,
    interaction_id: Annotated[UUID | None, Query(description="The same as in the body.")] = None,
) -> AnswerDraft:
    """Merge into your draft, question by question; null clears. Returns the whole draft. 409 when the prompt has closed
    meanwhile: who answered is in `standing`, and your text is kept with that prompt."""
    part = AnswerDraft.model_validate(body.model_dump(exclude_unset=True, exclude={"interaction_id"}))
    return await answering.save_draft(parts, asking, job, part, body.interaction_id or interaction_id)


@router.post("/{job_id}/response", status_code=202, summary="Answer", responses=problems(404, 409, 410, 413, 422, 503))
async def answer_prompt(
    job: JobToAnswer,
    body: Annotated[AnswerRequest, Body(examples=[ANSWERS, REVISION])],
    response: Response,
    parts: ServicesDep,
    asking: PersonDep,
    user_agent: Annotated[str, Header(include_in_schema=False)] = "",
) -> AnswerReceipt:
    """Answer the open prompt. 202 accepted; 200 the same answer again; 409 someone else's stands, or it is stale;
    410 the job has ended; 422 per field, and what was valid is kept as your draft."""
    via = Channel.CLI if user_agent.startswith(COMMAND_LINE) else Channel.API
    receipt = await answering.answer(parts, asking, job, body, via)
    if receipt.outcome == "repeated":
        response.status_code = 200
    return receipt
