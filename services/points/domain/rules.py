"""Earning rules (积分规则): what a service earns, by versions that each begin on a day; the term of points.

A rule is data. Which one counts for a service is decided by when the service took place, so what a partner
has earned under a rule of before stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Literal

from services.contracts.refusal import Conflict, Invalid, NotFound
from services.contracts.values import replace

Per = Literal["service", "session", "person", "hour"]
PER_NAMES = {"service": "次", "session": "场", "person": "人次", "hour": "小时"}
ROOM = "@room"
"""The category of the use of a room, which every rule has a rate for."""
EVERY_OTHER = ""
"""The category of a rate that counts for every kind of service that no other rate names."""
RULES_MAX = 200
"""Versions that a community can have; a file that is loaded is never refused for them."""
BY_FILE = "community_file"


class RuleNotAhead(Invalid):
    """A rule counts from a day that has not begun: nothing that was done is reckoned anew."""

    slug = "rule_not_ahead"
    title = "规则须从明天或以后的日期起生效"


class RuleOver(Invalid):
    """A rule ends after it begins."""

    slug = "rule_over"
    title = "规则的截止日期须在生效日期之后"


class RuleDayTaken(Conflict):
    """Two rules cannot begin on one day: it would not be clear which of them counts."""

    slug = "rule_day_taken"
    title = "这一天已有另一条规则生效"


class RuleInForce(Conflict):
    """A rule that has begun is a record; another one from a later day takes its place."""

    slug = "rule_in_force"
    title = "规则已经生效，不能撤回；请另立新规则"


class TooManyRules(Conflict):
    """A community keeps all versions of its rule, and not without end."""

    slug = "too_many_rules"
    title = "规则版本过多"


@dataclass(frozen=True, slots=True)
class Rate:
    """Points for a kind of service: per service, session, person served, or hour."""

    category: str
    points: int
    per: Per = "service"


@dataclass(frozen=True, slots=True)
class Service:
    """What a partner did.

    Arguments:
        inside_minutes, outside_minutes: of the time it took, in business hours and outside; both 0: nobody
            said how long it took.
        persons, sessions: 0: not said, which counts as one.
        name: of the room that was used.
    """

    category: str
    inside_minutes: int = 0
    outside_minutes: int = 0
    persons: int = 0
    sessions: int = 0
    name: str = ""

    @property
    def minutes(self) -> int:
        """Return how long it took; 0: nobody said."""
        return self.inside_minutes + self.outside_minutes


@dataclass(frozen=True, slots=True)
class Earning:
    """How many points, and why, as the partner reads it."""

    amount_points: int
    because: str


@dataclass(frozen=True, slots=True)
class EarningRule:
    """One version of a community's rule.

    Arguments:
        version: counts from one; none is ever given twice.
        starts_at, ends_at: when it counts; without an end until another one begins.
        rates: by category, `EVERY_OTHER` among them.
        off_hours_factor: by which minutes outside the partner's business hours count.
        per_cause_max, per_day_max: points that one service and that a partner's day earn at most.
        room_points_per_hour: for a room that was used, inside business hours.
        pays_unrated: what was found done and is never rated earns, too, once the term for rating has passed.
        expire_after_months: how long points are good for; None: for ever.
        decided_by: who decided it: `BY_FILE`, or a person of the staff.
        withdrawn_at: it was taken back before it began, and never counted.
    """

    version: int
    starts_at: datetime
    ends_at: datetime | None
    rates: tuple[Rate, ...]
    off_hours_factor: int
    per_cause_max: int
    per_day_max: int
    room_points_per_hour: int
    pays_unrated: bool
    expire_after_months: int | None
    because: str
    decided_by: str
    decided_at: datetime
    withdrawn_at: datetime | None = None

    def rate_of(self, category: str) -> Rate:
        """Return what counts for a kind of service."""
        if category == ROOM:
            return Rate(ROOM, self.room_points_per_hour, "hour")
        by_category = {rate.category: rate for rate in self.rates}
        return by_category.get(category) or by_category.get(EVERY_OTHER) or Rate(EVERY_OTHER, 0)

    def earned(self, service: Service, earned_that_day: int = 0) -> Earning:
        """Return what a service earns: rate by quantity, minutes outside business hours by the factor.

        Reckoned in whole numbers and rounded down once, at the end.

        Arguments:
            earned_that_day: what its partner has earned by other services of the day.
        """
        rate = self.rate_of(service.category)
        if service.category == ROOM and not service.minutes:
            return Earning(0, "")
        many, of = _quantity(rate.per, service)
        minutes = service.minutes or 1
        weighed = service.inside_minutes + service.outside_minutes * self.off_hours_factor
        whole = rate.points * many * (weighed or 1) // (of * minutes)
        amount = min(whole, self.per_cause_max, max(0, self.per_day_max - earned_that_day))
        return Earning(amount, self._because(service, rate, whole, amount))

    def _because(self, service: Service, rate: Rate, whole: int, amount: int) -> str:
        words = [f"完成“{service.category}”服务"]
        if service.category == ROOM:
            words = [f"共享空间“{service.name}”使用 {service.minutes} 分钟"]
        elif rate.per == "person":
            words.append(f"{service.persons or 1} 人次")
        elif rate.per == "session":
            words.append(f"{service.sessions or 1} 场")
        elif rate.per == "hour":
            words.append(f"{service.minutes or 60} 分钟")
        if service.outside_minutes and self.off_hours_factor > 1:
            words.append(f"营业时间以外 {service.outside_minutes} 分钟按 {self.off_hours_factor} 倍")
        if amount < whole:
            words.append(f"应得 {whole} 分，按上限计 {amount} 分")
        return "，".join(words)

    @property
    def digest(self) -> str:
        """Return the hash of all that it says."""
        term = "" if self.expire_after_months is None else str(self.expire_after_months)
        parts = (
            str(self.version),
            _moment(self.starts_at),
            _moment(self.ends_at),
            ";".join(f"{rate.category}|{rate.points}|{rate.per}" for rate in self.rates),
            str(self.off_hours_factor),
            str(self.per_cause_max),
            str(self.per_day_max),
            str(self.room_points_per_hour),
            str(self.pays_unrated),
            term,
            self.because,
            self.decided_by,
            _moment(self.decided_at),
        )
        return sha256("\0".join(parts).encode()).hexdigest()


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at else ""


def _quantity(per: Per, service: Service) -> tuple[int, int]:
    """Return how many of a rate's units a service was, as a fraction: hours have sixty parts."""
    if per == "person":
        return service.persons or 1, 1
    if per == "session":
        return service.sessions or 1, 1
    return (service.minutes or 60, 60) if per == "hour" else (1, 1)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All versions of a community's rule, in the order in which they were decided.

    Arguments:
        numbered: the last version that was given.
    """

    rules: tuple[EarningRule, ...] = ()
    numbered: int = 0

    def at(self, moment: datetime) -> EarningRule | None:
        """Return the rule that counts at a moment: the last to begin before it, and not ended.

        What was done before the first of all counts by the first.
        """
        begun = [rule for rule in self.standing if rule.starts_at <= moment]
        running = [rule for rule in begun if rule.ends_at is None or moment < rule.ends_at]
        if running:
            return max(running, key=lambda rule: (rule.starts_at, rule.version))
        return self.rules[0] if self.rules and not begun else None

    @property
    def standing(self) -> list[EarningRule]:
        """Return the versions that were not withdrawn."""
        return [rule for rule in self.rules if rule.withdrawn_at is None]

    def version(self, number: int) -> EarningRule | None:
        """Return a version."""
        return next((rule for rule in self.rules if rule.version == number), None)

    def with_file(self, rule: EarningRule) -> "RuleBook":
        """Return the book with the rule of a community's file, which counts from when it is loaded."""
        return self._with(rule)

    def with_decided(self, rule: EarningRule, tomorrow: datetime) -> "RuleBook":
        """Return the book with a rule that the community has decided.

        Arguments:
            rule: its version does not matter.
            tomorrow: when the next day begins.

        Raises:
            RuleNotAhead, RuleOver, RuleDayTaken, TooManyRules
        """
        if rule.starts_at < tomorrow:
            raise RuleNotAhead(first=tomorrow.isoformat())
        if rule.ends_at is not None and rule.ends_at <= rule.starts_at:
            raise RuleOver(starts_at=rule.starts_at.isoformat(), ends_at=rule.ends_at.isoformat())
        same = next((one for one in self.standing if one.starts_at == rule.starts_at), None)
        if same is not None:
            raise RuleDayTaken(version=same.version)
        if len(self.rules) >= RULES_MAX:
            raise TooManyRules(most=RULES_MAX)
        return self._with(rule)

    def without(self, number: int, at: datetime) -> "RuleBook":
        """Return the book with a rule withdrawn that has not begun; it stays on record.

        Raises:
            NotFound, RuleInForce
        """
        rule = self.version(number)
        if rule is None or rule.withdrawn_at is not None:
            raise NotFound
        if rule.starts_at <= at:
            raise RuleInForce(starts_at=rule.starts_at.isoformat())
        gone = replace(rule, withdrawn_at=at)
        return replace(self, rules=tuple(gone if one.version == number else one for one in self.rules))

    def _with(self, rule: EarningRule) -> "RuleBook":
        number = self.numbered + 1
        return RuleBook((*self.rules, replace(rule, version=number)), number)


def last_of(rules: Sequence[EarningRule], decided_by: str) -> EarningRule | None:
    """Return the last rule that somebody decided."""
    return next((rule for rule in reversed(rules) if rule.decided_by == decided_by), None)


def tomorrow_of(at: datetime, zone: tzinfo) -> datetime:
    """Return when the day after a moment begins, as people of a zone count days."""
    local = at.astimezone(zone) + timedelta(days=1)
    return datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC)


def expiry(earned_at: datetime, months: int | None, zone: tzinfo) -> datetime | None:
    """Return when points expire: with the end of the month in which their term is over; None: never.

    Points of a month expire together, so that a passbook has no more lots than its term has months.

    Arguments:
        months: how long points are good for.
        zone: the community's, in which months end.
    """
    if months is None:
        return None
    local = earned_at.astimezone(zone)
    years, month = divmod(local.month + months, 12)
    return datetime(local.year + years, month + 1, 1, tzinfo=zone).astimezone(UTC)
