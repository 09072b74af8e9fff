"""A client of the discovery RFC that takes nothing on trust: both indexes, digests, types, paths."""

import io
import re
import zipfile
from hashlib import sha256
from urllib.parse import urljoin

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue

SCHEMA = "https://schemas.agentskills.io/discovery/0.2.0/schema.json"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
TYPES = {"SKILL.md": "text/markdown", ".zip": "application/zip", ".tar.gz": "application/gzip"}


class Refused(AssertionError):
    """The server does not keep to the RFC, or cannot be trusted."""


class Entry(BaseModel):
    """An entry of v0.2.0: these fields, all of them, nothing else."""

    model_config = ConfigDict(extra="forbid")
    name: str
    type: str
    description: str
    url: str
    digest: str


class LegacyEntry(BaseModel):
    """An entry of v0.1."""

    model_config = ConfigDict(extra="forbid")
    name: str
    description: str
    files: list[str]


async def fetched(client: httpx.AsyncClient, url: str, media_type: str) -> bytes:
    """GET and HEAD agree, every origin may read, and the type is the one that the RFC asks for."""
    response = await client.get(url, headers={"Origin": "https://elsewhere.example"})
    require(response.status_code == 200, f"{url}: {response.status_code}")
    require(response.headers["content-type"].startswith(media_type), response.headers["content-type"])
    require(response.headers["access-control-allow-origin"] == "*", "cors")
    require(response.headers["x-content-type-options"] == "nosniff", "nosniff")
    head = await client.head(url)
    require(head.content == b"" and head.headers["content-length"] == str(len(response.content)), "HEAD")
    require(head.headers["etag"] == response.headers["etag"], "etag")
    return response.content


async def skills_of(client: httpx.AsyncClient) -> dict[str, dict[str, bytes]]:
    """Every skill of the index v0.2.0 with its files, digests verified. Raises Refused."""
    base = str(client.base_url)
    url = urljoin(base, "/.well-known/agent-skills/index.json")
    index = httpx.Response(200, content=await fetched(client, url, "application/json")).json()
    require(index["$schema"] == SCHEMA, "an unknown $schema must not be processed")
    found = {}
    for entry in [Entry.model_validate(one) for one in index["skills"]]:
        require(NAME.fullmatch(entry.name) is not None and 0 < len(entry.description) <= 1024, entry.name)
        require(entry.type in ("skill-md", "archive"), entry.type)
        ending = next(ending for ending in TYPES if entry.url.endswith(ending))
        data = await fetched(client, urljoin(url, entry.url), TYPES[ending])
        require(entry.digest == f"sha256:{sha256(data).hexdigest()}", f"the digest of {entry.name} is not that of it")
        found[entry.name] = {"SKILL.md": data} if entry.type == "skill-md" else opened(data)
    return found


async def legacy_skills_of(client: httpx.AsyncClient) -> dict[str, dict[str, bytes]]:
    """Every skill of the index v0.1 with its files. Raises Refused."""
    base = urljoin(str(client.base_url), "/.well-known/skills/")
    response = await client.get(base + "index.json")
    told: dict[str, list[JsonValue]] = response.json()
    require(list(told) == ["skills"], "v0.1 knows no other field")
    found = {}
    for entry in [LegacyEntry.model_validate(one) for one in told["skills"]]:
        require("SKILL.md" in entry.files, entry.name)
        for path in entry.files:
            require(not path.startswith(("/", "\\")) and ".." not in path, path)
        found[entry.name] = {path: (await client.get(f"{base}{entry.name}/{path}")).content for path in entry.files}
    return found


def opened(data: bytes) -> dict[str, bytes]:
    """The files of a zip with SKILL.md at its root; no links, no path that leaves it."""
    with zipfile.ZipFile(io.BytesIO(data)) as held:
        for entry in held.infolist():
            parts = entry.filename.split("/")
            require(".." not in parts and not entry.filename.startswith("/"), entry.filename)
            require((entry.external_attr >> 16) & 0o170000 in (0, 0o100000), f"{entry.filename} is no file")
        require("SKILL.md" in held.namelist(), "SKILL.md is not at the root")
        return {name: held.read(name) for name in held.namelist()}


def require(holds: bool, what: str) -> None:
    """Raise Refused unless it holds."""
    if not holds:
        raise Refused(what)
