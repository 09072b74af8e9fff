"""Asks a person an open prompt on the terminal, one thing at a time, and sends the answer until it fits.

Leaving (Ctrl-C, Ctrl-D) keeps what was answered as a draft. Must not be used without a person at the terminal.
"""

import contextlib
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from pydantic import JsonValue

from cli import prompts, values
from cli.client import Api
from cli.output import Output
from cli.problems import ApiProblem, CliError
from domain.answers import spoken
from domain.prompt import AnswerDraft, AnswerReceipt, AnswerRequest, PromptAction, PromptView, Question
from domain.skill import SKILL_FILE

Reader = Callable[[str], str]


class Dialogue:
    """One person at one terminal. `read` shows a text and returns what is typed (`input`)."""

    def __init__(self, out: Output, read: Reader = input) -> None:
        self._out = out
        self._read = read

    def answer(self, api: Api, prompt: PromptView) -> AnswerReceipt:
        """Show the prompt, ask, send; a refused answer is asked again where it was wrong. Raises CliError."""
        for line in prompts.lines(prompt):
            self._out.line(line)
        known: dict[str, JsonValue] = {}
        wrong: dict[str, str] = {}
        while True:
            request = self._asked(api, prompt, known, wrong)
            try:
                return api.post(f"/hitl/{prompt.job_id}/response", request, AnswerReceipt)
            except ApiProblem as problem:
                if problem.status != HTTPStatus.UNPROCESSABLE_ENTITY or not problem.fields:
                    raise
                wrong = problem.fields
                for line in problem.lines():
                    self._out.line(line)

    def _asked(self, api: Api, prompt: PromptView, known: dict[str, JsonValue], wrong: dict[str, str]) -> AnswerRequest:
        assert prompt.interaction_id is not None
        questions = prompts.questions(prompt)
        if not questions:
            return self._decision(prompt, prompt.interaction_id)
        draft = (prompt.draft.answers if prompt.draft else None) or {}
        try:
            for number, question in enumerate(questions, 1):
                if question.id not in known or f"answers.{question.id}" in wrong:
                    self._out.line()
                    self._out.line(f"{number}/{len(questions)} {question.text}", style="bold")
                    known[question.id] = self._value(question, draft.get(question.id))
        except (KeyboardInterrupt, EOFError):
            _keep(api, prompt.job_id, known)
            raise
        return AnswerRequest(interaction_id=prompt.interaction_id, action=PromptAction.PROCEED, answers=dict(known))

    def _value(self, question: Question, kept: JsonValue) -> JsonValue:
        if question.why:
            self._out.line(f"    {question.why}", style="dim")
        for number, option in enumerate(question.options, 1):
            self._out.line(f"    {number}) {option.label}")
        empty = f"keeps: {spoken(question, kept)}" if kept is not None else "you decide"
        hints = {"boolean": "yes/no", "single": "a number", "multi": "numbers with commas"}
        hint = "; ".join(part for part in (hints.get(question.type, ""), f"Enter: {empty}") if part)
        while True:
            text = self._read(f"    [{hint}] > ")
            if not text.strip() and kept is not None:
                return kept
            try:
                return values.parse(question, text)
            except values.NotAValueError as error:
                self._out.line(f"    {error}")

    def _decision(self, prompt: PromptView, interaction_id: UUID) -> AnswerRequest:
        legal = prompts.actions(prompt)
        if not legal:
            raise CliError(
                f"This version cannot answer a {prompt.hitl_type} prompt.",
                next_step=f"answer it on the page, or with `skill-fleet answer {prompt.job_id} --action ACTION`",
            )
        self._out.line()
        for number, action in enumerate(legal, 1):
            self._out.line(f"    {number}) {action}: {prompts.words(action)}")
        action = self._action(legal)
        field = prompts.needs(prompt.hitl_type, action)
        text = self._text(field, prompt) if field else None
        given = {field: text} if field else {}
        return AnswerRequest.model_validate({"interaction_id": interaction_id, "action": action, **given})

    def _action(self, legal: list[PromptAction]) -> PromptAction:
        while True:
            typed = self._read("    [a number or a word] > ").strip().lower()
            if typed.isdigit() and 1 <= int(typed) <= len(legal):
                return legal[int(typed) - 1]
            for action in legal:
                if typed and action.value.startswith(typed):
                    return action
            self._out.line(f"    choose one of: {', '.join(legal)}")

    def _text(self, field: str, prompt: PromptView) -> str:
        if field == "content":
            return self._edited(prompts.skill_text(prompt))
        ask = {"feedback": "What shall change?", "reason": "Why may it stand?"}
        while not (text := self._read(f"    {ask[field]} > ").strip()):
            self._out.line(f"    the {field} cannot be empty")
        return text

    def _edited(self, text: str) -> str:
        file = Path(tempfile.mkdtemp(prefix="skill-fleet-")) / SKILL_FILE
        file.write_text(text, encoding="utf-8")
        self._read(f"    Edit {file} and save it, then press Enter > ")
        return file.read_text(encoding="utf-8")


def _keep(api: Api, job_id: UUID, known: dict[str, JsonValue]) -> None:
    """Save the answers so far; the person is leaving, so a failure is not worth a word."""
    if known:
        with contextlib.suppress(CliError):
            api.patch(f"/hitl/{job_id}/draft", AnswerDraft(answers=known))
