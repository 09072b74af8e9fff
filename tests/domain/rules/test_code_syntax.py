"""Scripts and blocks that do not parse; sketches and templates that need not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.code_syntax import blocks, scripts
from domain.rules.syntax import PARSERS, mistake
from domain.skill import SkillFileEntry


def _scripts(path: str, text: str) -> list[tuple[str, int | None]]:
    return [(found.code, found.line) for found in scripts([SkillFileEntry(path=path, data=text.encode())])]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("scripts/a.py", "x = 1\ndef f(:\n", ("script-syntax", 2)),
        ("scripts/a.py", "x = '\\d'\ndef f(:\n", ("script-syntax", 2)),
        ("scripts/run", "#!/usr/bin/env python3\nx = (\n", ("script-syntax", 2)),
        ("data/a.json", '{"a": 1,}', ("script-syntax", 1)),
        ("data/a.yaml", "a: b\nc: [d\n", ("script-syntax", 3)),
        ("data/a.toml", "a = 1\nb = \n", ("script-syntax", 2)),
        ("assets/a.json", "{ {{name}} }", ("script-doubtful", 1)),
        ("tsconfig.json", "// why\n{}", ("script-doubtful", 1)),
        ("scripts/a.py", "type A = int\n", ("script-doubtful", 1)),
        ("scripts/a.sh", "if true; then\n  echo\n", ("script-doubtful", 1)),
        ("scripts/run", "#!/bin/bash\nfi\n", ("script-doubtful", 2)),
    ],
)
def test_a_file_that_does_not_parse_has_its_line(path: str, text: str, expected: tuple[str, int]) -> None:
    ((code, line),) = _scripts(path, text)
    assert code == expected[0]
    assert line is not None
    assert abs(line - expected[1]) <= 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "x = '\\d'\n"),
        ("a.json", "\ufeff[1e999, 2]"),
        ("a.yaml", "a: !Ref b\n---\n- &x y\n- *x\n"),
        ("a.toml", 'a.b = "c"\n'),
        ("a.sh", "for x in $(ls); do [[ -f $x ]] && cat <<E\n$x\nE\ndone\n"),
        ("a.js", "const a = {\n"),
        ("run", "#!/usr/bin/env node\n{"),
        ("a.ts", "let x: = ;"),
        ("run", "#!/usr/bin/env ruby\ndef x("),
        ("a.py", "x = (" + " " * 300_000),
    ],
)
def test_what_parses_and_what_nobody_parses_pass(path: str, text: str) -> None:
    assert _scripts(path, text) == []


def test_bytes_that_are_no_text_are_left_to_other_rules() -> None:
    assert list(scripts([SkillFileEntry(path="a.py", data=b"\xff")])) == []


def _blocks(language: str, text: str) -> list[int | None]:
    return [found.line for found in blocks({"SKILL.md": f"x\n\n  ```{language}\n  {text}\n  ```\n"})]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "def f(:"),
        ("json", '{"a": 1,}'),
        ("yaml", "a: [b"),
        ("yaml title=x", "a: [b"),
        ("bash", "if x; ("),
    ],
)
def test_a_block_that_does_not_parse_is_a_warning_at_its_line(language: str, text: str) -> None:
    (line,) = _blocks(language, text)
    assert line in (4, 5)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "def f(x): ..."),
        ("python", ">>> f(:"),
        ("python", "def f(x):"),
        ("json", '"a": 1'),
        ("json", '{"a": 1} // why'),
        ("json", '{"a": 1}\n  {"a": 2}'),
        ("yaml", "---\n  name: x\n  ---\n  # Any: [thing"),
        ("bash", "$ if then"),
        ("bash", "deploy <your-app> ("),
        ("js", "const = {"),
        ("text", "def f(:"),
        ("", "def f(:"),
    ],
)
def test_sketches_pass(language: str, text: str) -> None:
    assert _blocks(language, text) == []


@pytest.mark.parametrize("language", PARSERS)
@given(text=st.text(st.sampled_from("[]{}()<>\"'`|&;:=,.-$#\\\n\t ab1if"), max_size=200) | st.text(max_size=50))
def test_no_text_breaks_a_parser(language: str, text: str) -> None:
    found = mistake(language, text)
    assert found is None or found[0] >= 1


@pytest.mark.parametrize("language", PARSERS)
@pytest.mark.parametrize("part", ["[", "(", "{", "- ", "a.", "a|", "<<A\n", "-", "f(", "`${", '{"a":', "not "])
def test_an_abyss_breaks_no_parser(language: str, part: str) -> None:
    found = mistake(language, part * (100_000 // len(part)))
    assert found is None or found[0] >= 1
