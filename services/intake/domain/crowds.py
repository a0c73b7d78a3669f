"""Supporters of a demand that are too many to stand on it by name: in sorted portions of bounded size."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.ids import DemandId
from services.contracts.spans import PORTION_MAX, Span, in_order, parts_of, span_of
from services.contracts.values import replace

SUPPORTERS_MAX = 10_000
BY_NAME_MAX = 100
"""So many stand on their demand by name."""


@dataclass(frozen=True, slots=True)
class Supporter:
    """Somebody who stands behind a demand.

    Arguments:
        number: in the order they came, from one.
        endorsed: the demand itself.
        brought: the demands whose merges carry their voice here.
    """

    subject: str
    number: int
    endorsed: bool
    brought: tuple[DemandId, ...] = ()


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of those who stand behind a demand, ascending by subject."""

    supporters: tuple[Supporter, ...] = ()

    def find(self, subject: str) -> Supporter | None:
        """Return somebody who stands here, or None."""
        return next((one for one in self.supporters if one.subject == subject), None)

    def with_one(self, supporter: Supporter) -> "Portion":
        """Return the portion with somebody, in place of what it says of them already."""
        others = (one for one in self.supporters if one.subject != supporter.subject)
        return Portion(tuple(sorted((*others, supporter), key=lambda one: one.subject)))


Portions = Mapping[int, Portion]
"""Number of a portion → what stands in it."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a demand keeps of supporters that are many.

    Arguments:
        count: how many there are, without the one who asked.
        numbered: the last number that a supporter was given.
        spans: where their portions begin, ascending; the first begins with the empty name.
        last: the last number that a portion was given; none is given twice.
    """

    count: int
    numbered: int
    spans: tuple[Span, ...]
    last: int

    def number_of(self, subject: str) -> int:
        """Return the number of the portion in which somebody stands or would stand."""
        return span_of(self.spans, subject).number

    def joined_by(self, subject: str, portion: Portion) -> tuple["Crowd", Portions]:
        """Return the crowd with somebody's own word for the demand, and the portions that changed.

        Arguments:
            portion: where they would stand; they may stand there already, since a merge brought them.
        """
        known = portion.find(subject)
        number = self.numbered + 1
        one = replace(known, endorsed=True, number=number) if known else Supporter(subject, number, True)
        count = self.count if known else self.count + 1
        after = replace(self, count=count, numbered=number)
        return after._divided(self.number_of(subject), portion.with_one(one))

    def _divided(self, number: int, portion: Portion) -> tuple["Crowd", Portions]:
        """Divide what has outgrown its portion; a part keeps the number, the others get new ones."""
        if len(portion.supporters) <= PORTION_MAX:
            return self, {number: portion}
        parts = _parts(portion.supporters)
        new = range(self.last + 1, self.last + len(parts))
        spans = (Span(part.supporters[0].subject, n) for n, part in zip(new, parts[1:], strict=True))
        after = replace(self, spans=in_order((*self.spans, *spans)), last=new[-1])
        return after, dict(zip((number, *new), parts, strict=True))


def crowd_of(supporters: Iterable[Supporter], count: int, last: int) -> tuple[Crowd, Portions]:
    """Return a crowd of these, and its portions.

    Arguments:
        count: how many there are, without the one who asked.
        last: the last number that a portion of the demand was given; theirs come after it.
    """
    everybody = sorted(supporters, key=lambda one: one.subject)
    portions = dict(enumerate(_parts(everybody), start=last + 1))
    begins = (portion.supporters[0].subject if n > last + 1 else "" for n, portion in portions.items())
    spans = tuple(Span(begin, n) for begin, n in zip(begins, portions, strict=True))
    numbered = max((one.number for one in everybody), default=0)
    return Crowd(count, numbered, spans, last + len(portions)), portions


def _parts(supporters: Sequence[Supporter]) -> list[Portion]:
    return [Portion(tuple(part)) for part in parts_of(supporters)]
