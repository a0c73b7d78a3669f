"""What a demand's timeline says of its order's deadlines, in the residents' words."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from services.contracts import orders
from services.contracts.values import replace
from services.intake.domain.demands import Demand, Line

BY_THE_CLOCK = "clock"
Change = Callable[[Demand, Any, Callable[[str], Line]], Demand]
Say = Callable[[str], Line]


def _unsigned(demand: Demand, fact: orders.OrderUnsigned, line: Say) -> Demand:
    told = _by_itself(line(f"{fact.provider.name}未在时限内签收"))
    return replace(demand.noted(told), handler=None)


def _escalated(demand: Demand, fact: orders.OrderEscalated, line: Say) -> Demand:
    whom = "社区工作人员" if fact.level == orders.STAFF else "社区负责人"
    return demand.noted(_by_itself(line(f"{fact.because}，已提请{whom}处理")))


def _handover_lapsed(demand: Demand, fact: orders.OrderHandoverLapsed, line: Say) -> Demand:
    words = f"{fact.receiver.name}未在时限内答复转办，仍由{fact.provider.name}负责"
    return demand.noted(_by_itself(line(words)))


def _waiting(demand: Demand, fact: orders.OrderWaiting, line: Say) -> Demand:
    after = demand.noted(line(f"{fact.provider.name}请您补充：{fact.question}（等您补充期间不计办理时限）"))
    return replace(after, question=fact.question)


def _resumed(demand: Demand, fact: orders.OrderResumed, line: Say) -> Demand:
    """The question stays open when nobody answered in time: a late answer is welcome all the same."""
    after = replace(demand, finish_due_at=fact.finish_due_at)
    day = f"办理期限到 {fact.finish_due_on:%Y-%m-%d}"
    if fact.answered:
        return after.noted(line(f"已收到补充，{day}"))
    return after.noted(_by_itself(line(f"{fact.because}，{day}")))


def _extension_requested(demand: Demand, fact: orders.OrderExtensionRequested, line: Say) -> Demand:
    return demand.noted(line(f"{fact.provider.name}申请延期 {fact.days} 个工作日：{fact.reason}"))


def _extension_granted(demand: Demand, fact: orders.OrderExtensionGranted, line: Say) -> Demand:
    words = f"社区同意延期，办理期限到 {fact.finish_due_on:%Y-%m-%d}：{fact.reason}"
    return replace(demand.noted(line(words)), finish_due_at=fact.finish_due_at)


def _extension_refused(demand: Demand, fact: orders.OrderExtensionRefused, line: Say) -> Demand:
    return demand.noted(line(f"社区未同意延期：{fact.reason}"))


def _overdue(demand: Demand, fact: orders.OrderOverdue, line: Say) -> Demand:
    words = f"已过办理期限 {fact.due_on:%Y-%m-%d}，社区催办中"
    return demand.noted(_by_itself(line(words)))


def _supervised(demand: Demand, fact: orders.OrderSupervised, line: Say) -> Demand:
    told = line(f"已列入社区督办：{fact.reason}")
    told = told if fact.by == orders.STAFF else _by_itself(told)
    return replace(demand.noted(told), supervised=True)


def _by_itself(line: Line) -> Line:
    return replace(line, by=BY_THE_CLOCK)


DEADLINES_HEARD: Mapping[str, Change] = MappingProxyType(
    {
        orders.OrderUnsigned.kind: _unsigned,
        orders.OrderEscalated.kind: _escalated,
        orders.OrderHandoverLapsed.kind: _handover_lapsed,
        orders.OrderWaiting.kind: _waiting,
        orders.OrderResumed.kind: _resumed,
        orders.OrderExtensionRequested.kind: _extension_requested,
        orders.OrderExtensionGranted.kind: _extension_granted,
        orders.OrderExtensionRefused.kind: _extension_refused,
        orders.OrderOverdue.kind: _overdue,
        orders.OrderSupervised.kind: _supervised,
    }
)
"""Kind of event → how the demand follows it."""
