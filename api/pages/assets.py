"""The page's own files, each under an address that holds its content's hash, so that browsers keep it for ever."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

FOR_EVER = "public, max-age=31536000, immutable"
AGAIN = "no-cache"


class Assets(StaticFiles):
    """Files below one folder. What is asked for by its present hash may be kept; anything else is asked for again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self._folder = folder
        self.digest = cache(self._digest)

    def url(self, name: str) -> str:
        """The address of one file, with its hash. Raises OSError when there is none."""
        return f"/static/{name}?v={self.digest(name)}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file. Raises HTTPException 404."""
        response = await super().get_response(path, scope)
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("v", [""])[0]
        known = bool(asked) and response.status_code in (200, 304) and asked == self.digest(path)
        response.headers["Cache-Control"] = FOR_EVER if known else AGAIN
        return response

    def _digest(self, name: str) -> str:
        return sha256((self._folder / name).read_bytes()).hexdigest()[:12]
