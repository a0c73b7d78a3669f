"""Rooms over HTTP: who shares, books, comes, confirms and looks, and what is refused."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from services.chassis.clock import now
from services.contracts.words import Role
from services.points.commands.verifying import verify
from tests.support.client import Answer, Visitor
from tests.support.deployment import jiwang
from tests.support.rooms import HOUR, a_room, booked, hours_from_now
from tests.support.running import Running, eventually
from tests.support.stories import OPTICIAN

WEEKLY = "FREQ=WEEKLY;COUNT=3"


async def one(visitor: Visitor, room: str, hours_ahead: float = 24, **more: Any) -> Any:
    """Return a booking."""
    return (await booked(visitor, room, hours_ahead, **more)).ok()["items"][0]


async def begun(running: Running, booking: str, hours_ago: float) -> None:
    """Let a booking's two hours have begun so long ago; its agenda does not matter any more."""
    begin = hours_from_now(-hours_ago)
    end = begin + 2 * HOUR
    change = {"begins_at": begin, "ends_at": end, "due_at": end, "hours": []}
    bookings = running.stores["points"].plain("bookings")
    assert await bookings.update({"_id": f"jiwang/{booking}"}, {"$set": change}) == 1


async def came(running: Running, booking: str, hours_ago: float) -> None:
    """Let those who are in have come so long ago."""
    bookings = running.stores["points"].plain("bookings")
    change = {"checked_in.at": hours_from_now(-hours_ago)}
    assert await bookings.update({"_id": f"jiwang/{booking}"}, {"$set": change}) == 1


async def earned(running: Running) -> int:
    found = await running.partner(OPTICIAN).get(f"/points/accounts/{OPTICIAN}")
    return int(found.body["balance_points"]) if found.status == 200 else 0


async def told(visitor: Visitor, kind: str, about: str = "") -> str:
    """Return the newest notice of a kind, once it is there."""

    def those(seen: Any) -> list[str]:
        return [one["text"] for one in seen["items"] if one["kind"] == kind and about in one["text"]]

    return those(await visitor.until("/notices?limit=100", those))[0]


class TestRooms:
    async def test_are_shared_changed_and_withdrawn_by_their_partner_or_staff(self, running: Running) -> None:
        partner, staff = running.partner(OPTICIAN), running.staff()
        room = await a_room(running)
        path = f"/points/rooms/{room['id']}"
        assert (room["partner"], room["own_hours"], room["takes_bookings"]) == (OPTICIAN, False, True)
        assert room["hours"][0]["opens"] == "08:30"
        seen = await partner.get(path)
        etag = seen.headers["ETag"]
        hours = [{"days": ["mon"], "opens": "09:00", "closes": "12:00"}]
        body = {"name": "大厅", "seats": 20, "hours": hours, "open_until": "2100-01-01"}
        changed = (await partner.post(f"{path}/change", body, If_Match=etag)).ok()
        assert (changed["name"], changed["seats"], changed["hours"][1:]) == ("大厅", 20, hours)
        (await staff.post(f"{path}/change", body, If_Match=etag)).refused(409, "changed_meanwhile")
        (await running.partner("anxin-housekeeping").post(f"{path}/change", body)).refused(404, "not_found")
        (await staff.post(f"{path}/withdraw", {"reason": "装修"})).ok()
        (await booked(running.resident(), room["id"])).refused(409, "room_withdrawn")
        assert (await running.resident().get(path)).ok()["takes_bookings"] is False
        assert "共享了空间“验光室”" in await told(staff, "room.published.v1")

    async def test_everybody_of_the_community_sees_them(self, running: Running) -> None:
        room = (await a_room(running))["id"]
        for role in set(Role) - {Role.OPERATOR}:
            visitor = running.visitor("somebody", role)
            assert room in [one["id"] for one in (await visitor.get("/points/rooms")).ok()["items"]]
            (await visitor.get(f"/points/rooms/{room}")).ok()
            (await visitor.get(f"/points/rooms/{room}/week")).ok()
        page = (await running.resident().get(f"/points/rooms?limit=1&partner={OPTICIAN}")).ok()
        assert page["items"][0]["id"] == room
        after = (await running.resident().get(f"/points/rooms?limit=1&after={room}")).ok()
        assert after["items"] == [] or after["items"][0]["id"] < room

    async def test_of_another_community_nothing_is_there(self, running: Running) -> None:
        room = (await a_room(running))["id"]
        booking = (await one(running.resident(), room))["id"]
        await running.load(jiwang("fenwan"))
        for role in (Role.RESIDENT, Role.STAFF, Role.PARTNER):
            for community in ("fenwan", "jiwang"):
                stranger = running.visitor("resident-1", role, "fenwan", at=community)
                for path in ("", "/week", "/calendar.ics"):
                    (await stranger.get(f"/points/rooms/{room}{path}")).refused(404, "not_found")
                for path in ("", "/calendar.ics"):
                    (await stranger.get(f"/points/bookings/{booking}{path}")).refused(404, "not_found")
                (await stranger.post(f"/points/bookings/{booking}/check-in", {})).refused(404, "not_found")
                if role is not Role.PARTNER:
                    (await booked(stranger, room)).refused(404, "not_found")
            elsewhere = running.visitor("resident-1", role, "fenwan", at="fenwan")
            assert (await elsewhere.get("/points/rooms")).ok()["items"] == []
            assert (await elsewhere.get("/points/bookings")).ok()["items"] == []

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"partner": "nobody"}, 409, "may_not_share"),
            ({"partner": "jishan-housing-bureau"}, 409, "may_not_share"),
            ({"partner": None}, 404, "not_found"),
            ({"seats": 0}, 422, "invalid_body"),
            ({"seats": "8"}, 422, "invalid_body"),
            ({"name": " "}, 422, "invalid_body"),
            ({"name": "大厅\n二楼"}, 422, "invalid_body"),
            ({"hours": [{"days": ["mon"], "opens": "18:00", "closes": "09:00"}]}, 422, "invalid_body"),
            ({"hours": [{"days": ["funday"], "opens": "09:00", "closes": "18:00"}]}, 422, "invalid_body"),
            ({"open_from": "2026-03-02", "open_until": "2026-03-01"}, 422, "room_dates_wrong"),
            ({"open_until": "9999-12-31"}, 422, "invalid_body"),
            ({"colour": "red"}, 422, "invalid_body"),
        ],
        ids=str,
    )
    async def test_that_cannot_be_are_refused(
        self, running: Running, change: dict[str, Any], status: int, code: str
    ) -> None:
        body = {"partner": OPTICIAN, "name": "验光室", "seats": 8, **change}
        (await running.staff().post("/points/rooms", body)).refused(status, code)

    async def test_only_partners_and_staff_share(self, running: Running) -> None:
        body = {"partner": OPTICIAN, "name": "验光室", "seats": 8}
        for visitor in (running.resident(), running.grid_worker(), running.unit(OPTICIAN)):
            (await visitor.post("/points/rooms", body)).refused(403, "forbidden")
        (await running.partner("anxin-housekeeping").post("/points/rooms", body)).refused(404, "not_found")


class TestBookings:
    async def test_are_there_for_who_booked_the_partner_and_staff_alone(self, running: Running) -> None:
        room = (await a_room(running))["id"]
        resident, partner, staff = running.resident(), running.partner(OPTICIAN), running.staff()
        booking = await one(resident, room, purpose="读书会，电话13812345678")
        assert "13812345678" not in booking["purpose"]
        path = f"/points/bookings/{booking['id']}"
        for visitor in (resident, partner, staff):
            seen = await visitor.get(path)
            assert seen.ok() == booking
            assert seen.headers["ETag"] == '"1"'
            listed = (await visitor.get(f"/points/bookings?room={room}")).ok()["items"]
            assert [one["id"] for one in listed] == [booking["id"]]
        strangers = (running.resident("r2"), running.partner("anxin-housekeeping"), running.grid_worker())
        for visitor in strangers:
            (await visitor.get(path)).refused(404, "not_found")
            (await visitor.get(f"{path}/calendar.ics")).refused(404, "not_found")
            (await visitor.post(f"{path}/cancel", {"reason": "x"})).refused(404, "not_found")
            stale = await visitor.post(f"{path}/cancel", {"reason": "x"}, If_Match='"99"')
            stale.refused(404, "not_found")
            assert (await visitor.get(f"/points/bookings?room={room}")).ok()["items"] == []
        assert "读书会" in await told(partner, "room.booked.v1", "3 人")

    async def test_of_two_hundred_at_once_one_succeeds(self, running: Running) -> None:
        room = (await a_room(running))["id"]
        visitors = [running.resident(f"racer-{n}") for n in range(200)]
        answers = await asyncio.gather(*(booked(visitor, room, 48) for visitor in visitors))
        assert sorted(answer.status for answer in answers) == [201] + [409] * 199
        assert {answer.code for answer in answers if answer.status == 409} == {"slot_taken"}

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"hours": -1}, 422, "booking_ends_first"),
            ({"hours": 25}, 422, "booking_too_long"),
            ({"hours_ahead": -2}, 422, "booking_in_the_past"),
            ({"hours_ahead": 24 * 181}, 422, "booking_too_far_ahead"),
            ({"people": 9}, 409, "too_many_people"),
            ({"people": 0}, 422, "invalid_body"),
            ({"people": 1.5}, 422, "invalid_body"),
            ({"purpose": ""}, 422, "invalid_body"),
            ({"purpose": "x" * 501}, 422, "invalid_body"),
            ({"begins_at": "2030-01-01T09:00:00"}, 422, "invalid_body"),
            ({"begins_at": "0001-01-01T00:00:00+14:00"}, 422, "invalid_body"),
            ({"ends_at": "9999-12-31T23:59:00-12:00"}, 422, "invalid_body"),
            ({"rrule": "FREQ=SECONDLY;COUNT=9"}, 422, "recurrence_invalid"),
            ({"rrule": "FREQ=DAILY;COUNT=9;BYSECOND=0"}, 422, "recurrence_invalid"),
            ({"rrule": "FREQ=DAILY"}, 422, "recurrence_endless"),
            ({"rrule": "FREQ=DAILY;COUNT=61"}, 422, "recurrence_too_long"),
            ({"rrule": "FREQ=WEEKLY;UNTIL=20991231"}, 422, "recurrence_too_long"),
            ({"rrule": "FREQ=DAILY;COUNT=2;BYMONTHDAY=" + "1," * 900}, 422, "recurrence_invalid"),
            ({"rrule": "x" * 2_001}, 422, "invalid_body"),
        ],
        ids=lambda value: str(value)[:40],
    )
    async def test_that_cannot_be_are_refused(
        self, running: Running, change: dict[str, Any], status: int, code: str
    ) -> None:
        room = (await a_room(running))["id"]
        (await booked(running.resident(), room, **change)).refused(status, code)
        assert (await running.staff().get(f"/points/bookings?room={room}")).ok()["items"] == []

    async def test_in_a_series_all_or_none_or_what_is_free(self, running: Running) -> None:
        room = (await a_room(running))["id"]
        begin = hours_from_now(24)
        again: dict[str, Any] = {
            "begins_at": begin.isoformat(),
            "ends_at": (begin + HOUR).isoformat(),
            "rrule": WEEKLY,
        }
        taken = await one(running.resident("r2"), room, 24 * 8)
        refused = (await booked(running.resident(), room, **again)).refused(409, "slot_taken")
        a_week_later = (begin + timedelta(days=7)).isoformat()
        assert [one["begins_at"] for one in refused["taken"]] == [a_week_later]
        made = (await booked(running.resident(), room, **again, skip_taken=True)).ok()
        assert [len(made["items"]), len(made["skipped"])] == [2, 1]
        assert made["skipped"][0]["begins_at"][:19] == a_week_later[:19]
        assert taken["room"] == room
        listed = (await running.resident().get(f"/points/bookings?series={made['series']}")).ok()["items"]
        assert {one["id"] for one in listed} == {one["id"] for one in made["items"]}
        first = made["items"][0]["id"]
        (await running.resident().post(f"/points/bookings/{first}/cancel", {"rest": True})).ok()
        (await booked(running.resident("r3"), room, 24)).ok()

    async def test_the_same_key_books_once(self, running: Running) -> None:
        room = (await a_room(running))["id"]
        begin = hours_from_now(30)
        body = {
            "begins_at": begin.isoformat(),
            "ends_at": (begin + HOUR).isoformat(),
            "people": 1,
            "purpose": "自习",
        }
        path = f"/points/rooms/{room}/bookings"
        key = {"Idempotency_Key": f"book-{room}"}
        first, again = [await running.resident().post(path, body, **key) for _ in range(2)]
        assert first.ok() == again.ok()

    async def test_are_cancelled_with_a_reason_and_the_booker_is_told(self, running: Running) -> None:
        room = (await a_room(running))["id"]
        booker = running.resident("told-of-it")
        booking = await one(booker, room)
        path = f"/points/bookings/{booking['id']}"
        partner = running.partner(OPTICIAN)
        (await partner.post(f"{path}/cancel", {})).refused(422, "reason_missing")
        gone = (await partner.post(f"{path}/cancel", {"reason": "停电"}, If_Match='"1"')).ok()
        assert (gone["state_name"], gone["because"], gone["due_at"]) == ("已取消", "停电", None)
        assert "合伙人取消" in await told(booker, "room.cancelled.v1")
        (await partner.post(f"{path}/cancel", {"reason": "停电"})).refused(409, "booking_step_not_possible")
        await begun(running, (await one(booker, room, 50))["id"], 0.5)


class TestUse:
    async def test_earns_once_when_the_booker_comes_and_goes(self, running: Running) -> None:
        room, booker = (await a_room(running))["id"], running.resident()
        booking = (await one(booker, room))["id"]
        path = f"/points/bookings/{booking}"
        (await booker.post(f"{path}/check-in", {})).refused(409, "check_in_too_early")
        await begun(running, booking, 1.5)
        (await booker.post(f"{path}/cancel", {})).refused(409, "booking_begun")
        before = await earned(running)
        (await booker.post(f"{path}/check-in", {})).ok()
        await came(running, booking, 1.5)
        answers: list[Answer] = await asyncio.gather(
            *(booker.post(f"{path}/check-out", {}) for _ in range(20))
        )
        assert sorted(answer.status for answer in answers) == [200] + [409] * 19
        seen = (await booker.get(path)).ok()
        assert seen["use"] == {"inside_minutes": 90, "outside_minutes": 0, "points": 15}
        assert await earned(running) == before + 15
        (await booker.post(f"{path}/confirm", {})).refused(409, "booking_step_not_possible")
        assert "共享空间“验光室”使用 90 分钟" in await told(running.partner(OPTICIAN), "points.posted.v1")

    async def test_that_the_partner_noted_is_asked_of_the_booker(self, running: Running) -> None:
        room, booker = (await a_room(running))["id"], running.resident("asked")
        partner, staff = running.partner(OPTICIAN), running.staff()
        before, paid = await earned(running), 0
        for number, end in enumerate(("confirm", "dispute", "wait")):
            booking = (await one(booker, room, 24 + 3 * number))["id"]
            path = f"/points/bookings/{booking}"
            await begun(running, booking, 1)
            (await partner.post(f"{path}/check-in", {})).ok()
            await came(running, booking, 1)
            assert (await partner.post(f"{path}/check-out", {})).ok()["state"] == "to_confirm"
            assert await earned(running) == before + paid
            assert "请确认" in await told(booker, "room.to_confirm.v1")
            (await partner.post(f"{path}/confirm", {})).refused(403, "forbidden")
            if end == "confirm":
                (await booker.post(f"{path}/confirm", {})).ok()
                paid += 10
            elif end == "dispute":
                (await booker.post(f"{path}/dispute", {"reason": "我没有去"})).ok()
                assert "我没有去" in await told(staff, "room.disputed.v1")
                (await staff.post(f"{path}/reject", {"reason": "没有人来过"})).ok()
                assert "不计积分" in await told(partner, "room.rejected.v1")
            else:
                bookings = running.stores["points"].plain("bookings")
                passed = {"$set": {"due_at": now() - timedelta(seconds=1)}}
                await bookings.update({"_id": f"jiwang/{booking}"}, passed)
                await booker.until(path, lambda seen: seen["state"] == "used")
                paid += 10
            assert await earned(running) == before + paid

    async def test_ends_by_itself(self, running: Running) -> None:
        room, booker = (await a_room(running))["id"], running.resident()
        missed, left = [(await one(booker, room, ahead))["id"] for ahead in (24, 30)]
        await begun(running, left, 1)
        (await booker.post(f"/points/bookings/{left}/check-in", {})).ok()
        await begun(running, left, 5)
        await begun(running, missed, 5)
        path = "/points/bookings/{}"
        await booker.until(path.format(missed), lambda seen: seen["state"] == "no_show")
        await booker.until(path.format(left), lambda seen: seen["state"] == "to_confirm")
        (await booker.post(f"{path.format(missed)}/check-in", {})).refused(409, "booking_step_not_possible")


class TestLooking:
    async def test_a_week_says_who_and_what_for_to_those_alone_whom_it_concerns(
        self, running: Running
    ) -> None:
        room, booker = (await a_room(running))["id"], running.resident()
        booking = await one(booker, room, 24, purpose="读书会")
        path = f"/points/rooms/{room}/week"
        for visitor, is_seen in (
            (booker, True),
            (running.partner(OPTICIAN), True),
            (running.staff(), True),
            (running.resident("r2"), False),
            (running.grid_worker(), False),
            (running.unit("jishan-housing-bureau"), False),
            (running.partner("anxin-housekeeping"), False),
        ):
            answer = await visitor.get(path)
            days = answer.ok()["days"]
            assert len(days) == 7
            taken = [slot for day in days for slot in day["slots"] if slot["state"] == "booked"]
            assert taken
            assert ("读书会" in answer.raw.decode()) is is_seen
            glimpses = {slot["booking"] and slot["booking"]["booking"] for slot in taken}
            assert glimpses == {booking["id"] if is_seen else None}
            assert {slot["state"] for slot in days[6]["slots"]} == {"free"}
        for bad in ("2026-13-01", "9999-12-31", "0001-01-01", "soon"):
            (await booker.get(f"{path}?from={bad}")).refused(422, "invalid_query")
        (await booker.get(f"{path}?first=2026-01-01")).refused(422, "invalid_query")
        year = (await booker.get(f"{path}?from=2026-12-29")).ok()["days"]
        assert (year[0]["day"], year[-1]["day"], year[3]["holiday"]) == ("2026-12-29", "2027-01-04", True)

    async def test_calendars_take_bookings(self, running: Running) -> None:
        room, booker = (await a_room(running))["id"], running.resident()
        kept, gone = [await one(booker, room, ahead) for ahead in (24, 48)]
        (await booker.post(f"/points/bookings/{gone['id']}/cancel", {})).ok()
        answer = await booker.get(f"/points/bookings/{kept['id']}/calendar.ics")
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        (event,) = Calendar.from_ical(answer.raw).walk("VEVENT")
        assert "读书会" in str(event["SUMMARY"])
        for visitor, words in ((booker, "读书会"), (running.resident("r2"), "已预订")):
            whole = await visitor.get(f"/points/rooms/{room}/calendar.ics")
            assert ("读书会" in whole.raw.decode()) is (words == "读书会")
            events = Calendar.from_ical(whole.raw).walk("VEVENT")
            assert [(str(one["UID"]).split("@")[0], one["STATUS"], one["SEQUENCE"]) for one in events] == [
                (kept["id"], "CONFIRMED", 0),
                (gone["id"], "CANCELLED", 1),
            ]


async def test_a_partner_that_leaves_takes_no_bookings_and_staff_cancel_what_there_is(
    running: Running,
) -> None:
    room, booker, staff = (await a_room(running))["id"], running.resident(), running.staff()
    booking = await one(booker, room)
    file = jiwang()
    without = file.model_copy(update={"partners": file.partners[1:]})
    rules = running.stores["points"].plain("rules")

    async def load(given: Any) -> None:
        before = (await rules.find({"community": "jiwang"}))[0]["_rev"]
        await running.load(given)

        async def is_heard() -> bool:
            return bool((await rules.find({"community": "jiwang"}))[0]["_rev"] > before)

        await eventually(is_heard)

    await load(without)
    try:
        (await booked(booker, room, 30)).refused(409, "may_not_share")
        assert (await booker.get(f"/points/rooms/{room}")).ok()["takes_bookings"] is False
        assert (await booker.get(f"/points/bookings/{booking['id']}")).ok()["state"] == "booked"
        path = f"/points/bookings/{booking['id']}/cancel"
        (await staff.post(path, {"reason": "合伙人已退出"})).ok()
    finally:
        await load(file)


async def test_the_ledger_agrees_with_all_that(running: Running) -> None:
    await running.drained()
    found = await verify(running.stores, "jiwang", now())
    assert list(found.wrong) == []
