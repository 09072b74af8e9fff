"""The stand-in provider as an ASGI application: OpenAI's chat completions, with faults on order.

`POST /v1/chat/completions` and `GET /v1/models` want the bearer key; `POST /_control` and `GET /_calls` do not (it
listens on loopback). Must not decide what to answer: `ProviderState` does.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from hashlib import sha256

from pydantic import JsonValue, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.dspy_prompts import Asked
from tests.support.patterns import UnsupportedPatternError
from tests.support.provider_models import FLOOD, Call, ChatRequest, Control, Fault, FaultKind
from tests.support.provider_state import ProviderState, asked_of

_ERRORS: dict[FaultKind, tuple[int, str, str | None, str]] = {
    # kind: status, type, code, message; as OpenAI and llama.cpp send them
    FaultKind.RATE_LIMIT: (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests"),
    FaultKind.QUOTA: (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota"),
    FaultKind.UNAUTHORIZED: (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided"),
    FaultKind.FORBIDDEN: (403, "invalid_request_error", "forbidden", "Your key may not use this model"),
    FaultKind.NO_MODEL: (404, "invalid_request_error", "model_not_found", "The model does not exist"),
    FaultKind.BAD_REQUEST: (400, "invalid_request_error", None, "Invalid value in the request"),
    FaultKind.REFUSES_STREAM: (400, "invalid_request_error", None, "Streaming is not supported by this deployment"),
    FaultKind.CONTEXT_OPENAI: (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    ),
    FaultKind.SERVER_ERROR: (500, "server_error", None, "The server had an error while processing your request"),
    FaultKind.UNAVAILABLE: (503, "server_error", None, "The engine is currently overloaded"),
}
_LLAMA_CONTEXT: dict[str, JsonValue] = {
    "code": 400,
    "message": "the request exceeds the available context size, try increasing it",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 9000,
    "n_ctx": 8192,
}
_SPOILED = {FaultKind.TRUNCATED, FaultKind.PROSE, FaultKind.EMPTY}
_FORM = {  # as it is sent: as the product names it; dspy 3.4 sends `max_tokens` under its newer name
    "max_completion_tokens": "max_tokens",
    "temperature": "temperature",
    "response_format": "response_format",
}
_ABSURD: dict[str, JsonValue] = {
    "prompt_tokens": 10**30,
    "completion_tokens": -5,
    "total_tokens": "many",
    "prompt_tokens_details": [None],
}
_APOLOGY = "I am sorry, but before I can help with that I would need to know more about it."


@dataclass(frozen=True)
class _Completion:
    """A finished answer and the envelope's numbers."""

    call: Call
    texts: list[str]

    def reason(self) -> str:
        return "length" if self.call.fault is FaultKind.TRUNCATED else "stop"

    def usage(self) -> dict[str, JsonValue]:
        if self.call.fault is FaultKind.ABSURD_USAGE:
            return _ABSURD
        said = sum(len(text.split()) for text in self.texts)
        told = self.call.prompt_tokens
        return {"prompt_tokens": told, "completion_tokens": said, "total_tokens": told + said}

    def envelope(self, kind: str, **more: JsonValue) -> dict[str, JsonValue]:
        created = int(self.call.started_at.timestamp())
        base: dict[str, JsonValue] = {"id": f"chatcmpl-{self.call.number}", "object": kind, "created": created}
        return base | {"model": self.call.model} | more

    def whole(self) -> dict[str, JsonValue]:
        choices: list[JsonValue] = [
            {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": self.reason()}
            for i, text in enumerate(self.texts)
        ]
        return self.envelope("chat.completion", choices=choices, usage=self.usage())

    def chunks(self, with_usage: bool) -> list[dict[str, JsonValue]]:
        kind = "chat.completion.chunk"
        deltas: list[tuple[int, dict[str, JsonValue], str | None]] = []
        for index, text in enumerate(self.texts):
            deltas.append((index, {"role": "assistant", "content": ""}, None))
            deltas += [(index, {"content": part}, None) for part in _pieces(text)]
            deltas.append((index, {}, self.reason()))
        sent = [
            self.envelope(kind, choices=[{"index": index, "delta": delta, "finish_reason": reason}])
            for index, delta, reason in deltas
        ]
        return [*sent, self.envelope(kind, choices=[], usage=self.usage())] if with_usage else sent


def _pieces(text: str) -> list[str]:
    return [text[at : at + 12] for at in range(0, len(text), 12)]


def _spoiled(text: str, fault: FaultKind | None) -> str:
    if fault is FaultKind.TRUNCATED:
        return text[: len(text) // 3]
    return {FaultKind.PROSE: _APOLOGY, FaultKind.EMPTY: ""}.get(fault, text) if fault else text


def _error(status: int, body: dict[str, JsonValue], headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": body}, status_code=status, headers=headers)


def _told(status: int, kind: str, code: str | None, message: str) -> Response:
    return _error(status, {"message": message, "type": kind, "param": None, "code": code})


def question_digest(body: bytes) -> str:
    """What a question is: model, messages, sampling and form, as the product's ledger of calls has them digested."""
    asked = json.loads(body)
    form = {name: asked[sent] for sent, name in _FORM.items() if sent in asked}
    told = [f"openai/{asked['model']}", asked["messages"], form]
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _refusal(fault: Fault) -> Response | None:
    """The response that is this fault; None when the fault is none that a response could be."""
    if fault.kind is FaultKind.NOT_JSON:
        return PlainTextResponse("<html><body>Bad gateway page with status 200</body></html>")
    if fault.kind is FaultKind.CONTEXT_LLAMA:
        return _error(400, _LLAMA_CONTEXT)
    if fault.kind not in _ERRORS:
        return None
    response = _told(*_ERRORS[fault.kind])
    if fault.kind is FaultKind.RATE_LIMIT:
        response.headers["Retry-After"] = str(round(fault.seconds))
    return response


class ProviderApp:
    """The endpoints. `drop` cuts the TCP connection of a request, which ASGI has no word for."""

    def __init__(self, state: ProviderState, key: str, models: list[str], drop: Callable[[Request], None]) -> None:
        self._state = state
        self._key = key
        self._models = models
        self._drop = drop

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/v1/models", self.models),
                Route("/_control", self.control, methods=["POST"]),
                Route("/_calls", self.calls),
            ]
        )

    async def models(self, request: Request) -> Response:
        if not self._allowed(request):
            return _told(*_ERRORS[FaultKind.UNAUTHORIZED])
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "stand-in"} for name in self._models]
        return JSONResponse({"object": "list", "data": data})

    async def control(self, request: Request) -> Response:
        try:
            self._state.order(Control.model_validate_json(await request.body()))
        except ValidationError as error:
            return PlainTextResponse(str(error), status_code=422)
        return Response(status_code=204)

    async def calls(self, _: Request) -> Response:
        return Response(self._state.ledger().model_dump_json(), media_type="application/json")

    async def chat(self, request: Request) -> Response:
        body = await request.body()
        try:
            parsed = ChatRequest.model_validate_json(body)
        except ValidationError as error:
            return self._closed(self._state.begin(None, []), _told(400, "invalid_request_error", None, str(error)))
        asked = asked_of(parsed)
        call = self._state.begin(parsed, list(asked.wanted.properties), question_digest(body))
        if not self._allowed(request):
            return self._closed(call, _told(*_ERRORS[FaultKind.UNAUTHORIZED]))
        fault = self._state.fault_for(parsed, asked)
        call = call.model_copy(update={"fault": fault.kind if fault else None})
        answer = await _unless_gone(request, self._answered(request, parsed, asked, call, fault))
        return answer or self._gone(call)

    def _allowed(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self._key}"

    def _closed(self, call: Call, response: Response) -> Response:
        outcome = "refused" if call.fault is None else "faulted"
        self._state.end(call.model_copy(update={"outcome": outcome, "status": response.status_code}))
        return response

    def _gone(self, call: Call) -> Response:
        dropped = call.fault is FaultKind.DROP  # it was the provider who hung up
        update = {"outcome": "faulted" if dropped else "disconnected", "disconnected": not dropped}
        self._state.end(call.model_copy(update=update))
        return Response(status_code=499)

    async def _answered(
        self, request: Request, parsed: ChatRequest, asked: Asked, call: Call, fault: Fault | None
    ) -> Response:
        await asyncio.sleep(self._state.pause_of(call))
        if fault is not None and fault.kind in {FaultKind.HANG, FaultKind.DELAY}:
            await self._state.until_released(call, fault.seconds if fault.kind is FaultKind.DELAY else None)
        if fault is not None and fault.kind is FaultKind.DROP:
            self._drop(request)
            await asyncio.Event().wait()  # the watch for the client's going ends this
        if fault is not None and (refusal := _refusal(fault)) is not None:
            return self._closed(call, refusal)
        if call.fault is FaultKind.FLOOD:
            kind = "text/event-stream" if parsed.stream else "application/json"
            return StreamingResponse(self._flood(call, parsed), media_type=kind)
        try:
            text = self._state.answer_for(parsed, asked)
        except UnsupportedPatternError as error:
            return self._closed(call, _told(501, "stand_in_limit", None, str(error)))
        text = _spoiled(text, call.fault)
        pause = fault.seconds if fault is not None and fault.kind is FaultKind.SLOW_STREAM else 0.0
        return self._spoken(_Completion(call, [text] * (parsed.n or 1)), parsed, request, pause)

    def _spoken(self, completion: _Completion, parsed: ChatRequest, request: Request, pause: float) -> Response:
        said = sum(len(text.split()) for text in completion.texts)
        spoiled = completion.call.fault in _SPOILED
        update = {"outcome": "faulted" if spoiled else "answered", "status": 200, "completion_tokens": said}
        call = completion.call.model_copy(update=update)
        if parsed.stream and call.fault is not FaultKind.IGNORES_STREAM:
            asked = bool((parsed.stream_options or {}).get("include_usage"))
            chunks = completion.chunks(asked and call.fault is not FaultKind.NO_STREAM_USAGE)
            return StreamingResponse(self._streamed(chunks, call, request, pause), media_type="text/event-stream")
        self._state.end(call)
        return JSONResponse(completion.whole())

    async def _streamed(
        self, chunks: list[dict[str, JsonValue]], call: Call, request: Request, pause: float
    ) -> AsyncIterator[str]:
        ended = call.model_copy(update={"outcome": "disconnected", "disconnected": True})
        try:
            for at, chunk in enumerate(chunks):
                if at == len(chunks) // 2 and call.fault is FaultKind.CUT_STREAM:
                    ended = call.model_copy(update={"outcome": "faulted"})
                    self._drop(request)
                    return
                if at == len(chunks) // 2 and call.fault is FaultKind.STALLED_STREAM:
                    await self._state.until_released(call, None)
                if call.fault is FaultKind.UNFINISHED_STREAM and at == len(chunks) - 2:
                    ended = call.model_copy(update={"outcome": "faulted"})
                    return
                yield f"data: {json.dumps(chunk)}\n\n"
                await asyncio.sleep(pause)
            yield "data: [DONE]\n\n"
            ended = call
        finally:
            self._state.end(ended)

    async def _flood(self, call: Call, parsed: ChatRequest) -> AsyncIterator[bytes]:
        words = b" " * 1_000
        event = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % words
        part = (event if parsed.stream else words) * 50
        ended = call.model_copy(update={"outcome": "disconnected", "disconnected": True, "status": 200})
        try:
            for _ in range(FLOOD // len(part)):
                yield part
                await asyncio.sleep(0)  # lets the client's going be noticed
            ended = call.model_copy(update={"outcome": "faulted", "status": 200})
        finally:
            self._state.end(ended)


async def _unless_gone(request: Request, work: Coroutine[None, None, Response]) -> Response | None:
    """The response, or None when the client disconnects first; the work is then cancelled."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_until_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
