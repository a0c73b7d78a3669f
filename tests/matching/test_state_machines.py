"""The tables of demands and orders, tried out whole: every step from every status, and long random walks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.refusal import Refused
from services.intake.domain import demands
from services.intake.domain import lifecycle as demand_life
from services.intake.domain.lifecycle import DemandStatus, DemandStep
from services.matching.domain import lifecycle as orders
from services.matching.domain import timing
from services.matching.domain.companions import Call, called
from services.matching.domain.deadlines import Extension, Pause
from services.matching.domain.lifecycle import OrderStatus, OrderStep
from services.matching.domain.orders import Order
from services.matching.domain.parts import Proof, Stage
from services.matching.domain.refusals import StepNotAllowed
from services.matching.domain.workload import Workload
from services.matching.routing.deadlines import limits_of
from tests.builders import AT, LINE, OTHER, UNIT, a_demand, an_order
from tests.support.deployment import jiwang

LIMITS = limits_of(jiwang())


PAUSE = Pause(AT, "几号楼", AT)


PHOTO = (Proof("photo", "p1.jpg"),)


def _offered(order: Order) -> Order:
    return replace(order, handover=None).offered(OTHER, "", AT)


def _completed(order: Order) -> Order:
    return replace(order, handover=None, stages=()).completed("好了", PHOTO, AT, AT)


def _with_request(order: Order) -> Order:
    return replace(order, finish_due_at=AT, extensions=(Extension(3, "等料", AT),))


TAKE: Mapping[OrderStep, Callable[[Order], Order]] = {
    OrderStep.QUEUE: lambda order: order.queued(AT),
    OrderStep.DISPATCH: lambda order: order.dispatched_to(UNIT, "staff", "", AT),
    OrderStep.ACCEPT: lambda order: order.accepted(AT),
    OrderStep.DECLINE: lambda order: order.after_decline(),
    OrderStep.OFFER_HANDOVER: _offered,
    OrderStep.CONSENT_TO_HANDOVER: lambda order: order.taken_over(),
    OrderStep.REFUSE_HANDOVER: lambda order: order.not_taken_over(),
    OrderStep.PLAN: lambda order: order.planned((Stage("m2", "二"),)),
    OrderStep.FINISH_MILESTONE: lambda order: order.stage_done(Stage("m1", "", done_at=AT)),
    OrderStep.COMPLETE: _completed,
    OrderStep.VERIFY: lambda order: order.verified(),
    OrderStep.BE_RATED_WELL: lambda order: order.rated_well(),
    OrderStep.RETURN: lambda order: order.sent_back(),
    OrderStep.SETTLE: lambda order: order.settled(),
    OrderStep.URGE: lambda order: order.urged_again(),
    OrderStep.CANCEL: lambda order: order.cancelled("不办了"),
    OrderStep.CALL: lambda order: called(order, Call(OTHER, "路灯"))[0],
    OrderStep.MISS_SIGNING: lambda order: order.unsigned_in_time(),
    OrderStep.LAPSE_HANDOVER: lambda order: order.not_taken_over(OrderStep.LAPSE_HANDOVER),
    OrderStep.ASK_RESIDENT: lambda order: timing.asked_resident(
        replace(order, pauses=()), "几号楼", LIMITS, AT
    ),
    OrderStep.GO_ON: lambda order: timing.answered(replace(order, pauses=(PAUSE,)), "三号楼", LIMITS, AT),
    OrderStep.REQUEST_EXTENSION: lambda order: timing.extension_requested(
        replace(order, finish_due_at=AT, extensions=()), 3, "等料", LIMITS, AT
    ),
    OrderStep.GRANT_EXTENSION: lambda order: timing.extension_granted(_with_request(order), LIMITS, AT),
    OrderStep.REFUSE_EXTENSION: lambda order: timing.extension_refused(_with_request(order), "不行", AT),
    OrderStep.RECALL: lambda order: order.recalled(),
    OrderStep.LEAVE_UNRATED: lambda order: order.left_unrated(),
    OrderStep.SUPERVISE: lambda order: timing.supervised(replace(order, supervised=None), "急", "staff", AT),
}
"""Every step of an order, taken by the method that the handlers call."""


def test_every_step_of_an_order_is_tried() -> None:
    assert set(TAKE) == set(OrderStep) == set(orders.STEPS)
    assert set(demand_life.STEPS) == set(DemandStep)


@pytest.mark.parametrize("step", list(OrderStep))
@pytest.mark.parametrize("status", list(OrderStatus))
def test_an_order_goes_where_the_table_says_or_says_what_is_allowed(
    status: OrderStatus, step: OrderStep
) -> None:
    before = an_order(status)
    sources, target = orders.STEPS[step]
    if status in sources:
        assert TAKE[step](before).status == (target or status)
        return
    with pytest.raises(StepNotAllowed) as refused:
        TAKE[step](before)
    assert refused.value.facts["present_status"] == status
    by_people = set(OrderStep) - orders.BY_ITSELF
    assert _allowed(refused.value) == {s for s in by_people if status in orders.STEPS[s][0]}


@pytest.mark.parametrize("step", list(DemandStep))
@pytest.mark.parametrize("status", list(DemandStatus))
def test_a_demand_goes_where_the_table_says_or_says_what_is_allowed(
    status: DemandStatus, step: DemandStep
) -> None:
    before = a_demand(status)
    sources, target = demand_life.STEPS[step]
    if status in sources:
        after = before.after(step, LINE)
        assert after.status == (target or status)
        assert after.timeline == (LINE, LINE)
        assert before.following(step, LINE) == after
        return
    with pytest.raises(demands.StepNotAllowed) as refused:
        before.after(step, LINE)
    assert _allowed(refused.value) == {
        name for s, name in ROUTES.items() if status in demand_life.STEPS[s][0]
    }
    assert before.following(step, LINE) == before.noted(LINE)


ROUTES: Mapping[DemandStep, str] = {
    DemandStep.WITHDRAW: "withdraw",
    DemandStep.RATE_WELL: "rate",
    DemandStep.RATE_BADLY: "rate",
    DemandStep.MERGE: "merge",
    DemandStep.UNMERGE: "unmerge",
    DemandStep.ENDORSE: "endorse",
    DemandStep.URGE: "urge",
    DemandStep.SUPPLEMENT: "supplement",
}
"""The steps that people take, by the names of their routes."""


def _allowed(refused: Refused) -> set[str]:
    allowed = refused.facts["allowed"]
    assert isinstance(allowed, list)
    assert len(set(allowed)) == len(allowed)
    return set(allowed)


OVER = (DemandStatus.CLOSED, DemandStatus.WITHDRAWN)


def test_what_is_over_is_over() -> None:
    for over in OVER:
        assert demand_life.allowed_steps(over) == []
        assert _next_demand(over) == (["in_progress"] if over is DemandStatus.CLOSED else [])
    assert orders.allowed_steps(OrderStatus.CANCELLED) == []
    assert _next_order(OrderStatus.CANCELLED) == []


def test_staff_may_still_send_back_what_was_settled() -> None:
    for ended in (OrderStatus.SETTLED, OrderStatus.UNRATED):
        assert orders.allowed_steps(ended) == ["return"]
        assert _next_order(ended) == ["in_progress"]


def test_from_every_status_that_is_not_over_there_is_a_way_to_the_end() -> None:
    _reaches({s: set(_next_demand(s)) for s in DemandStatus}, {"closed", "withdrawn"})
    _reaches({s: set(_next_order(s)) for s in OrderStatus}, {"settled", "cancelled", "unrated"})


def _next_demand(status: DemandStatus) -> list[str]:
    return [target for sources, target in demand_life.STEPS.values() if target and status in sources]


def _next_order(status: OrderStatus) -> list[str]:
    return [target for sources, target in orders.STEPS.values() if target and status in sources]


def _reaches(edges: Mapping[Any, set[str]], ends: set[str]) -> None:
    good = set(ends)
    for _ in edges:
        good |= {str(status) for status, targets in edges.items() if targets & good}
    assert good == {str(status) for status in edges}


def test_every_status_has_a_name_that_people_read() -> None:
    assert set(orders.NAMES) == set(OrderStatus)
    assert set(demand_life.NAMES) == set(DemandStatus)


@given(st.lists(st.sampled_from(list(OrderStep)), max_size=60))
def test_however_an_order_wanders_what_it_says_of_itself_holds(steps: list[OrderStep]) -> None:
    order = replace(an_order(), handover=None)
    load = Workload().moved(None, order)
    for step in steps:
        try:
            after = TAKE[step](order)
        except Refused:
            continue
        load = load.moved(order, after)
        order = after
        assert (order.provider is None) == (order.status in orders.UNPLACED) or order.status == "cancelled"
        holder = order.provider.id if order.provider and order.status in orders.OPEN else None
        assert load.open == ({holder: 1} if holder else {})
        if order.status is OrderStatus.COMPLETED:
            assert order.proof
            assert all(stage.done_at for stage in order.stages)
        if order.status is OrderStatus.SETTLED:
            assert order.proof


@given(st.lists(st.sampled_from(list(DemandStep)), max_size=60))
def test_however_a_demand_wanders_it_never_leaves_its_end_and_forgets_no_line(
    steps: list[DemandStep],
) -> None:
    demand = a_demand()
    over: DemandStatus | None = None
    for n, step in enumerate(steps, 2):
        demand = demand.following(step, LINE)
        assert len(demand.timeline) == n
        if over is not None and (over, step) != (DemandStatus.CLOSED, DemandStep.BE_DONE_AGAIN):
            assert demand.status is over
        over = demand.status if demand.status in OVER else None


def test_a_very_long_timeline_keeps_how_it_began_and_the_latest() -> None:
    demand = a_demand()
    for n in range(demands.TIMELINE_MAX + 50):
        demand = demand.noted(replace(LINE, text=str(n)))
    assert len(demand.timeline) == demands.TIMELINE_MAX
    assert demand.timeline[0] == LINE
    assert demand.timeline[-1].text == str(demands.TIMELINE_MAX + 49)
