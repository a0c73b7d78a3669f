"""What notify does: keeps who follows a demand, and puts notices into inboxes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis.documents import Ref
from services.chassis.streams import REPEATED, Repeated, origin_of
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.demands import (
    DemandAlarmed,
    DemandEndorsed,
    DemandJoined,
    DemandOptedOut,
    DemandParted,
)
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId
from services.notify.channels.alarms import Ways
from services.notify.domain import following as followers
from services.notify.domain import texts
from services.notify.domain.alarms import Outgoing
from services.notify.domain.audiences import Many, sentence, told
from services.notify.domain.following import Change, Following, Portion, Portions
from services.notify.domain.notices import person
from services.notify.domain.tellings import Fact, Telling
from services.notify.store.alarms import outgoing_ref
from services.notify.store.followings import following_ref, portion_ref
from services.notify.store.notices import notice_ref
from services.notify.store.tellings import telling_ref

Changing = Callable[[Following, Portions, Iterable[str]], Change]


@dataclass(frozen=True, slots=True)
class Notifier:
    """Turns what happened into notices.

    Arguments:
        console: whether notices are also to be printed.
        ways: how alarms leave the house, by community.
    """

    console: bool
    ways: Ways = field(default_factory=dict)

    def tell_and_cry(self, envelope: Envelope) -> Work[None]:
        """Tell of an alarm, and let it go out every way that the community has."""
        fact = self._fact(envelope)
        alarm: DemandAlarmed = envelope.body

        def cry(_told: None, uow: UnitOfWork) -> None:
            for number, _ in enumerate(self.ways.get(envelope.community, ())):
                delivery = f"{fact.id}.{number}"
                told = {
                    "community": envelope.community,
                    "demand": alarm.demand,
                    "danger": alarm.danger_kind,
                    "place": alarm.place,
                    "call": list(alarm.call),
                    "step": alarm.step,
                    "at": envelope.at.isoformat(),
                    "words": sentence(texts.ALARM, alarm),
                }
                out = Outgoing(delivery, number, told, uow.at, uow.at)
                uow.put(outgoing_ref(envelope.community, delivery), out)

        return self.tell(envelope).then(cry)

    def tell(self, envelope: Envelope) -> Work[None]:
        """Put what happened into the inboxes of those it concerns, each once.

        Where many are concerned, one telling is left that says so; a background job does the rest.
        """
        fact = self._fact(envelope)
        ref = following_ref(envelope.community, fact.demand or DemandId(""))

        def decide(uow: UnitOfWork) -> None:
            following = _following(uow, ref) if fact.demand else Following()
            found = told(envelope.kind, envelope.body, following)
            for number, (recipient, text) in enumerate(found.few):
                notice = fact.notice(str(number), recipient, text)
                uow.put(notice_ref(envelope.community, notice.id), notice)
            heard = tuple(recipient for recipient, _ in found.few)
            for number, many in enumerate(found.many):
                telling = _telling(fact, many, following, heard, uow)
                uow.put(telling_ref(envelope.community, f"{fact.id}.{number}"), telling)

        return Work(origin_of(envelope), (ref,) if fact.demand else (), decide)

    def tell_once(self, envelope: Envelope) -> Work[Repeated | None]:
        """Tell what nobody was told yet: the first notice or telling of a fact shows that it was."""
        work = self.tell(envelope)
        first = f"{envelope.id}.0"
        told, telling = notice_ref(envelope.community, first), telling_ref(envelope.community, first)

        def decide(uow: UnitOfWork) -> Repeated | None:
            if uow.find(told) is not None or uow.find(telling) is not None:
                return REPEATED
            return work.decide(uow)

        return Work(work.origin, (told, telling, *work.reads), decide, work.more_reads)

    def _fact(self, envelope: Envelope) -> Fact:
        body = envelope.body
        demand, order = getattr(body, "demand", None), getattr(body, "order", None) or None
        console = "pending" if self.console else "off"
        return Fact(envelope.id, envelope.kind, demand, order, envelope.at, console)

    def tell_and_follow(self, envelope: Envelope) -> Work[None]:
        """Tell, and remember who follows the demand from now on."""
        fact: DemandEndorsed | DemandJoined = envelope.body
        people = (fact.endorsed_by,) if isinstance(fact, DemandEndorsed) else fact.carried
        return self._tell_and_change(envelope, followers.joined, people)

    def tell_and_let_go(self, envelope: Envelope) -> Work[None]:
        """Tell, and forget who supports the demand no longer."""
        fact: DemandParted | DemandOptedOut = envelope.body
        return self._tell_and_change(envelope, followers.left, fact.left)

    def _tell_and_change(self, envelope: Envelope, change: Changing, people: Sequence[str]) -> Work[None]:
        ref = following_ref(envelope.community, envelope.body.demand)

        def portions_of(uow: UnitOfWork) -> Sequence[Ref[Any]]:
            numbers = (uow.find(ref) or Following()).numbers_of(people)
            return [portion_ref(ref.community, DemandId(ref.id), number) for number in numbers]

        def changed(_: None, uow: UnitOfWork) -> None:
            before = uow.find(ref) or Following()
            numbers = before.numbers_of(people)
            portions = {n: _portion(uow, ref, n) for n in numbers}
            _keep(uow, ref, change(before, portions, people))

        return self.tell(envelope).reading(portions_of).then(changed)


def _following(uow: UnitOfWork, ref: Ref[Following]) -> Following:
    """Return who follows; many whom an earlier release kept on one record go into portions first."""
    following = uow.find(ref) or Following()
    if following.are_many and not following.spans:
        _keep(uow, ref, followers.in_portions(following))
        following = uow.find(ref) or Following()
    return following


def _portion(uow: UnitOfWork, ref: Ref[Following], number: int) -> Portion:
    return uow.find(portion_ref(ref.community, DemandId(ref.id), number)) or Portion()


def _keep(uow: UnitOfWork, ref: Ref[Following], change: Change) -> None:
    """The record is written with every change, so that its revision fences those of the portions."""
    uow.put(ref, change.following)
    for number, portion in change.portions.items():
        uow.put(portion_ref(ref.community, DemandId(ref.id), number), portion)


def _telling(fact: Fact, many: Many, following: Following, heard: Sequence[str], uow: UnitOfWork) -> Telling:
    people = frozenset(recipient for recipient in heard if recipient.startswith(person("")))
    named = bool(many.people)
    return Telling(
        fact,
        many.text,
        uow.at,
        people=many.people,
        joins=0 if named else following.joins,
        told=() if named else tuple(sorted(people)),
    )


def tell_portion(origin: Origin, telling: str) -> Work[bool]:
    """Tell the next portion of a telling, whom of it nobody has told yet; answers whether anything was done.

    A telling that is over is forgotten after some days; of what is said again later nobody is told twice.
    """
    ref = telling_ref(origin.community, telling)

    def more_reads(uow: UnitOfWork) -> Sequence[Ref[Any]]:
        left = uow.find(ref)
        if left is None or left.due_at is None:
            return ()
        rests_on = () if left.people else _rests_on(uow, left)
        if not all(map(uow.is_loaded, rests_on)):
            return rests_on
        told = left.notices(left.next_of(_next_portion(uow, left)))
        return (*rests_on, *(notice_ref(origin.community, notice.id) for notice in told))

    def decide(uow: UnitOfWork) -> bool:
        left = uow.find(ref)
        if left is None or left.due_at is None:
            return False
        portion = _next_portion(uow, left)
        if not portion.covers(left.position):
            return False  # it was divided between the two looks; the next look finds the new one
        for notice in left.notices(left.next_of(portion)):
            told = notice_ref(origin.community, notice.id)
            if not uow.is_loaded(told) or uow.find(told) is None:
                uow.put(told, notice)
        uow.put(ref, left.past(portion, uow.at))
        return True

    return Work(origin, (ref,), decide, more_reads)


def _rests_on(uow: UnitOfWork, telling: Telling) -> Sequence[Ref[Any]]:
    """Return where it stands who follows: the record, and once that is loaded, the portion that is next."""
    head = following_ref(uow.origin.community, telling.fact.demand or DemandId(""))
    following = uow.find(head) if uow.is_loaded(head) else None
    if following is None or not following.spans:
        return (head,)
    return (head, portion_ref(head.community, DemandId(head.id), following.span_of(telling.position).number))


def _next_portion(uow: UnitOfWork, telling: Telling) -> Portion:
    if telling.people:
        return Portion(telling.people, (0,) * len(telling.people))
    head = following_ref(uow.origin.community, telling.fact.demand or DemandId(""))
    following = uow.find(head) or Following()
    if not following.spans:
        return following.by_name_from(telling.position)
    return _portion(uow, head, following.span_of(telling.position).number)
