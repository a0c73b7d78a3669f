"""When a person decides and not the router: danger, accusations, what asks for nothing, what is elsewhere.

Where software could hurt somebody it asks a person. An emergency is never dispatched by the router; the
accused is no candidate; and of what nobody asks for nothing is made.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.literals import AccusationKind, DangerLevel, Want
from services.contracts.values import replace
from services.language.dangers import own_dangers
from services.language.phrases import phrase
from services.language.rows import DATA, BrokenTable, rows
from services.language.wishes import Wish
from services.matching.domain.matter import Ranking
from services.matching.domain.providers import Provider

NOT_PRESSING, PERHAPS, NOW = 0, 1, 2
"""How far an order stands before others until somebody has the danger in hand."""
INSTITUTIONS = DATA / "institutions.tsv"
SHORT_NAME_MIN = 2
_HELPERS = re.compile(r"(?:请|让|叫|麻烦|希望|向|给|找|报|联系|建议|要求|恳请|通知|告到|告诉|反映给|反映到)$")
"""Right before a provider's name these make it the one who is called upon, not the one who did it."""
_COUNTY = re.compile(r"^.{1,4}?(?:县|市|区)")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a demand's words say, as intake read them.

    Arguments:
        danger: `now`, `perhaps`, `soon` or `none`.
        kind: of the danger.
        accusation: `wrongdoing`, `complaint` or `none`.
        against_community: the community itself or its staff are accused.
        accused: ids of the providers that are.
        private: it is not for the neighbours.
        want: `deed`, `answer` or `nothing`.
        elsewhere: the other place that it is about.
        taken: somebody has the danger in hand.
        is_confirmed: a person has said who is accused.
        unclear: a person should look before anybody is sent, in case it is a danger.
        wishes: what it may be that is wished for, likeliest first.
    """

    danger: DangerLevel = "none"
    kind: str = ""
    accusation: AccusationKind = "none"
    against_community: bool = False
    accused: tuple[str, ...] = ()
    private: bool = False
    want: Want = "deed"
    elsewhere: str = ""
    taken: bool = False
    is_confirmed: bool = False
    unclear: bool = False
    wishes: tuple[Wish, ...] = ()

    @property
    def pressing(self) -> int:
        """Return how far it stands before others."""
        if self.taken:
            return NOT_PRESSING
        return {"now": NOW, "perhaps": PERHAPS}.get(self.danger, NOT_PRESSING)

    @property
    def is_wrongdoing(self) -> bool:
        """Return whether somebody is said to have done wrong (举报)."""
        return self.accusation == "wrongdoing"

    def withholds_from(self, provider: str, kind: str) -> bool:
        """Return whether a provider that works on it must not learn whose word it is."""
        if self.is_wrongdoing:
            return True
        return self.accusation == "complaint" and (kind == "partner" or provider in self.accused)


@dataclass(frozen=True, slots=True)
class Institution:
    """A kind of institution: how people speak of it, and how those are called that are one."""

    said: re.Pattern[str]
    named: re.Pattern[str]


def read_institutions() -> tuple[Institution, ...]:
    """Return the kinds of institutions.

    Raises:
        BrokenTable: a pattern cannot be read; says where.
    """
    found: list[Institution] = []
    for where, (said, named) in rows(INSTITUTIONS, 2):
        try:
            found.append(Institution(re.compile(said), re.compile(named)))
        except re.error as error:
            raise BrokenTable(f"{where}: {error}") from error
    return tuple(found)


class Names:
    """Finds the providers that a text speaks of: by name, short name, or kind of institution.

    Arguments:
        providers: of the community.
    """

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._by_name: dict[str, set[str]] = {}
        self._by_kind: list[tuple[re.Pattern[str], frozenset[str]]] = []
        known = list(providers)
        for provider in known:
            for name in _names_of(provider):
                self._by_name.setdefault(name, set()).add(provider.id)
        for institution in read_institutions():
            those = frozenset(p.id for p in known if institution.named.search(_called(p)))
            if those:
                self._by_kind.append((institution.said, those))

    def accused(self, text: str) -> frozenset[str]:
        """Return who may be accused: everybody named, unless they are only called upon to look into it."""
        found = {
            provider for name, ids in self._by_name.items() if _stands_accused(text, name) for provider in ids
        }
        for said, ids in self._by_kind:
            if any(not _is_called_upon(text, match.start(), match.end()) for match in said.finditer(text)):
                found |= ids
        return frozenset(found)

    def praised(self, text: str) -> frozenset[str]:
        """Return who is praised by name; nobody where nothing is praised."""
        if not phrase("praise").search(text):
            return frozenset()
        return frozenset(provider for name, ids in self._by_name.items() if name in text for provider in ids)


def _names_of(provider: Provider) -> set[str]:
    names = {provider.name, *provider.aliases}
    names |= {_COUNTY.sub("", name) for name in names}
    return {name for name in names if len(name) >= SHORT_NAME_MIN}


def _called(provider: Provider) -> str:
    return " ".join((provider.name, *provider.aliases, provider.trade))


def _stands_accused(text: str, name: str) -> bool:
    start = text.find(name)
    while start >= 0:
        if not _is_called_upon(text, start, start + len(name)):
            return True
        start = text.find(name, start + 1)
    return False


def _is_called_upon(text: str, start: int, end: int) -> bool:
    return bool(phrase("upon_before").search(text[max(0, start - 4) : start])) or bool(
        phrase("upon_behind").match(text, end)
    )


def not_candidates(heard: Heard, providers: Mapping[str, Provider]) -> frozenset[str]:
    """Return who is no candidate to look into a wrong: nobody is one until a person said who is accused.

    After that neither the accused nor any merchant is.
    """
    if not heard.is_wrongdoing:
        return frozenset()
    if not heard.is_confirmed:
        return frozenset(providers)
    merchants = {provider.id for provider in providers.values() if provider.kind == "partner"}
    return frozenset(merchants.union(heard.accused))


def danger_name(kind: str) -> str:
    """Return what people read for a kind of danger; one that nobody knows here is a danger all the same."""
    known = own_dangers()
    return known.get(kind, known["other"]).name


def held_back(ranking: Ranking, heard: Heard, names: Mapping[str, Provider]) -> tuple[Ranking, bool]:
    """Return a ranking with the reason why a person decides, and whether one does, however sure it is.

    Arguments:
        names: providers by id.
    """
    first = ranking.candidates[0].provider if ranking.candidates else ""
    why = why_a_person(heard, first, names)
    return (replace(ranking, decision="review", because=why), True) if why else (ranking, False)


def why_a_person(heard: Heard, first: str, names: Mapping[str, Provider]) -> str:
    """Return why a person decides, in words for staff; empty where the router may.

    Arguments:
        first: id of the first candidate; empty when there is none.
        names: providers by id.
    """
    if heard.danger in _IN_DANGER:
        return _IN_DANGER[heard.danger].format(danger=danger_name(heard.kind))
    if heard.is_wrongdoing or (heard.against_community and heard.accusation != "none"):
        return _accusation(heard, names)
    if heard.accusation == "complaint" and first in heard.accused and first in names:
        name = names[first].name
        return f"像是对{name}的服务不满意，请工作人员判断；可以转给{name}，不会带居民的姓名电话"
    return _UNCLEAR if heard.unclear else _nothing_to_do_here(heard)


_UNCLEAR = "话里隐约像是有险情，又说不准，请工作人员先看一眼再派"
_IN_DANGER = {
    "now": "紧急：有人可能正处在危险中（{danger}），先处置险情，再由工作人员决定派给谁",
    "perhaps": "可能有人有危险（{danger}），请先向居民核实",
}


def _nothing_to_do_here(heard: Heard) -> str:
    if heard.elsewhere:
        return f"说的好像是“{heard.elsewhere}”的事，不一定在本社区，请工作人员核实"
    if heard.want == "nothing":
        return "没有要办的事（可能是表扬、已办好、没有这回事或闲聊），请工作人员看一下"
    return ""


def _accusation(heard: Heard, names: Mapping[str, Provider]) -> str:
    if heard.against_community:
        return "反映的是社区自身的问题，请监督人处理"
    who = "、".join(names[one].name for one in heard.accused if one in names)
    about = f"像是反映{who}的问题，不会派给被举报的单位" if who else "内容涉及举报"
    if heard.is_confirmed:
        return f"{about}，请工作人员判断由谁来查"
    return f"{about}，请工作人员先确认被举报的是谁（更正研判），再判断由谁来查"


def those(named: Sequence[str] | None, found: frozenset[str]) -> tuple[str, ...]:
    """Return who is accused: those whom a person named, else those that were found in the words."""
    return tuple(named) if named is not None else tuple(sorted(found))
