"""How much speaks for each provider in one matter, in figures: covers, shares of the score, confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.matching.domain.affairs import Share, ThemeHeard
from services.matching.domain.evidence import Asked, Offer
from services.matching.domain.providers import Contract

# Shares of the score: a part is its share times how far it holds (0..1); a perfect match scores about 1 to 3.
DUTY_SHARE = 0.5
RESOURCE_SHARE = 0.3
WORDING_SHARE = 0.2
WISH_SHARE = 1.0
AFFAIR_SHARE = 1.0
AFFAIR_HALF = 1.5
"""Weight of themes at which the affairs of the county speak with half their voice."""
CONTRACT_SHARE = 1.0
"""As much as all evidence together: of two who can do it, the contracted one goes first."""
PAIRING_SHARE = 0.05
CAPACITY_SHARE = 0.05

ABLE_MIN = 0.6
"""From this match on somebody does what is asked, not only something near it."""
COVERAGE_ABLE = 0.6
"""From this coverage on a provider counts as able, and its contract counts in full."""
STRENGTH_HALF = 0.35
"""Weight of words at which strength reaches one half."""
CLEARNESS_MIN = 0.82
"""Clearness of a dead heat: either will do, but a little less surely."""
MARGIN_CLEAR = 0.25
"""Lead over the second, as a share of the first's score, from which clearness is 1."""


class PartName(StrEnum):
    """The summands of a score."""

    DUTY = "职责"
    RESOURCE = "资源"
    WORDING = "用词"
    WISH = "意思"
    AFFAIR = "事项"
    EXPERIENCE = "经验"
    CONTRACT = "契约"
    CAPACITY = "余力"
    HOURS = "时段"
    DISTANCE = "距离"
    RECORD = "口碑"
    STAR = "星级"
    FAIRNESS = "均衡"


@dataclass(slots=True)
class Case:
    """What speaks for one provider (by number); covers are sums of concept weight x match."""

    provider: int
    capacity: float
    """Share of its capacity that is left, above 0 and at most 1."""
    cover: float = 0.0
    duty: float = 0.0
    resource: float = 0.0
    likeness: float = 0.0
    contract: Contract | None = None
    contract_cover: float = 0.0
    """The part of its cover that lies within the contract's scope."""
    duty_most: float = 0.0
    duty_word: str = ""
    duty_index: int = 0
    resource_most: float = 0.0
    resource_index: int = 0
    wish: float = 0.0
    """How likely it is (0..1) that what is wished for is something that it does."""
    wish_able: float = 0.0
    """The same, where whoever is able counts as if that were all that it does."""
    wish_most: float = 0.0
    wish_name: str = ""
    wish_offer: Offer | None = None
    affair: float = 0.0
    """Sum of theme weight x share of the theme that is its own."""
    affair_most: float = 0.0
    affair_word: str = ""
    affair_theme: int = -1
    affair_duty: int = -1
    experience: float = 0.0

    def take(self, asked: Asked, offer: Offer) -> None:
        """Count what the provider offers for one concept, and keep the best of each as the reason."""
        weight = asked.weight
        duty, resource = weight * offer.duty, weight * offer.resource
        self.cover += weight * offer.best
        self.duty += duty
        self.resource += resource
        if duty > self.duty_most:
            self.duty_most, self.duty_word, self.duty_index = duty, asked.word, offer.duty_index
        if resource > self.resource_most:
            self.resource_most, self.resource_index = resource, offer.resource_index

    def grant(self, name: str, likely: float, offer: Offer) -> None:
        """Count that it does what may be wished for, and keep the likeliest as the reason.

        Arguments:
            name: of the wish.
            likely: how likely that is wished for (0..1).
        """
        granted = likely * offer.best
        self.wish += granted
        self.wish_able += likely if offer.best >= ABLE_MIN else granted
        if granted > self.wish_most:
            self.wish_most, self.wish_name, self.wish_offer = granted, name, offer

    def hear(self, theme: int, heard: ThemeHeard, share: Share) -> None:
        """Count how far a theme is this provider's, and keep the plainest as the reason."""
        vote = heard.weight * share.part
        self.affair += vote
        if vote > self.affair_most:
            self.affair_most, self.affair_word = vote, heard.word
            self.affair_theme, self.affair_duty = theme, share.duty_index

    def said(self, asked: float, told: float) -> tuple[tuple[PartName, float], ...]:
        """The summands that rest on what the catalogue and the matter say.

        Arguments:
            asked: weight of all the concepts that the matter asks for.
            told: weight of all the themes it speaks of.
        """
        scale = strength(asked) / asked if asked else 0.0
        return (
            (PartName.DUTY, DUTY_SHARE * self.duty * scale),
            (PartName.RESOURCE, RESOURCE_SHARE * self.resource * scale),
            (PartName.WORDING, WORDING_SHARE * self.likeness * scale),
            (PartName.WISH, WISH_SHARE * self.wish),
            (PartName.AFFAIR, AFFAIR_SHARE * self.affair / (told + AFFAIR_HALF)),
        )

    def values(self, asked: float, told: float) -> list[tuple[PartName, float]]:
        """The summands that are not 0."""
        summands = (
            *self.said(asked, told),
            (PartName.EXPERIENCE, self.experience),
            (PartName.CONTRACT, self._contract_value(asked)),
            (PartName.CAPACITY, CAPACITY_SHARE * self.capacity),
        )
        return [(name, value) for name, value in summands if value != 0]

    def _contract_value(self, asked: float) -> float:
        if self.contract is None:
            return 0.0
        if not asked:
            return PAIRING_SHARE
        able = min(1.0, self.contract_cover / asked / COVERAGE_ABLE)
        return PAIRING_SHARE + CONTRACT_SHARE * able * able * strength(asked)


def strength(asked: float) -> float:
    """How plainly a matter says what it needs (0..1)."""
    return asked / (asked + STRENGTH_HALF)


def answered(cover: float, asked: float, scores: Sequence[float]) -> float:
    """How surely the catalogue's own words answer the matter (0..1).

    Arguments:
        cover: what the first candidate does of `asked`.
        scores: best first.
    """
    if not scores or not asked:
        return 0.0
    return strength(asked) * min(1.0, cover / asked) * _clearness(scores)


def _clearness(scores: Sequence[float]) -> float:
    if len(scores) < 2:
        return 1.0
    lead = (scores[0] - scores[1]) / scores[0]
    return CLEARNESS_MIN + (1 - CLEARNESS_MIN) * min(1.0, lead / MARGIN_CLEAR)
