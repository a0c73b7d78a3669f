"""The router without servers: how fast it ranks, what a thousand communities hold, how long assigning takes.

Reads one JSON object (nothing in it is needed) and prints one: measure → value.
"""

import gc
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import orjson

from services.contracts.ids import OrderId
from services.intake.community_file import parse_community_file
from services.matching.domain.assignment import Bid, assign
from services.matching.domain.lessons import Lesson, Teaching
from services.matching.domain.matter import Matter
from services.matching.domain.providers import Catalogue
from services.matching.domain.ranking import Ranker
from services.matching.routing.catalogue import catalogue_of
from services.matching.routing.experience import Learning
from services.matching.routing.models import CommunityModels
from services.matching.routing.solver import solve
from services.matching.store.catalogues import CatalogueOnRecord
from tests.bench.systems import ROOT

TODAY = date(2026, 11, 1)
AT = datetime(2026, 11, 1, 2, tzinfo=UTC)
COMMUNITIES = 1_000
RANKED = 4_000
BIDS, PROVIDERS, PLACES = 1_000, 200, 5
LESSONS = 1_000
ROUNDS = 3


def resident_mb() -> float:
    """Return the memory this process holds, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def best_of(rounds: int, run: Callable[[], object]) -> float:
    """Return the shortest time of several runs, in seconds."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


def per_second(ranker: Ranker, matters: Sequence[Matter], experience: Learning | None = None) -> float:
    """Return how many matters are ranked in a second."""
    asked = [matters[n % len(matters)] for n in range(RANKED)]
    seconds = best_of(ROUNDS, lambda: [ranker.rank(m, {}, TODAY, experience=experience) for m in asked])
    return RANKED / seconds


def matters() -> list[Matter]:
    """Return what residents of Jiwang ask for."""
    rows = map(orjson.loads, (ROOT / "tests/data/demands.jsonl").read_bytes().splitlines())
    return [Matter(row["text"], None, row["place"]) for row in rows if row["community"] == "jiwang"]


def taught(ranker: Ranker, asked: Sequence[Matter]) -> Learning:
    """Return experience of a thousand lessons."""
    providers = ranker.provider_ids
    lessons = [
        Lesson(str(n), f"{m.text}{n}", None, m.compound, providers[n % 7], Teaching.CHOSEN, n, AT)
        for n, m in ((n, asked[n % len(asked)]) for n in range(LESSONS))
    ]
    return Learning(ranker, lessons, 0.98, LESSONS, UTC)


def many_communities(text: str) -> tuple[float, float, float]:
    """Return MB for a thousand communities, the speed among them against alone, and seconds to change one."""
    models = CommunityModels()
    gc.collect()
    before = resident_mb()
    for n in range(COMMUNITIES):
        record = CatalogueOnRecord(text.replace('"jiwang"', f'"c{n}"').replace("稷", f"稷{n}"))
        models.of(f"c{n}", 1, record)
    gc.collect()
    held = resident_mb() - before
    asked = matters()
    every = [models.kept(f"c{n}") for n in range(COMMUNITIES)]
    rankers = [model.ranker for model in every if model is not None]
    pairs = [(rankers[n * 7 % COMMUNITIES], asked[n % len(asked)]) for n in range(RANKED)]
    among = RANKED / best_of(ROUNDS, lambda: [r.rank(m, {}, TODAY) for r, m in pairs])
    alone = per_second(rankers[0], asked)
    start = perf_counter()
    models.of("c5", 2, CatalogueOnRecord(text))
    return held, among / alone, perf_counter() - start


def assignment_seconds() -> float:
    """Return how long it takes to give the places of 200 providers to a thousand demands."""
    chance = random.Random(20261101)
    bids = [
        Bid(
            OrderId(f"o{n}"),
            {f"p{chance.randrange(PROVIDERS)}": 2 * chance.random() for _ in range(4)},
            chance.random() < 0.05,
            AT + timedelta(seconds=n),
        )
        for n in range(BIDS)
    ]
    places = {f"p{n}": PLACES for n in range(PROVIDERS)}
    return best_of(ROUNDS, lambda: assign(bids, places, solve))


def measure() -> dict[str, float]:
    """Return every figure."""
    text = (ROOT / "deploy/communities/jiwang.yaml").read_text()
    file = parse_community_file(text, "jiwang")
    catalogue: Catalogue = catalogue_of(file)
    ranker, asked = Ranker(catalogue), matters()
    county = parse_community_file((ROOT / "tests/data/county.yaml").read_text(), "county")
    lines = map(orjson.loads, (ROOT / "tests/data/county_messages.jsonl").read_bytes().splitlines())
    long = [Matter(line["text"] * 6, line["title"]) for line in lines]
    start = perf_counter()
    learning = taught(ranker, asked)
    learnt = perf_counter() - start
    held, flatness, change = many_communities(file.model_dump_json())
    few = replace(catalogue, providers=catalogue.providers[:7])
    return {
        "ranked_per_second": per_second(ranker, asked),
        "ranked_per_second_7_providers": per_second(Ranker(few), asked),
        "ranked_per_second_taught": per_second(ranker, asked, learning),
        "ranked_per_second_long_texts": per_second(Ranker(catalogue_of(county)), long),
        "learnt_1000_lessons_seconds": learnt,
        "communities_1000_mb": held,
        "communities_1000_speed_ratio": flatness,
        "catalogue_change_seconds": change,
        "assigned_1000_to_200_seconds": assignment_seconds(),
    }


if __name__ == "__main__":
    sys.stdin.read()
    sys.stdout.buffer.write(orjson.dumps(measure()))
