"""A real HTTP server with roles, mounts and analytics that a test writes down."""

import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from domain.library.analytics import Analytics
from domain.library.profiles import MountList, MountView, Onboarded, RoleList, RoleView
from domain.skill import SkillStatus
from tests.support.quick_server import QuickServer


class ProfileSite:
    """What the server knows, and the queries that analytics were asked with."""

    def __init__(self) -> None:
        self.roles = [
            RoleView(name="scribe", title="Scribe", description="Writes.", skills=["notes", "letters"]),
            RoleView(name="operator", title="Operator", description="Runs.", skills=[]),
        ]
        self.mounts: dict[str, MountView] = {}
        self.analytics: Analytics | None = None
        self.asked: list[dict[str, str]] = []
        self.users: list[str | None] = []

    def mount(self, name: str, role: str | None = None, notice: str | None = None) -> None:
        """Into the only person's set."""
        self.mounts[name] = MountView(
            name=name,
            category="data",
            description=f"About {name}.",
            status=SkillStatus.ACTIVE,
            version="1.0.0",
            role=role,
            notice=notice,
        )

    def listed(self) -> MountList:
        """The set."""
        return MountList(mounts=[self.mounts[name] for name in sorted(self.mounts)])


def profile_routes(site: ProfileSite) -> FastAPI:
    """The routes of one site."""
    app = FastAPI()

    @app.get("/api/v1/profiles")
    async def profiles() -> RoleList:
        return RoleList(roles=site.roles)

    @app.get("/api/v1/users/me/mounts")
    async def mounts(request: Request) -> MountList:
        site.users.append(request.headers.get("x-user-id"))
        return site.listed()

    @app.put("/api/v1/users/me/mounts/{name}")
    async def mount(name: str) -> MountList:
        site.mount(name)
        return site.listed()

    @app.delete("/api/v1/users/me/mounts/{name}")
    async def unmount(name: str) -> MountList:
        del site.mounts[name]
        return site.listed()

    @app.post("/api/v1/users/me/onboard", response_model=None)
    async def onboard(body: dict[str, str]) -> Onboarded | JSONResponse:
        role = next((one for one in site.roles if one.name == body["role"]), None)
        if role is None:
            told = {"title": "No", "detail": "There is no role.", "errors": {"role": "There is no role."}}
            return JSONResponse(told, 422)
        for name in role.skills:
            site.mount(name, role.name)
        return Onboarded(role=role.name, added=role.skills, missing=["x is not in the library"], **dict(site.listed()))

    _analytics(app, site)
    return app


def _analytics(app: FastAPI, site: ProfileSite) -> None:
    @app.get("/api/v1/analytics")
    async def analytics(request: Request) -> Analytics | None:
        site.asked.append(dict(request.query_params))
        return site.analytics


def served(site: ProfileSite) -> tuple[str, Callable[[], None]]:
    """Serve it in a thread: its address, and what stops it."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(profile_routes(site), log_level="critical", ws="none", lifespan="off")
    server = QuickServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listening.close()

    return f"http://127.0.0.1:{listening.getsockname()[1]}", stop
