"""Who should do it: ranks a community's providers for a matter and says how sure the ranking is.

score      = duties + resources + wording + contract + capacity, each a Part with its reason
confidence = strength x coverage x clearness:
             how plainly the matter says what it needs, how much of that the first candidate does,
             and how far it is ahead of the second. A contract alone is no evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Literal, NamedTuple

from services.matching.domain.evidence import EvidenceIndex, Reading, likeness, scope_cover
from services.matching.domain.lexicon import field_lexicon
from services.matching.domain.providers import Catalogue, Contract
from services.matching.domain.weighing import Case, PartName, confidence

Decision = Literal["dispatch", "review"]

CANDIDATES_MAX = 5
CANDIDATES_MIN = 3
"""Staff get this many to choose from, as far as the community has them."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be done, in the resident's words, and the compound or venue (its id) it comes from."""

    text: str
    title: str | None = None
    compound: str | None = None


class Part(NamedTuple):
    """One summand of a score, with the reason in words a resident accepts."""

    name: str
    value: float
    because: str


class Candidate(NamedTuple):
    """A provider that may do it; `score` is exactly the sum of `parts`."""

    provider: str
    score: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer: candidates best first, and whether to send the order or ask the staff."""

    category: str
    decision: Decision
    confidence: float
    candidates: tuple[Candidate, ...]
    because: str


class _Slot(NamedTuple):
    """What has to be looked at for every provider in every matter."""

    capacity: int
    since: date


class Ranker:
    """Ranks for one catalogue; compiles its index once and keeps no state afterwards."""

    def __init__(self, catalogue: Catalogue) -> None:
        lexicon = field_lexicon()
        self._dispatch_confidence = catalogue.dispatch_confidence
        self._index = EvidenceIndex(catalogue, lexicon)
        self._providers = self._index.providers
        self._number = {provider.id: number for number, provider in enumerate(self._providers)}
        self._slots = tuple(_Slot(p.capacity, p.takes_orders_since) for p in self._providers)
        self._place_names = {place.id: place.name for place in catalogue.places}
        self._contracts = self._contracts_by_place(catalogue)
        self._scopes = {c.id: scope_cover(lexicon, c.scope) for c in catalogue.contracts if c.scope}

    def _contracts_by_place(self, catalogue: Catalogue) -> dict[str, tuple[Contract, ...]]:
        by_place: dict[str, list[Contract]] = {}
        for contract in sorted(catalogue.contracts, key=attrgetter("id")):
            for place in contract.places if contract.unit in self._number else ():
                by_place.setdefault(place, []).append(contract)
        return {place: tuple(contracts) for place, contracts in by_place.items()}

    def rank(self, matter: Matter, open_orders: Mapping[str, int], on: date) -> Ranking:
        """Rank the providers that may take an order.

        Arguments:
            open_orders: how many orders each provider (by id) has in hand; absent means none.
            on: the day, in the community's time zone, on which contracts and conventions must run.
        """
        reading = self._index.read(matter.text, matter.title, matter.compound)
        place = matter.compound or (reading.places[0] if len(reading.places) == 1 else "")
        free = self._free(open_orders, on)
        cases, asked = self._gather(free, reading)
        self._add_contracts(cases, free, reading, place, on)
        self._add_idle(cases, free)
        best = _best(cases, asked)
        candidates = tuple(
            self._candidate(score, values, case, place, open_orders) for score, values, case in best
        )
        sure = confidence(best[0][2].cover, asked, [score for score, _, _ in best]) if best else 0.0
        category = self._index.category(reading)
        decision: Decision = "dispatch" if sure >= self._dispatch_confidence and sure > 0 else "review"
        return Ranking(category, decision, sure, candidates, self._because(category, candidates, sure))

    def _free(self, open_orders: Mapping[str, int], on: date) -> list[float]:
        """For every provider, the share of its capacity that is left; 0 if it may take no order."""
        free = [1.0 if capacity and since <= on else 0.0 for capacity, since in self._slots]
        for provider, taken in open_orders.items():
            number = self._number.get(provider)
            if number is not None and free[number]:
                capacity = self._slots[number].capacity
                free[number] = max(0, capacity - taken) / capacity
        return free

    def _gather(self, free: list[float], reading: Reading) -> tuple[dict[int, Case], float]:
        """The cases that the words make, and the weight of all that is asked."""
        cases: dict[int, Case] = {}
        asked_weight = 0.0
        for concept, asked in reading.concepts.items():
            asked_weight += asked.weight
            for offer in self._index.offers[concept]:
                if free[offer.provider]:
                    _case(cases, free, offer.provider).take(asked, offer)
        return cases, asked_weight + _add_likeness(cases, free, reading)

    def _add_contracts(
        self, cases: dict[int, Case], free: list[float], reading: Reading, place: str, on: date
    ) -> None:
        for contract in self._contracts.get(place, ()):
            number = self._number[contract.unit]
            if free[number] and contract.runs(on):
                case = _case(cases, free, number)
                case.contract = contract
                case.contract_cover = self._scope_weight(contract, reading) if contract.scope else case.cover
                case.cover = max(case.cover, case.contract_cover)

    def _scope_weight(self, contract: Contract, reading: Reading) -> float:
        covers = self._scopes[contract.id]
        return sum(asked.weight * covers.get(concept, 0.0) for concept, asked in reading.concepts.items())

    def _add_idle(self, cases: dict[int, Case], free: list[float]) -> None:
        """Fill up with those for whom only their free hands speak, so that staff have a choice."""
        if len(cases) >= CANDIDATES_MIN:
            return
        # Sorting keeps the order of equals, so ties go by id.
        idle = sorted(range(len(free)), key=free.__getitem__, reverse=True)
        for number in idle[:CANDIDATES_MIN]:
            if free[number]:
                _case(cases, free, number)

    def _candidate(
        self,
        score: float,
        values: list[tuple[PartName, float]],
        case: Case,
        place: str,
        open_orders: Mapping[str, int],
    ) -> Candidate:
        parts = tuple(
            Part(name, value, self._reason(name, case, place, open_orders)) for name, value in values
        )
        return Candidate(self._providers[case.provider].id, score, parts)

    def _reason(self, name: PartName, case: Case, place: str, open_orders: Mapping[str, int]) -> str:
        provider = self._providers[case.provider]
        if name is PartName.DUTY:
            return f"诉求说到“{case.duty_word}”，其职责有“{provider.duties[case.duty_index]}”"
        if name is PartName.RESOURCE:
            resource = provider.resources[case.resource_index]
            return f"资源清单上有{resource.name}（{resource.quantity}{resource.unit}）"
        if name is PartName.WORDING:
            return "诉求的说法与其所列的职责或资源相近"
        if name is PartName.CONTRACT and case.contract is not None:
            return f"与{self._place_names.get(place, place)}结对共建，契约到 {case.contract.ends_on} 止"
        return f"手上有 {open_orders.get(provider.id, 0)} 件未办结，最多可接 {provider.capacity} 件"

    def _because(self, category: str, candidates: tuple[Candidate, ...], sure: float) -> str:
        if not candidates:
            return "目前没有可以接单的单位或合伙人，请工作人员处理"
        if sure == 0:
            return "没有找到与诉求相符的职责或资源，请工作人员判断由谁来办"
        first = candidates[0]
        name = self._providers[self._number[first.provider]].name
        if sure >= self._dispatch_confidence:
            return f"属于“{category}”，由{name}来办最合适：{first.parts[0].because}"
        return f"最接近的是{name}，但把握只有 {sure:.0%}，请工作人员判断"


def _case(cases: dict[int, Case], free: list[float], number: int) -> Case:
    case = cases.get(number)
    if case is None:
        case = cases[number] = Case(number, free[number])
    return case


def _add_likeness(cases: dict[int, Case], free: list[float], reading: Reading) -> float:
    """Likeness of wording counts as one more thing asked for; returns its weight."""
    most = 0.0
    for number, overlap in reading.overlap.items():
        like = likeness(overlap) if free[number] else 0.0
        if like > 0:
            case = _case(cases, free, number)
            case.likeness = like
            case.cover += like
            most = max(most, like)
    return most


Weighed = tuple[float, list[tuple[PartName, float]], Case]


def _best(cases: dict[int, Case], asked: float) -> list[Weighed]:
    """The best cases with their scores; providers are numbered by id, so ties go by id."""
    weighed: list[Weighed] = []
    for case in cases.values():
        values = case.values(asked)
        weighed.append((sum(value for _, value in values), values, case))
    weighed.sort(key=lambda entry: (-entry[0], entry[2].provider))
    return weighed[:CANDIDATES_MAX]
