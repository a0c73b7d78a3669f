"""What a resident says, understood once: kind, danger, accusation, whose business it is, what is asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.contracts.literals import AccusationKind, DemandKind
from services.contracts.refusal import Conflict
from services.contracts.values import replace
from services.language.dangers import own_dangers
from services.language.phrases import phrase
from services.language.places import elsewhere_in, sounds_like_elsewhere
from services.language.reader import Reading, own_reader
from services.language.wishes import Wish
from services.language.words import Accusation, DangerKind, DangerLevel, Want

TITLE_TIMES = 3
"""A sign of the kind in the title counts this often."""
TEXT_CHARACTERS_MAX = 1_000
ELSEWHERE_NAMED = 120
"""From this chance on, in thousandths, what names another place is about it."""
SOMEWHERE_ELSE = "外地"
_KINDS: Mapping[DemandKind, re.Pattern[str]] = {
    "report": re.compile(
        r"举报|检举|揭发|非法|违法|偷排|无证|无照|传销|贪污|受贿|套取|骗取|私自|聚众|赌博|黑社会|假药|黑作坊|盗采|滥伐|弄虚作假"
    ),
    "complaint": re.compile(
        r"投诉|态度|不作为|乱收费|推诿|敷衍|强制|强迫|拒绝|欺诈|坑人|不退|拖欠|扰民|严重影响|太吵|没人管|无人管|不管|不合理|凭什么|违规|乱停"
    ),
    "suggestion": re.compile(
        r"建议|提议|倡议|呼吁|不如|最好能|可以考虑|希望(?:增|加|开|设|建|引进|能建|多)|能不能(?:增|加|开|设|多)|应该"
    ),
    "enquiry": re.compile(
        r"咨询|请问|想问|问一下|打听|是否|什么时候|何时|怎么办理|如何办|怎样办|需要什么(?:材料|手续|条件)|多少钱|哪里办|到哪|政策"
        r"|条件是|可不可以办|怎么申请|能办吗|吗[？?。]?$"
    ),
    "help": re.compile(
        r"求助|帮帮|帮忙|请求|恳请|恳求|麻烦|坏了|没(?:有)?水|没(?:有)?电|停水|停电|漏水|修|救救|急需|困难|解决"
    ),
}
_KIND_WEIGHTS: Mapping[DemandKind, float] = {
    "report": 1.5,
    "complaint": 1.0,
    "suggestion": 1.3,
    "enquiry": 1.1,
    "help": 0.8,
}


class NothingToAnswer(Conflict):
    """Nobody has asked, or it has been answered already."""

    slug = "nothing_to_answer"
    title = "目前没有需要您回答的问题"


@dataclass(frozen=True, slots=True)
class Home:
    """What is here, as far as a text has to be held against it.

    Arguments:
        codes: of the divisions that the community lies in.
        own_names: of its places and providers, those that sound like other places.
    """

    codes: tuple[str, ...] = ()
    own_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text says, as far as anything depends on it.

    Arguments:
        danger: `now`, `perhaps` (a person has to say), `soon` (it will come to that) or `none`.
        kind: of the danger; empty without one.
        said: what the danger rests on, in the words of the text.
        accusation: `wrongdoing`, `complaint` or `none`.
        against_community: the community itself, or its staff, are accused.
        accused: providers that staff named; None: nobody has looked.
        private: it is not for the neighbours.
        want: a `deed`, an `answer` or `nothing`.
        elsewhere: the place of another county or town that it is about; empty: here.
        is_confirmed_elsewhere: a person has said that it is not here.
        unclear: a person should look before anybody is sent, in case it is a danger.
        wishes: what it may be that is wished for, likeliest first.
    """

    danger: DangerLevel = "none"
    kind: str = ""
    said: tuple[str, ...] = ()
    accusation: Accusation = "none"
    against_community: bool = False
    accused: tuple[str, ...] | None = None
    private: bool = False
    want: Want = "deed"
    elsewhere: str = ""
    is_confirmed_elsewhere: bool = False
    unclear: bool = False
    wishes: tuple[Wish, ...] = ()

    @property
    def is_alarming(self) -> bool:
        """Return whether somebody is in danger now, or may be."""
        return self.danger in ("now", "perhaps")


def kind_of(text: str, title: str | None = None) -> DemandKind:
    """Return what kind of demand it is; without a sign it asks for help."""
    best: DemandKind = "help"
    most = 0.0
    text = text[:TEXT_CHARACTERS_MAX]
    for kind, pattern in _KINDS.items():
        found = len(set(pattern.findall(text))) + TITLE_TIMES * len(set(pattern.findall(title or "")))
        weight = found * _KIND_WEIGHTS[kind]
        if weight > most:
            best, most = kind, weight
    return best


@dataclass(frozen=True, slots=True)
class Said:
    """A text with what the reader makes of it, read once.

    Arguments:
        about: the kind that the one who asks has chosen; a report accuses.
        private: what the one who asks has said of it, which holds before the words.
    """

    text: str
    title: str | None
    reading: Reading
    about: DemandKind | None = None
    private: bool | None = None


def read(
    text: str, title: str | None = None, about: DemandKind | None = None, *, private: bool | None = None
) -> Said:
    """Read a text."""
    return Said(text, title, own_reader().read(text, title), about, private)


def understood(said: Said, home: Home | None = None) -> Understood:
    """Return what a text says where it is said.

    Arguments:
        home: what is here; None: nothing is elsewhere.
    """
    reading, about = said.reading, said.about
    accusation: Accusation = "wrongdoing" if about == "report" else reading.accusation
    return Understood(
        reading.danger,
        reading.kind,
        reading.said,
        accusation,
        accusation != "none" and phrase("community").search(_whole(said)) is not None,
        None,
        _is_private(said, accusation),
        reading.want,
        _elsewhere(said, home),
        unclear=reading.unclear,
        wishes=reading.wishes,
    )


_HOW_BAD = {"perhaps": 1, "now": 2}


def accuses_anew(heard: Understood, more: Understood) -> bool:
    """Return whether a supplement accuses somebody of a wrong, and nothing did before."""
    return more.accusation == "wrongdoing" and heard.accusation != "wrongdoing"


def supplemented_with(heard: Understood, more: Understood) -> tuple[Understood, str]:
    """Return what a demand says together with its supplement, and what that changed; empty: nothing.

    An alarm goes on until a person has confirmed that it is over: thanks, or somebody made to write so,
    end none.
    """
    is_worse = _HOW_BAD.get(more.danger, 0) > _HOW_BAD.get(heard.danger, 0)
    danger = more if is_worse else heard
    with_danger = replace(heard, danger=danger.danger, kind=danger.kind, said=danger.said)
    if accuses_anew(heard, more):
        against = heard.against_community or more.against_community
        wrong = replace(with_danger, accusation="wrongdoing", against_community=against, private=True)
        return wrong, "补充里反映了问题"
    if is_worse:
        return with_danger, "补充里说到危险"
    if heard.danger == "now" and more.want == "nothing" and not more.is_alarming:
        return replace(heard, danger="perhaps"), "补充里说危险可能已经没有了，请核实"
    return heard, ""


@dataclass(frozen=True, slots=True)
class Correction:
    """How staff understand a demand; None leaves a part as it was read."""

    danger: DangerLevel | None = None
    danger_kind: DangerKind | None = None
    accusation: AccusationKind | None = None
    accused: tuple[str, ...] | None = None
    private: bool | None = None


def corrected(heard: Understood, correction: Correction) -> Understood:
    """Return an understanding with what staff say in place of what was read."""
    kind = correction.danger_kind or heard.kind
    danger = correction.danger or heard.danger
    changes: dict[str, object] = {"danger": danger, "kind": (kind or "other") if danger != "none" else ""}
    if correction.danger is not None:
        changes["unclear"] = False
    if correction.accusation is not None:
        changes["accusation"] = correction.accusation
    if correction.accused is not None:
        changes["accused"] = correction.accused
    if correction.private is not None:
        changes["private"] = correction.private
    return replace(heard, **changes)  # type: ignore[arg-type]


def _is_private(said: Said, accusation: str) -> bool:
    """What the one who asks says of it holds, but whose word an accusation is nobody else may read."""
    if accusation == "wrongdoing":
        return True
    return said.reading.private if said.private is None else said.private


def _whole(said: Said) -> str:
    return f"{said.title}。{said.text}" if said.title else said.text


def _elsewhere(said: Said, home: Home | None) -> str:
    if home is None:
        return ""
    whole = _whole(said)
    if said.reading.chances["elsewhere"] >= ELSEWHERE_NAMED:
        named = elsewhere_in(whole, home.codes, home.own_names)
        if named:
            return named
    nowhere = not home.codes or sounds_like_elsewhere(whole, home.codes)
    return SOMEWHERE_ELSE if said.reading.elsewhere and not nowhere else ""


def danger_name(kind: str) -> str:
    """Return what residents read for a kind of danger."""
    return own_dangers()[kind].name if kind else ""
