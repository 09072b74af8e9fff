"""What a soak found: a table for people, and what of it breaks the promise (product.md, scenario H)."""

from collections import Counter
from dataclasses import dataclass

from tests.soak.options import Options
from tests.soak.watch import API, WORKER, Pool, Scrape, percentile

HALF = 0.5
CHECKOUT = 0.1
TRANSACTION = 1.0
"""Seconds, and a share of the pool: the limits of scenario H."""


@dataclass(frozen=True)
class Found:
    """One soak's numbers.

    `killed`: transactions the server ended for idling. `slow`: how many slow ones were logged, by their last statement.
    `cpu`: seconds each process has used since its start. `load`: of the whole machine, over the last minute.
    """

    options: Options
    wall: float
    looks: int
    jobs: dict[str, int]
    calls: int
    shortest_call: float
    pools: dict[str, Pool]
    scrapes: dict[str, Scrape]
    killed: int
    slow: Counter[str]
    cpu: dict[str, float]
    load: float

    def broken(self) -> list[str]:
        """What no soak may show, however busy the machine is."""
        wrong = []
        if self.killed:
            wrong.append(f"{self.killed} transactions were ended for idling")
        if self.jobs != {"completed": self.options.jobs}:
            wrong.append(f"not every job was completed: {self.jobs}")
        if self.shortest_call < self.options.model_seconds:
            wrong.append(f"a model call took only {self.shortest_call:.1f} s: nothing was shown")
        for name, pool in self.pools.items():
            if pool.most >= pool.limit:
                wrong.append(f"{name} had used up its pool")
            if pool.usual >= self.options.jobs:
                wrong.append(f"{name} usually used {pool.usual:g} connections: jobs hold them across model calls")
        return wrong

    def late(self) -> list[str]:
        """What broke the limits on time; on a machine that does other work too, this says little."""
        logged = self.slow.total()
        slow = [f"{logged} transactions took more than {TRANSACTION:g} s"] if logged else []
        for name, pool in self.pools.items():
            if pool.most >= HALF * pool.limit:
                slow.append(f"{name} used {pool.most:g} of its {pool.limit:g} connections at one moment")
        for name, scrape in self.scrapes.items():
            if (p99 := percentile(scrape, "skill_fleet_db_checkout_seconds", 0.99)) > CHECKOUT:
                slow.append(f"{name}: 99 % of checkouts took up to {p99:g} s")
            if (count := scrape["skill_fleet_db_slow_transactions_total", ""]) and not logged:
                slow.append(f"{name}: {count:g} slow transactions were counted, and none was logged")
        return slow

    def table(self) -> str:
        """For people."""
        given = self.options
        rows = [
            f"{given.jobs} jobs, model calls of {given.model_seconds:g} s and more; {self.calls} calls, "
            f"{self.wall:.0f} s in all, {self.looks} looks; load {self.load:.1f}",
            f"{'':38}{'api':>10}{'worker':>10}{'limit':>10}",
            self._row("connections in use, usually", [f"{pool.usual:g}" for pool in self._both()], ""),
            self._row("connections in use, at most", [f"{pool.most:g}" for pool in self._both()], "< 25 of 50"),
            self._row("checkout p50 under (s)", self._percentiles("checkout", 0.5), ""),
            self._row("checkout p99 under (s)", self._percentiles("checkout", 0.99), "0.1"),
            self._row("transaction p99 under (s)", self._percentiles("transaction", 0.99), "1"),
            self._row("all transactions under (s)", self._percentiles("transaction", 1), "1"),
            self._row("transactions", [f"{self._number(n, 'transaction_seconds_count'):g}" for n in (API, WORKER)], ""),
            self._row("oldest transaction seen (s)", [f"{p.oldest_transaction:.3f}" for p in self._both()], ""),
            self._row("longest idle in one (s)", [f"{p.longest_idle_in_transaction:.3f}" for p in self._both()], "60"),
            self._row("CPU used since its start (s)", [f"{self.cpu[name]:.1f}" for name in (API, WORKER)], ""),
            f"jobs: {self.jobs}; ended by the server for idling: {self.killed}; slow transactions: {self.slow.total()}",
        ]
        rows += [f"  {number:>4} times slow: {statement}" for statement, number in self.slow.most_common(8)]
        return "\n".join([*rows, *(f"BROKEN: {line}" for line in self.broken()), *(f"LATE: {x}" for x in self.late())])

    def _both(self) -> list[Pool]:
        return [self.pools[API], self.pools[WORKER]]

    def _percentiles(self, what: str, share: float) -> list[str]:
        return [
            f"{percentile(self.scrapes[name], f'skill_fleet_db_{what}_seconds', share):g}" for name in (API, WORKER)
        ]

    def _number(self, name: str, what: str) -> float:
        return self.scrapes[name][f"skill_fleet_db_{what}", ""]

    @staticmethod
    def _row(what: str, values: list[str], limit: str) -> str:
        return f"{what:38}" + "".join(f"{value:>10}" for value in values) + f"  {limit}"
