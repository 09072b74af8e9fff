"""What no page can be quicker than: FastAPI and one Jinja2 template as they come, compressed as ours, no database.

`uvicorn tests.bench.bare_page:app`: `/` is a form and a list of thirty, `/file` is the page's own style sheet.
"""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.templating import Jinja2Templates
from jinja2 import DictLoader, Environment
from starlette.middleware.gzip import GZipMiddleware

STYLE = Path(__file__).resolve().parents[2] / "api" / "static" / "style.css"
LISTED = 30
"""As many as our first page lists."""

PAGE = """\
<!doctype html><html lang="en"><head><title>{{ title }}</title><link rel="stylesheet" href="/file"></head><body>
<form method="post"><label for="task">What should it do?</label><textarea id="task" name="task"></textarea></form>
<table>{% for row in rows %}<tr><td><a href="/jobs/{{ row.id }}">{{ row.task }}</a></td><td>{{ row.state }}</td></tr>
{% endfor %}</table></body></html>
"""

app = FastAPI()
app.add_middleware(GZipMiddleware, minimum_size=1024)
templates = Jinja2Templates(env=Environment(loader=DictLoader({"page.html": PAGE}), autoescape=True))


@app.get("/")
async def show(request: Request) -> Response:
    """The page."""
    rows = [{"id": n, "task": f"Write release notes {n} & more", "state": "running"} for n in range(LISTED)]
    return templates.TemplateResponse(request, "page.html", {"title": "Bare", "rows": rows})


@app.get("/file")
async def read() -> Response:
    """A file."""
    return FileResponse(STYLE)
