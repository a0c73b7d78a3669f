"""How sure is sure: from what speaks for the first candidate to the share of such cases in which it is right.

Confidence is a probability that can be checked: of all demands with 0.9, nine in ten should be right
(docs/reliability.svg). A community wants a precision of what is dispatched without a person; from which
confidence on that holds is a second figure, because those above it are mostly surer than the last one.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp

Knots = tuple[tuple[float, float], ...]
"""A piecewise linear function: (x, y) from left to right; outside it the first and the last y."""

BY_CONCEPTS: Knots = (
    (0.0, 0.02),
    (0.3, 0.1),
    (0.4, 0.35),
    (0.5, 0.6),
    (0.6, 0.95),
    (0.7, 0.985),
    (1.0, 0.995),
)
"""Share of right ones by how surely the catalogue's own words answer the demand.
Measured on `tests/data/demands.jsonl` and `real_cases.jsonl`, both parts."""
BY_AFFAIRS: Knots = ((0.0, 0.25), (0.1, 0.55), (0.2, 0.7), (0.3, 0.8), (0.5, 0.88), (0.8, 0.94), (1.0, 0.95))
"""The same by the lead in the affairs of the county. It ends below what a community usually wants: what an
office is called says who is likely, not who it was."""
BY_WISHES: Knots = (
    (0.0, 0.02),
    (0.3, 0.4),
    (0.5, 0.7),
    (0.7, 0.9),
    (0.9, 0.945),
    (1.0, 0.985),
)
"""The same by how much likelier it is that the first does what is wished for than that anybody else does.
Measured on sentences of hands whose wishes the model had not seen (decision 0031)."""
WISHED_MIN = 0.7
"""Words make sure of nobody who does what is wished for less likely than this: one in ten was wrong."""
CONTRADICTION = -0.4
DISAGREEMENT_MAX = 0.9
"""Confidence of a first candidate behind which the affairs are this far: they speak clearly for another."""
SURE_FROM: Knots = (
    (0.0, 0.0),
    (0.8, 0.5),
    (0.9, 0.7),
    (0.95, 0.85),
    (0.98, 0.945),
    (0.99, 0.975),
    (1.0, 1.0),
)
"""Wanted precision → from which confidence on it holds, before a community has lessons of its own."""

BINS = 10


def along(knots: Knots, at: float) -> float:
    """Return the value on a line through knots, the ends going on level."""
    index = bisect_right(knots, at, key=lambda knot: knot[0])
    if index == 0:
        return knots[0][1]
    if index == len(knots):
        return knots[-1][1]
    (x0, y0), (x1, y1) = knots[index - 1], knots[index]
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)


def day_one(by_concepts: float, by_affairs: float) -> float:
    """Return how sure the catalogue alone makes (0..1).

    Arguments:
        by_concepts: strength x coverage x clearness of the catalogue's own words (0..1).
        by_affairs: lead of the first candidate in the affairs; below 0 when another one leads there.
    """
    concepts = along(BY_CONCEPTS, by_concepts) if by_concepts > 0 else 0.0
    if by_affairs < CONTRADICTION:
        return min(DISAGREEMENT_MAX, concepts)
    return max(concepts, along(BY_AFFAIRS, by_affairs) if by_affairs > 0 else 0.0)


def two_witnesses(words: float, wish: float, rival: float, *, spoken_against: bool) -> float:
    """Return how sure both make together: the words of the catalogue, and what is wished for (0..1).

    Either may make sure; where the other one speaks against the first, a person decides.

    Arguments:
        words: how sure the words alone make of the first candidate.
        wish: how likely it is that the first is able to do what is wished for.
        rival: how likely whoever else does it best does just that.
        spoken_against: the words speak for somebody else, or ask for what the first does not do.
    """
    by_wish = along(BY_WISHES, max(0.0, wish - rival)) if wish > 0 else 0.0
    if spoken_against:
        return min(DISAGREEMENT_MAX, by_wish)
    return max(by_wish, words if wish >= WISHED_MIN else min(DISAGREEMENT_MAX, words))


def sure_from(wanted: float) -> float:
    """Return from which confidence on a wanted precision holds on the first day."""
    return along(SURE_FROM, wanted)


@dataclass(frozen=True, slots=True)
class Scale:
    """Turns a lead into a probability: 1 / (1 + e^-(offset + slope x lead))."""

    offset: float
    slope: float

    def of(self, lead: float) -> float:
        """Return the share of right ones among those with this lead."""
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, self.offset + self.slope * lead))))


SCALE_BEFORE = Scale(-0.5, 7.0)
"""Before there are lessons; they pull away from it."""
SCALE_STIFFNESS = (2.0, 0.2)
SCALE_ROUNDS = 30


def fit_scale(leads: Sequence[float], right: Sequence[bool]) -> Scale:
    """Return the scale under which the outcomes are likeliest (Platt), held near the one before lessons."""
    offset, slope = SCALE_BEFORE.offset, SCALE_BEFORE.slope
    for _ in range(SCALE_ROUNDS):
        pull_offset = SCALE_STIFFNESS[0] * (SCALE_BEFORE.offset - offset)
        pull_slope = SCALE_STIFFNESS[1] * (SCALE_BEFORE.slope - slope)
        h00, h01, h11 = SCALE_STIFFNESS[0], 0.0, SCALE_STIFFNESS[1]
        scale = Scale(offset, slope)
        for lead, was_right in zip(leads, right, strict=True):
            p = scale.of(lead)
            pull_offset += was_right - p
            pull_slope += (was_right - p) * lead
            weight = p * (1 - p)
            h00, h01, h11 = h00 + weight, h01 + weight * lead, h11 + weight * lead * lead
        determinant = h00 * h11 - h01 * h01
        offset += (h11 * pull_offset - h01 * pull_slope) / determinant
        slope = max(0.5, slope + (h00 * pull_slope - h01 * pull_offset) / determinant)
    return Scale(offset, slope)


def lowest_sure(confidences: Sequence[float], right: Sequence[bool], wanted: float) -> float:
    """Return the lowest confidence from which on the wanted share was right; above 1 where none is.

    One mistake more than were made is counted, so that luck with a few does not look like certainty.
    """
    ranked = sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0])
    hits, lowest = 0, 1.01
    for seen, (confidence, was_right) in enumerate(ranked, start=1):
        hits += was_right
        if (hits - 1) / seen >= wanted and (seen == len(ranked) or ranked[seen][0] < confidence):
            lowest = confidence
    return lowest


@dataclass(frozen=True, slots=True)
class Bin:
    """Demands of about one confidence: how many, how sure on average, how many were right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> tuple[Bin, ...]:
    """Return the reliability curve in ten bins, empty ones left out."""
    edges = [number / BINS for number in range(BINS)] + [1.0 + 1e-9]
    bins = []
    for low, high in pairwise(edges):
        inside = [(c, r) for c, r in zip(confidences, right, strict=True) if low <= c < high]
        if inside:
            count = len(inside)
            mean = sum(c for c, _ in inside) / count
            bins.append(Bin(low, min(high, 1.0), count, mean, sum(r for _, r in inside) / count))
    return tuple(bins)
