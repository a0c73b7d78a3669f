"""What may be booked and what not, once and in series; what a room's week says of it."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from services.contracts.refusal import NotFound, Refused
from services.contracts.words import Role
from services.points.domain.agendas import SLOTS_MAX, Agenda, AgendaFull, Slot, SlotTaken, months_of
from services.points.domain.room_weeks import RoomWeek
from services.points.domain.rooms import ROOMS_MAX, MayNotShare, RoomDatesWrong, RoomOffer, TooManyRooms
from services.points.handlers.bookings import book_room, cancel_booking
from services.points.handlers.room_rules import room_rules
from services.points.handlers.rooms import change_room, publish_room, withdraw_room
from services.points.store.rules import rule_ref
from services.points.views.calendars import calendar_ics
from tests.support.deployment import jiwang
from tests.support.rooms import HOUR, ROOM, SHOP_HOURS, RoomBank, a_person, a_request, publishing
from tests.support.stories import OPTICIAN

MONDAY_19 = datetime(2026, 3, 2, 11, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def bank() -> RoomBank:
    return RoomBank().open()


def refusal(bank: RoomBank, begins_at: datetime, hours: float = 1, rule: str = "", **more: Any) -> Refused:
    """Return how it is refused; nothing has changed by it."""
    before = dict(bank.kept)
    with pytest.raises(Refused) as refused:
        bank.book(begins_at, hours, rule, **more)
    assert bank.kept == before
    return refused.value


class TestOnce:
    @pytest.mark.parametrize(
        ("change", "slug"),
        [
            ({"hours": 0}, "booking_ends_first"),
            ({"hours": -1}, "booking_ends_first"),
            ({"hours": 24.1}, "booking_too_long"),
            ({"hours": 0.51}, "booking_not_on_the_minute"),
            ({"begins_at": MONDAY_19 + timedelta(seconds=1)}, "booking_not_on_the_minute"),
            ({"begins_at": MONDAY_19 - DAY}, "booking_in_the_past"),
            ({"begins_at": datetime(2026, 3, 2, 2, tzinfo=UTC)}, "booking_in_the_past"),
            ({"begins_at": datetime(2026, 8, 29, 3, tzinfo=UTC)}, "booking_too_far_ahead"),
            ({"people": 9}, "too_many_people"),
            ({"by": OPTICIAN}, "own_room"),
            ({"room": "nowhere"}, "not_found"),
            ({"rule": "FREQ=DAILY;COUNT=61"}, "recurrence_too_long"),
            ({"rule": "FREQ=DAILY"}, "recurrence_endless"),
        ],
    )
    def test_what_cannot_be_is_refused(self, bank: RoomBank, change: dict[str, Any], slug: str) -> None:
        assert refusal(bank, **{"begins_at": MONDAY_19, **change}).slug == slug

    def test_a_day_half_a_year_ahead_and_all_seats_are_not_too_much(self, bank: RoomBank) -> None:
        bank.book(bank.now + 180 * DAY, 24, people=8)

    @pytest.mark.parametrize(
        "begin", ["2026-03-31T22:00", "2026-02-28T22:00", "2026-12-31T22:00", "2026-03-02T23:30"]
    )
    def test_across_midnight_and_the_end_of_months_and_years(self, begin: str) -> None:
        local = datetime.fromisoformat(begin).replace(tzinfo=timezone(8 * HOUR))
        bank = RoomBank(now=local.astimezone(UTC) - DAY).open()
        bank.book(local.astimezone(UTC), 4)
        for shift in (-3.5, -1, 0, 1, 3.5):
            found = refusal(bank, local.astimezone(UTC) + shift * HOUR, 4, by="r2")
            assert isinstance(found, SlotTaken)
        for shift in (-4, 4):
            bank.book(local.astimezone(UTC) + shift * HOUR, 4, by="r2")

    @pytest.mark.parametrize(
        "begin", [datetime(2026, 3, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)]
    )
    def test_across_the_edge_between_two_agendas(self, begin: datetime) -> None:
        bank = RoomBank(now=begin - DAY).open()
        booking = bank.one(begin, 2)
        for shift, hours in ((0, 1.0), (1, 1.0), (-1, 4.0)):
            assert isinstance(refusal(bank, begin + shift * HOUR, hours, by="r2"), SlotTaken)
        bank.do(cancel_booking(a_person("jiwang", "r1"), booking, ""))
        assert not [agenda.slots for agenda in bank.all_of_kind("agendas") if agenda.slots]
        bank.one(begin, 2)

    def test_words_are_masked(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19, purpose="读书会，联系 13812345678")
        assert "13812345678" not in bank.booking(booking).purpose
        assert "13812345678" not in bank.said[-1].body.purpose

    def test_somebody_has_a_hundred_ahead_at_most(self, bank: RoomBank) -> None:
        bank.book(MONDAY_19, rule="FREQ=DAILY;COUNT=60")
        bank.book(MONDAY_19 + HOUR, rule="FREQ=DAILY;COUNT=40")
        assert refusal(bank, MONDAY_19 + 2 * HOUR).slug == "too_many_bookings"
        bank.book(MONDAY_19 + 2 * HOUR, by="r2")
        bank.now = MONDAY_19 + 2 * HOUR  # two of them are over
        bank.book(MONDAY_19 + 3 * HOUR)

    def test_staff_book_for_others_and_have_more(self, bank: RoomBank) -> None:
        staff = a_person("jiwang", "s1", Role.STAFF)
        for number in range(6):
            bank.do(book_room(staff, a_request(MONDAY_19 + number * HOUR, 1, "FREQ=DAILY;COUNT=60")))

    def test_an_agenda_is_bounded(self) -> None:
        slots = tuple(
            Slot(str(n), MONDAY_19 + n * HOUR, MONDAY_19 + (n + 1) * HOUR) for n in range(SLOTS_MAX)
        )
        with pytest.raises(AgendaFull):
            Agenda(slots).with_slot(Slot("x", MONDAY_19 - HOUR, MONDAY_19))

    def test_of_another_community_nothing_is_there(self, bank: RoomBank) -> None:
        with pytest.raises(NotFound):
            bank.do(book_room(a_person("fenwan", "r1"), a_request(MONDAY_19)))


@given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 48), st.booleans()), max_size=60))
def test_whatever_is_booked_and_cancelled_no_two_overlap(steps: list[tuple[int, int, bool]]) -> None:
    """Against a plain list, in half hours around the turn of two months."""
    bank = RoomBank(now=datetime(2026, 3, 20, tzinfo=UTC)).open()
    model: dict[str, tuple[datetime, datetime]] = {}
    for at, length, is_cancelled in steps:
        begin = bank.now + (at + 1) * timedelta(minutes=30)
        end = begin + length * timedelta(minutes=30)
        if is_cancelled and model:
            gone = sorted(model)[at % len(model)]
            bank.do(cancel_booking(a_person("jiwang", "r1"), gone, ""))
            del model[gone]
            continue
        is_free = all(end <= one or other <= begin for one, other in model.values())
        try:
            model[bank.one(begin, length / 2)] = (begin, end)
            assert is_free
        except SlotTaken:
            assert not is_free
    kept = {slot.booking for agenda in bank.all_of_kind("agendas") for slot in agenda.slots}
    assert kept == set(model)


@given(st.datetimes(), st.timedeltas(timedelta(minutes=1), DAY))
def test_the_months_of_a_time_are_those_it_touches(begin: datetime, length: timedelta) -> None:
    if not 2000 < begin.year < 2200:
        return
    begin = begin.replace(tzinfo=UTC)
    last = begin + length - timedelta(microseconds=1)
    assert months_of(begin, begin + length) == tuple(sorted({f"{begin:%Y-%m}", f"{last:%Y-%m}"}))


class TestSeries:
    def test_all_or_none_with_the_dates_that_collide(self, bank: RoomBank) -> None:
        bank.one(MONDAY_19 + 7 * DAY, by="r2")
        bank.one(MONDAY_19 + 21 * DAY - HOUR, 3, by="r2")
        found = refusal(bank, MONDAY_19, rule="FREQ=WEEKLY;COUNT=5")
        assert isinstance(found, SlotTaken)
        assert [one["begins_at"][:10] for one in found.facts["taken"]] == ["2026-03-09", "2026-03-23"]  # type: ignore[attr-defined]

    def test_or_what_is_free_and_what_was_not(self, bank: RoomBank) -> None:
        bank.one(MONDAY_19 + 7 * DAY, by="r2")
        bank.do(
            change_room(
                a_person("jiwang", "s", Role.STAFF), ROOM, RoomOffer("室", 8, open_until="2026-03-29")
            )
        )
        made = bank.book(MONDAY_19, rule="FREQ=WEEKLY;COUNT=5", skip_taken=True)
        assert [f"{one.present.begins_at:%d}" for one in made.bookings] == ["02", "16", "23"]
        assert [f"{begin:%d}" for begin, _ in made.skipped] == ["09", "30"]
        assert {one.present.series for one in made.bookings} == {made.bookings[0].present.id}
        assert bank.said[-1].body.when == "2026-03-02（周一）19:00–20:00 起共 3 次"

    def test_both_kinds_of_times_that_cannot_be_are_named(self, bank: RoomBank) -> None:
        bank.one(MONDAY_19, by="r2")
        staff = a_person("jiwang", "s1", Role.STAFF)
        bank.do(change_room(staff, ROOM, RoomOffer("室", 8, open_until="2026-03-08")))
        found = refusal(bank, MONDAY_19, rule="FREQ=WEEKLY;COUNT=2")
        assert found.slug == "slot_taken"
        named: Any = found.facts
        assert [len(named["taken"]), len(named["not_open"])] == [1, 1]

    def test_where_nothing_is_free_nothing_is_booked(self, bank: RoomBank) -> None:
        bank.book(MONDAY_19, rule="FREQ=WEEKLY;COUNT=3", by="r2")
        found = refusal(bank, MONDAY_19, rule="FREQ=WEEKLY;COUNT=3", skip_taken=True)
        assert found.slug == "slot_taken"

    def test_for_a_year(self, bank: RoomBank) -> None:
        made = bank.book(MONDAY_19, rule="FREQ=WEEKLY;COUNT=52")
        assert made.bookings[-1].present.begins_at == MONDAY_19 + 51 * 7 * DAY
        again = refusal(bank, made.bookings[-1].present.begins_at - HOUR, 2, by="r2")
        assert again.slug == "booking_too_far_ahead"

    def test_by_night_every_day(self, bank: RoomBank) -> None:
        made = bank.book(MONDAY_19, 24, rule="FREQ=DAILY;COUNT=40")
        assert len(made.bookings) == 40
        assert [one.kind for one in bank.said].count("room.booked.v1") == 1


class TestRooms:
    def test_on_days_when_it_is_shared(self, bank: RoomBank) -> None:
        staff = a_person("jiwang", "s1", Role.STAFF)
        bank.do(change_room(staff, ROOM, RoomOffer("室", 8, open_from="2026-03-05", open_until="2026-03-06")))
        assert refusal(bank, MONDAY_19).slug == "room_not_open"
        assert refusal(bank, datetime(2026, 3, 6, 15, 30, tzinfo=UTC)).slug == "room_not_open"
        bank.book(datetime(2026, 3, 6, 15, tzinfo=UTC))  # until midnight there
        bank.book(datetime(2026, 3, 4, 16, tzinfo=UTC))  # from midnight there

    def test_withdrawn_it_is_not_booked_and_what_is_booked_stays(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19)
        bank.do(withdraw_room(a_person("jiwang", OPTICIAN, Role.PARTNER), ROOM, "装修"))
        assert refusal(bank, MONDAY_19 + HOUR).slug == "room_withdrawn"
        assert bank.booking(booking).state == "booked"
        for work in (
            withdraw_room(a_person("jiwang", "s1", Role.STAFF), ROOM, "x"),
            change_room(a_person("jiwang", "s1", Role.STAFF), ROOM, RoomOffer("室", 1)),
        ):
            with pytest.raises(Refused) as refused:
                bank.do(work)
            assert refused.value.slug == "room_withdrawn"

    @pytest.mark.parametrize(
        "change",
        [
            {"convention_signed_on": None},
            {"convention_signed_on": date(2030, 1, 1)},
            {"working": False},
            None,
        ],
    )
    def test_only_of_partners_who_signed_and_work(
        self, bank: RoomBank, change: dict[str, Any] | None
    ) -> None:
        file = jiwang("jiwang")
        first = file.partners[0]
        assert first.id == OPTICIAN
        left = () if change is None else (first.model_copy(update=change),)
        bank.load(file.model_copy(update={"partners": (*left, *file.partners[1:])}))
        with pytest.raises(MayNotShare):
            bank.do(publishing("jiwang", "room-2"))
        assert refusal(bank, MONDAY_19).slug == "may_not_share"

    def test_of_a_unit_there_are_none(self, bank: RoomBank) -> None:
        who = a_person("jiwang", "s1", Role.STAFF)
        with pytest.raises(MayNotShare):
            bank.do(publish_room(who, "room-2", jiwang("jiwang").units[0].id, RoomOffer("室", 1)))

    def test_fifty_at_most_and_dates_in_order(self, bank: RoomBank) -> None:
        with pytest.raises(RoomDatesWrong):
            bank.do(publishing("jiwang", "x", open_from="2026-03-02", open_until="2026-03-01"))
        for number in range(1, ROOMS_MAX):
            bank.do(publishing("jiwang", f"r{number}"))
        with pytest.raises(TooManyRooms):
            bank.do(publishing("jiwang", "one-more"))
        bank.do(withdraw_room(a_person("jiwang", OPTICIAN, Role.PARTNER), ROOM, "装修"))
        bank.do(publishing("jiwang", "one-more"))


class TestWeeks:
    def test_say_what_is_free_booked_and_closed(self, bank: RoomBank) -> None:
        record = bank.kept[rule_ref("jiwang")]
        premises = room_rules(record.value).premises_of(SHOP_HOURS)
        night = Slot("b", datetime(2026, 3, 3, 15, tzinfo=UTC), datetime(2026, 3, 3, 17, tzinfo=UTC))
        week = RoomWeek(RoomOffer("室", 8, open_until="2026-03-05"), premises, (night,), MONDAY_19)
        days = list(week.days(date(2026, 3, 2)))
        said = [
            [(f"{s.begins_at + 8 * HOUR:%H:%M}", s.state, s.is_business) for s in day.stretches]
            for day in days
        ]
        business = [("00:00", False), ("08:30", True), ("20:00", False)]
        assert said[0] == [
            ("00:00", "closed", False),
            ("08:30", "closed", True),
            ("19:00", "free", True),
            ("20:00", "free", False),
        ]
        assert said[1] == [*((at, "free", open_) for at, open_ in business), ("23:00", "booked", False)]
        assert said[2][:2] == [("00:00", "booked", False), ("01:00", "free", False)]
        assert said[4] == [(at, "closed", open_) for at, open_ in business]
        for day in days:
            assert day.stretches[-1].ends_at - day.stretches[0].begins_at == DAY
            ends = [one.ends_at for one in day.stretches[:-1]]
            assert ends == [one.begins_at for one in day.stretches[1:]]

    def test_a_calendar_takes_them(self, bank: RoomBank) -> None:
        booking = bank.one(MONDAY_19, purpose="读书会；带，" + "书" * 90)
        zone = ZoneInfo("Asia/Shanghai")
        taken = calendar_ics("室", "jiwang", [(bank.booking(booking), True)], zone)
        assert taken == calendar_ics("室", "jiwang", [(bank.booking(booking), True)], zone)
        assert all(len(line) <= 75 for line in taken.split(b"\r\n"))
        (event,) = Calendar.from_ical(taken).walk("VEVENT")
        assert event["UID"] == f"{booking}@jiwang.sandan"
        assert str(event["SUMMARY"]).endswith("书" * 90)
        assert (event["SEQUENCE"], event["STATUS"], event.decoded("DTSTART")) == (0, "CONFIRMED", MONDAY_19)
        bank.do(cancel_booking(a_person("jiwang", "r1"), booking, ""))
        (gone,) = Calendar.from_ical(
            calendar_ics("室", "jiwang", [(bank.booking(booking), False)], zone)
        ).walk("VEVENT")
        assert (gone["UID"], gone["SEQUENCE"], gone["STATUS"]) == (event["UID"], 1, "CANCELLED")
        assert gone["SUMMARY"] == "已预订"
