"""What speaks for whom in one matter, collected provider by provider."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from services.matching.domain.affairs import Share, ThemeHeard
from services.matching.domain.evidence import ConceptsRead, Offer, likeness
from services.matching.domain.weighing import Case

LIKELY_IS_ONE = 1_000
"""Wishes are told in thousandths."""


class Cases:
    """The cases of those who may take an order.

    Arguments:
        free: for every provider, the share of its capacity that is left; 0 if it may take no order.
    """

    def __init__(self, free: Sequence[float]) -> None:
        self.free = free
        self._found: dict[int, Case] = {}

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Case]:
        return iter(self._found.values())

    def of(self, provider: int) -> Case:
        """Return a provider's case; one that has nothing yet begins with its free hands."""
        case = self._found.get(provider)
        if case is None:
            case = self._found[provider] = Case(provider, self.free[provider])
        return case

    def but(self, case: Case, figure: str) -> float:
        """Return the most that any other case has of a figure, as `wish`."""
        return max(map(attrgetter(figure), (one for one in self if one is not case)), default=0.0)

    def ask(self, reading: ConceptsRead, offers: Sequence[Sequence[Offer]]) -> float:
        """Count what the words ask for; returns the weight of all.

        Likeness of wording counts as one more thing asked for.

        Arguments:
            offers: by concept.
        """
        weight = 0.0
        for concept, asked in reading.concepts.items():
            weight += asked.weight
            for offer in offers[concept]:
                if self.free[offer.provider]:
                    self.of(offer.provider).take(asked, offer)
        most = 0.0
        for number, overlap in reading.overlap.items():
            like = likeness(overlap) if self.free[number] else 0.0
            if like > 0:
                case = self.of(number)
                case.likeness = like
                case.cover += like
                most = max(most, like)
        return weight + most

    def grant(self, wishes: Iterable[tuple[str, float, Sequence[Offer]]]) -> None:
        """Count what may be wished for, with how likely each is (0..1) and who does it."""
        for name, likely, offers in wishes:
            for offer in offers:
                if self.free[offer.provider]:
                    self.of(offer.provider).grant(name, likely, offer)

    def hear(self, heard: Mapping[int, ThemeHeard], owners: Sequence[Sequence[Share]]) -> float:
        """Count themes for those who answer for them; returns the weight of all."""
        told = 0.0
        for theme, spoken in heard.items():
            told += spoken.weight
            for share in owners[theme]:
                if self.free[share.provider]:
                    self.of(share.provider).hear(theme, spoken, share)
        return told

    def fill_up(self, least: int) -> None:
        """Add those for whom only their free hands speak, so that staff have so many to choose from."""
        if len(self) >= least:
            return
        # Sorting keeps the order of equals, so ties go by id.
        for number in sorted(range(len(self.free)), key=self.free.__getitem__, reverse=True)[:least]:
            if self.free[number]:
                self.of(number)
