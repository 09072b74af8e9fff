"""Run the migrations against the database of the settings. Two processes at once wait for each other."""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from settings import load
from store.tables import METADATA

ADVISORY_LOCK = 7_201_945
"""Any number that nothing else here locks: migrations run one at a time."""


def migrate() -> None:
    """Bring the schema up to date, or say which setting is missing."""
    url = load().database_url
    if url is None:
        raise SystemExit("Set SKILL_FLEET_DATABASE_URL to the database that shall be migrated.")
    engine = create_engine(make_url(url.get_secret_value()).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


migrate()
