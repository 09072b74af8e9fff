"""The files beside SKILL.md that the plan asks for, each by a question of its own, side by side. Capable models only.

What a model writes is never run: a script is parsed and every file scanned; what does not pass is left out, and said.
"""

import asyncio
import re
from collections.abc import Sequence
from posixpath import splitext
from typing import NamedTuple

import dspy
from pydantic import Field

from activities.programs.context import as_data, known, listed, told
from activities.programs.language_model import LanguageModel
from activities.programs.markdown_lines import markdown_lines
from activities.programs.prose import capital, cites, is_runaway, phrase, sentence
from activities.programs.task import Item, Task
from activities.programs.together import together
from domain.brief import Brief, Plan, PlannedFile
from domain.markdown import open_fence, walk
from domain.rules.budgets import LINES_WITHOUT_CONTENTS
from domain.rules.code_syntax import scripts
from domain.rules.placeholders import placeholders
from domain.safety import scan
from domain.skill import Finding, Severity, SkillFileEntry

MOST_FILES = 6
"""Files of a plan that are written: each is a call, and each a thing that an agent may have to open."""

PATH = re.compile(r"(?:references/[a-z0-9][a-z0-9_-]{0,60}\.md|scripts/[a-z0-9][a-z0-9_-]{0,60}\.(?:py|sh))")
"""Where files of ours may lie: one level deep, in small letters."""

_STARTS = {".py": "#!/usr/bin/env python3", ".sh": "#!/usr/bin/env bash"}
_LOCAL = re.compile(r"!?\[([^\[\]\n]{0,200})\]\((?![a-z]{2,9}://)[^()\n]{0,200}\)")
"""A link to another file: references do not lead on, agents stop after one step."""

_FENCE = re.compile(r"\s*(?:```|~~~)\w*\s*")


class SectionOfFile(Item):
    """One section of a reference."""

    heading: str = Field("", json_schema_extra={"maxLength": 60})
    lines: list[str] = Field([], json_schema_extra={"maxItems": 30})


class WriteReference(Task):
    """Write one reference of a skill: a file that an agent opens only when it needs just this. Facts, tables, examples
    and cases from the request, the answers and the sources, in the order in which they are looked up; nothing general,
    nothing that the skill itself says, no introduction. Where the request gives no facts, leave the section out: what
    is made up here would be believed. No links to other files."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    skill: str = dspy.InputField(desc="the skill and its files, each with what it is for")
    path: str = dspy.InputField(desc="the file to write")
    purpose: str = dspy.InputField(desc="when it is opened, and what for")
    sections: list[SectionOfFile] = dspy.OutputField(
        desc="heading, and its lines of Markdown, one line an item, without the heading", min_length=1, max_length=10
    )


class WriteScript(Task):
    """Write one script of a skill: a whole program that an agent runs as it is, in the language of its ending. Standard
    library and ordinary commands only; input from arguments or standard input, the result on standard output; no
    network, nothing deleted or changed that the arguments do not name. A wrong call ends with a message that says what
    is wrong and how to call it. The first lines say what it does and how it is called."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    skill: str = dspy.InputField(desc="the skill and its files, each with what it is for")
    path: str = dspy.InputField(desc="the file to write")
    purpose: str = dspy.InputField(desc="when it is run, and what for")
    mistake: str = dspy.InputField(desc="why the last attempt does not parse; may be empty")
    lines: list[str] = dspy.OutputField(
        desc="all lines of the program, one line an item, blanks at their beginning kept", min_length=1, max_length=160
    )


class Files(NamedTuple):
    """The files that hold, and one sentence for each that was left out."""

    kept: list[SkillFileEntry]
    changes: list[str]


async def write_files(model: LanguageModel, brief: Brief, plan: Plan) -> Files:
    """The planned files, without those that do not parse or that a scan refuses; none by a small model."""
    wanted = planned(plan)
    if model.low_confidence or not plan.files:
        return Files([], [])
    author = _Author(model, brief, plan, wanted)
    made = await together(*(author.write(file) for file in wanted))
    paths = dict.fromkeys(file.path for file in plan.files)
    others = [path for path in paths if path not in {file.path for file in wanted}]
    changes = [f"{path}: left out, because of its name, or because there are {MOST_FILES} already" for path in others]
    changes += [f"{file.path}: left out, {why}" for file, (entry, why) in zip(wanted, made, strict=True) if not entry]
    kept, refused = await asyncio.to_thread(harmless, [entry for entry, _ in made if entry])
    return Files(kept, [*changes, *(f"{path}: left out, {why}" for path, why in refused.items())])


def planned(plan: Plan) -> list[PlannedFile]:
    """Those of the plan's files that can be written, once each."""
    named: dict[str, PlannedFile] = {}
    for file in plan.files:
        if PATH.fullmatch(file.path):
            named.setdefault(file.path, file)
    return list(named.values())[:MOST_FILES]


def harmless(files: Sequence[SkillFileEntry]) -> tuple[list[SkillFileEntry], dict[str, str]]:
    """The files that a scan lets pass, and for each other one what is against it. Takes time: call it in a thread."""
    refused: dict[str, str] = {}
    for finding in [*scan(files), *scripts(files), *(left for file in files for left in _unwritten(file))]:
        if finding.severity is Severity.ERROR:
            refused.setdefault(finding.file, finding.message)
    return [file for file in files if file.path not in refused], refused


def _unwritten(file: SkillFileEntry) -> list[Finding]:
    found = placeholders(walk(file.data.decode("utf-8", "replace"))) if file.path.endswith(".md") else ()
    return [finding.model_copy(update={"file": file.path}) for finding in found]


def mistake_in(file: SkillFileEntry) -> str:
    """Where a file stops being of the language of its ending; "" when it does not, or nobody can tell."""
    found = next(scripts([file]), None)
    return f"{found.message} (line {found.line}: {found.excerpt})" if found else ""


def program(path: str, items: Sequence[str]) -> SkillFileEntry:
    """A file that is no Markdown, from a model's lines, without fences around it."""
    lines = [line.rstrip() for item in items for line in item.splitlines() or [""]]
    text = "\n".join(line for line in lines if not _FENCE.fullmatch(line)).strip("\n")
    return SkillFileEntry(path=path, data=f"{text}\n".encode("utf-8", "replace"))


def script(path: str, items: Sequence[str]) -> SkillFileEntry:
    """A program whose first line is as its ending asks."""
    made, first = program(path, items), _STARTS.get(splitext(path)[1], "")
    return made if made.data.startswith(b"#!") or not first else program(path, [first, made.data.decode()])


def title_of(path: str) -> str:
    """What a file is called: `references/error-codes.md` is "Error codes"."""
    return capital(" ".join(re.split(r"[-_]+", splitext(path.rpartition("/")[2])[0])))


class _Author:
    """What every file is written from."""

    def __init__(self, model: LanguageModel, brief: Brief, plan: Plan, files: Sequence[PlannedFile]) -> None:
        self.model = model.at("writing")
        self.known = known(brief)
        self.request = told(brief, model.low_confidence)
        self.skill = "\n".join(
            [f"{plan.title}: {plan.description}", listed([f"{it.path}: {it.purpose}" for it in files])]
        )

    async def write(self, file: PlannedFile) -> tuple[SkillFileEntry | None, str]:
        """The file, or why there is none."""
        entry = await (self._script(file) if file.path.startswith("scripts/") else self._reference(file))
        if entry is None:
            return None, "because the model wrote nothing of use"
        wrong = mistake_in(entry)
        return (None, wrong) if wrong else (entry, "")

    async def _reference(self, file: PlannedFile) -> SkillFileEntry | None:
        found = await self.model.at(file.path).ask(
            WriteReference,
            2_400,
            accept=lambda answer: bool(self._sections(answer.sections)),
            live=True,
            request=self.request,
            skill=self.skill,
            path=file.path,
            purpose=file.purpose,
        )
        parts = self._sections(found.sections)
        text = reference(title_of(file.path), sentence(file.purpose), parts)
        return SkillFileEntry(path=file.path, data=text.encode("utf-8", "replace")) if parts else None

    def _sections(self, items: Sequence[SectionOfFile]) -> list[tuple[str, str]]:
        """Sections with something in them, each heading once; no line with a source that nobody gave."""
        parts: dict[str, str] = {}
        for item in items:
            lines = [_LOCAL.sub(r"\1", line) for line in markdown_lines(item.lines) if not cites(line, self.known)]
            text = "\n".join(lines).strip("\n")
            heading = capital(phrase(item.heading, 60)) or capital(item.heading.strip("# ")[:60])
            if heading and text.strip() and not is_runaway(" ".join(lines)[:4_000]):
                parts.setdefault(heading, f"{text}\n{open_fence(text)}".rstrip("\n"))
        return list(parts.items())

    async def _script(self, file: PlannedFile) -> SkillFileEntry | None:
        """Asked for once more, with what is wrong, when it does not parse."""
        entry = await self._scripted(file, "")
        wrong = mistake_in(entry) if entry else "It was empty."
        return await self._scripted(file, as_data(wrong)) if wrong else entry

    async def _scripted(self, file: PlannedFile, mistake: str) -> SkillFileEntry | None:
        found = await self.model.at(file.path).ask(
            WriteScript,
            2_400,
            0.2,
            live=True,
            request=self.request,
            skill=self.skill,
            path=file.path,
            purpose=file.purpose,
            mistake=mistake,
        )
        return script(file.path, found.lines) if any(line.strip() for line in found.lines) else None


def reference(title: str, purpose: str, parts: Sequence[tuple[str, str]]) -> str:
    """The Markdown of a reference; a long one begins with what is in it, because agents look at the first lines."""
    told = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in parts)
    contents = "\n".join(["## Contents", "", *(f"- {heading}" for heading, _ in parts)])
    long = told.count("\n") + 4 > LINES_WITHOUT_CONTENTS
    return "\n\n".join([f"# {title}", *([purpose] if purpose else []), *([contents] if long else []), told]) + "\n"
