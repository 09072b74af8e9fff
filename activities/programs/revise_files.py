"""A skill of several files, changed where feedback or findings ask for it: SKILL.md by sections, others when named.

What is not touched keeps its bytes, whatever it is.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence

import dspy

from activities.programs.context import as_data, told
from activities.programs.language_model import LanguageModel
from activities.programs.prose import sentence
from activities.programs.revise import MOST_SECTIONS, ChooseSections, named_sections, new_section, revise
from activities.programs.task import Task
from activities.programs.together import together
from activities.programs.write_files import harmless, mistake_in, program, title_of
from domain.brief import Brief
from domain.shape import Shape
from domain.skill import Finding, SkillFileEntry
from domain.skill_file import sections

LARGEST = 60_000
"""Bytes of a file that a model may rewrite; a larger one is a person's to change."""

MOST_FILES = 3
"""Files that are changed unless the feedback names more."""

_TEXTS = (".md", ".txt", ".py", ".sh", ".bash", ".json", ".yaml", ".yml", ".toml", ".csv")


class RewriteFile(Task):
    """Rewrite this one file of a skill so that the feedback is met. Keep everything that the feedback does not touch,
    word for word; change what it asks for. It must stay a whole file of its kind, which parses."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    path: str = dspy.InputField(desc="the file")
    present: str = dspy.InputField(desc="the file as it stands")
    feedback: str = dspy.InputField(desc="what must change now")
    missed: str = dspy.InputField(desc="what the last attempt at this missed; may be empty")
    lines: list[str] = dspy.OutputField(
        desc="all lines of the new file, one line an item, blanks at their beginning kept", min_length=1, max_length=300
    )
    change: str = dspy.OutputField(desc="what changed, one sentence", max_length=140)


class Rewritten(Shape):
    """A skill after feedback: its SKILL.md, the files beside it, and one sentence for each thing that changed."""

    content: str
    others: list[SkillFileEntry] = []
    changes: list[str] = []


class _Touched(Shape):
    """What is to be changed: headings of SKILL.md (empty: as the feedback says, if `main`), and paths."""

    main: bool
    headings: list[str] = []
    paths: list[str] = []


async def revise_all(
    model: LanguageModel,
    brief: Brief,
    content: str,
    others: Sequence[SkillFileEntry],
    feedback: str,
    *,
    findings: Sequence[Finding] = (),
    missed: str = "",
) -> Rewritten:
    """The skill with what the feedback, or a finding, is about changed. A file that would not parse, or that a scan
    refuses, stays as it was, and a sentence says so. Without other files this is `revise`."""
    gone, feedback = _removed(feedback, [file.path for file in others])
    kept = [file for file in others if file.path not in gone]
    texts = rewritable(kept)
    about = {path: [one for one in findings if one.file == path] for path in texts}
    ours = [one for one in findings if one.file not in texts]
    touched = await _touched(model, content, texts, feedback, bool(ours))
    paths = [path for path in texts if path in touched.paths or about[path]]
    first, *rest = await together(
        _main(model, brief, content, feedback if touched.main else "", ours, missed, touched.headings),
        *(
            _file(model, brief, path, texts[path], feedback if path in touched.paths else "", about[path], missed)
            for path in paths
        ),
    )
    made = {path: one.others[0] for path, one in zip(paths, rest, strict=True) if one.others}
    removed = [f"{path}: removed, as asked" for path in gone]
    return Rewritten(
        content=_unlinked(first.content, gone),
        others=[made.get(file.path, file) for file in kept],
        changes=[*first.changes, *(change for one in rest for change in one.changes), *removed],
    )


def rewritable(files: Sequence[SkillFileEntry]) -> dict[str, str]:
    """The texts that a model may rewrite, by path."""
    found: dict[str, str] = {}
    for file in files:
        if file.path.endswith(_TEXTS) and len(file.data) <= LARGEST:
            try:
                found[file.path] = file.data.decode("utf-8")
            except UnicodeDecodeError:
                continue
    return found


def named_files(feedback: str, paths: Sequence[str]) -> list[str]:
    """The files that the feedback names: by path, by name, or by its words as a file, reference or script."""
    return [path for path in paths if re.search(_name_of(path), feedback, re.IGNORECASE)]


def _name_of(path: str) -> str:
    words = r"\W+".join(map(re.escape, title_of(path).split()))
    kind = r"(?:references?|files?|scripts?)"
    told = rf"(?<!\w){words}\W{{1,2}}{kind}(?!\w)|(?<!\w){kind}\W+(?:on |about |called |named |for )?\W?{words}(?!\w)"
    exact = rf"(?<![\w/.-]){re.escape(path)}(?![\w/-])|(?<![\w.-]){re.escape(path.rpartition('/')[2])}(?![\w/-])"
    return f"{exact}|{told}"


def _removed(feedback: str, paths: Sequence[str]) -> tuple[list[str], str]:
    """The files that the feedback wants gone in so many words, and the feedback without those words."""
    gone = []
    for path in paths:
        words = rf"\b(?:remove|delete|drop)\s+(?:the\s+)?(?:file\s+)?[`“\"]?{re.escape(path)}(?![\w/-])[`”\"]?"
        if re.search(words, feedback, re.IGNORECASE):
            gone.append(path)
            feedback = re.sub(words, "", feedback, flags=re.IGNORECASE)
    return gone, feedback if not gone or re.search(r"\w+\W+\w+", feedback) else ""


def _unlinked(content: str, gone: Sequence[str]) -> str:
    """SKILL.md without the rows of its table that lead to files that are gone."""
    lines = content.splitlines(keepends=True)
    return "".join(line for line in lines if not any(line.startswith(f"| [{path}](") for path in gone))


async def _touched(
    model: LanguageModel, content: str, texts: Mapping[str, str], feedback: str, mended: bool
) -> _Touched:
    """What the feedback names: sections, files, or both; where it names neither, and there are files, a model is asked.
    `mended`: findings on SKILL.md are mended, so that the feedback may be about the same."""
    present = sections(content)
    paths = named_files(feedback, list(texts))
    plain = re.sub("|".join([*map(_name_of, texts), "(?!)"]), " ", feedback, flags=re.IGNORECASE)
    headings = [item.heading for item in named_sections(plain, present)]
    if not texts or new_section(feedback, present):
        return _Touched(main=True, paths=paths)
    if headings or paths or mended or not feedback.strip():
        return _Touched(main=bool(headings or not paths), headings=headings, paths=paths)
    return await _chosen(model, content, texts, feedback)


async def _chosen(model: LanguageModel, content: str, texts: Mapping[str, str], feedback: str) -> _Touched:
    """What a model takes the feedback to be about; SKILL.md when it names nothing there is."""
    parts = {item.heading: item.text for item in sections(content)} | dict(texts)
    outline = "\n".join(f"- {name}: {' '.join(text.split())[:80]}" for name, text in parts.items())
    task = ChooseSections.with_updated_fields("touched", desc="headings or files from: " + "; ".join(parts))
    found = await model.at("revising", "choosing files").ask(task, 120, 0.0, feedback=feedback, outline=outline)
    picked = {text.strip("# `").casefold() for text in found.touched}
    chosen = [name for name in parts if name.casefold() in picked]
    headings, paths = [it for it in chosen if it not in texts], [it for it in chosen if it in texts][:MOST_FILES]
    return _Touched(main=bool(headings) or not paths, headings=headings[:MOST_SECTIONS], paths=paths)


async def _main(
    model: LanguageModel,
    brief: Brief,
    content: str,
    feedback: str,
    findings: Sequence[Finding],
    missed: str,
    chosen: Sequence[str],
) -> Rewritten:
    made = await revise(model, brief, content, feedback, findings=findings, missed=missed, chosen=chosen)
    return Rewritten(content=made.content, changes=made.changes)


async def _file(
    model: LanguageModel,
    brief: Brief,
    path: str,
    text: str,
    feedback: str,
    findings: Sequence[Finding],
    missed: str,
) -> Rewritten:
    """One file anew, as the only one of `others`; none, with the reason, when what was written must not stand."""
    asked = "\n".join([*([feedback.strip()] if feedback.strip() else []), *(_complaint(item) for item in findings)])
    if path.endswith(".md"):
        found = await revise(model.at(path), brief, text, feedback, findings=findings, missed=missed)
        entry, changes = SkillFileEntry(path=path, data=found.content.encode("utf-8", "replace")), found.changes
    else:
        entry, changes = await _whole(model, brief, path, text, asked, missed)
    wrong = mistake_in(entry)
    _, refused = await asyncio.to_thread(harmless, [entry])
    if wrong or refused:
        return Rewritten(content="", changes=[f"{path}: left as it was, {wrong or refused[path]}"])
    return Rewritten(content="", others=[entry], changes=[f"{path}: {change}" for change in changes])


def _complaint(finding: Finding) -> str:
    where = f"Line {finding.line}: " if finding.line else ""
    return f"{where}{finding.message} {finding.fix or ''}".strip()


async def _whole(
    model: LanguageModel, brief: Brief, path: str, text: str, asked: str, missed: str
) -> tuple[SkillFileEntry, list[str]]:
    """A file that is no Markdown; asked for once more, with what is wrong, when it does not parse."""
    entry, change = await _rewritten(model, brief, path, text, asked, missed)
    wrong = mistake_in(entry)
    if wrong:
        entry, change = await _rewritten(model, brief, path, text, asked, as_data(wrong))
    return entry, [change]


async def _rewritten(
    model: LanguageModel, brief: Brief, path: str, text: str, asked: str, missed: str
) -> tuple[SkillFileEntry, str]:
    found = await model.at("revising", path).ask(
        RewriteFile,
        3_000,
        0.2,
        live=True,
        request=told(brief, model.low_confidence),
        path=path,
        present=text,
        feedback=asked,
        missed=missed,
    )
    entry = program(path, found.lines)
    if not entry.data.strip() or entry.data.decode().strip() == text.strip():
        return SkillFileEntry(path=path, data=text.encode()), "nothing changed."
    return entry, sentence(str(found.change), 160) or "changed as asked."
