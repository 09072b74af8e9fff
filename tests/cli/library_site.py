"""A real HTTP server with published skills, made by the rules that the api uses; a test may spoil what it answers."""

import asyncio
import socket
import threading
from collections.abc import Mapping, Sequence
from hashlib import sha256

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from domain.library.archive import MEDIA_TYPES, ArchiveFormat, archive
from domain.library.release import Artifact, Index, IndexEntry, Release, artifact_url
from domain.skill import SkillFileEntry, SkillStatus
from tests.support.quick_server import QuickServer


class Site:
    """The skills by name and version, and the bytes that are served under an address."""

    def __init__(self) -> None:
        self.releases: dict[str, dict[str, Release]] = {}
        self.served: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.together = 1
        """So many archives are handed out at the same moment; who comes first waits for the others."""

    def publish(
        self,
        name: str,
        version: str = "1.0.0",
        *,
        files: Mapping[str, bytes] | None = None,
        requires: Sequence[str] = (),
        status: SkillStatus = SkillStatus.ACTIVE,
        warning: str | None = None,
    ) -> None:
        """A version that is the newest from now on."""
        text = f"---\nname: {name}\ndescription: About {name}.\n---\n# {version}\n".encode()
        chosen = {"SKILL.md": text, "metadata.json": b"{}\n", **(files or {})}
        data = archive(name, [SkillFileEntry(path=p, data=d) for p, d in chosen.items()], ArchiveFormat.ZIP)
        url = artifact_url(name, version, ArchiveFormat.ZIP)
        self.served[url] = data
        artifact = Artifact(
            format=ArchiveFormat.ZIP,
            url=url,
            media_type=MEDIA_TYPES[ArchiveFormat.ZIP],
            size=len(data),
            digest=f"sha256:{sha256(data).hexdigest()}",
        )
        release = Release(
            name=name,
            version=version,
            latest=version,
            category="data",
            description=f"About {name}.",
            status=status,
            warning=warning,
            requires=list(requires),
            digest="d" * 64,
            artifacts=[] if status is SkillStatus.YANKED else [artifact],
        )
        known = self.releases.setdefault(name, {})
        known[version] = release
        for one, old in known.items():
            known[one] = old.model_copy(update={"latest": version})

    def change(self, skill: str, values: Mapping[str, object]) -> None:
        """Answer something else of a release than is true."""
        [(version, release)] = self.releases[skill].items()
        self.releases[skill][version] = release.model_copy(update=values)


def build(site: Site) -> FastAPI:
    """The routes that the command line asks."""
    app = FastAPI()
    meeting = asyncio.Barrier(site.together)

    @app.get("/api/v1/releases/{name}")
    async def release(name: str, version: str = "latest") -> Response:
        site.asked.append(name)
        known = site.releases.get(name, {})
        found = list(known.values())[-1:] if version == "latest" else [known[version]] if version in known else []
        if not found:
            return JSONResponse({"code": "not_found", "detail": f"no {name}"}, 404)
        return Response(found[0].model_dump_json(), media_type="application/json")

    @app.get("/.well-known/agent-skills/index.json")
    async def index() -> Response:
        newest = [list(known.values())[-1] for known in site.releases.values()]
        entries = [
            IndexEntry(
                name=one.name,
                type="archive",
                description=one.description,
                url=one.artifacts[0].url,
                digest=one.artifacts[0].digest,
            )
            for one in newest
            if one.artifacts
        ]
        return Response(Index(skills=entries).model_dump_json(by_alias=True), media_type="application/json")

    @app.get("/{path:path}")
    async def served(path: str) -> Response:
        data = site.served.get(f"/{path}")
        await meeting.wait()
        return JSONResponse({"code": "not_found"}, 404) if data is None else Response(data)

    return app


class SiteThread:
    """The site on a free port of this machine."""

    def __init__(self, site: Site) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = QuickServer(uvicorn.Config(build(site), log_level="critical", ws="none", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
