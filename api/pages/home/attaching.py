"""Files of the first page's form: taken in as `POST /sources` takes them, one after the other. Must not start a job."""

import json
from hashlib import sha256
from uuid import UUID

from fastapi import Request
from starlette.datastructures import UploadFile

from api.dependencies import Services
from api.errors import InvalidRequest, KeyReused, TooLarge
from api.pages.forms import sent_with
from api.pages.home.start_form import FULL, StartForm, room_for
from api.permissions import Person
from api.problems import problem_of
from api.receiving import Arriving, receive
from api.sources import plain_name, read
from api.starting import MAX_SOURCE_COUNT
from domain.errors import SkillFleetError
from domain.library.importing import SourceView
from domain.scan.hidden_text import visible
from domain.shape import Shape
from domain.sniff import TAKEN, UnsupportedFile
from store import uploads

LOST = "A file that was attached is not kept any more. Attach it again."
NAMELESS = "It has no name that can be used."


class Refused(Shape):
    """A file that was not taken: why, and the HTTP status that says so."""

    name: str
    why: str
    status: int


class Attached(Shape):
    """Files that a job shall know, and those that were refused."""

    sources: list[SourceView] = []
    refused: list[Refused] = []

    @property
    def ids(self) -> list[UUID]:
        """The ids by which a job names them."""
        return [source.source_id for source in self.sources]


async def take_in(request: Request, parts: Services, asking: Person, form: StartForm) -> Attached:
    """The files that stay attached from before, and what came with this form. What came in is kept whatever follows."""
    attached = await still_attached(parts, asking, form.texts("source"))
    room = room_for(form, len(attached.sources))
    files = form.files()
    sources, refused = [*attached.sources], [*attached.refused]
    for n, file in enumerate(files[:room]):
        try:
            source = await _taken(parts, asking, file, form.text("key"), n)
        except (TooLarge, UnsupportedFile, InvalidRequest) as error:
            refused.append(_refused(file, error))
        else:
            sources.append(source)
            _remember(request, source, file)
    refused.extend(Refused(name=_shown(file), why=FULL, status=422) for file in files[room:])
    return Attached(sources=sources, refused=refused)


async def still_attached(parts: Services, asking: Person, given: list[str]) -> Attached:
    """The files of this person that a form names by their ids."""
    sources: list[SourceView] = []
    async with parts.database.transaction() as session:
        for text in dict.fromkeys(given[:MAX_SOURCE_COUNT]):
            found = await uploads.of_person(session, wanted, asking.name) if (wanted := _id(text)) else None
            sources.extend([found] if found is not None else [])
    lost = len(sources) < len(dict.fromkeys(given))
    return Attached(sources=sources, refused=[Refused(name="", why=LOST, status=422)] if lost else [])


async def _taken(parts: Services, asking: Person, file: UploadFile, key: str, n: int) -> SourceView:
    """One file, once for each form and place in it, so that a form that is sent twice names the same files.

    What a browser declares it has guessed from the name (`.ts` would be a film), so only name and bytes tell.
    """
    arriving = Arriving(
        user_id=asking.name,
        filename=plain_name(file.filename or ""),
        length=file.size,
        key=f"page:{sha256(json.dumps([key, n, file.filename]).encode()).hexdigest()}" if key else None,
    )
    try:
        return (await receive(parts.database, arriving, read(file))).view
    except KeyReused:  # the same form with another file of that name
        await file.seek(0)
        return (await receive(parts.database, arriving.model_copy(update={"key": None}), read(file))).view


def _remember(request: Request, source: SourceView, file: UploadFile) -> None:
    """The page of what goes wrong from here on names the file by its id, instead of asking for it again."""
    sent = sent_with(request)
    if sent is not None:
        name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
        update = {
            "fields": [*sent.fields, ("source", str(source.source_id))],
            "files": [other for other in sent.files if other != name],
        }
        request.state.sent = sent.model_copy(update=update)


def _refused(file: UploadFile, error: SkillFleetError) -> Refused:
    why = NAMELESS if isinstance(error, InvalidRequest) else str(error).removesuffix(TAKEN).strip()
    return Refused(name=_shown(file), why=why, status=problem_of(error).status)


def _shown(file: UploadFile) -> str:
    return visible(file.filename or "")[:120]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
