"""Who is told what of a fact: the few at once, the many in tellings."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import Any

from services.contracts.seals import code_of
from services.contracts.spans import PORTION_MAX
from services.notify.domain import notices as inbox
from services.notify.domain import texts
from services.notify.domain.following import FEW, Following
from services.notify.domain.texts import TEXTS


@dataclass(frozen=True, slots=True)
class Audience:
    """Those whom one text of a fact is for.

    Arguments:
        inboxes: of the few.
        named: subjects whom the fact names; they may be thousands.
        followers: whether those who follow the demand belong to it.
    """

    inboxes: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    followers: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """Those who are told later: subjects, at most a portion of them, or else all who follow the demand."""

    text: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes of a fact: inboxes with their texts, each once, and who is told later."""

    few: Sequence[tuple[str, str]]
    many: Sequence[Many]


def told(kind: str, fact: Any, following: Following) -> Told:
    """Return who is told what; somebody in two audiences is told once, the first of them."""
    heard: dict[str, str] = {}
    many: list[Many] = []
    for audience, text in TEXTS.get(kind, {}).items():
        words = sentence(text, fact)
        who = _AUDIENCES[audience](fact, following)
        few = who.inboxes if len(who.named) > FEW else (*who.inboxes, *map(inbox.person, who.named))
        for recipient in few:
            heard.setdefault(recipient, words)
        if len(who.named) > FEW:
            many += (Many(words, people) for people in _portions(who.named, heard))
        if who.followers:
            many.append(Many(words))
    return Told(list(heard.items()), many)


_NO_DAY = re.compile(r"[，；]?\{finish_due_on:[^}]*\}( 前办结)?")
_NOTHING_THERE = re.compile(r"：——|（，|，）|，，")


def sentence(text: str, fact: Any) -> str:
    """Return a text with the fields of its fact in it, and no trace of those that are empty."""
    told = ((name, getattr(fact, name)) for name in _named_in(text))
    fields = {name: "、".join(value) if _is_words(value) else value for name, value in told}
    if fields.get("finish_due_on", ...) is None:
        text = _NO_DAY.sub("", text)
    if (seal := fields.get("seal")) is not None:
        text = text if seal else text.replace(texts.LINE, "").replace(texts.AWARD_LINE, "")
        fields["seal"] = code_of(seal)
    if fields.get("soon"):
        fields["soon"] = f"隐患·{fields['soon']}，"
    words = text.format_map(fields)
    return _NOTHING_THERE.sub(_without_the_gap, words).removesuffix("：")


@cache
def _named_in(text: str) -> tuple[str, ...]:
    """Return the fields that a text names."""
    parsed = (name for _, name, _, _ in Formatter().parse(text) if name)
    return tuple(dict.fromkeys(re.split(r"[.\[]", name)[0] for name in parsed))


def _without_the_gap(found: re.Match[str]) -> str:
    return {"：——": "：", "（，": "（", "，）": "）", "，，": "，"}[found.group()]


def _is_words(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


def _portions(named: Iterable[str], heard: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield people in portions, sorted, none twice and nobody who heard of it already."""
    people = sorted(subject for subject in set(named) if inbox.person(subject) not in heard)
    for begin in range(0, len(people), PORTION_MAX):
        yield tuple(people[begin : begin + PORTION_MAX])


def _askers(fact: Any, following: Following) -> Audience:
    """Those who wait for it; what they ended themselves, and each part of many, they need not be told."""
    if getattr(fact, "by_demand", False) or getattr(fact, "part", ""):
        return Audience()
    if following.are_many:
        return Audience((inbox.person(fact.asked_by),), followers=True)
    return Audience(tuple(map(inbox.person, (fact.asked_by, *following.people))))


def _named(field: str) -> Callable[[Any, Following], Audience]:
    return lambda fact, _: Audience(named=tuple(getattr(fact, field)))


def _of_provider(role: str) -> Callable[[Any, Following], Audience]:
    def audience(fact: Any, _: Following) -> Audience:
        who = getattr(fact, role)
        return Audience((inbox.provider(who.id, who.kind) if who else inbox.STAFF,))

    return audience


_AUDIENCES: Mapping[str, Callable[[Any, Following], Audience]] = MappingProxyType(
    {
        texts.ASKERS: _askers,
        texts.ASKER: lambda fact, _: Audience((inbox.person(fact.asked_by),)),
        texts.CARRIED: _named("carried"),
        texts.LEFT: _named("left"),
        texts.VOICES: _named("askers"),
        texts.STAFF: lambda _, __: Audience((inbox.STAFF,)),
        texts.STAFF_UNLESS_TOLD: lambda fact, _: Audience(() if fact.escalated else (inbox.STAFF,)),
        texts.STAFF_UNLESS_ACCUSED: lambda fact, _: Audience(() if fact.to else (inbox.STAFF,)),
        texts.TO: _named("to"),
        texts.TOLD: _named("told"),
        texts.PROVIDER: _of_provider("provider"),
        texts.RECEIVER: _of_provider("receiver"),
        texts.GIVER: _of_provider("giver"),
        texts.PARTNERS: lambda fact, _: Audience(
            tuple(inbox.provider(one, "partner") for one in fact.partners)
        ),
        texts.PARTNER: lambda fact, _: Audience((inbox.provider(fact.partner, "partner"),)),
    }
)
