"""A folder that was sent in reaches the author model: its best file first, with the passage that fits the task."""

from uuid import uuid4

from domain.job import Source
from domain.passages import Text
from domain.prompt import HitlType
from store import uploads
from store.usage_tables import Upload
from tests.support.fleet import Fleet

FACT = "Refunds of cancelled orders take exactly 17 working days."
NOISE = "\n\n".join(f"Paragraph {number} tells of the weather in the north. " * 6 for number in range(500))


async def test_the_fitting_passage_reaches_the_author_as_data(fleet: Fleet) -> None:
    upload_id = uuid4()
    texts = [Text("docs/weather.md", NOISE), Text("docs/rules.md", f"{NOISE}\n\n{FACT}\n\n{NOISE}")]
    row = Upload(
        upload_id=upload_id, user_id="local", filename="docs.tar.gz", media_type="application/gzip", complete=True
    )
    async with fleet.database.transaction() as session:
        session.add(row)
        await session.flush()
        await uploads.keep_texts(session, upload_id, texts)
    carried = Source(name="docs.tar.gz", content="", source_id=upload_id)
    job_id = await fleet.start("Handle refunds of cancelled orders", sources=[carried])
    await fleet.prompt(job_id, HitlType.CLARIFY)
    told = [call.text for call in fleet.provider.calls()]
    assert told
    for text in told:
        _, begun, rest = text.partition('<source name="docs_rules.md">')
        assert begun
        assert FACT in rest.partition("</source>")[0]
