"""What notify does: keeps who follows a demand, and puts notices into inboxes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from services.chassis.desk import Desk, Origin, Work
from services.chassis.shelf import Kept
from services.chassis.streams import origin_of
from services.contracts.demands import DemandEndorsed, DemandJoined, DemandOptedOut, DemandParted
from services.contracts.envelope import Envelope
from services.contracts.refusal import NotFound
from services.notify.domain import notice as inbox
from services.notify.domain import texts
from services.notify.domain.notice import Following, Notice
from services.notify.domain.texts import TEXTS
from services.notify.store import following_ref, notice_ref

Inboxes = Callable[[Any, Following], tuple[str, ...]]


def _of_provider(role: str) -> Inboxes:
    def inboxes(fact: Any, _: Following) -> tuple[str, ...]:
        who = getattr(fact, role)
        return (inbox.provider(who.id, who.kind),) if who else (inbox.STAFF,)

    return inboxes


def _askers(fact: Any, following: Following) -> tuple[str, ...]:
    """Those who wait for it; what they ended themselves, and each part of many, they need not be told."""
    return (
        ()
        if getattr(fact, "by_demand", False) or getattr(fact, "part", "")
        else following.with_asker(fact.asked_by)
    )


_AUDIENCES: Mapping[str, Inboxes] = MappingProxyType(
    {
        texts.ASKERS: _askers,
        texts.ASKER: lambda fact, _: (inbox.person(fact.asked_by),),
        texts.CARRIED: lambda fact, _: tuple(inbox.person(subject) for subject in fact.carried),
        texts.LEFT: lambda fact, _: tuple(inbox.person(subject) for subject in fact.left),
        texts.VOICES: lambda fact, _: tuple(inbox.person(subject) for subject in fact.askers),
        texts.STAFF: lambda _, __: (inbox.STAFF,),
        texts.PROVIDER: _of_provider("provider"),
        texts.RECEIVER: _of_provider("receiver"),
        texts.GIVER: _of_provider("giver"),
        texts.PARTNER: lambda fact, _: (inbox.provider(fact.partner, "partner"),),
    }
)


@dataclass(frozen=True, slots=True)
class Notifier:
    """Turns what happened into notices.

    Arguments:
        console: whether notices are also to be printed.
    """

    console: bool

    def tell(self, envelope: Envelope) -> Work[None]:
        """Put what happened into the inboxes of those it concerns, each once."""
        fact = envelope.body
        demand: str | None = getattr(fact, "demand", None)
        ref = following_ref(envelope.community, demand or "")

        def decide(desk: Desk) -> None:
            following = (desk.find(ref) if demand else None) or Following()
            for number, (recipient, text) in enumerate(told(envelope.kind, fact, following)):
                notice = Notice(
                    id=f"{envelope.id}.{number}",
                    recipient=recipient,
                    kind=envelope.kind,
                    text=text,
                    demand=demand,
                    order=getattr(fact, "order", None),
                    at=envelope.at,
                    console="pending" if self.console else "off",
                )
                desk.put(notice_ref(envelope.community, notice.id), notice)

        return Work(origin_of(envelope), (ref,) if demand else (), decide)

    def tell_and_follow(self, envelope: Envelope) -> Work[None]:
        """Tell, and remember who follows the demand from now on."""
        fact: DemandEndorsed | DemandJoined = envelope.body
        people = (fact.endorsed_by,) if isinstance(fact, DemandEndorsed) else fact.carried
        ref = following_ref(envelope.community, fact.demand)
        telling = self.tell(envelope)

        def decide(desk: Desk) -> None:
            telling.decide(desk)
            desk.put(ref, (desk.find(ref) or Following()).joined_by(people))

        return Work(telling.origin, telling.reads, decide)

    def tell_and_let_go(self, envelope: Envelope) -> Work[None]:
        """Tell, and forget who supports the demand no longer."""
        fact: DemandParted | DemandOptedOut = envelope.body
        ref = following_ref(envelope.community, fact.demand)
        telling = self.tell(envelope)

        def decide(desk: Desk) -> None:
            telling.decide(desk)
            desk.put(ref, (desk.find(ref) or Following()).left_by(fact.left))

        return Work(telling.origin, telling.reads, decide)


def told(kind: str, fact: Any, following: Following) -> list[tuple[str, str]]:
    """Return who is told what; somebody in two audiences is told once, the first of them."""
    heard: dict[str, str] = {}
    for audience, text in TEXTS.get(kind, {}).items():
        words = text.format_map(dict(fact))
        for recipient in _AUDIENCES[audience](fact, following):
            heard.setdefault(recipient, words.removesuffix("："))
    return list(heard.items())


def read_notice(origin: Origin, notice: str, inboxes: tuple[str, ...]) -> Work[Kept[Notice]]:
    """Mark a notice as read."""
    ref = notice_ref(origin.community, notice)

    def decide(desk: Desk) -> Kept[Notice]:
        before = desk.get(ref, NotFound())
        if before.recipient not in inboxes:
            raise NotFound
        after = before.read(desk.at)
        if after is not before:
            desk.put(ref, after)
        return desk.kept(ref)

    return Work(origin, (ref,), decide)
