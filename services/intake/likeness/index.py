"""The inverted index of one community: pair of characters → the demands that are found by it."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from zlib import crc32

from services.contracts.ids import DemandId
from services.intake.domain.duplicates import POSTINGS_MAX, FoundBy, Postings

ID_BYTES = 16
_NUMBER = 0xFFFF_FFFF
_NAMED = 0x8000


class CommunityIndex:
    """What a community's demands are found by; some ninety bytes a demand.

    A demand has a number, in the order in which it came. A posting is the checksum of a pair and a number in
    one whole number of 64 bits; they are sorted, so a pair's demands stand together, the newest last.
    """

    def __init__(self) -> None:
        self._postings = array("Q")
        self._ids = bytearray()
        self._marks = array("H")
        """Where each demand comes from, as a number, and whether it names anything."""
        self._compared = bytearray()
        """Of each demand, whether it has been compared with those before it."""
        self._compounds: dict[str, int] = {}
        self._odd: dict[int, DemandId] = {}
        """Ids that are not made of 32 hexadecimal digits."""

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def size(self) -> int:
        """Return how many bytes it takes, roughly."""
        each = len(self._ids) + 3 * len(self._marks)
        return 8 * len(self._postings) + each + 100 * len(self._compounds)

    def add(self, rows: Iterable[tuple[DemandId, FoundBy, str | None]]) -> None:
        """Add demands that are not in it yet, oldest first: id, what each is found by, its compound."""
        added = [posting for row in rows for posting in self._added(*row)]
        if len(added) < 2 * POSTINGS_MAX:
            for posting in added:
                self._postings.insert(bisect_left(self._postings, posting), posting)
        else:
            self._postings = array("Q", sorted((*self._postings, *added)))

    def _added(self, demand: DemandId, found_by: FoundBy, compound: str | None) -> list[int]:
        number = len(self._marks)
        digits = _digits(demand)
        if digits is None:
            self._odd[number] = demand
        self._ids += digits or bytes(ID_BYTES)
        self._compared.append(0)
        self._marks.append(self._compound(compound) | (_NAMED if found_by.named else 0))
        return [crc32(pair.encode()) << 32 | number for pair in found_by.pairs]

    def _compound(self, compound: str | None) -> int:
        if compound is None:
            return 0
        return self._compounds.setdefault(compound, min(len(self._compounds) + 1, _NAMED - 1))

    def has(self, demand: DemandId) -> bool:
        """Return whether a demand is in it."""
        return self._number_of(demand) is not None

    def is_compared(self, demand: DemandId) -> bool:
        """Return whether a demand has been compared, as far as is known here."""
        number = self._number_of(demand)
        return number is not None and bool(self._compared[number])

    def note_compared(self, demand: DemandId) -> None:
        """Note that a demand that is in it has been compared."""
        number = self._number_of(demand)
        if number is not None:
            self._compared[number] = 1

    def _number_of(self, demand: DemandId) -> int | None:
        digits = _digits(demand)
        if digits is None:
            return next((number for number, odd in self._odd.items() if odd == demand), None)
        at = self._ids.rfind(digits)
        while at >= 0 and at % ID_BYTES:
            at = self._ids.rfind(digits, 0, at + ID_BYTES - 1)
        return at // ID_BYTES if at >= 0 else None

    def id_of(self, number: int) -> DemandId:
        """Return the id of the demand with a number."""
        if number in self._odd:
            return self._odd[number]
        return DemandId(self._ids[number * ID_BYTES : (number + 1) * ID_BYTES].hex())

    def postings(self, pairs: Iterable[str], without: DemandId | None = None) -> Mapping[str, Postings]:
        """Return of each pair how many demands hold it, and the newest of them.

        Arguments:
            without: a demand that does not count.
        """
        own = self._number_of(without) if without is not None else None
        return {pair: self._held(pair, own) for pair in pairs}

    def _held(self, pair: str, own: int | None) -> Postings:
        first = crc32(pair.encode()) << 32
        begin = bisect_left(self._postings, first)
        end = bisect_left(self._postings, first + _NUMBER + 1, begin)
        newest = [posting & _NUMBER for posting in self._postings[max(begin, end - POSTINGS_MAX - 1) : end]]
        count = end - begin
        if own is not None and own in newest:
            newest.remove(own)
            count -= 1
        return Postings(count, tuple(reversed(newest[-POSTINGS_MAX:])))

    def is_elsewhere(self, number: int, compound: str | None, *, named: bool) -> bool:
        """Return whether a demand is out of reach: from another compound, and neither names anything.

        That follows from what is needed of two that seem to speak of different places (`likeness.compared`).
        """
        mark = self._marks[number]
        theirs = mark & ~_NAMED
        if named or mark & _NAMED or compound is None or not theirs:
            return False
        return self._compounds.get(compound) != theirs


def _digits(demand: DemandId) -> bytes | None:
    """Return an id of 32 hexadecimal digits as bytes; None for any other, and for naught."""
    try:
        digits = bytes.fromhex(demand)
    except ValueError:
        return None
    return digits if digits.hex() == demand and len(digits) == ID_BYTES and any(digits) else None
