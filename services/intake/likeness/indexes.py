"""The indexes of the communities in use: built at first use from what the database keeps."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from services.contracts.ids import DemandId
from services.intake.domain.duplicates import FoundBy, candidates, found_by
from services.intake.domain.voices.likeness import Rarity, Traits, traits_of
from services.intake.likeness.index import CommunityIndex
from services.intake.store.demands import DEMANDS

DEMANDS_MAX = 1_000
"""So many of a community's newest demands are in an index; with twice that it is built anew."""
BYTES_MAX = 96 * 1024 * 1024
TRAITS_MAX = 1_000
"""So many demands' traits are at hand; those compared of late are compared again."""
FRESH_SECONDS = 5.0
"""For so long an index is taken as it is by whoever hears everything that is submitted in the community."""
OVERLAP_MILLISECONDS = 10_000
"""Ids grow with the clocks that make them: so far before the newest known, others may still appear."""
COMPUTED_AT_ONCE = 20
"""Demands of earlier releases, which do not say by what they are found, in one turn of the loop."""
Row = Mapping[str, Any]


class Rows(Protocol):
    """A collection that is read document by document."""

    async def find(
        self, query: dict[str, Any], *, sort: str, limit: int = 0, fields: Sequence[str] | None = None
    ) -> list[Row]: ...


class Books(Protocol):
    """Intake's store."""

    def plain(self, name: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Lookup:
    """What came of looking for demands that share what a text is found by.

    Arguments:
        traits: of the text.
        found_by: what it was looked up by.
        rarity: of what it is found by, in its community.
        candidates: those worth comparing, the best first.
    """

    traits: Traits
    found_by: FoundBy
    rarity: Rarity
    candidates: tuple[DemandId, ...]


@dataclass(slots=True)
class _Held:
    """One community's index, and when it was read last; `newest` is the greatest id in it."""

    index: CommunityIndex = field(default_factory=CommunityIndex)
    read_at: float = -1e9
    newest: str = ""
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class LikenessIndexes:
    """Knows which demands of a community share what a text is found by.

    Arguments:
        books: intake's store.
        bytes_max: of all indexes together; the least used makes room.
        clock: seconds.
    """

    def __init__(
        self, books: Books, bytes_max: int = BYTES_MAX, clock: Callable[[], float] = monotonic
    ) -> None:
        self._books = books
        self._bytes_max = bytes_max
        self._clock = clock
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._traits: OrderedDict[tuple[str, str], Traits] = OrderedDict()

    @property
    def size(self) -> int:
        """Return how many bytes all indexes take, roughly."""
        return sum(held.index.size for held in self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    async def refresh(self, communities: Iterable[str], fresh_seconds: float = FRESH_SECONDS) -> None:
        """Read what the database has and an index does not; all of it for a community that is new here.

        Arguments:
            fresh_seconds: an index that was read since then stays as it is.

        Raises:
            Away: the database does not answer.
        """
        wanted = set(communities)
        for community in sorted(wanted):
            held = self._held.setdefault(community, _Held())
            self._held.move_to_end(community)
            if self._clock() - held.read_at > fresh_seconds or len(held.index) > 2 * DEMANDS_MAX:
                async with held.reading:
                    await self._read(community, held)
            # Whoever else made room meanwhile may have taken it for unused.
            self._held[community] = held
        self._make_room(len(wanted))

    async def _read(self, community: str, held: _Held) -> None:
        began = self._clock()
        before = held.index
        if len(before) > 2 * DEMANDS_MAX:
            held.index, held.newest = CommunityIndex(), ""
        after = _a_little_before(held.newest) if held.newest else ""
        rows = await self._demands.find(
            {"_id": {"$gte": f"{community}/{after}", "$lt": f"{community}0"}},
            sort="-_id",
            limit=DEMANDS_MAX,
            fields=("found_by", "compound"),
        )
        if any(row.get("found_by") is None for row in rows):
            rows = await self._with_words(community, rows)
        new: list[tuple[DemandId, FoundBy, str | None]] = []
        for number, row in enumerate(reversed(rows)):
            demand = DemandId(row["_id"].removeprefix(f"{community}/"))
            if not held.index.has(demand):
                new.append((demand, _found_by(row), row["compound"]))
            if row.get("found_by") is None and number % COMPUTED_AT_ONCE == 0:
                await asyncio.sleep(0)
        held.index.add(row for row in new if not held.index.has(row[0]))
        for demand, _, _ in new:
            if before.is_compared(demand):
                held.index.note_compared(demand)
        held.newest = max([held.newest, *(str(demand) for demand, _, _ in new)])
        held.read_at = began

    async def _with_words(self, community: str, rows: Sequence[Row]) -> list[Row]:
        """Read the words of demands of earlier releases, which do not say by what they are found."""
        ids = [row["_id"] for row in rows]
        fields = ("text", "title", "compound", "found_by")
        return await self._demands.find({"_id": {"$in": ids}}, sort="-_id", fields=fields)

    @property
    def _demands(self) -> Rows:
        rows: Rows = self._books.plain(DEMANDS.name)
        return rows

    def _make_room(self, wanted: int) -> None:
        """Let the least used go; those that are wanted now were used last and stay."""
        size = self.size
        while len(self._held) > wanted and size > self._bytes_max:
            _, held = self._held.popitem(last=False)
            size -= held.index.size

    def add(self, community: str, demand: DemandId, looked_up: Lookup) -> None:
        """Add a demand that has been looked up, to the index of a community that was refreshed."""
        traits = looked_up.traits
        held = self._held.get(community)
        if held is not None and not held.index.has(demand):
            held.index.add([(demand, looked_up.found_by, traits.compound)])
            held.newest = max(held.newest, str(demand))
        self._remember(community, demand, traits)

    def is_compared(self, community: str, demand: DemandId) -> bool:
        """Return whether a demand has been compared with those before it, as far as this process knows."""
        held = self._held.get(community)
        return held is not None and held.index.is_compared(demand)

    def note_compared(self, community: str, demand: DemandId) -> None:
        """Note that a demand has been compared, and what came of it is kept."""
        held = self._held.get(community)
        if held is not None:
            held.index.note_compared(demand)

    def look_up(
        self, community: str, traits: Traits, own: DemandId | None = None, sought: FoundBy | None = None
    ) -> Lookup:
        """Return which demands of a community that was refreshed are worth comparing with a text.

        Arguments:
            own: the demand of which the text is, if it is one.
            sought: what the text is looked up by, if that is known.
        """
        sought, held = sought or found_by(traits), self._held.get(community)
        if held is None:
            return Lookup(traits, sought, Rarity(), ())
        index = held.index
        postings = index.postings(sought.pairs, without=own)
        known = len(index) - (1 if own is not None and index.has(own) else 0)
        rarity = Rarity(known, {pair: one.count for pair, one in postings.items()})
        near = [
            index.id_of(number)
            for number in candidates(postings.values())
            if not index.is_elsewhere(number, traits.compound, named=sought.named)
        ]
        return Lookup(traits, sought, rarity, tuple(near))

    async def traits(self, wanted: Collection[tuple[str, DemandId]]) -> Mapping[tuple[str, DemandId], Traits]:
        """Return what demands are compared by, each named by community and id.

        Raises:
            Away: the database does not answer.
        """
        missing = [(who, demand) for who, demand in wanted if (who, demand) not in self._traits]
        if missing:
            keys = [f"{community}/{demand}" for community, demand in missing]
            fields = ("text", "title", "compound")
            for row in await self._demands.find({"_id": {"$in": keys}}, sort="_id", fields=fields):
                community, _, demand = row["_id"].partition("/")
                traits = traits_of(row["text"], row.get("title"), row.get("compound"))
                self._remember(community, DemandId(demand), traits)
        found = {key: self._traits[key] for key in wanted if key in self._traits}
        while len(self._traits) > TRAITS_MAX:
            self._traits.popitem(last=False)
        return found

    def _remember(self, community: str, demand: DemandId, traits: Traits) -> None:
        self._traits[community, demand] = traits
        self._traits.move_to_end((community, demand))


def _found_by(row: Row) -> FoundBy:
    kept = row.get("found_by")
    if kept is None:
        return found_by(traits_of(row["text"], row.get("title"), row.get("compound")))
    return FoundBy(tuple(kept["pairs"]), kept["named"])


def _a_little_before(demand: str) -> str:
    """Return the least id that a clock a little behind may still give (UUIDv7: milliseconds come first)."""
    try:
        at = int(demand[:12], 16) - OVERLAP_MILLISECONDS
    except ValueError:
        return ""
    return f"{max(0, at):012x}"
