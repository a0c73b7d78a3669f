"""Several called to one matter: one leads, the others are its companions, and it waits for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.ids import DemandId, OrderId, demand_of, lead_of, order_id
from services.contracts.refusal import Refused
from services.matching.domain.companions import COMPANIONS_MAX, Call, called, with_companion
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.orders import Order
from services.matching.domain.parts import Called, Proof, Who
from services.matching.domain.refusals import (
    CannotReceive,
    CompanionsOpen,
    StepNotAllowed,
    TooManyCompanions,
)
from tests.builders import an_order

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NOON = NINE + timedelta(hours=3)
HOUSING = Who("housing", "住建局", "unit")
LAMPS = Who("lamps", "交运中心", "unit")
POLICE = Who("police", "派出所", "unit")
PHOTO = (Proof("photo", "p1.jpg"),)
S = OrderStatus
OVER = (S.COMPLETED, S.VERIFIED, S.SETTLED, S.CANCELLED)


def lead(status: OrderStatus = S.ACCEPTED) -> Order:
    """Return an order that the housing bureau leads."""
    return replace(
        an_order(status),
        text="巷子又黑又破",
        title="巷子",
        compound="lutianxiang",
        category="道路维修",
        created_at=NINE,
        provider=HOUSING,
        accepted_at=NINE,
        about="complaint",
        urgent=True,
        finish_due_at=NOON,
        handover=None,
        stages=(),
    )


def with_calls(count: int, order: Order | None = None) -> Order:
    """Return a lead that has called so many."""
    before = order or lead()
    entries = tuple(Called(OrderId(f"{before.id}.{n}"), f"p{n}", "清扫") for n in range(1, count + 1))
    return replace(before, called=entries)


def done(order: Order) -> Order:
    """Return the order reported as done."""
    return order.completed("修好了", PHOTO, NOON, NOON)


class TestCalling:
    def test_the_companion_is_an_order_of_its_own_about_the_same_matter(self) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        assert (companion.id, companion.lead, companion.part) == ("d1-1.1", "d1-1", "路灯")
        assert companion.category == "路灯"
        assert (companion.status, companion.provider, companion.candidates) == (S.PROPOSED, None, ())
        same = ("demand", "text", "title", "compound", "asked_by", "about", "urgent", "finish_due_at")
        assert {name: getattr(companion, name) for name in same} == {
            name: getattr(knowing, name) for name in same
        }

    def test_the_lead_knows_it_and_is_otherwise_as_before(self) -> None:
        before = lead()
        knowing, companion = called(before, Call(LAMPS, "路灯"))
        assert knowing.called == (Called(companion.id, "lamps", "路灯", over=False),)
        assert replace(knowing, called=()) == before

    def test_companions_are_numbered_in_the_order_of_their_calls(self) -> None:
        once, _ = called(lead(), Call(LAMPS, "路灯"))
        twice, second = called(once, Call(POLICE, "治安"))
        assert second.id == "d1-1.2"
        assert [entry.part for entry in twice.called] == ["路灯", "治安"]

    @pytest.mark.parametrize("status", [S.DISPATCHED, S.ACCEPTED, S.IN_PROGRESS])
    def test_whoever_has_the_matter_in_hand_may_have_others_called(self, status: OrderStatus) -> None:
        knowing, _ = called(lead(status), Call(LAMPS, "路灯"))
        assert knowing.status is status

    @pytest.mark.parametrize("status", [S.PROPOSED, S.QUEUED, *OVER])
    def test_nobody_is_called_before_somebody_leads_or_after_the_work(self, status: OrderStatus) -> None:
        with pytest.raises(StepNotAllowed) as refused:
            called(lead(status), Call(LAMPS, "路灯"))
        assert refused.value.facts["present_status"] == status.value

    def test_the_lead_is_not_called_to_its_own_matter(self) -> None:
        with pytest.raises(CannotReceive):
            called(lead(), Call(HOUSING, "路灯"))

    def test_nobody_is_called_twice_at_the_same_time(self) -> None:
        once, _ = called(lead(), Call(LAMPS, "路灯"))
        with pytest.raises(CannotReceive) as refused:
            called(once, Call(LAMPS, "信号灯"))
        assert refused.value.facts["provider"] == "lamps"

    def test_one_that_is_done_may_be_called_again_to_something_else(self) -> None:
        once, companion = called(lead(), Call(LAMPS, "路灯"))
        after = with_companion(once, replace(companion, provider=LAMPS, status=S.COMPLETED))
        again, second = called(after, Call(LAMPS, "标线"))
        assert [(c.order, c.over) for c in again.called] == [(companion.id, True), (second.id, False)]

    def test_a_companion_calls_nobody(self) -> None:
        _, companion = called(lead(), Call(LAMPS, "路灯"))
        with pytest.raises(CannotReceive):
            called(replace(companion, provider=LAMPS, status=S.ACCEPTED), Call(POLICE, "治安"))

    def test_the_last_one_that_anybody_can_lead_is_called_and_no_more(self) -> None:
        full, last = called(with_calls(COMPANIONS_MAX - 1), Call(LAMPS, "路灯"))
        assert last.id == f"d1-1.{COMPANIONS_MAX}"
        with pytest.raises(TooManyCompanions) as refused:
            called(full, Call(POLICE, "治安"))
        assert refused.value.facts["most"] == COMPANIONS_MAX

    @pytest.mark.parametrize("refusal", [CompanionsOpen, TooManyCompanions])
    def test_what_is_refused_has_a_code_and_words(self, refusal: type[Refused]) -> None:
        assert refusal.slug
        assert refusal.title


class TestKnowing:
    def test_a_companion_that_is_over_is_known_to_be(self) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        for status in OVER:
            after = with_companion(knowing, replace(companion, provider=LAMPS, status=status))
            assert after.called == (Called(companion.id, "lamps", "路灯", over=True),)

    @pytest.mark.parametrize("status", [S.DISPATCHED, S.ACCEPTED, S.IN_PROGRESS])
    def test_one_that_works_changes_nothing(self, status: OrderStatus) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        assert with_companion(knowing, replace(companion, provider=LAMPS, status=status)) is knowing

    def test_one_that_is_sent_back_is_open_again(self) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        finished = replace(companion, provider=LAMPS, status=S.COMPLETED)
        after = with_companion(knowing, finished)
        again = with_companion(after, finished.sent_back())
        assert (after.called[0].over, again.called[0].over) == (True, False)

    def test_one_that_declined_leaves_its_part_with_nobody_and_its_place_to_others(self) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        after = with_companion(
            knowing, replace(companion, provider=LAMPS, status=S.DISPATCHED).after_decline()
        )
        assert after.called == (Called(companion.id, "", "路灯"),)
        again, _ = called(after, Call(LAMPS, "路灯"))
        assert len(again.called) == 2

    def test_another_that_takes_the_part_over_is_known(self) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        after = with_companion(knowing, replace(companion, provider=POLICE, status=S.ACCEPTED))
        assert after.called[0].provider == "police"
        with pytest.raises(CannotReceive):
            called(after, Call(POLICE, "治安"))

    def test_the_others_stay_as_they_were(self) -> None:
        once, first = called(lead(), Call(LAMPS, "路灯"))
        twice, _ = called(once, Call(POLICE, "治安"))
        after = with_companion(twice, replace(first, provider=LAMPS, status=S.COMPLETED))
        assert [entry.over for entry in after.called] == [True, False]
        assert after.called[1] is twice.called[1]

    def test_an_order_that_was_never_called_changes_nothing(self) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        stranger = replace(companion, id=OrderId("d2-1.1"), provider=LAMPS, status=S.COMPLETED)
        assert with_companion(knowing, stranger) is knowing


class TestCompleting:
    def test_the_lead_is_not_done_before_its_companions(self) -> None:
        once, first = called(lead(), Call(LAMPS, "路灯"))
        twice, second = called(once, Call(POLICE, "治安"))
        with pytest.raises(CompanionsOpen) as refused:
            done(twice)
        assert refused.value.facts["open"] == ["路灯", "治安"]
        half = with_companion(twice, replace(second, provider=POLICE, status=S.COMPLETED))
        with pytest.raises(CompanionsOpen) as refused:
            done(half)
        assert refused.value.facts["open"] == ["路灯"]
        whole = with_companion(half, replace(first, provider=LAMPS, status=S.CANCELLED))
        assert done(whole).status is S.COMPLETED

    def test_one_that_declined_is_still_waited_for(self) -> None:
        knowing, companion = called(lead(), Call(LAMPS, "路灯"))
        declined = replace(companion, provider=LAMPS, status=S.DISPATCHED).after_decline()
        with pytest.raises(CompanionsOpen):
            done(with_companion(knowing, declined))

    def test_a_companion_waits_for_nobody(self) -> None:
        _, companion = called(lead(), Call(LAMPS, "路灯"))
        assert done(replace(companion, provider=LAMPS, status=S.ACCEPTED)).status is S.COMPLETED


class TestIds:
    @pytest.mark.parametrize(
        ("order", "leader"),
        [
            ("d1-1.1", "d1-1"),
            ("d1-1.20", "d1-1"),
            ("d1-2.3", "d1-2"),
            ("a.b-1.4", "a.b-1"),
            ("d1-1", None),
            ("d1-12", None),
            ("a.5-1", None),
            ("d1-1.", None),
            ("d1-1.x", None),
            ("d.1", None),
            ("", None),
        ],
    )
    def test_the_lead_is_read_from_the_companions_id(self, order: str, leader: str | None) -> None:
        assert lead_of(OrderId(order)) == leader

    def test_whatever_is_called_is_found_again(self) -> None:
        for round_ in (1, 2, 11):
            first = replace(lead(), id=order_id(DemandId("d-9"), round_))
            _, companion = called(with_calls(9, first), Call(LAMPS, "路灯"))
            assert lead_of(companion.id) == first.id
            assert lead_of(first.id) is None
            assert demand_of(companion.id) == "d-9"
