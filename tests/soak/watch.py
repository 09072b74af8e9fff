"""The look at a running stack: what api and worker say of their pools, and what PostgreSQL says of both."""

import statistics
from dataclasses import dataclass, field, replace

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families

API, WORKER = "skill-fleet-api", "skill-fleet-worker"
"""The application names of both pools."""

ACTIVITY = """
SELECT application_name,
       coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8,
       coalesce(extract(epoch FROM max(clock_timestamp() - state_change)
                        FILTER (WHERE state LIKE 'idle in transaction%%')), 0)::float8
FROM pg_stat_activity WHERE application_name = ANY(%s) GROUP BY 1
"""

ENDED = ("completed", "failed", "cancelled")

Scrape = dict[tuple[str, str], float]
"""Numbers by name and the value of their one label ("" without)."""


@dataclass(frozen=True)
class Pool:
    """What was seen of one pool: connections in use at each look, and the worst of the rest. Times in seconds."""

    used: tuple[float, ...] = ()
    limit: float = 50.0
    oldest_transaction: float = 0.0
    longest_idle_in_transaction: float = 0.0
    colours: frozenset[str] = frozenset()

    @property
    def most(self) -> float:
        """The most connections that were in use at any look."""
        return max(self.used, default=self.limit)

    @property
    def usual(self) -> float:
        """How many were in use at half of the looks, or more."""
        return statistics.median(self.used) if self.used else self.limit


@dataclass
class Watch:
    """Looks again and again, and keeps the worst."""

    api_url: str
    worker_url: str
    record: "psycopg.AsyncConnection[tuple[str, float, float]]"
    pools: dict[str, Pool] = field(default_factory=lambda: {API: Pool(), WORKER: Pool()})
    scrapes: dict[str, Scrape] = field(default_factory=dict)
    looks: int = 0

    async def look(self, client: httpx.AsyncClient) -> None:
        """One look; api and worker must answer, whatever goes on."""
        health = (await client.get(f"{self.api_url}/api/v1/health/db")).json()
        self._worse(API, colours=self.pools[API].colours | {health["status"]})
        for name, url in ((API, f"{self.api_url}/metrics"), (WORKER, self.worker_url)):
            response = await client.get(url)
            response.raise_for_status()
            self.scrapes[name] = read = scraped(response.text)
            used, limit = (read[f"skill_fleet_db_connections_{part}", ""] for part in ("active", "limit"))
            self._worse(name, used=(*self.pools[name].used, used), limit=limit)
        for name, transaction, idle in await (await self.record.execute(ACTIVITY, ([API, WORKER],))).fetchall():
            known = self.pools[name]
            self._worse(
                name,
                oldest_transaction=max(known.oldest_transaction, transaction),
                longest_idle_in_transaction=max(known.longest_idle_in_transaction, idle),
            )
        self.looks += 1

    def _worse(self, name: str, **seen: object) -> None:
        self.pools[name] = replace(self.pools[name], **seen)  # type: ignore[arg-type]  # fields of Pool, by name

    @property
    def jobs(self) -> dict[str, int]:
        """Jobs by status, as last seen."""
        scrape = self.scrapes.get(API, {})
        return {label: int(value) for (name, label), value in scrape.items() if name == "skill_fleet_jobs" and value}

    @property
    def ended(self) -> int:
        """Jobs that have ended, one way or the other."""
        return sum(self.jobs.get(status, 0) for status in ENDED)


def scraped(text: str) -> Scrape:
    """The numbers of a scrape."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def percentile(scrape: Scrape, histogram: str, share: float) -> float:
    """The border under which this share of a histogram lies, as `histogram_quantile` would round it up; seconds."""
    buckets = sorted((float(label), n) for (name, label), n in scrape.items() if name == f"{histogram}_bucket")
    total = buckets[-1][1]
    return next((border for border, number in buckets if number >= share * total), 0.0)
