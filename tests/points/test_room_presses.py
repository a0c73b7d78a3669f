"""Whoever presses whatever, whenever: what is paid for a booking, and on whose word."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from services.chassis.work import Work
from services.contracts.refusal import Refused
from services.contracts.words import Role
from services.points.handlers.bookings import cancel_booking
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.room_use import (
    check_in,
    check_out,
    confirm_use,
    dispute_use,
    move_on,
    reject_use,
)
from services.points.views.calendars import calendar_ics
from tests.support.deployment import jiwang
from tests.support.rooms import HOUR, RoomBank, a_person
from tests.support.stories import OPTICIAN

BEGIN = datetime(2026, 3, 2, 11, tzinfo=UTC)
PEOPLE = {
    "booker": a_person("jiwang", "r1"),
    "partner": a_person("jiwang", OPTICIAN, Role.PARTNER),
    "staff": a_person("jiwang", "s1", Role.STAFF),
    "stranger": a_person("jiwang", "r2"),
}
TIMER = a_person("jiwang", "points", Role.OPERATOR)


def works(booking: str) -> dict[tuple[str, str], Work[Any]]:
    """Return everything that the doors let somebody press, and what happens by itself."""
    found: dict[tuple[str, str], Work[Any]] = {("timer", "move_on"): move_on(TIMER, booking)}
    for name, who in PEOPLE.items():
        found[name, "check_in"] = check_in(who, booking)
        found[name, "check_out"] = check_out(who, booking)
        found[name, "cancel"] = cancel_booking(who, booking, "不用了")
        if name != "partner":
            found[name, "confirm"] = confirm_use(who, booking)
            found[name, "dispute"] = dispute_use(who, booking, "没有去")
    found["staff", "reject"] = reject_use(PEOPLE["staff"], booking, "没有人来过")
    return found


PRESSES = sorted(works("any"))
WAITS = (timedelta(), timedelta(minutes=17), HOUR, 3 * HOUR, timedelta(days=7))


@given(st.lists(st.tuples(st.sampled_from(PRESSES), st.sampled_from(WAITS)), max_size=14))
def test_it_is_paid_once_for_what_was_used_and_never_on_the_partners_word_alone(
    presses: list[tuple[tuple[str, str], timedelta]],
) -> None:
    bank = RoomBank().open()
    booking = bank.one(BEGIN, 2)
    bank.now = BEGIN - HOUR / 2
    said: list[tuple[str, str, datetime]] = []
    for press, wait in presses:
        before = bank.booking(booking).state
        with suppress(Refused):
            if bank.do(works(booking)[press]) is not False:
                said.append((*press, bank.now))
                assert press[0] != "stranger"
        if before in ("used", "rejected", "no_show", "cancelled"):
            assert bank.booking(booking).state == before, "what is over stays so"
        bank.now += wait
    kept = bank.booking(booking)
    awards = [one for one in bank.transfers if one.kind == "award"]
    assert (kept.state == "used") == (kept.use is not None)
    assert bank.balance(OPTICIAN) == (kept.use.points if kept.use else 0) <= 30
    assert len(awards) == bool(bank.balance(OPTICIAN))
    assert bank.verified() == []
    if awards and kept.needs_confirmation:
        assert kept.checked_out is not None
        confirmed = [who for who, what, _ in said if what == "confirm"]
        lapsed = bank.transfers[-1].at - kept.checked_out.at >= timedelta(days=7)
        assert confirmed or (lapsed and kept.checked_out.by != "timer")
    assert len([one for one in bank.said if one.kind == "room.used.v1"]) == (kept.state == "used")


def test_an_award_for_a_room_is_taken_back_as_any_other_and_not_paid_again() -> None:
    bank = RoomBank().open()
    booking = bank.one(BEGIN)
    for moment, step in ((BEGIN, check_in), (BEGIN + HOUR, check_out)):
        bank.now = moment
        bank.do(step(PEOPLE["booker"], booking))
    (award,) = [one for one in bank.transfers if one.kind == "award"]
    bank.do(reverse_transfer(bank.origin, award.id, "记错了"))
    for work in works(booking).values():
        with suppress(Refused):
            bank.do(work)
    assert bank.balance(OPTICIAN) == 0
    assert bank.verified() == []


@pytest.mark.parametrize(
    ("day", "deadlines", "points"),
    [
        ("2026-03-03", {}, 10),
        ("2026-03-03", {"holidays": (date(2026, 3, 3),)}, 20),
        ("2026-05-01", {}, 20),
        ("2026-05-01", {"workdays": (date(2026, 5, 1),)}, 10),
        ("2026-05-01", {"workdays": (date(2026, 5, 1),), "holidays": (date(2026, 5, 1),)}, 20),
    ],
)
def test_the_communitys_own_holidays_and_workdays_count(
    day: str, deadlines: dict[str, Any], points: int
) -> None:
    bank, file = RoomBank().open(), jiwang("jiwang")
    bank.load(file.model_copy(update={"deadlines": file.deadlines.model_copy(update=deadlines)}))
    begin = datetime.fromisoformat(f"{day}T10:00+08:00").astimezone(UTC)
    booking = bank.one(begin)
    for moment, step in ((begin, check_in), (begin + HOUR, check_out)):
        bank.now = moment
        bank.do(step(PEOPLE["booker"], booking))
    assert bank.balance(OPTICIAN) == points


@given(st.text(max_size=300))
def test_no_words_break_out_of_a_calendar(words: str) -> None:
    bank = RoomBank().open()
    hostile = f'{words}\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nATTENDEE:mailto:x@example.org\r\n;:,"\\{words}'
    booking = bank.booking(bank.one(BEGIN, purpose=hostile))
    taken = calendar_ics(hostile, "jiwang", [(booking, True)], bank.now.tzinfo or UTC)
    events = Calendar.from_ical(taken).walk("VEVENT")
    assert len(events) == 1
    assert "ATTENDEE" not in events[0]
    assert b"\nATTENDEE" not in taken
