"""An order's clocks: what winds them, what stops them, and what leaves them alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.literals import DemandKind
from services.matching.domain import timing
from services.matching.domain.deadlines import EXTENSIONS_MAX, QUESTIONS_MAX, Extension, Level, Pause
from services.matching.domain.lifecycle import OrderStep
from services.matching.domain.orders import Order
from services.matching.domain.parts import Proof, Stage, Who
from services.matching.domain.refusals import (
    AlreadySupervised,
    AlreadyWaiting,
    DeadlinePassed,
    ExtensionPending,
    ExtensionTooLong,
    NobodyWaits,
    NoExtensionAsked,
    TooManyExtensions,
    TooManyQuestions,
)
from services.matching.domain.timing import TimerKind, next_timer, timed
from services.matching.handlers import timing as timing_handlers
from services.matching.routing.deadlines import limits_of
from tests.builders import an_order
from tests.support.deployment import jiwang

LIMITS = limits_of(jiwang())
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""10:00 in Jiwang."""
FRIDAY_NIGHT = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
UNIT, OTHER = Who("unit-1", "一家单位", "unit"), Who("unit-2", "另一家", "unit")
PROOF = (Proof("photo", "p.jpg"),)
HOUR = timedelta(hours=1)


def china(hours: float, day: int = 2) -> datetime:
    """Return a moment of March 2026 by the clock in Jiwang."""
    return datetime(2026, 3, day, tzinfo=UTC) + timedelta(hours=hours - 8)


def proposed(*, about: DemandKind = "help", urgent: bool = False, at: datetime = MONDAY) -> Order:
    order = replace(
        an_order(),
        created_at=at,
        about=about,
        urgent=urgent,
        finish_due_at=LIMITS.finish_due(about, at, urgent=urgent),
        handover=None,
        stages=(),
    )
    return timed(None, order, LIMITS, at)


def then(order: Order, change: Callable[[Order], Order], at: datetime) -> Order:
    """Return an order after a change at a moment."""
    return timed(order, change(order), LIMITS, at)


def dispatched(*, urgent: bool = False, at: datetime = MONDAY) -> Order:
    return then(proposed(urgent=urgent, at=at), lambda o: o.dispatched_to(UNIT, "router", "", at), at)


def accepted(*, urgent: bool = False) -> Order:
    return then(dispatched(urgent=urgent), lambda o: o.accepted(MONDAY), MONDAY)


def waiting(at: datetime = MONDAY) -> Order:
    return then(accepted(), lambda o: timing.asked_resident(o, "几号楼？", LIMITS, at), at)


class TestHowLong:
    @pytest.mark.parametrize(
        ("about", "day"), [("enquiry", 3), ("help", 9), ("suggestion", 9), ("complaint", 16), ("report", 16)]
    )
    def test_each_kind_has_its_days(self, about: DemandKind, day: int) -> None:
        assert proposed(about=about).finish_due_at == china(18, day)

    def test_two_working_hours_to_sign(self) -> None:
        assert dispatched().sign_due_at == china(12)
        assert dispatched(at=FRIDAY_NIGHT).sign_due_at == china(10, 9)

    def test_what_is_urgent_waits_neither_for_the_morning_nor_for_monday(self) -> None:
        order = dispatched(urgent=True, at=FRIDAY_NIGHT)
        assert order.sign_due_at == FRIDAY_NIGHT + timedelta(minutes=30)
        assert order.finish_due_at == FRIDAY_NIGHT + timedelta(hours=24)


class TestTheSignClock:
    @given(st.lists(st.sampled_from(["urge", "note", "supervise"]), max_size=50))
    def test_no_edit_winds_it_again(self, touches: list[str]) -> None:
        for order in (proposed(), dispatched()):
            due, touched, at = order.sign_due_at, order, MONDAY
            for touch in touches:
                at += timedelta(minutes=1)
                touched = then(touched, TOUCH[touch], at)
            assert touched.sign_due_at == due
            assert touched.timer_at == due
            assert touched.finish_due_at == order.finish_due_at

    def test_the_next_provider_has_a_window_of_its_own(self) -> None:
        declined = then(dispatched(), lambda o: o.after_decline(), MONDAY + HOUR)
        again = then(declined, lambda o: o.dispatched_to(OTHER, "router", "", MONDAY + HOUR), MONDAY + HOUR)
        assert again.sign_due_at == china(15.5)
        assert again.finish_due_at == dispatched().finish_due_at

    def test_the_same_provider_chosen_again_by_staff_has_a_new_window(self) -> None:
        missed = then(dispatched(), lambda o: o.unsigned_in_time(), china(12))
        again = then(missed, lambda o: o.dispatched_to(UNIT, "staff", "", china(15)), china(15))
        assert again.sign_due_at == china(17)

    def test_it_ends_with_the_acceptance(self) -> None:
        assert accepted().sign_due_at is None

    def test_staff_have_their_own_time_and_the_supervisor_none(self) -> None:
        staff = then(proposed(), timing.raised, china(12))
        assert (staff.level, staff.sign_due_at) == (Level.STAFF, china(8.5, 3))
        top = then(staff, timing.raised, china(8.5, 3))
        assert (top.level, top.sign_due_at) == (Level.SUPERVISOR, None)
        assert timing.raised(top).level is Level.SUPERVISOR


TOUCH: dict[str, Callable[[Order], Order]] = {
    "urge": lambda order: order.urged_again(),
    "note": lambda order: replace(order, because=order.because + "。"),
    "supervise": lambda order: order if order.supervised else timing.supervised(order, "急", "staff", MONDAY),
}


class TestTheFinishClock:
    def test_it_stands_while_the_resident_is_waited_for(self) -> None:
        order = waiting()
        assert next_timer(order, LIMITS) == timing.Timer(TimerKind.ANSWER, china(18, 9))
        later = then(order, lambda o: timing.answered(o, "三号楼", LIMITS, china(10, 4)), china(10, 4))
        assert later.finish_due_at == china(18, 11)
        assert later.pauses == (Pause(MONDAY, "几号楼？", china(18, 9), china(10, 4), "三号楼"),)
        assert not timing.is_overdue(order, china(10, 30))

    @given(st.integers(0, 10_000), st.integers(0, 20_000))
    def test_waiting_leaves_just_as_much_working_time_as_there_was(self, before: int, lasts: int) -> None:
        asked, answered = MONDAY + timedelta(minutes=before), MONDAY + timedelta(minutes=before + lasts)
        order = accepted()
        assert order.finish_due_at is not None
        left = LIMITS.working.between(asked, order.finish_due_at)
        after = then(waiting(asked), lambda o: timing.answered(o, "好", LIMITS, answered), answered)
        assert after.finish_due_at is not None
        assert LIMITS.working.between(answered, after.finish_due_at) == left
        assert after.finish_due_at >= order.finish_due_at

    def test_for_what_is_urgent_it_stands_round_the_clock(self) -> None:
        order = accepted(urgent=True)
        asked = then(order, lambda o: timing.asked_resident(o, "几号楼？", LIMITS, MONDAY), MONDAY)
        night = MONDAY + timedelta(hours=13)
        after = then(asked, lambda o: timing.answered(o, "三号楼", LIMITS, night), night)
        assert after.finish_due_at == MONDAY + timedelta(hours=24 + 13)

    def test_an_answer_after_the_waiting_ended_is_kept_and_moves_nothing(self) -> None:
        ended = then(waiting(), lambda o: timing.answered(o, "", LIMITS, china(18, 9)), china(18, 9))
        late = then(ended, lambda o: timing.answered(o, "三号楼", LIMITS, china(9, 12)), china(9, 12))
        assert late.pauses[-1].answer == "三号楼"
        assert late.finish_due_at == ended.finish_due_at

    def test_it_stands_while_the_community_looks_and_runs_on_when_it_comes_back(self) -> None:
        done = then(accepted(), lambda o: o.completed("好了", PROOF, MONDAY, china(10, 4)), china(10, 4))
        assert done.timer_at is None
        back = then(done, lambda o: o.sent_back(), china(10, 6))
        assert back.finish_due_at == china(18, 11)

    def test_what_came_too_late_is_too_late_when_it_comes_back(self) -> None:
        late = china(10, 20)
        done = then(accepted(), lambda o: o.completed("好了", PROOF, MONDAY, late), late)
        back = then(done, lambda o: o.sent_back(), china(10, 24))
        assert timing.is_overdue(back, china(10, 24))

    def test_who_reports_while_waiting_ends_the_waiting(self) -> None:
        done = then(waiting(), lambda o: o.completed("好了", PROOF, MONDAY, china(10, 3)), china(10, 3))
        assert timing.open_pause(done) is None
        assert done.finish_due_at == china(18, 10)

    def test_a_handover_does_not_move_it(self) -> None:
        order = accepted()
        offered = then(order, lambda o: o.offered(OTHER, "不归我们管", MONDAY), MONDAY)
        taken = then(offered, lambda o: o.taken_over(), MONDAY + HOUR)
        assert taken.finish_due_at == order.finish_due_at
        planned = then(taken, lambda o: o.planned((Stage("m1", "一"),)), MONDAY + HOUR)
        assert planned.finish_due_at == order.finish_due_at

    def test_after_it_everybody_is_told_the_next_morning_and_it_is_supervised_days_later(self) -> None:
        order = accepted()
        assert next_timer(order, LIMITS) == timing.Timer(TimerKind.OVERDUE, china(8, 10))
        told = then(order, lambda o: replace(o, overdue_told_at=china(8, 10)), china(8, 10))
        assert next_timer(told, LIMITS) == timing.Timer(TimerKind.SUPERVISE, china(8, 16))
        watched = then(told, lambda o: timing.supervised(o, "逾期", "clock", china(8, 16)), china(8, 16))
        assert next_timer(watched, LIMITS) is None
        assert watched.timer_at is None


class TestAnOffer:
    def test_lapses_after_the_sign_window(self) -> None:
        offered = then(accepted(), lambda o: o.offered(OTHER, "不归我们管", MONDAY), MONDAY)
        assert next_timer(offered, LIMITS) == timing.Timer(TimerKind.HANDOVER, china(12))
        touched = then(offered, TOUCH["urge"], MONDAY + HOUR)
        assert touched.timer_at == offered.timer_at
        lapsed = then(offered, lambda o: o.not_taken_over(OrderStep.LAPSE_HANDOVER), china(12))
        assert (lapsed.handover, lapsed.provider, lapsed.answerable) == (None, UNIT, UNIT)

    def test_makes_nobody_answerable_before_consent(self) -> None:
        offered = then(accepted(), lambda o: o.offered(OTHER, "不归我们管", MONDAY), MONDAY)
        assert offered.answerable == UNIT
        assert then(offered, lambda o: o.taken_over(), MONDAY).answerable == OTHER


class TestMoreTime:
    def test_is_counted_in_working_days_from_the_deadline(self) -> None:
        asked = then(accepted(), lambda o: timing.extension_requested(o, 3, "等料", LIMITS, MONDAY), MONDAY)
        assert asked.finish_due_at == china(18, 9)
        granted = then(asked, lambda o: timing.extension_granted(o, LIMITS, MONDAY), MONDAY)
        assert granted.finish_due_at == china(18, 12)
        assert granted.extensions == (Extension(3, "等料", MONDAY, granted=True, decided_at=MONDAY),)

    def test_refused_leaves_the_deadline(self) -> None:
        asked = then(accepted(), lambda o: timing.extension_requested(o, 3, "等料", LIMITS, MONDAY), MONDAY)
        refused = then(asked, lambda o: timing.extension_refused(o, "抓紧办", MONDAY), MONDAY)
        assert refused.finish_due_at == asked.finish_due_at
        assert refused.extensions[-1].because == "抓紧办"

    def test_is_asked_for_before_the_deadline_or_not_at_all(self) -> None:
        order = accepted()
        assert timing.extension_requested(order, 1, "等料", LIMITS, china(18, 9)).extensions
        with pytest.raises(DeadlinePassed):
            timing.extension_requested(order, 1, "等料", LIMITS, china(18, 9) + timedelta(seconds=1))

    def test_while_the_resident_is_waited_for_the_deadline_is_later(self) -> None:
        late = china(10, 10)
        with pytest.raises(DeadlinePassed):
            timing.extension_requested(accepted(), 1, "等料", LIMITS, late)
        assert timing.extension_requested(waiting(), 1, "等料", LIMITS, late).extensions

    def test_one_request_at_a_time_not_too_long_and_not_for_ever(self) -> None:
        order = timing.extension_requested(accepted(), 1, "等料", LIMITS, MONDAY)
        with pytest.raises(ExtensionPending):
            timing.extension_requested(order, 1, "等料", LIMITS, MONDAY)
        with pytest.raises(ExtensionTooLong):
            timing.extension_requested(accepted(), 11, "等料", LIMITS, MONDAY)
        order = accepted()
        for _ in range(EXTENSIONS_MAX):
            order = timing.extension_requested(order, 1, "等料", LIMITS, MONDAY)
            order = timing.extension_refused(order, "不行", MONDAY)
        with pytest.raises(TooManyExtensions):
            timing.extension_requested(order, 1, "等料", LIMITS, MONDAY)

    def test_that_nobody_asked_for_is_not_decided(self) -> None:
        with pytest.raises(NoExtensionAsked):
            timing.extension_granted(accepted(), LIMITS, MONDAY)
        with pytest.raises(NoExtensionAsked):
            timing.extension_refused(accepted(), "不行", MONDAY)


class TestQuestions:
    def test_one_at_a_time_and_not_for_ever(self) -> None:
        with pytest.raises(AlreadyWaiting):
            timing.asked_resident(waiting(), "还有呢？", LIMITS, MONDAY)
        order = accepted()
        for _ in range(QUESTIONS_MAX):
            order = timing.asked_resident(order, "几号楼？", LIMITS, MONDAY)
            order = timing.answered(order, "三号楼", LIMITS, MONDAY)
        with pytest.raises(TooManyQuestions):
            timing.asked_resident(order, "几号楼？", LIMITS, MONDAY)

    def test_nobody_answers_what_was_not_asked(self) -> None:
        with pytest.raises(NobodyWaits):
            timing.answered(accepted(), "三号楼", LIMITS, MONDAY)


class TestTooOften:
    @pytest.mark.parametrize("field", ["returned", "handed_over"])
    def test_the_third_time_is_a_reason_to_supervise_and_the_second_is_not(self, field: str) -> None:
        def times(number: int) -> str | None:
            return timing.reason_to_supervise(replace(accepted(), **{field: number}), LIMITS)  # type: ignore[arg-type]  # both count

        assert times(2) is None
        assert times(3) is not None

    def test_what_is_supervised_is_not_supervised_again(self) -> None:
        order = timing.supervised(replace(accepted(), returned=3), "三次", "clock", MONDAY)
        assert timing.reason_to_supervise(order, LIMITS) is None
        with pytest.raises(AlreadySupervised):
            timing.supervised(order, "又一次", "staff", MONDAY)


def test_every_kind_of_timer_has_something_that_is_done_and_is_told_to_operators() -> None:
    acts = timing_handlers._acts(cast(Any, None))
    assert set(acts) == set(TimerKind), "services/matching/handlers/timing.py `_acts`"
    root = Path(__file__).parents[2]
    told = (root / "docs" / "operations.md").read_text("utf-8")
    listed = ", ".join(f"`{kind.value}`" for kind in TimerKind)
    assert listed in told, f"docs/operations.md names the kinds: {listed}"
