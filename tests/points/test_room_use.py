"""From a booking to its points: who comes, who says so, what is paid, and that it is paid once."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.work import Work
from services.contracts.refusal import NotFound
from services.contracts.rooms import RoomToConfirm, RoomUsed
from services.contracts.words import Role
from services.points.domain.bookings import (
    BookingBegun,
    BookingOver,
    BookingStepNotPossible,
    CheckInTooEarly,
    ReasonMissing,
)
from services.points.domain.rooms import RoomHours, RoomOffer
from services.points.handlers.bookings import cancel_booking
from services.points.handlers.room_use import (
    check_in,
    check_out,
    confirm_use,
    dispute_use,
    move_on,
    reject_use,
)
from services.points.handlers.rooms import change_room, withdraw_room
from tests.support.deployment import jiwang
from tests.support.rooms import HOUR, ROOM, RoomBank, a_person
from tests.support.stories import OPTICIAN

MINUTE = timedelta(minutes=1)
BOOKER = a_person("jiwang", "r1")
OWNER = a_person("jiwang", OPTICIAN, Role.PARTNER)
STAFF = a_person("jiwang", "s1", Role.STAFF)
TIMER = a_person("jiwang", "points", Role.OPERATOR)
MONDAY_19 = datetime(2026, 3, 2, 11, tzinfo=UTC)
"""An hour before the optician closes."""


@pytest.fixture
def bank() -> RoomBank:
    return RoomBank().open()


def at(bank: RoomBank, moment: datetime, work: Work[Any]) -> Any:
    bank.now = moment
    return bank.do(work)


def used(bank: RoomBank, begin: datetime, hours: float, come: Any = BOOKER, go: Any = BOOKER) -> str:
    """Book, come and go in time."""
    booking = bank.one(begin, hours)
    at(bank, begin, check_in(come, booking))
    at(bank, begin + timedelta(hours=hours), check_out(go, booking))
    return booking


def pressed_again(bank: RoomBank, booking: str) -> None:
    """Press everything there is, as everybody, now and much later."""
    works: list[Work[Any]] = [
        step(who, booking) for step in (check_in, check_out, confirm_use) for who in (BOOKER, OWNER, STAFF)
    ]
    works += [
        dispute_use(BOOKER, booking, "没来"),
        reject_use(STAFF, booking, "没来"),
        move_on(TIMER, booking),
    ]
    works.append(cancel_booking(STAFF, booking, "不要了"))
    for _ in range(2):
        for work in works:
            with suppress(BookingStepNotPossible, BookingOver, BookingBegun):
                bank.do(work)
        bank.now += timedelta(days=30)


class TestWhatIsPaid:
    def test_an_hour_in_business_and_one_outside_earn_one_and_two(self, bank: RoomBank) -> None:
        booking = used(bank, MONDAY_19, 2)
        kept = bank.booking(booking)
        assert kept.state == "used"
        assert kept.use is not None
        assert (kept.use.inside_minutes, kept.use.outside_minutes, kept.use.points) == (60, 60, 30)
        assert bank.balance(OPTICIAN) == 30
        (award,) = [one for one in bank.transfers if one.kind == "award"]
        assert (award.origin.kind, award.origin.id, award.rule) == ("booking", booking, "earning_rule")
        assert "营业时间以外 60 分钟按 2 倍" in award.because
        assert bank.verified() == []

    def test_coming_early_and_staying_on_earn_nothing_more(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19 - HOUR)
        at(bank, MONDAY_19 - HOUR - 30 * MINUTE, check_in(BOOKER, booking))
        at(bank, MONDAY_19 + HOUR, check_out(BOOKER, booking))
        assert bank.balance(OPTICIAN) == 10

    def test_leaving_early_earns_what_was_used(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19 - HOUR)
        at(bank, MONDAY_19 - HOUR + 10 * MINUTE, check_in(BOOKER, booking))
        at(bank, MONDAY_19 - 20 * MINUTE, check_out(BOOKER, booking))
        assert bank.balance(OPTICIAN) == 5

    def test_gone_before_it_begins_it_was_not_used(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        at(bank, MONDAY_19 - 20 * MINUTE, check_in(BOOKER, booking))
        at(bank, MONDAY_19 - 10 * MINUTE, check_out(BOOKER, booking))
        assert bank.booking(booking).state == "used"
        assert bank.balance(OPTICIAN) == 0

    def test_across_midnight_into_a_holiday(self, bank: RoomBank) -> None:
        bank.now = datetime(2026, 9, 1, tzinfo=UTC)
        used(bank, datetime(2026, 9, 30, 11, tzinfo=UTC), 14)  # 19:00 to 09:00 on National Day
        assert bank.balance(OPTICIAN) == 10 + 13 * 20

    def test_the_hours_that_held_when_it_was_booked_hold(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19 - HOUR)
        narrow = (RoomHours(("sun",), "03:00", "03:01"),)
        bank.do(change_room(OWNER, ROOM, RoomOffer("验光室", 8, hours=narrow)))
        at(bank, MONDAY_19 - HOUR, check_in(BOOKER, booking))
        at(bank, MONDAY_19, check_out(BOOKER, booking))
        assert bank.balance(OPTICIAN) == 10

    def test_the_hours_of_a_room_come_before_its_partners(self, bank: RoomBank) -> None:
        monday = (RoomHours(("mon",), "00:00", "23:59"),)
        bank.do(change_room(STAFF, ROOM, RoomOffer("验光室", 8, hours=monday)))
        used(bank, MONDAY_19, 2)
        assert bank.balance(OPTICIAN) == 20

    def test_a_rate_of_the_communitys_own(self) -> None:
        bank = RoomBank().open(room_points_per_hour=60, off_hours_factor=3)
        used(bank, MONDAY_19, 2)
        assert bank.balance(OPTICIAN) == 60 + 180

    def test_where_the_budget_is_dry_it_waits(self) -> None:
        bank = RoomBank().open(budget_points=20)
        used(bank, MONDAY_19, 2)
        assert bank.balance(OPTICIAN) == 0
        assert bank.said[-2].kind == "points.withheld.v1"
        assert bank.verified() == []

    @pytest.mark.parametrize("how", ["booker", "partner", "timer", "rejected", "lapsed"])
    def test_whatever_is_pressed_it_is_paid_once_at_most(self, bank: RoomBank, how: str) -> None:
        if how == "booker":
            booking = used(bank, MONDAY_19, 2)
        elif how == "timer":
            booking = bank.one(MONDAY_19, 2)
            at(bank, MONDAY_19, check_in(BOOKER, booking))
            assert at(bank, MONDAY_19 + 4 * HOUR, move_on(TIMER, booking))
        else:
            booking = used(bank, MONDAY_19, 2, OWNER, OWNER)
            if how == "rejected":
                bank.do(reject_use(STAFF, booking, "没有人来过"))
            elif how == "lapsed":
                assert at(bank, bank.now + timedelta(days=7), move_on(TIMER, booking))
        pressed_again(bank, booking)
        awards = [one for one in bank.transfers if one.kind == "award"]
        assert len(awards) == (how != "rejected")
        assert bank.verified() == []


class TestWhoSaysSo:
    @pytest.mark.parametrize(
        ("come", "go"), [(OWNER, BOOKER), (BOOKER, OWNER), (OWNER, OWNER), (OWNER, STAFF)]
    )
    def test_what_the_partner_noted_is_paid_when_the_booker_confirms(
        self, bank: RoomBank, come: Any, go: Any
    ) -> None:
        booking = used(bank, MONDAY_19, 1, come, go)
        assert bank.booking(booking).state == "to_confirm"
        assert bank.balance(OPTICIAN) == 0
        asked = [one.body for one in bank.said if isinstance(one.body, RoomToConfirm)]
        assert [(one.to, one.until) for one in asked] == [(("r1",), bank.now + timedelta(days=7))]
        bank.do(confirm_use(BOOKER, booking))
        assert bank.balance(OPTICIAN) == 10

    @pytest.mark.parametrize(("come", "go"), [(STAFF, BOOKER), (STAFF, STAFF), (BOOKER, STAFF)])
    def test_what_others_noted_is_paid_at_once(self, bank: RoomBank, come: Any, go: Any) -> None:
        used(bank, MONDAY_19, 1, come, go)
        assert bank.balance(OPTICIAN) == 10

    def test_after_seven_days_the_partners_word_holds(self, bank: RoomBank) -> None:
        booking = used(bank, MONDAY_19, 1, OWNER, OWNER)
        assert not at(bank, bank.now + timedelta(days=7) - MINUTE, move_on(TIMER, booking))
        assert at(bank, bank.now + MINUTE, move_on(TIMER, booking))
        assert bank.balance(OPTICIAN) == 10

    def test_what_is_disputed_staff_decide(self, bank: RoomBank) -> None:
        ends = {confirm_use: 10, reject_use: 0}
        for number, (end, points) in enumerate(ends.items()):
            booking = used(bank, MONDAY_19 + timedelta(days=number), 1, OWNER, OWNER)
            bank.do(dispute_use(BOOKER, booking, "我没有去"))
            with pytest.raises(BookingStepNotPossible):
                bank.do(confirm_use(BOOKER, booking))
            assert not at(bank, bank.now + timedelta(hours=20), move_on(TIMER, booking))
            bank.do(end(STAFF, booking) if end is confirm_use else reject_use(STAFF, booking, "没有人来过"))
            assert bank.balance(OPTICIAN) == 10
            assert bank.booking(booking).state == ("used" if points else "rejected")

    def test_nobody_checked_out_it_is_closed_and_paid_when_somebody_confirms(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        at(bank, MONDAY_19 + 15 * MINUTE, check_in(BOOKER, booking))
        assert not at(bank, MONDAY_19 + 3 * HOUR - MINUTE, move_on(TIMER, booking))
        assert at(bank, MONDAY_19 + 3 * HOUR, move_on(TIMER, booking))
        assert bank.booking(booking).state == "to_confirm"
        assert not at(bank, bank.now + timedelta(days=400), move_on(TIMER, booking))
        bank.do(confirm_use(STAFF, booking))
        assert bank.balance(OPTICIAN) == 7  # 45 minutes

    def test_a_check_out_after_it_was_to_be_closed_is_too_late(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        at(bank, MONDAY_19, check_in(BOOKER, booking))
        with pytest.raises(BookingOver):
            at(bank, MONDAY_19 + 3 * HOUR, check_out(BOOKER, booking))

    def test_nobody_came_it_earns_nothing(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        assert at(bank, MONDAY_19 + HOUR, move_on(TIMER, booking))
        assert bank.booking(booking).state == "no_show"
        pressed_again(bank, booking)
        assert bank.balance(OPTICIAN) == 0
        assert not [one for one in bank.said if isinstance(one.body, RoomUsed)]

    def test_the_door_opens_half_an_hour_before_and_closes_with_the_end(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        with pytest.raises(CheckInTooEarly):
            at(bank, MONDAY_19 - 31 * MINUTE, check_in(BOOKER, booking))
        with pytest.raises(BookingOver):
            at(bank, MONDAY_19 + HOUR, check_in(BOOKER, booking))

    def test_a_stranger_has_no_part_in_it(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        strangers = (
            a_person("jiwang", "r2"),
            a_person("jiwang", "r1", Role.PARTNER),
            a_person("jiwang", OPTICIAN, Role.RESIDENT),
            a_person("jiwang", "another", Role.PARTNER),
            a_person("jiwang", "g1", Role.GRID_WORKER),
            a_person("jiwang", "o1", Role.OPERATOR),
        )
        for who in strangers:
            for work in (
                check_in(who, booking),
                cancel_booking(who, booking, "x"),
                confirm_use(who, booking),
            ):
                with pytest.raises(NotFound):
                    bank.do(work)


class TestCancelling:
    def test_gives_the_room_back(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        bank.do(cancel_booking(BOOKER, booking, ""))
        assert bank.booking(booking).sequence == 1
        bank.one(MONDAY_19, by="r2")

    def test_by_another_says_why(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        for who in (OWNER, STAFF):
            with pytest.raises(ReasonMissing):
                bank.do(cancel_booking(who, booking, ""))
        bank.do(cancel_booking(OWNER, booking, "停电，电话 13812345678"))
        assert "13812345678" not in bank.booking(booking).because
        assert bank.said[-1].body.told == ("r1",)

    def test_is_too_late_once_it_has_begun(self, bank: RoomBank) -> None:
        early, late = bank.one(MONDAY_19), bank.one(MONDAY_19 + 2 * HOUR)
        with pytest.raises(BookingBegun):
            at(bank, MONDAY_19, cancel_booking(STAFF, early, "停电"))
        at(bank, MONDAY_19 + 100 * MINUTE, check_in(BOOKER, late))
        with pytest.raises(BookingBegun):
            bank.do(cancel_booking(BOOKER, late, ""))

    def test_the_rest_of_a_series_leaves_what_was_before(self, bank: RoomBank) -> None:
        made = [one.present.id for one in bank.book(MONDAY_19, rule="FREQ=WEEKLY;COUNT=5").bookings]
        bank.do(cancel_booking(BOOKER, made[3], ""))
        bank.do(cancel_booking(BOOKER, made[2], "", rest=True))
        states = [bank.booking(one).state for one in made]
        assert states == ["booked", "booked", "cancelled", "cancelled", "cancelled"]
        assert bank.said[-1].body.bookings == (made[2], made[4])
        again = bank.book(MONDAY_19 + timedelta(days=14), rule="FREQ=WEEKLY;COUNT=3", by="r2")
        assert len(again.bookings) == 3


class TestAPartnerThatLeaves:
    def test_its_bookings_stay_and_staff_cancel_them(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        file = jiwang("jiwang")
        bank.load(file.model_copy(update={"partners": file.partners[1:]}))
        bank.do(cancel_booking(STAFF, booking, "合伙人已退出"))
        assert bank.booking(booking).state == "cancelled"

    def test_what_was_used_is_still_paid(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19 - HOUR)
        bank.do(withdraw_room(OWNER, ROOM, "装修"))
        at(bank, MONDAY_19 - HOUR, check_in(BOOKER, booking))
        at(bank, MONDAY_19, check_out(BOOKER, booking))
        assert bank.balance(OPTICIAN) == 10
