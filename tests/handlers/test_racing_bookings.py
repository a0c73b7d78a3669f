"""Many who want a room at once, through several writers: each hour goes to one of them, whoever it is."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from services.chassis.work import Work
from services.contracts.words import Role
from services.points.domain.agendas import SlotTaken, months_of
from services.points.domain.bookings import Booking, BookingStepNotPossible
from services.points.handlers.bookings import BookingsMade, book_room, cancel_booking
from services.points.handlers.room_use import check_in, check_out, confirm_use, move_on, reject_use
from services.points.store.rooms import agenda_ref, booking_ref
from tests.support.rooms import HOUR, ROOM, a_person, a_request, publishing
from tests.support.stories import OPTICIAN
from tests.support.town import Town

SOME_DAY = datetime(2026, 3, 31, 22, tzinfo=UTC)
"""Two hours before a month of agendas ends."""
DAY = timedelta(days=1)


async def shared(town: Town) -> None:
    await town.do("points", publishing(town.community))


async def at_once(town: Town, works: Sequence[Work[Any]], writers: int = 4) -> list[Any]:
    """Let several writers, as replicas have them, each do some of the works."""
    several = [town.more_batches("points") for _ in range(writers)]
    dealt = [works[n::writers] for n in range(writers)]
    outcomes = await asyncio.gather(*(one.run(some) for one, some in zip(several, dealt, strict=True)))
    return [outcome for some in outcomes for outcome in some]


def made(outcomes: Iterable[Any]) -> list[Booking]:
    return [one.present for made in outcomes if isinstance(made, BookingsMade) for one in made.bookings]


async def slots(town: Town, begins_at: datetime, ends_at: datetime) -> set[str]:
    """Return the bookings that the agendas have."""
    months = months_of(begins_at, ends_at)
    refs = [agenda_ref(town.community, ROOM, month) for month in months]
    found = await town.documents["points"].load(refs)
    return {slot.booking for kept in found.values() if kept.value for slot in kept.value.slots}


def overlaps(bookings: Sequence[Booking]) -> int:
    ordered = sorted(bookings, key=lambda one: one.begins_at)
    return sum(one.ends_at > other.begins_at for one, other in pairwise(ordered))


async def test_of_two_hundred_who_want_the_same_hour_one_has_it(town: Town) -> None:
    await shared(town)
    works = [
        book_room(a_person(town.community, f"r{n}"), a_request(SOME_DAY + (n % 8) * HOUR / 10))
        for n in range(200)
    ]
    outcomes = await at_once(town, works)
    assert len(made(outcomes)) == 1
    assert sum(isinstance(one, SlotTaken) for one in outcomes) == 199
    assert await slots(town, SOME_DAY, SOME_DAY + DAY) == {made(outcomes)[0].id}


async def test_series_and_single_ones_never_overlap(town: Town) -> None:
    await shared(town)
    rule = "FREQ=DAILY;COUNT=20"
    works: list[Work[Any]] = []
    for n in range(60):
        begin = SOME_DAY + (n % 13) * HOUR
        who = a_person(town.community, f"r{n}")
        works.append(book_room(who, a_request(begin, 2, rule, skip_taken=n % 3 == 0)))
        works += [book_room(who, a_request(begin + day * DAY - HOUR / 2, 3)) for day in (0, 7, 19)]
    outcomes = await at_once(town, works)
    bookings = made(outcomes)
    assert overlaps(bookings) == 0
    assert await slots(town, SOME_DAY, SOME_DAY + 40 * DAY) == {one.id for one in bookings}
    assert any(one.series for one in bookings)
    whole = [one for n, one in enumerate(outcomes) if isinstance(one, BookingsMade) and not one.skipped]
    assert {len(one.bookings) for one in whole} <= {1, 20}
    assert all(isinstance(one, BookingsMade | SlotTaken) for one in outcomes)


async def test_one_is_cancelled_while_others_want_it(town: Town) -> None:
    await shared(town)
    for day in range(20):
        begin, owner = SOME_DAY + day * DAY, a_person(town.community, "owner")
        held = (await town.do("points", book_room(owner, a_request(begin)))).bookings[0].present
        works: list[Work[Any]] = [
            book_room(a_person(town.community, f"r{n}"), a_request(begin)) for n in range(6)
        ]
        outcomes = await at_once(town, [*works[:3], cancel_booking(owner, held.id, ""), *works[3:]])
        won = made(outcomes)
        assert len(won) <= 1
        assert await slots(town, begin, begin + HOUR) >= {one.id for one in won}
        gone = await town.find("points", booking_ref(town.community, held.id))
        assert gone is not None
        assert gone.state == "cancelled"


async def test_whoever_presses_what_at_once_it_is_paid_once(town: Town) -> None:
    await shared(town)
    staff = a_person(town.community, "s1", Role.STAFF)
    partner = a_person(town.community, OPTICIAN, Role.PARTNER)
    timer = a_person(town.community, "points", Role.OPERATOR)
    paid = 0
    for day in range(1, 13):
        begin, booker = SOME_DAY + day * DAY, a_person(town.community, "r1")
        town.now = begin - HOUR
        held = (await town.do("points", book_room(booker, a_request(begin)))).bookings[0].present.id
        town.now = begin
        await town.do("points", check_in(partner, held))
        town.now = begin + HOUR
        presses = [check_out(who, held) for who in (partner, staff, booker)]
        presses += [confirm_use(who, held) for who in (booker, staff, booker, staff)]
        presses += [reject_use(staff, held, "没有人来过")] if day % 2 else []
        outcomes = await at_once(town, [*presses, move_on(timer, held)])
        refused = [one for one in outcomes if isinstance(one, Exception)]
        assert all(isinstance(one, BookingStepNotPossible) for one in refused)
        kept = await town.find("points", booking_ref(town.community, held))
        assert kept is not None
        if kept.state == "to_confirm":
            await town.do("points", confirm_use(staff, held))
        paid += kept.state != "rejected"
    assert (await town.account(OPTICIAN)).balance_points == 20 * paid
    assert (await town.account(OPTICIAN)).transfers == paid
