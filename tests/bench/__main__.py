"""Measures, prints a table for people, and writes .sandan/bench.jsonl, one object a line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
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
from tests.bench import growth, ledger, machine, neighbours, replicas, report, stages
from tests.bench.sayings import COMMUNITIES, PEOPLE, home_of, sayings
from tests.bench.systems import ALL_IN_ONE, EACH_ALONE, ROOT, System, in_a_process, running

RESULTS = DATA_DIR / "bench.jsonl"
SOURCE = ROOT / "deploy" / "communities" / "jiwang.yaml"
TEXTS = ROOT / "tests" / "data" / "demands.jsonl"
CAPACITY = 10_000
WARM_UP = 500
PACED_SECONDS = 8
STAGES_DEMANDS = 6_000
STAGES_SECONDS = 12
BATCH_OF_FLOOR = 64
FLOOR = 8_000
ARRANGEMENTS = {"four processes": EACH_ALONE, "one process": ALL_IN_ONE}
Said = tuple[str, str, int | None, bool]
"""Text, compound, number of the person, or none where they take turns; whether it is like an earlier one."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is said, by whom, and how much each may.

    Arguments:
        name: goes into the setting of each figure.
        homes: each person's community, by number.
        said: over and over.
        counts: demands in one run flat out, by arrangement; what comes after them is said at half the pace.
        limits: settings that differ from their defaults.
        warm_up: is said first, and not measured.
    """

    name: str
    homes: Sequence[int]
    said: Sequence[Said]
    counts: Mapping[str, int]
    limits: Mapping[str, str]
    warm_up: Sequence[Said]

    def files(self, text: str) -> dict[str, str]:
        """Return communities like one, under ids of their own."""
        file = orjson.loads(text)
        files = {}
        for name in self._names():
            file["community"]["id"] = name
            files[name] = orjson.dumps(file).decode()
        return files

    def people(self, keys: Keys) -> list[tuple[str, str]]:
        """Return the community and a token of each."""
        homes = [(n, f"bench-{home}") for n, home in enumerate(self.homes)]
        return [(home, keys.token(f"resident-{n}", Role.RESIDENT, home)) for n, home in homes]

    def _names(self) -> list[str]:
        return [f"bench-{n}" for n in range(max(self.homes) + 1)]


def different(compounds: Sequence[str], texts: Sequence[tuple[str, str]]) -> Load:
    """Return the load that the figures are asked of: twenty thousand texts of two thousand people.

    Nobody asks more than a resident may; all come from the load generator's one address.
    """
    said = [(one.text, one.compound, one.person, one.like) for one in sayings(compounds)]
    homes = [*(home_of(person) for person in range(PEOPLE)), *range(COMMUNITIES)]
    first = [(*texts[n % len(texts)], PEOPLE + n % COMMUNITIES, False) for n in range(WARM_UP)]
    limits = {"SANDAN_LIMIT_ADDRESS_PER_MINUTE": "0"}
    counts = {"four processes": 18_000, "one process": 6_000}
    return Load("different texts", homes, said, counts, limits, first)


def repeated(texts: Sequence[tuple[str, str]]) -> Load:
    """Return the load that was measured before there were limits: the same few texts over and over."""
    said = [(*text, None, False) for text in texts]
    limits = ("ADDRESS_PER_MINUTE", "RESIDENT_PER_MINUTE", "COMMUNITY_PER_SECOND")
    none = {f"SANDAN_LIMIT_{name}": "0" for name in limits}
    counts = {"four processes": 5_000, "one process": 3_000}
    return Load("the same texts", range(4), said, counts, none, said[:WARM_UP])


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
    """One load on a deployment."""

    place: Deployment
    results: Results
    file: str
    load: Load

    async def system(self, arrangement: str) -> None:
        """Measure the system in one arrangement of processes: flat out, then at half of that."""
        groups, setting = ARRANGEMENTS[arrangement], f"{arrangement}, {self.load.name}"
        count = self.load.counts[arrangement]
        async with self._running(groups) as (system, prefix):
            await self._send(system, prefix, self.load.warm_up, WARM_UP, 0)
            before = system.cpu_seconds()
            flat = await self._send(system, prefix, self.load.said, count, 0, "flat")
            quiet = await system.quiet()
            used = {name: seconds - before[name] for name, seconds in system.cpu_seconds().items()}
            self._report_flat(flat, used, system, setting)
            self.results.add("quiet_after_seconds", quiet, "s", setting)
            rate = flat["count"] / flat["seconds"] / 2
            others = self.load.said[count % len(self.load.said) :]
            paced = await self._send(system, prefix, others, int(rate * PACED_SECONDS), rate)
            self._report_paced(paced, f"{setting}, {rate:.0f}/s")

    def _report_paced(self, paced: dict[str, Any], half: str) -> None:
        for measure, name in (("accepted_to_notice", ""), ("accepted_to_likeness", "alike_")):
            for part in ("p50", "p99"):
                if name + part in paced:
                    self.results.add(f"{measure}_{part}_seconds", paced[name + part], "s", half)
        if "alike_share" in paced:
            self.results.add("found_to_be_like_share", paced["alike_share"], "1", half)

    async def stages(self) -> None:
        """Say where the time goes in each of four processes, flat out."""
        async with self._running(EACH_ALONE) as (system, prefix):
            await self._send(system, prefix, self.load.warm_up, WARM_UP, 0)
            url = self.place.settings.mongo_url or ""
            asked, used = await stages.asked(url, prefix), system.cpu_seconds()
            pids = {name: system.pids[name] for name in stages.SERVICES}
            sampling = asyncio.create_task(stages.sampled(pids, STAGES_SECONDS))
            flat = await self._send(system, prefix, self.load.said, STAGES_DEMANDS, 0, "flat")
            spent = {name: now - used[name] for name, now in system.cpu_seconds().items()}
            found = await sampling
            self._report_stages(flat["count"], spent, found)
            self._report_asked(flat["count"], stages.since(asked, await stages.asked(url, prefix)))

    def _report_stages(
        self, count: int, spent: Mapping[str, float], found: Mapping[str, Mapping[str, float]]
    ) -> None:
        for service, shares in found.items():
            for stage, share in shares.items():
                seconds = share * spent[service] / count * 1_000
                self.results.add(stages.STAGE, seconds, "s", f"{self.load.name}, {service}, {stage}")

    def _report_asked(self, count: int, asked: Mapping[str, tuple[int, float]]) -> None:
        for what, (calls, seconds) in asked.items():
            setting = f"{self.load.name}, {what}"
            self.results.add(stages.SECONDS, seconds / count * 1_000, "s", setting)
            self.results.add(stages.CALLS, calls / count * 1_000, "1", setting)

    @asynccontextmanager
    async def _running(self, groups: tuple[tuple[str, ...], ...]) -> AsyncIterator[tuple[System, str]]:
        prefix = f"bench_{uuid4().hex[:6]}"
        files = self.load.files(self.file)
        async with running(self.place, prefix, groups, files, self.load.limits) as system:
            yield system, prefix

    def _report_flat(
        self, flat: dict[str, Any], used: dict[str, float], system: System, setting: str
    ) -> None:
        add, thousand = self.results.add, flat["count"] / 1_000
        add("demands_through_per_second", flat["count"] / flat["seconds"], "1/s", setting)
        add("demands_refused", flat["refused"], "1", setting)
        add("dispatched_share", 1 - flat["left_to_a_person"] / flat["count"], "1", setting)
        add("cpu_seconds_per_1000_demands", sum(used.values()) / thousand, "s", f"{setting}, all of it")
        used["load generator"] = flat["cpu_seconds"]
        for name, seconds in used.items():
            add("cpu_seconds_per_1000_demands", seconds / thousand, "s", f"{setting}, {name}")
        for name, peak in system.memory_peak_mb().items():
            add("memory_peak_mb", peak, "MB", f"{setting}, {name}")

    async def _send(
        self,
        system: System,
        prefix: str,
        said: Sequence[Said],
        count: int,
        per_second: float,
        key: str = "",
    ) -> dict[str, Any]:
        given = {
            "port": system.port,
            "count": count,
            "per_second": per_second,
            "people": self.load.people(self.place.keys),
            "said": said,
            "mongo_url": self.place.settings.mongo_url,
            "prefix": prefix,
            "key": key,
        }
        return await in_a_process("tests.bench.load", given)


async def floor(place: Deployment, results: Results) -> None:
    """Measure the floor, and how far each arrangement is from it."""
    given = {
        "mongo_url": place.settings.mongo_url,
        "amqp_url": place.settings.amqp_url,
        "count": FLOOR // BATCH_OF_FLOOR * BATCH_OF_FLOOR,
        "batch": BATCH_OF_FLOOR,
    }
    answer = await in_a_process("tests.bench.floor", given)
    floor = answer["count"] / answer["seconds"]
    results.add("floor_per_second", floor, "1/s", f"batches of {BATCH_OF_FLOOR}")
    for row in [row for row in results.rows if row["measure"] == "demands_through_per_second"]:
        results.add("floor_ratio", row["value"] / floor, "1", row["setting"])


async def _router(results: Results) -> None:
    for measure, value in (await in_a_process("tests.bench.router", {})).items():
        unit = "s" if measure.endswith("seconds") else "MB" if measure.endswith("mb") else "1/s"
        results.add(measure, value, "1" if measure.endswith("ratio") else unit, "23 providers, one core")


async def _system(place: Deployment, results: Results) -> None:
    file = community_file()
    compounds = [compound["id"] for compound in orjson.loads(file)["compounds"]]
    for measure, value in (await machine.measure()).items():
        results.add(measure, value, "s" if measure.endswith("seconds") else "1", "this machine")
    await floor(place, results)
    sure = texts(file)
    for load in (different(compounds, sure), repeated(sure)):
        for arrangement in ARRANGEMENTS:
            results.console.print(f"measuring the system as {arrangement}, {load.name} …")
            await Bench(place, results, file, load).system(arrangement)
    await floor(place, results)


async def _stages(place: Deployment, results: Results) -> None:
    file = community_file()
    compounds = [compound["id"] for compound in orjson.loads(file)["compounds"]]
    await Bench(place, results, file, different(compounds, texts(file))).stages()


async def _neighbours(place: Deployment, results: Results) -> None:
    full = next((r["value"] for r in results.rows if r["measure"] == "demands_through_per_second"), 400.0)
    file = community_file()
    sure = texts(file)
    felt = await neighbours.measure(place, different([""], sure).files(file), sure, float(full))
    for measure, value in felt.items():
        results.add(measure, value, "s" if measure.endswith("seconds") else "1", "four processes")


async def _replicas(place: Deployment, results: Results) -> None:
    for measure, value in (await replicas.run(place)).items():
        unit = "1" if measure.endswith("ratio") else "1/s" if measure.startswith("per") else "s"
        results.add(f"declines_{measure}", value, unit, "600 declines, 90 at once")


async def _ledger(place: Deployment, results: Results) -> None:
    for measure, value in (await ledger.measure(place)).items():
        unit = "1/s" if measure.endswith("per_second") else "s" if measure.endswith("seconds") else "1"
        results.add(measure, value, unit, f"the points bank, {ledger.PARTNERS:,} partners")


async def _growth(place: Deployment, results: Results) -> None:
    file = community_file()
    compounds = [compound["id"] for compound in orjson.loads(file)["compounds"]]
    # Whose word an accusation is, and what becomes of a danger, is not for everybody to read.
    plain = (one for one in sayings(compounds) if one.matter not in ("report", "danger"))
    said = [(one.text, one.compound) for one in plain]
    files = {}
    parsed = orjson.loads(file)
    for name in growth.names():
        parsed["community"]["id"] = name
        files[name] = orjson.dumps(parsed).decode()
    setting = f"{growth.COMMUNITIES:,} communities with {growth.EACH:,} demands each"
    for measure, value in (await growth.measure(place, files, said, results.console.print)).items():
        unit = "s" if measure.endswith("seconds") else "MB" if measure.endswith("mb") else "1"
        results.add(measure, value, "1/s" if measure.endswith("per_second") else unit, setting)


APART = {"growth": _growth}
"""Parts that are run by their name alone: they take long."""
PARTS = {
    "system": _system,
    "stages": _stages,
    "neighbours": _neighbours,
    "replicas": _replicas,
    "ledger": _ledger,
}


async def main(wanted: Sequence[str]) -> None:
    """Run the parts named, or all of them; `docs` writes what was measured last into docs/performance.md."""
    if "docs" in wanted:
        about, *rows = map(orjson.loads, RESULTS.read_bytes().splitlines())
        report.write(about, rows)
        return
    set_up_logs("ERROR")
    console = Console()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(RESULTS.write_bytes, orjson.dumps(report.about_this_run()) + b"\n")
    results = Results(console)
    if not wanted or "router" in wanted:
        console.print("measuring the router …")
        await _router(results)
    parts = {name: part for name, part in PARTS.items() if not wanted or name in wanted}
    parts |= {name: part for name, part in APART.items() if name in wanted}
    if parts:
        console.print("starting broker and database …")
        async with deployment(DATA_DIR, keep=False) as place:
            for name, part in parts.items():
                console.print(f"measuring: {name} …")
                await part(place, results)
    results.show()
    console.print(f"written to {Path(RESULTS)}")


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
