"""Measures, prints a table for people, and writes .sandan/bench.jsonl, one object a line."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from services.chassis.logs import set_up_logs
from services.cli.local import DATA_DIR, Deployment, Keys, deployment
from services.cli.route import router_of
from services.contracts.words import Role
from services.intake.community_file import parse_community_file
from services.matching.commands.lines import DemandLine
from tests.bench import neighbours, replicas
from tests.bench.systems import ALL_IN_ONE, EACH_ALONE, ROOT, System, in_a_process, running

RESULTS = DATA_DIR / "bench.jsonl"
SOURCE = ROOT / "deploy" / "communities" / "jiwang.yaml"
TEXTS = ROOT / "tests" / "data" / "demands.jsonl"
CAPACITY = 10_000
WARM_UP = 500
FLAT_OUT = 8_000
PACED_SECONDS = 8
BATCH_OF_FLOOR = 64
ARRANGEMENTS = {"four processes": EACH_ALONE, "one process": ALL_IN_ONE}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who asks, and how much each may.

    Arguments:
        name: goes into the setting of each figure; the one without is measured as it always was.
        communities, people: how many, the people spread over the communities.
        limits: settings that differ from their defaults.
    """

    name: str
    communities: int
    people: int
    limits: Mapping[str, str]

    def files(self, text: str) -> dict[str, str]:
        """Return communities like one, under ids of their own."""
        file = orjson.loads(text)
        files = {}
        for n in range(self.communities):
            file["community"]["id"] = f"bench-{n}"
            files[f"bench-{n}"] = orjson.dumps(file).decode()
        return files

    def residents(self, keys: Keys) -> list[tuple[str, str]]:
        """Return the community and a token of each; neighbours in the list live in different communities."""
        names = [f"bench-{n}" for n in range(self.communities)]
        if self.people == 1:
            token = keys.token("bench-resident", Role.RESIDENT, *names)
            return [(name, token) for name in names]
        homes = (names[n % len(names)] for n in range(self.people))
        return [(home, keys.token(f"resident-{n}", Role.RESIDENT, home)) for n, home in enumerate(homes)]


TOWNS = Crowd(
    ", 2,000 people in 100 communities",
    100,
    2_000,
    # All of them come from the load generator's one address; every other limit is as it comes.
    {"SANDAN_LIMIT_ADDRESS_PER_MINUTE": "0"},
)
"""As it is used: nobody asks more than a resident may, and every request is held against the limits."""
ONE = Crowd(
    "",
    4,
    1,
    {
        "SANDAN_LIMIT_ADDRESS_PER_MINUTE": "0",
        "SANDAN_LIMIT_RESIDENT_PER_MINUTE": "0",
        "SANDAN_LIMIT_COMMUNITY_PER_SECOND": "0",
    },
)
"""As it was measured before there were limits."""


@dataclass
class Results:
    """What was measured so far; each is written at once, so that an interrupted run leaves its part."""

    console: Console
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, measure: str, value: float, unit: str, setting: str) -> None:
        """Record one figure."""
        row = {"measure": measure, "value": round(value, 5), "unit": unit, "setting": setting}
        self.rows.append(row)
        with RESULTS.open("ab") as file:
            file.write(orjson.dumps(row) + b"\n")

    def value(self, measure: str, setting: str) -> float:
        """Return a figure recorded before."""
        return next(
            float(r["value"]) for r in self.rows if (r["measure"], r["setting"]) == (measure, setting)
        )

    def show(self) -> None:
        """Print all of it."""
        table = Table("measure", "value", "unit", "setting", title="make bench")
        for row in self.rows:
            table.add_row(row["measure"], f"{row['value']:,.4g}", row["unit"], row["setting"])
        self.console.print(table)


def community_file() -> str:
    """Return a community like the sample one, with room for the whole load."""
    file = parse_community_file(SOURCE.read_text(), SOURCE.name).model_dump(mode="json")
    for provider in (*file["units"], *file["partners"]):
        provider["capacity"] = CAPACITY
    return orjson.dumps(file).decode()


def texts(file: str) -> list[tuple[str, str]]:
    """Return demands that are dispatched: sure, and nothing in them that a person decides.

    The load must come out as notices to providers.
    """
    parsed = parse_community_file(file, "bench")
    router = router_of(parsed)
    places = [compound.id for compound in parsed.compounds]
    rows = [orjson.loads(line) for line in TEXTS.read_text().splitlines() if line.strip()]
    found = []
    for n, row in enumerate(rows):
        place = places[n % len(places)]
        asked = DemandLine(id=str(n), text=row["text"], compound=place)
        if router.route(asked).ranking.decision == "dispatch":
            found.append((row["text"], place))
    return found


@dataclass(frozen=True, slots=True)
class Bench:
    """One run over a deployment."""

    place: Deployment
    results: Results
    file: str
    texts: list[tuple[str, str]]
    crowd: Crowd

    async def system(self, setting: str, groups: tuple[tuple[str, ...], ...]) -> None:
        """Measure the system in one arrangement of processes: flat out, then at half of that."""
        setting += self.crowd.name
        async with self._running(groups) as (system, prefix):
            await self._load(system, prefix, WARM_UP, 0)
        async with self._running(groups) as (system, prefix):
            before = system.cpu_seconds()
            flat = await self._load(system, prefix, FLAT_OUT, 0)
            used = {name: seconds - before[name] for name, seconds in system.cpu_seconds().items()}
            self._report_flat(flat, used, system, setting)
        rate = flat["count"] / flat["seconds"] / 2
        async with self._running(groups) as (system, prefix):
            paced = await self._load(system, prefix, int(rate * PACED_SECONDS), rate)
            half = f"{setting}, {rate:.0f}/s"
            self.results.add("accepted_to_notice_p50_seconds", paced["p50"], "s", half)
            self.results.add("accepted_to_notice_p99_seconds", paced["p99"], "s", half)

    @asynccontextmanager
    async def _running(self, groups: tuple[tuple[str, ...], ...]) -> AsyncIterator[tuple[System, str]]:
        prefix = f"bench_{uuid4().hex[:6]}"
        files = self.crowd.files(self.file)
        async with running(self.place, prefix, groups, files, self.crowd.limits) as system:
            yield system, prefix

    def _report_flat(
        self, flat: dict[str, Any], used: dict[str, float], system: System, setting: str
    ) -> None:
        add, thousand = self.results.add, flat["count"] / 1_000
        add("demands_routed_per_second", flat["count"] / flat["seconds"], "1/s", setting)
        add("demands_refused", flat["refused"], "1", setting)
        add("demands_left_to_a_person", flat["left_to_a_person"], "1", setting)
        used["load generator"] = flat["cpu_seconds"]
        for name, seconds in used.items():
            add("cpu_seconds_per_1000_demands", seconds / thousand, "s", f"{setting}, {name}")
        for name, peak in system.memory_peak_mb().items():
            add("memory_peak_mb", peak, "MB", f"{setting}, {name}")

    async def _load(self, system: System, prefix: str, count: int, per_second: float) -> dict[str, Any]:
        given = {
            "port": system.port,
            "count": count,
            "per_second": per_second,
            "people": self.crowd.residents(self.place.keys),
            "texts": self.texts,
            "mongo_url": self.place.settings.mongo_url,
            "prefix": prefix,
        }
        return await in_a_process("tests.bench.load", given)

    async def floor(self) -> None:
        """Measure the floor, and how far each arrangement is from it."""
        given = {
            "mongo_url": self.place.settings.mongo_url,
            "amqp_url": self.place.settings.amqp_url,
            "count": FLAT_OUT // BATCH_OF_FLOOR * BATCH_OF_FLOOR,
            "batch": BATCH_OF_FLOOR,
        }
        answer = await in_a_process("tests.bench.floor", given)
        floor = answer["count"] / answer["seconds"]
        self.results.add("floor_per_second", floor, "1/s", f"batches of {BATCH_OF_FLOOR}")
        for setting in ARRANGEMENTS:
            ours = self.results.value("demands_routed_per_second", setting)
            self.results.add("floor_ratio", ours / floor, "1", setting)


async def main() -> None:
    """Run everything."""
    set_up_logs("ERROR")
    console = Console()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(RESULTS.write_bytes, b"")
    results = Results(console)
    console.print("measuring the router …")
    for measure, value in (await in_a_process("tests.bench.router", {})).items():
        unit = "s" if measure.endswith("seconds") else "MB" if measure.endswith("mb") else "1/s"
        results.add(measure, value, "1" if measure.endswith("ratio") else unit, "23 providers, one core")
    console.print("starting broker and database …")
    async with deployment(DATA_DIR, keep=False) as place:
        file = community_file()
        for crowd in (TOWNS, ONE):
            bench = Bench(place, results, file, texts(file), crowd)
            for setting, groups in ARRANGEMENTS.items():
                console.print(f"measuring the system as {setting}{crowd.name} …")
                await bench.system(setting, groups)
        console.print("measuring what neighbours feel …")
        full = results.value("demands_routed_per_second", "four processes")
        felt = await neighbours.measure(place, TOWNS.files(file), texts(file), full)
        for measure, value in felt.items():
            results.add(measure, value, "s" if measure.endswith("seconds") else "1", "four processes")
        console.print("measuring more replicas …")
        for measure, value in (await replicas.run(place)).items():
            unit = "1" if measure.endswith("ratio") else "1/s" if measure.startswith("per") else "s"
            results.add(f"declines_{measure}", value, unit, "600 declines, 90 at once")
        console.print("measuring the floor …")
        await bench.floor()
    results.show()
    console.print(f"written to {Path(RESULTS)}")


if __name__ == "__main__":
    uvloop.run(main())
