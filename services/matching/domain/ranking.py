"""Who should do it: ranks a community's providers for a matter and says how sure the ranking is.

score      = duties + resources + wording + wish + affairs + experience + contract + capacity + circumstances,
             each a Part with its reason
confidence = how often somebody who is first in this way is right: by the catalogue alone
             (`confidence.day_one`), and the more lessons there are
             the more by what they would have foretold of each other. A contract alone is no evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from services.language.wishes import Wish
from services.matching.domain.affairs import ThemeHeard, county_affairs, is_office, shares
from services.matching.domain.assignment import NEAR_SHARE
from services.matching.domain.cases import LIKELY_IS_ONE, Cases
from services.matching.domain.circumstances import Circumstances, Spoken
from services.matching.domain.confidence import day_one, sure_from, two_witnesses
from services.matching.domain.evidence import (
    TEXT_CHARACTERS_MAX,
    ConceptsRead,
    EvidenceIndex,
    Offer,
    scope_cover,
)
from services.matching.domain.lexicon import OTHER, field_lexicon
from services.matching.domain.matter import (
    Candidate,
    Decision,
    Evidence,
    Experience,
    Learnt,
    Matter,
    Part,
    Ranking,
)
from services.matching.domain.providers import Catalogue, Contract
from services.matching.domain.reasons import Reasons
from services.matching.domain.stances import SCENE
from services.matching.domain.weighing import ABLE_MIN, AFFAIR_HALF, PAIRING_SHARE, Case, PartName, answered

CANDIDATES_MAX = 5
CANDIDATES_MIN = 3
"""Staff get this many to choose from, as far as the community has them."""
SPOKEN_AGAINST = 0.15
"""From this on lessons contradict what the catalogue is sure of: trust x lead of the one they foretell."""
PRIORS = frozenset({PartName.AFFAIR, PartName.EXPERIENCE})
"""Parts that are priors: what offices usually do, and lessons; not what the provider wrote of itself."""
CORRECTION_MIN = 0.02
"""Less than this brings nobody in for whom nothing else speaks."""
LONG_STORY_CHARACTERS = 80
UNTAUGHT_SURE_MAX = 0.93
"""Before there are lessons nobody is surer than this of a long story, most of whose words tell of something
else, or at a county's desk: offices alone and no places, where a few of them answer for everything."""
WISH_AT_A_DESK = 0.25
"""What a wish counts at a county's desk, whose offices answer for much that nobody wishes of a community."""
ASKED_MIN = 0.3
HALF = 0.5
"""Whoever does less than this of what the words ask for, where they ask for so much, is spoken against."""
MATTER_WEIGHT_MIN = 0.6
"""A category that is named less plainly than this is no matter of its own."""


class _Slot(NamedTuple):
    """What has to be looked at for every provider in every matter."""

    capacity: int
    since: date


class Read(NamedTuple):
    """A matter as it was read, with what it says for each provider."""

    reading: ConceptsRead
    place: str
    cases: Cases
    asked: float
    heard: dict[int, ThemeHeard]
    told: float
    characters: int
    wishes: tuple[Wish, ...]


class ScoredCase(NamedTuple):
    """A case with its score.

    Arguments:
        able: the part that rests on its own duties, resources and contract.
        words: of that, what does not rest on how the wish was understood.
        named: of that, what rests on what was said, and not on free hands.
        spoken: what the circumstances say for it.
    """

    score: float
    able: float
    words: float
    named: float
    values: list[tuple[PartName, float]]
    spoken: list[Spoken]
    case: Case


class Ranker:
    """Ranks for one catalogue; compiles its index once and keeps no state afterwards."""

    def __init__(self, catalogue: Catalogue) -> None:
        lexicon = field_lexicon()
        self._wanted = catalogue.wanted_precision
        self._sure_from = sure_from(catalogue.wanted_precision)
        self._affairs = county_affairs()
        self._index = EvidenceIndex(catalogue, lexicon)
        self._providers = self._index.providers
        self._number = {provider.id: number for number, provider in enumerate(self._providers)}
        self._slots = tuple(_Slot(p.capacity, p.takes_orders_since) for p in self._providers)
        self._concepts = {concept.path: number for number, concept in enumerate(lexicon.concepts)}
        self._places = {place.id: place for place in catalogue.places}
        self._is_county_desk = not catalogue.places and all(map(is_office, catalogue.providers))
        self._heed = WISH_AT_A_DESK if self._is_county_desk else 1.0
        self._owners = shares(self._providers, self._affairs)
        self._reasons = Reasons(self._providers, self._places, self._affairs)
        self._contracts = self._contracts_by_place(catalogue)
        self._scopes = {c.id: scope_cover(lexicon, c.scope) for c in catalogue.contracts if c.scope}

    def _contracts_by_place(self, catalogue: Catalogue) -> dict[str, tuple[Contract, ...]]:
        by_place: dict[str, list[Contract]] = {}
        for contract in sorted(catalogue.contracts, key=attrgetter("id")):
            for place in contract.places if contract.unit in self._number else ():
                by_place.setdefault(place, []).append(contract)
        return {place: tuple(contracts) for place, contracts in by_place.items()}

    def rank(
        self,
        matter: Matter,
        open_orders: Mapping[str, int],
        on: date,
        *,
        circumstances: Circumstances | None = None,
        experience: Experience | None = None,
        excluded: frozenset[str] = frozenset(),
        if_all_had_room: bool = False,
    ) -> Ranking:
        """Rank the providers that may take an order.

        Arguments:
            open_orders: how many orders each provider (by id) has in hand; absent means none.
            on: the day, in the community's time zone, on which contracts and conventions must run.
            circumstances: the same and more; without them only the words, contracts and capacity count.
            experience: what the community has learnt; None is the first day.
            excluded: providers (by id) that are no candidates.
            if_all_had_room: leave out of account that somebody is full.
        """
        now = circumstances or Circumstances(on, open_orders)
        free = self._free({} if if_all_had_room else now.open_orders, now.on, excluded)
        read = self._read(matter, now, free)
        learnt = experience.recall(matter, read.heard, self.said(read)) if experience else None
        best = self._best(read, learnt, now)
        sure, enough = self._sure(read, best, learnt)
        candidates = self._candidates(best, read, sure, learnt, now)
        decision: Decision = "dispatch" if candidates and 0 < sure >= enough else "review"
        category = self._category(read)
        because = self._reasons.because(category, candidates, sure, decision)
        version = experience.version if experience else 0
        return Ranking(category, decision, sure, candidates, because, self._matters(read), enough, version)

    @property
    def provider_ids(self) -> tuple[str, ...]:
        """Return the providers by their number."""
        return tuple(provider.id for provider in self._providers)

    def able(self, on: date) -> tuple[str, ...]:
        """Return the providers that may take an order on a day."""
        return tuple(p.id for p, share in zip(self._providers, self._free({}, on), strict=True) if share)

    @property
    def themes(self) -> int:
        """Return how many themes there are."""
        return len(self._affairs.themes)

    def evidence(self, matter: Matter, on: date) -> Evidence:
        """Return what the catalogue alone says of a matter."""
        now = Circumstances(on)
        read = self._read(matter, now, self._free({}, on))
        said = self.said(read)
        best = self._best(read, None, now)
        return Evidence(read.heard, said, self._alone(read, best), _first(best))

    def said(self, read: Read) -> list[float]:
        """Return by provider what speaks for it in words: no contract, no capacity, no circumstances."""
        said = [0.0] * len(self._providers)
        for case in read.cases:
            said[case.provider] = sum(value for _, value in case.said(read.asked, read.told))
        return said

    def _read(self, matter: Matter, now: Circumstances, free: list[float]) -> Read:
        reading = self._index.read(matter.text, matter.title, matter.compound)
        place = matter.compound or (reading.places[0] if len(reading.places) == 1 else "")
        heard = self._affairs.hear(matter.text[:TEXT_CHARACTERS_MAX], matter.title)
        cases = Cases(free)
        asked = cases.ask(reading, self._index.offers)
        cases.grant(self._wished(matter.wishes))
        told = cases.hear(heard, self._owners)
        self._add_contracts(cases, reading, place, now.on)
        cases.fill_up(CANDIDATES_MIN)
        characters = len(matter.text) + len(matter.title or "")
        return Read(reading, place, cases, asked, heard, told, characters, matter.wishes)

    def _wished(self, wishes: Sequence[Wish]) -> Iterator[tuple[str, float, tuple[Offer, ...]]]:
        """Yield what may be wished for, with who does it; what the lexicon does not know is left out."""
        for wish in wishes:
            concept = self._concepts.get(wish.name)
            if concept is not None:
                yield wish.name, self._heed * wish.likely / LIKELY_IS_ONE, self._index.offers[concept]

    def _best(self, read: Read, learnt: Learnt | None, now: Circumstances) -> list[ScoredCase]:
        """The best cases with their scores; providers are numbered by id, so ties go by id."""
        weighed: list[ScoredCase] = []
        if learnt is not None:
            for number, correction in enumerate(learnt.corrections):
                if read.cases.free[number] and abs(correction) > CORRECTION_MIN:
                    read.cases.of(number).experience = correction
        place, mean = self._places.get(read.place), now.mean_offered
        for case in read.cases:
            values = case.values(read.asked, read.told)
            able = sum(value for name, value in values if name not in PRIORS)
            words = able - sum(value for name, value in values if name is PartName.WISH)
            named = words - sum(value for name, value in values if name is PartName.CAPACITY)
            spoken = now.parts(self._providers[case.provider], place, mean)
            values.extend((name, value) for name, value, _ in spoken)
            score = sum(value for _, value in values)
            weighed.append(ScoredCase(score, able, words, named, values, spoken, case))
        weighed.sort(key=lambda one: (-one.score, one.case.provider))
        return weighed[:CANDIDATES_MAX]

    def _sure(self, read: Read, best: list[ScoredCase], learnt: Learnt | None) -> tuple[float, float]:
        """How sure it is that the first is right, and from where on that is enough."""
        alone = self._alone(read, best)
        if learnt is None or not best:
            return alone, self._sure_from
        first = best[0].case.provider
        foretold = learnt.first == first
        sure = learnt.sure if foretold else max(0.0, learnt.forecasts[first]) / 2
        together = (1 - learnt.trust) * alone + learnt.trust * sure
        holds = learnt.catalogue_holds and not self._is_spoken_against(best, learnt)
        if holds and alone >= max(self._sure_from, together):
            return alone, self._sure_from
        return together, learnt.enough

    def _is_spoken_against(self, best: list[ScoredCase], learnt: Learnt) -> bool:
        """Whether lessons say that the first is wrong; that another able one had it before says nothing."""
        first, *others = best
        against = learnt.forecasts[learnt.first] - learnt.forecasts[first.case.provider]
        if learnt.trust * against < SPOKEN_AGAINST:
            return False
        words = first.able
        able = {one.case.provider for one in others if one.able >= NEAR_SHARE * words}
        return learnt.first not in able

    def _alone(self, read: Read, best: list[ScoredCase]) -> float:
        """How sure the catalogue alone makes."""
        if not best:
            return 0.0
        first = best[0].case
        # Circumstances choose among the able; they make nobody surer or less sure of who is able.
        words = [one.words for one in best]
        named = [one.named for one in best]
        # That somebody else has more free hands, or a contract with the place, speaks against nobody.
        is_named = max(named) <= PAIRING_SHARE or named[0] >= NEAR_SHARE * max(named)
        by_concepts = answered(first.cover, read.asked, sorted(words, reverse=True)) if is_named else 0.0
        affairs = first.affair - read.cases.but(first, "affair")
        alone = day_one(by_concepts, affairs / (read.told + AFFAIR_HALF))
        if read.wishes and not self._is_county_desk:
            rival = read.cases.but(first, "wish")
            does_less = read.asked >= ASKED_MIN and first.cover < HALF * read.asked
            alone = two_witnesses(alone, first.wish_able, rival, spoken_against=does_less or not is_named)
        vague = self._is_county_desk or read.characters > LONG_STORY_CHARACTERS
        return min(alone, UNTAUGHT_SURE_MAX) if vague else alone

    def _matters(self, read: Read) -> tuple[str, ...]:
        """The categories asked for each in its own right, when no single provider does them all."""
        able: dict[str, set[int]] = {}
        for number, asked in read.reading.concepts.items():
            offers = self._index.offers[number]
            if asked.stance is SCENE or asked.weight < MATTER_WEIGHT_MIN or not offers:
                continue
            does = {
                offer.provider
                for offer in offers
                if offer.best >= ABLE_MIN and read.cases.free[offer.provider]
            }
            able.setdefault(self._index.lexicon.concepts[number].category, set()).update(does)
        done = [providers for providers in able.values() if providers]
        return tuple(able) if len(done) > 1 and not set.intersection(*done) else ()

    def _category(self, read: Read) -> str:
        """What it is about, in the finest words the lexicon has, by the wish, or in words of the county."""
        fine = self._index.category(read.reading)
        wished = OTHER if self._is_county_desk else self._wished_category(read.wishes)
        if fine == OTHER and wished != OTHER:
            return wished
        if read.heard and (fine == OTHER or read.told > read.asked * 3):
            weights: dict[str, float] = {}
            for theme, heard in read.heard.items():
                affair = self._affairs.themes[theme].affair
                weights[affair] = weights.get(affair, 0.0) + heard.weight
            return max(weights, key=lambda affair: weights[affair])
        return fine

    def _wished_category(self, wishes: Sequence[Wish]) -> str:
        """What the likeliest wish is about, where no word is known; nothing that is less likely than not."""
        first = max(wishes, key=attrgetter("likely"), default=None)
        if first is None or first.likely * 2 <= LIKELY_IS_ONE or first.name not in self._concepts:
            return OTHER
        return self._index.lexicon.concepts[self._concepts[first.name]].category

    def _free(
        self, open_orders: Mapping[str, int], on: date, excluded: frozenset[str] = frozenset()
    ) -> list[float]:
        """For every provider, the share of its capacity that is left; 0 if it may take no order."""
        free = [1.0 if capacity and since <= on else 0.0 for capacity, since in self._slots]
        for provider, taken in open_orders.items():
            number = self._number.get(provider)
            if number is not None and free[number]:
                capacity = self._slots[number].capacity
                free[number] = max(0, capacity - taken) / capacity
        for provider in excluded:
            if provider in self._number:
                free[self._number[provider]] = 0.0
        return free

    def _add_contracts(self, cases: Cases, reading: ConceptsRead, place: str, on: date) -> None:
        for contract in self._contracts.get(place, ()):
            number = self._number[contract.unit]
            if cases.free[number] and contract.runs(on):
                case = cases.of(number)
                case.contract = contract
                case.contract_cover = self._scope_weight(contract, reading) if contract.scope else case.cover
                case.cover = max(case.cover, case.contract_cover)

    def _scope_weight(self, contract: Contract, reading: ConceptsRead) -> float:
        covers = self._scopes[contract.id]
        return sum(asked.weight * covers.get(concept, 0.0) for concept, asked in reading.concepts.items())

    def _candidates(
        self,
        best: list[ScoredCase],
        read: Read,
        sure: float,
        learnt: Learnt | None,
        now: Circumstances,
    ) -> tuple[Candidate, ...]:
        chances = _chances([one.score for one in best], sure)
        return tuple(
            Candidate(
                self._providers[one.case.provider].id,
                one.score,
                tuple(
                    Part(name, value, self._reasons.reason(name, one.case, read.place, now, one.spoken))
                    for name, value in one.values
                ),
                chance,
            )
            for one, chance in zip(best, chances, strict=True)
        )


def _first(best: list[ScoredCase]) -> int:
    return best[0].case.provider if best else -1


def _chances(scores: Sequence[float], sure: float) -> list[float]:
    """The first has what is sure, the others share the rest by scores; none is likelier than the first."""
    rest = sum(max(0.0, score) for score in scores[1:])
    left = 1.0 - sure
    return [
        sure if place == 0 else min(sure, left * max(0.0, score) / rest if rest else 0.0)
        for place, score in enumerate(scores)
    ]
