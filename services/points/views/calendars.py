"""Bookings as people's calendars take them (iCalendar, RFC 5545)."""

from collections.abc import Iterable
from datetime import tzinfo

from icalendar import Calendar, Event, vText

from services.points.domain.bookings import Booking

MEDIA_CALENDAR = "text/calendar; charset=utf-8"
PRODUCT = "-//Sandan//rooms//ZH"
BUSY = "已预订"


def calendar_ics(name: str, community: str, bookings: Iterable[tuple[Booking, bool]], zone: tzinfo) -> bytes:
    """Return bookings as a calendar; one that is taken again is the same, and says what has changed.

    Arguments:
        name: of the calendar.
        bookings: each with whether the one who asks may see whose it is and what for.
        zone: in which they are told.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", vText(name))
    for booking, is_seen in bookings:
        calendar.add_component(_event(booking, community, zone, is_seen=is_seen))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(booking: Booking, community: str, zone: tzinfo, *, is_seen: bool) -> Event:
    event = Event()
    event.add("uid", f"{booking.id}@{community}.sandan")
    event.add("dtstamp", booking.changed_at)
    event.add("last-modified", booking.changed_at)
    event.add("sequence", booking.sequence)
    event.add("status", "CANCELLED" if booking.state == "cancelled" else "CONFIRMED")
    event.add("dtstart", booking.begins_at.astimezone(zone))
    event.add("dtend", booking.ends_at.astimezone(zone))
    event.add("location", booking.room_name)
    event.add("summary", f"{booking.room_name}：{booking.purpose}" if is_seen else BUSY)
    if is_seen and booking.because:
        event.add("description", booking.because)
    return event
