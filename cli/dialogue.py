"""Asks a person an open prompt on the terminal, one thing at a time, and sends the answer until it fits.

What was answered is kept as a draft on the server after each step, so leaving or losing the terminal loses nothing.
Must not be used without a person at the terminal.
"""

import tempfile
from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel, JsonValue

from cli import prompts
from cli.commands import Back, Leave, Slash
from cli.desk import Desk, Handler
from cli.filling import ACTION, CONTENT, Filling
from cli.problems import ApiProblem, CliError
from cli.values import chosen, parts
from domain.answering.forms import FormField, NotAValueError, typed
from domain.prompt import YOU_DECIDE, AnswerReceipt, HitlType, PromptAction, PromptView
from domain.skill import SKILL_FILE, RevisionView

HINTS = {
    "boolean": "yes/no",
    "single": "a number",
    "multi": "numbers with commas",
    "integer": "a whole number",
    "number": "a number",
}
CLOSED = frozenset({HTTPStatus.CONFLICT, HTTPStatus.GONE})
"""The prompt is no longer open."""

AT_ENTER = {HitlType.STRUCTURE_FIX: PromptAction.ACCEPT}
"""What Enter alone does, where that is safe and mostly meant."""


class Dialogue:
    """One person at one terminal."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._out = desk.out

    def answer(self, prompt: PromptView) -> AnswerReceipt:
        """Show the prompt, ask, send; a refused answer is asked again where it was wrong. Raises CliError and Turn."""
        filling = Filling(prompt)
        if not filling.legal:
            raise CliError(
                f"This version cannot answer a {prompt.hitl_type} prompt.",
                next_step=f"answer it on the page, or with `skill-fleet answer {prompt.job_id} --action ACTION`",
            )
        self._show(prompt)
        while True:
            try:
                self._fill(filling)
                return self._sent(filling)
            except ApiProblem as problem:
                if problem.status in CLOSED and filling.own_words():
                    problem.kept = _filed(filling.draft())
                unfit = problem.status == HTTPStatus.UNPROCESSABLE_ENTITY
                if not unfit or not filling.refused(problem.fields):
                    raise
                self._desk.say([f"{name}: {message}" for name, message in problem.fields.items()])

    def _show(self, prompt: PromptView) -> None:
        self._out.line()
        for block in prompts.blocks(prompt):
            if block.how == "markdown":
                self._out.markdown(block.text)
            elif block.how == "diff":
                self._out.diff(block.text)
            elif block.how == "rule":
                self._out.rule(block.text)
            else:
                self._out.line(block.text, style="bold" if block.how == "title" else None)

    def _fill(self, filling: Filling) -> None:
        """Ask all that is open. Who leaves, by whatever way, leaves a draft behind."""
        while (step := filling.next()) is not None:
            try:
                self._take(filling, step)
            except Back:
                if not filling.back(step):
                    self._desk.say(["this is the first question"])
            except (KeyboardInterrupt, EOFError, Leave):
                self._keep(filling, step, self._desk.reader.unfinished)
                raise

    def _take(self, filling: Filling, step: str) -> None:
        if step == ACTION:
            filling.choose(self._action(filling, {choice.action: choice.words for choice in filling.legal}))
            return
        filling.say(step, self._edited(filling) if step == CONTENT else self._value(filling, filling.field(step)))
        refusal = self._keep(filling) if filling.next() is not None else None
        if isinstance(refusal, ApiProblem) and refusal.status in CLOSED:
            raise refusal  # somebody else has answered meanwhile: nobody is asked on in vain

    def _action(self, filling: Filling, legal: Mapping[PromptAction, str]) -> PromptAction:
        kind = filling.prompt.hitl_type
        default = AT_ENTER.get(kind) if kind else None
        self._out.line()
        for number, (action, words) in enumerate(legal.items(), 1):
            self._out.line(f"    {number}) {action}: {words}")
        here = self._here(filling, ACTION)
        if PromptAction.EDIT in legal:
            here[Slash.EDIT] = lambda _: str(PromptAction.EDIT)
        hint = f"a number or a word; Enter: {default}" if default else "a number or a word"
        while True:
            given = self._desk.ask(f"    [{hint}] > ", here).strip().lower()
            if not given and default is not None and default in legal:
                return default
            meant = [action for action in legal if given and action.value.startswith(given)]
            if given.isdecimal() and 1 <= int(given) <= len(legal):
                meant = [list(legal)[int(given) - 1]]
            if len(meant) == 1:
                return meant[0]
            self._out.line(f"    choose one of: {', '.join(legal)}")

    def _value(self, filling: Filling, field: FormField) -> JsonValue:
        self._out.line()
        self._out.line(f"{filling.place(field.name)} {field.title}", style="bold")
        for line in [field.help] if field.help else []:
            self._out.line(f"    {line}", style="dim")
        labels = [option.label for option in field.choices] + (
            ["other, in your own words"] if _has_other(field) else []
        )
        for number, label in enumerate(labels, 1):
            self._out.line(f"    {number}) {label}")
        kept = filling.kept(field.name)
        ask, here = f"    [{_hint(field, kept) or self._desk.reader.more}] > ", self._here(filling, field.name)
        while True:
            text = self._desk.ask(ask, here)
            if not text.strip() and (empty := _unsaid(field, kept)) is not None:
                return empty[0]
            try:
                if (value := typed(field, self._meant(field, parts(field, text)))) is not None:
                    return value
                self._out.line("    this cannot be left out")
            except NotAValueError as error:
                self._out.line(f"    {error}")

    def _meant(self, field: FormField, given: list[str]) -> list[str]:
        """Choices as the form names them. The number behind them asks for words, which are taken as they are."""
        number = str(len(field.choices) + 1)
        if not _has_other(field) or number not in given:
            return [chosen(field, part) for part in given]
        words = self._desk.ask("    in your own words > ").strip()
        return [words if part == number else chosen(field, part) for part in given]

    def _edited(self, filling: Filling) -> str:
        """The text changed by hand; a text that was not changed, or an editor that fails, leads back."""
        kept = filling.kept(CONTENT)
        shown = prompts.content(filling.prompt) or self._revision(filling.prompt)
        name = "cases.yaml" if filling.prompt.hitl_type is HitlType.TDD_RED else SKILL_FILE
        try:
            content = self._desk.editor.changed(str(kept or shown), name)
        except CliError as error:
            self._desk.say(error.lines())
            raise Back from error
        if content == shown:
            self._desk.say(["nothing was changed"])
            raise Back
        return content

    def _revision(self, prompt: PromptView) -> str:
        number = (prompt.prompt_data or {}).get("revision")
        if number is None:
            return ""
        return self._desk.api.get(f"/jobs/{prompt.job_id}/revisions/{number}", RevisionView).content

    def _here(self, filling: Filling, step: str) -> dict[Slash, Handler]:
        here: dict[Slash, Handler] = {
            Slash.SHOW: lambda _: self._show(filling.prompt),
            Slash.SAVE: lambda _: self._save(filling),
        }
        if step != ACTION and filling.field(step).kind in ("text", "long_text"):
            kept = filling.kept(step)
            here[Slash.EDIT] = lambda _: self._desk.editor.changed(str(kept or ""), "answer.md").rstrip("\n")
        return here

    def _save(self, filling: Filling) -> None:
        if filling.draft() is None:
            self._desk.say(["nothing was answered yet"])
            return
        refusal = self._keep(filling)
        self._desk.say(refusal.lines() if refusal else ["kept as a draft on the server"])

    def _keep(self, filling: Filling, step: str | None = None, unfinished: str = "") -> CliError | None:
        """Save what was said; returns why it could not be. No reason to stop: it is tried again at each step."""
        draft, prompt = filling.draft(step, unfinished), filling.prompt
        if draft is None:
            return None
        try:
            self._desk.api.patch(f"/hitl/{prompt.job_id}/draft", draft, interaction_id=str(prompt.interaction_id))
        except CliError as error:
            return error
        return None

    def _sent(self, filling: Filling) -> AnswerReceipt:
        request = filling.request()
        try:
            return self._desk.api.post(f"/hitl/{filling.prompt.job_id}/response", request, AnswerReceipt)
        except ApiProblem:
            raise
        except CliError as error:
            way = f"your answer is kept: skill-fleet answer {filling.prompt.job_id} --file {_filed(request)}"
            raise CliError(error.what, why=error.why, next_step=way, exit_code=error.exit_code) from error


def _filed(said: BaseModel | None) -> str:
    """Write it to a file that `answer --file` takes; returns the file's name."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="answer-", delete=False, encoding="utf-8") as file:
        file.write(said.model_dump_json(exclude_unset=True) if said else "{}")
    return file.name


def _has_other(field: FormField) -> bool:
    return field.other and bool(field.choices)


def _hint(field: FormField, kept: JsonValue) -> str:
    if kept is not None:
        empty = f"keeps: {_spoken(field, kept)}"
    elif field.decide:
        empty = YOU_DECIDE
    else:
        empty = "" if field.required else "leaves it out"
    return "; ".join(part for part in (HINTS.get(field.kind, ""), f"Enter: {empty}" if empty else "") if part)


def _spoken(field: FormField, value: JsonValue) -> str:
    """A value in words: labels instead of ids, the first line of a long text."""
    labels = {option.id: option.label for option in field.choices}
    if isinstance(value, bool):
        return "yes" if value else "no"
    items = value if isinstance(value, list) else [value]
    first, *more = ", ".join(labels.get(str(item), str(item)) for item in items).split("\n")
    return f"{first} …" if more else first


def _unsaid(field: FormField, kept: JsonValue) -> tuple[JsonValue] | None:
    """The value of nothing typed, in a tuple of one; None where something must be typed."""
    if kept is not None:
        return (kept,)
    if field.decide:
        return (YOU_DECIDE,)
    return None if field.required else (None,)
