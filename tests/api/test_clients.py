"""Real clients against the real api on a real port: our own program, and the installer that most people have."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from store.session import Database
from tests.support.api_server import ROOT, serving
from tests.support.published import publish_skill

FILES = {"references/a.md": b"# A\n", "scripts/run.sh": b"#!/bin/sh\necho hi\n"}
INSTALLER = ("npx", "--yes", "-p", "node@22", "-p", "skills@1.7.4", "skills")
"""The installer needs a newer Node.js than some machines have; the registry has that, too."""


@pytest.fixture
async def url(app: FastAPI, database: Database) -> AsyncIterator[str]:
    """The address of an api with two skills: one file, and several."""
    await publish_skill(database, "lone")
    await publish_skill(database, "whole", files=FILES, requires=["lone>=1.0.0"])
    async with serving(app) as port:
        yield f"http://127.0.0.1:{port}"


async def ran(*command: str, cwd: Path, **environment: str) -> tuple[int, str]:
    """A program's exit code, and all it said."""
    running = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await running.communicate()
    return running.returncode or 0, said.decode()


def files(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


async def test_our_own_program_installs_and_exports_what_the_api_offers(url: str, tmp_path: Path) -> None:
    told = {"SKILL_FLEET_API_URL": url, "PYTHONPATH": str(ROOT)}
    program = (sys.executable, "-m", "cli.app", "skills")
    code, said = await ran(*program, "install", "whole", "-a", "claude", "--project", cwd=tmp_path, **told)
    assert code == 0, said
    installed = files(tmp_path / ".claude/skills")
    assert installed["whole/scripts/run.sh"] == FILES["scripts/run.sh"]
    assert sorted(json.loads((tmp_path / "skill-fleet.lock.json").read_text())["skills"]) == ["lone", "whole"]
    code, said = await ran(*program, "export", "out", cwd=tmp_path, **told)
    assert code == 0, said
    assert files(tmp_path / "out/skills") == installed


@pytest.mark.long
@pytest.mark.skipif(shutil.which("npx") is None, reason="there is no npx here")
async def test_the_common_installer_finds_and_installs_both(url: str, tmp_path: Path) -> None:
    wanted = ("--skill", "*", "-a", "claude-code", "-a", "codex", "--copy", "-y")
    code, said = await ran(*INSTALLER, "add", url, *wanted, cwd=tmp_path)
    assert code == 0, said
    for folder in (".claude/skills", ".agents/skills"):
        assert files(tmp_path / folder / "whole").items() >= FILES.items(), said
        assert "SKILL.md" in files(tmp_path / folder / "lone")
