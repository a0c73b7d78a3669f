"""A demand follows its order, and its timeline says so in the residents' words."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.chassis.streams import EffectOf, Measured, origin_of
from services.chassis.work import UnitOfWork, Work
from services.contracts import orders
from services.contracts.demands import DemandClosed
from services.contracts.envelope import Envelope, Unreadable
from services.contracts.values import replace
from services.contracts.words import ProviderRef
from services.intake.consumers.deadlines import DEADLINES_HEARD
from services.intake.domain.demands import Demand, Handler, Line
from services.intake.domain.lifecycle import DemandStep
from services.intake.domain.ratings import clock_of_rating
from services.intake.store.communities import NO_PROFILE, profile_ref
from services.intake.store.demands import demand_ref

ROUTER = "router"
Change = Callable[[Demand, Any, Callable[[str], Line]], Demand]


def _following(change: Change, *, winds_the_clock: bool = False, closes: str = "") -> EffectOf:
    """Return the effect that changes the demand an order belongs to.

    Arguments:
        winds_the_clock: it is done, and waits to be rated from now on, as long as the community's file says.
        closes: the demand is over with this outcome, which is announced if it was not over before.
    """

    def effect(envelope: Envelope) -> Work[Measured | None]:
        fact: orders.OrderFact = envelope.body
        ref, known = demand_ref(envelope.community, fact.demand), profile_ref(envelope.community)

        def decide(uow: UnitOfWork) -> Measured | None:
            before = uow.find(ref)
            if before is None:
                raise Unreadable("unknown_demand", f"{fact.demand} is no demand of {envelope.community}")
            if before.is_of_another_round(fact.order):
                return None  # the order that a merge ended; the demand has stood alone again since
            after = change(before, fact, _line_of(envelope))
            kept = _of_companion(before, after, fact.part) if fact.part else after
            days = (uow.find(known) or NO_PROFILE).rating_days if winds_the_clock else 0
            uow.put(ref, clock_of_rating(before, kept, days, uow.at))
            if closes and kept.status != before.status:
                uow.announce(ref, DemandClosed(demand=kept.id, outcome=closes))
            return _first_dispatch(before, kept)

        return Work(origin_of(envelope), (ref, known) if winds_the_clock else (ref,), decide)

    return effect


def _first_dispatch(before: Demand, after: Demand) -> Measured | None:
    """Return how long the demand waited, when this is what ended its waiting."""
    if before.dispatched_at is not None or after.dispatched_at is None:
        return None
    seconds = (after.dispatched_at - after.submitted_at).total_seconds()
    return Measured("submitted_to_dispatched_seconds", max(0.0, seconds))


def _of_companion(before: Demand, after: Demand, part: str) -> Demand:
    """What a companion says is told and moves nothing: the demand follows the order that leads."""
    line = after.timeline[-1]
    return before.noted(replace(line, text=f"【{part}】{line.text}"))


def _line_of(envelope: Envelope) -> Callable[[str], Line]:
    what = envelope.kind.split(".")[1]
    return lambda text: Line(envelope.at, envelope.actor.role.value, what, text)


def _proposed(demand: Demand, fact: orders.OrderProposed, line: Callable[[str], Line]) -> Demand:
    told = replace(line("社区正在研判，由工作人员确定由谁来办"), by=ROUTER)
    after = demand.following(DemandStep.GO_TO_REVIEW, told)
    return replace(after, order=fact.order, handler=None, finish_due_at=_due(demand, fact.finish_due_at))


def _queued(demand: Demand, fact: orders.OrderQueued, line: Callable[[str], Line]) -> Demand:
    told = replace(line("能办的单位现在都满了，排队等候，有空位就派单"), by=ROUTER)
    return replace(demand.following(DemandStep.BE_QUEUED, told), order=fact.order, handler=None)


def _dispatched(demand: Demand, fact: orders.OrderDispatched, line: Callable[[str], Line]) -> Demand:
    told = replace(line(f"已下单给{fact.provider.name}：{fact.because}"), by=fact.chosen_by)
    after = demand.following(DemandStep.BE_DISPATCHED, told)
    if demand.dispatched_at is None:
        after = replace(after, dispatched_at=after.timeline[-1].at)
    due = _due(demand, fact.finish_due_at)
    handler = _handler(fact.provider)
    return replace(
        after, order=fact.order, handler=handler, finish_due_at=due, contact_withheld=fact.withheld
    )


def _called(demand: Demand, fact: orders.OrderCalled, line: Callable[[str], Line]) -> Demand:
    return demand.noted(line(f"请{fact.to.name}一起办理其中的“{fact.called_to}”，由{fact.provider.name}牵头"))


def _accepted(demand: Demand, fact: orders.OrderAccepted, line: Callable[[str], Line]) -> Demand:
    return demand.following(DemandStep.BE_ACCEPTED, line(f"{fact.provider.name}已接单"))


def _declined(demand: Demand, fact: orders.OrderDeclined, line: Callable[[str], Line]) -> Demand:
    return replace(demand.noted(line(f"{fact.provider.name}退单：{fact.reason}")), handler=None)


def _handover_offered(
    demand: Demand, fact: orders.OrderHandoverOffered, line: Callable[[str], Line]
) -> Demand:
    words = f"{fact.provider.name}拟转办给{fact.receiver.name}（{fact.reason}），对方同意前仍由其负责"
    return demand.noted(line(words))


def _handover_refused(
    demand: Demand, fact: orders.OrderHandoverRefused, line: Callable[[str], Line]
) -> Demand:
    return demand.noted(line(f"{fact.receiver.name}未同意转办，仍由{fact.provider.name}办理"))


def _handed_over(demand: Demand, fact: orders.OrderHandedOver, line: Callable[[str], Line]) -> Demand:
    after = demand.noted(line(f"{fact.giver.name}已转办给{fact.provider.name}"))
    return replace(after, handler=_handler(fact.provider), contact_withheld=fact.withheld)


def _planned(demand: Demand, fact: orders.OrderPlanned, line: Callable[[str], Line]) -> Demand:
    titles = "、".join(milestone.title for milestone in fact.milestones)
    return demand.following(DemandStep.MAKE_PROGRESS, line(f"{fact.provider.name}列出计划：{titles}"))


def _milestone_done(demand: Demand, fact: orders.OrderMilestoneDone, line: Callable[[str], Line]) -> Demand:
    milestone = fact.milestone
    figures = "，".join(f"{name} {value:g}" for name, value in milestone.figures.items())
    words = "；".join(part for part in (f"完成“{milestone.title}”", milestone.note, figures) if part)
    return demand.following(DemandStep.MAKE_PROGRESS, line(words))


def _completed(demand: Demand, fact: orders.OrderCompleted, line: Callable[[str], Line]) -> Demand:
    return demand.following(DemandStep.BE_COMPLETED, line(f"{fact.provider.name}办结：{fact.summary}"))


def _verified(demand: Demand, fact: orders.OrderVerified, line: Callable[[str], Line]) -> Demand:
    return demand.noted(line("社区已核实办结"))


def _returned(demand: Demand, fact: orders.OrderReturned, line: Callable[[str], Line]) -> Demand:
    told = line(f"发回{fact.provider.name}重新办理：{fact.reason}")
    after = demand.following(DemandStep.BE_DONE_AGAIN, told)
    return replace(after, finish_due_at=_due(demand, fact.finish_due_at))


def _urged(demand: Demand, fact: orders.OrderUrged, line: Callable[[str], Line]) -> Demand:
    whom = fact.provider.name if fact.provider else "社区工作人员"
    return demand.noted(line(f"已向{whom}催办（第 {fact.times} 次）"))


def _cancelled(demand: Demand, fact: orders.OrderCancelled, line: Callable[[str], Line]) -> Demand:
    after = demand.following(DemandStep.BE_CANCELLED, line(f"不再办理：{fact.reason}"))
    return replace(after, handler=None)


def _settled(demand: Demand, _: orders.OrderSettled, line: Callable[[str], Line]) -> Demand:
    return demand.following(DemandStep.BE_SETTLED, line("已归档，谢谢您的评单"))


def _due(demand: Demand, told: datetime | None) -> datetime | None:
    return told or demand.finish_due_at


def _handler(provider: ProviderRef) -> Handler:
    return Handler(provider.id, provider.name, provider.kind)


ORDERS_HEARD: Mapping[str, EffectOf] = MappingProxyType(
    {
        orders.OrderProposed.kind: _following(_proposed),
        orders.OrderQueued.kind: _following(_queued),
        orders.OrderDispatched.kind: _following(_dispatched),
        orders.OrderCalled.kind: _following(_called),
        orders.OrderAccepted.kind: _following(_accepted),
        orders.OrderDeclined.kind: _following(_declined),
        orders.OrderHandoverOffered.kind: _following(_handover_offered),
        orders.OrderHandoverRefused.kind: _following(_handover_refused),
        orders.OrderHandedOver.kind: _following(_handed_over),
        orders.OrderPlanned.kind: _following(_planned),
        orders.OrderMilestoneDone.kind: _following(_milestone_done),
        orders.OrderCompleted.kind: _following(_completed, winds_the_clock=True),
        orders.OrderVerified.kind: _following(_verified),
        orders.OrderReturned.kind: _following(_returned),
        orders.OrderUrged.kind: _following(_urged),
        orders.OrderCancelled.kind: _following(_cancelled, closes="cancelled"),
        orders.OrderSettled.kind: _following(_settled, closes="settled"),
        **{kind: _following(change) for kind, change in DEADLINES_HEARD.items()},
    }
)
"""Kind of event of an order → what it means for its demand."""
