"""Bookings that recur: a recurrence rule (RRULE, RFC 5545 §3.3.10), read strictly and bounded everywhere.

A rule is looked at day by day, at most a year of days, so that none takes longer than another: those that
never come true, or come true too often, are refused as fast as the others are followed.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from services.contracts.refusal import Invalid

OCCURRENCES_MAX = 60
DAYS_MAX = 366
"""From the first occurrence to the last."""
RULE_CHARS_MAX = 200
INTERVAL_MAX = 366
_PARTS = frozenset(
    {"FREQ", "COUNT", "UNTIL", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_UNTIL = re.compile(r"([0-9]{8})(T([0-9]{6})(Z?))?")
Frequency = Literal["DAILY", "WEEKLY", "MONTHLY"]
_FREQUENCIES: Mapping[str, Frequency] = {"DAILY": "DAILY", "WEEKLY": "WEEKLY", "MONTHLY": "MONTHLY"}


class InvalidRecurrence(Invalid):
    """It is no rule of RFC 5545, or of a kind by which no room is booked."""

    slug = "recurrence_invalid"
    title = "重复规则不对：只可按天、按周、按月重复"


class EndlessRecurrence(Invalid):
    """A rule says how often, or until when."""

    slug = "recurrence_endless"
    title = "重复规则须写明次数（COUNT）或截止日期（UNTIL）"


class RecurrenceTooLong(Invalid):
    """A rule makes sixty bookings at most, within a year."""

    slug = "recurrence_too_long"
    title = f"重复预订最多 {OCCURRENCES_MAX} 次，且不超过一年"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A recurrence rule.

    Arguments:
        until: the last moment at which one may begin: a day, a moment of local time, or one in UTC.
        by_day: which of a weekday in its month (0: each; -1: the last), and the weekday from 0.
        by_month_day, by_position: counted from the end where they are below zero.
        week_begins: weekday.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | None = None
    by_day: tuple[tuple[int, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()
    week_begins: int = 0

    def days(self, first: datetime) -> tuple[date, ...]:
        """Return the days on which something happens, the first included.

        Arguments:
            first: when it begins first, in local time with its zone.

        Raises:
            InvalidRecurrence: the first is none of them.
            RecurrenceTooLong
        """
        found: list[date] = []
        last = first.date() + timedelta(days=DAYS_MAX)
        after = datetime.combine(last + timedelta(days=1), first.time(), first.tzinfo)
        if self.until is not None and self._is_in_time(after):
            raise RecurrenceTooLong
        for day in self._matching(first.date(), last):
            if not self._is_in_time(datetime.combine(day, first.time(), first.tzinfo)):
                break
            if len(found) >= OCCURRENCES_MAX:
                raise RecurrenceTooLong
            found.append(day)
            if len(found) == self.count:
                break
        if not found or found[0] != first.date():
            raise InvalidRecurrence("第一次的日期须符合重复规则")
        if self.count is not None and len(found) < self.count:
            raise RecurrenceTooLong
        return tuple(found)

    def _is_in_time(self, begin: datetime) -> bool:
        if isinstance(self.until, datetime):
            return begin <= (self.until if self.until.tzinfo else self.until.replace(tzinfo=begin.tzinfo))
        return self.until is None or begin.date() <= self.until

    def _matching(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from the first to the last on which it comes true."""
        if self.frequency == "MONTHLY":
            yield from (day for day in self._monthly(first, last) if first <= day <= last)
            return
        back = (first.weekday() - self.week_begins) % 7
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if self.frequency == "WEEKLY":
                turn, weekdays = (number + back) // 7, self.by_day or ((0, first.weekday()),)
            else:
                turn, weekdays = number, self.by_day
            if turn % self.interval == 0 and self._is_in_month(day) and _is_one_of(day, weekdays):
                yield day

    def _monthly(self, first: date, last: date) -> Iterator[date]:
        year, month = first.year, first.month
        while date(year, month, 1) <= last:
            length = monthrange(year, month)[1]
            days = [date(year, month, number) for number in range(1, length + 1)]
            chosen = [
                day for day in days if self._is_in_month(day, first.day) and _is_one_of(day, self.by_day)
            ]
            for place in self._positions(len(chosen)):
                yield chosen[place]
            years, month = divmod(month - 1 + self.interval, 12)
            year, month = year + years, month + 1

    def _positions(self, count: int) -> list[int]:
        if not self.by_position:
            return list(range(count))
        places = {place - 1 if place > 0 else count + place for place in self.by_position}
        return sorted(place for place in places if 0 <= place < count)

    def _is_in_month(self, day: date, otherwise: int | None = None) -> bool:
        """Whether the rule's months, and days of months, have a day in them.

        Arguments:
            otherwise: the day of the month where the rule names neither that nor a weekday.
        """
        if self.by_month and day.month not in self.by_month:
            return False
        wanted = self.by_month_day
        if not wanted and not self.by_day and otherwise is not None:
            wanted = (otherwise,)
        from_end = day.day - monthrange(day.year, day.month)[1] - 1
        return not wanted or day.day in wanted or from_end in wanted


def read_recurrence(text: str) -> Recurrence:
    """Return the rule that a text says, with or without `RRULE:` before it.

    Raises:
        InvalidRecurrence, EndlessRecurrence, RecurrenceTooLong
    """
    if len(text) > RULE_CHARS_MAX:
        raise InvalidRecurrence
    parts = _parts_of(text.strip().upper().removeprefix("RRULE:"))
    frequency = _FREQUENCIES.get(parts.get("FREQ", ""))
    if frequency is None:
        raise InvalidRecurrence(part="FREQ")
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise EndlessRecurrence if "COUNT" not in parts else InvalidRecurrence("次数和截止日期只写一个")
    count = _numbers(parts, "COUNT", 1, 10**9)
    if count and count[0] > OCCURRENCES_MAX:
        raise RecurrenceTooLong
    week = parts.get("WKST", "MO")
    if week not in _DAYS:
        raise InvalidRecurrence(part="WKST")
    rule = Recurrence(
        frequency,
        _one(_numbers(parts, "INTERVAL", 1, INTERVAL_MAX), "INTERVAL") or 1,
        _one(count, "COUNT"),
        _until(parts),
        _by_day(parts),
        _numbers(parts, "BYMONTHDAY", -31, 31),
        _numbers(parts, "BYMONTH", 1, 12),
        _numbers(parts, "BYSETPOS", -31, 31),
        _DAYS.index(week),
    )
    _fits_together(rule)
    return rule


def _fits_together(rule: Recurrence) -> None:
    """Raise where parts may not stand beside each other (RFC 5545, the table in §3.3.10)."""
    if rule.frequency != "MONTHLY" and (rule.by_position or any(which for which, _ in rule.by_day)):
        raise InvalidRecurrence(part="BYSETPOS" if rule.by_position else "BYDAY")
    if rule.frequency == "WEEKLY" and rule.by_month_day:
        raise InvalidRecurrence(part="BYMONTHDAY")
    if rule.by_position and not (rule.by_day or rule.by_month_day):
        raise InvalidRecurrence(part="BYSETPOS")


def _parts_of(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if name not in _PARTS or name in parts or not equals or not value:
            raise InvalidRecurrence(part=name[:20])
        parts[name] = value
    return parts


def _numbers(parts: Mapping[str, str], name: str, least: int, most: int) -> tuple[int, ...]:
    if name not in parts:
        return ()
    words = parts[name].split(",")
    if not all(map(_NUMBER.fullmatch, words)):
        raise InvalidRecurrence(part=name)
    found = tuple(dict.fromkeys(map(int, words)))
    if 0 in found or not all(least <= number <= most for number in found):
        raise InvalidRecurrence(part=name)
    return found


def _one(numbers: tuple[int, ...], name: str) -> int | None:
    if len(numbers) > 1:
        raise InvalidRecurrence(part=name)
    return numbers[0] if numbers else None


def _by_day(parts: Mapping[str, str]) -> tuple[tuple[int, int], ...]:
    if "BYDAY" not in parts:
        return ()
    found = [_BY_DAY.fullmatch(word) for word in parts["BYDAY"].split(",")]
    days = tuple((int(one[1] or 0), _DAYS.index(one[2])) for one in found if one is not None)
    if len(days) < len(found):
        raise InvalidRecurrence(part="BYDAY")
    return tuple(dict.fromkeys(days))


def _until(parts: Mapping[str, str]) -> date | None:
    if "UNTIL" not in parts:
        return None
    found = _UNTIL.fullmatch(parts["UNTIL"])
    try:
        if found is None:
            raise InvalidRecurrence(part="UNTIL")
        if not found[2]:
            return date.fromisoformat(found[1])
        moment = datetime.fromisoformat(f"{found[1]}T{found[3]}")
    except ValueError as error:
        raise InvalidRecurrence(part="UNTIL") from error
    return moment.replace(tzinfo=UTC) if found[4] else moment


def _is_one_of(day: date, weekdays: tuple[tuple[int, int], ...]) -> bool:
    if not weekdays:
        return True
    length = monthrange(day.year, day.month)[1]
    places = (0, (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1))
    return any(weekday == day.weekday() and which in places for which, weekday in weekdays)


def occurrences(
    rule: Recurrence | None, begins_at: datetime, ends_at: datetime, zone: tzinfo
) -> tuple[tuple[datetime, datetime], ...]:
    """Return when it begins and ends each time, in UTC: at the same time of day, for as long.

    Arguments:
        rule: None: once.
        begins_at, ends_at: the first time.

    Raises:
        InvalidRecurrence, RecurrenceTooLong
    """
    if rule is None:
        return ((begins_at, ends_at),)
    first, length = begins_at.astimezone(zone), ends_at - begins_at
    begins = (datetime.combine(day, first.time(), zone).astimezone(UTC) for day in rule.days(first))
    return tuple((begin, begin + length) for begin in begins)
