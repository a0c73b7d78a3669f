"""A community's file is kept, and the versions of its rule: of its files, and those that staff decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from services.chassis.documents import Ref, Versioned
from services.chassis.failures import NotYet
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.contracts.community_file import CommunityFile, Deadlines, Partner, PointsRule
from services.contracts.points import PointsRuleDecided, PointsRuleWithdrawn
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.language.masks import masked
from services.points.domain.accounts import EQUITY
from services.points.domain.room_time import Premises
from services.points.domain.rules import (
    BY_FILE,
    EVERY_OTHER,
    EarningRule,
    Rate,
    RuleBook,
    last_of,
    tomorrow_of,
)
from services.points.handlers.funding import fund_to, open_books, opening_ref
from services.points.handlers.ledger import account_refs
from services.points.store.rules import RuleOnRecord, rule_book_ref, rule_ref
from services.worktime.hours import Opening
from services.worktime.state_calendar import is_state_holiday

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_DECIDED_YET = 0
"""The version of a rule that is not in the book."""


def keep_rule(origin: Origin, loaded: CommunityLoaded) -> Work[None]:
    """Keep a community's file and its rule, and fund its budget as far as it is approved."""
    record, rule = rule_ref(origin.community), loaded.file.points
    approved = rule.budget_points if rule else 0
    because = f"{rule.approved_by} {rule.approved_on} 核定" if rule else "社区文件不再有积分规则"

    def decide(uow: UnitOfWork) -> None:
        before = uow.find(record)
        funded = fund_to(uow, approved, funded_before(uow, before), because)
        same = before is not None and file_of(before.text).points == rule
        since = before.since if before is not None and same else uow.at
        _keep_version(uow, Rules(loaded.file, book_of(uow)), file_rule(rule, uow.at))
        uow.put(record, RuleOnRecord(loaded.file.model_dump_json(), funded, since))

    reads: tuple[Ref[Any], ...] = (
        *rule_refs(origin.community),
        opening_ref(origin.community),
        *account_refs(origin.community, EQUITY),
    )
    return Work(origin, reads, decide)


def _keep_version(uow: UnitOfWork, rules: "Rules", rule: EarningRule) -> None:
    """Put the book with the rule of a file, as another version if it says something else than the last."""
    book = rules.book
    last = last_of(book.rules, BY_FILE)
    if last is not None and _says(last) == _says(rule):
        if uow.find(rule_book_ref(uow.origin.community)) is None:
            _put(uow, rules, book)  # an earlier release kept its file alone
        return
    _put(uow, rules, book.with_file(rule))


def _says(rule: EarningRule) -> EarningRule:
    return replace(rule, version=NOT_DECIDED_YET, starts_at=_EPOCH, decided_at=_EPOCH)


def file_rule(rule: PointsRule | None, at: datetime) -> EarningRule:
    """Return the rule of a community's file, which counts once it is loaded; without one nothing earns."""
    rates = [Rate(EVERY_OTHER, rule.default_points if rule else 0)]
    if rule is not None:
        rates += [Rate(name, points) for name, points in rule.points_by_category.items()]
    return EarningRule(
        NOT_DECIDED_YET,
        at,
        None,
        tuple(rates),
        rule.off_hours_factor if rule else 1,
        rule.per_cause_max if rule else 0,
        rule.per_day_max if rule else 0,
        rule.room_points_per_hour if rule else 0,
        bool(rule and rule.pays_unrated),
        rule.expire_after_months if rule else None,
        f"{rule.approved_by} {rule.approved_on} 核定" if rule else "社区文件没有积分规则",
        BY_FILE,
        at,
    )


def rule_refs(community: str) -> tuple[Ref[Any], ...]:
    """Return where a community's file and its rules are kept."""
    return rule_ref(community), rule_book_ref(community)


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a community's partners earn.

    Arguments:
        file: the community, as it was loaded last.
        book: the versions of its rule.
    """

    file: CommunityFile
    book: RuleBook

    @property
    def zone(self) -> tzinfo:
        """Return the community's time zone."""
        return ZoneInfo(self.file.community.timezone)

    def day_of(self, at: datetime) -> date:
        """Return the day of a moment, as people of the community call it."""
        return at.astimezone(self.zone).date()

    def partner(self, name: str) -> Partner | None:
        """Return a partner of the community; None: it has left, or never was one."""
        return next((one for one in self.file.partners if one.id == name), None)

    def hours_of(self, name: str) -> Sequence[Opening]:
        """Return a partner's business hours; without any it is always in business."""
        partner = self.partner(name)
        hours = partner.hours if partner else ()
        return tuple(Opening(one.days, one.opens, one.closes) for one in hours)

    def premises(self, hours: Sequence[Opening]) -> Premises:
        """Return when a place with such hours is in business: not on holidays of the state or community."""
        return Premises(hours, self.zone, _holidays_of(self.file.deadlines))

    def term_at(self, at: datetime) -> int | None:
        """Return for how many months points are good that are earned at a moment; None: for ever."""
        rule = self.book.at(at)
        return rule.expire_after_months if rule else None


def rules_of(uow: UnitOfWork) -> Rules:
    """Return by what partners earn; the unit of work has read `rule_refs`.

    Raises:
        NotYet: no file of the community has been loaded.
    """
    kept = uow.find(rule_ref(uow.origin.community))
    if kept is None:
        raise NotYet(f"no file of community {uow.origin.community} has been loaded")
    return Rules(file_of(kept.text), book_of(uow))


def book_of(uow: UnitOfWork) -> RuleBook:
    """Return the versions of a community's rule; a file that an earlier release kept alone is the first."""
    book = uow.find(rule_book_ref(uow.origin.community))
    return book or first_book(uow.find(rule_ref(uow.origin.community)))


def first_book(record: RuleOnRecord | None) -> RuleBook:
    """Return the book that a file of an earlier release stands for."""
    if record is None:
        return RuleBook()
    return _book_of_text(record.text, record.since)


@lru_cache(maxsize=16)
def _book_of_text(text: str, since: datetime | None) -> RuleBook:
    rule = file_of(text).points
    if rule is None:
        return RuleBook()
    begins = since or datetime.combine(rule.approved_on, time(), UTC)
    return RuleBook().with_file(file_rule(rule, begins))


def decide_rule(origin: Origin, made: Callable[[Rules], EarningRule]) -> Work[Versioned[RuleBook]]:
    """Let a rule count from a day to come.

    Arguments:
        made: the rule, in the community's days; its version and who decided it do not matter.

    The work raises RuleNotAhead, RuleOver, RuleDayTaken, TooManyRules; NotFound without such a community.
    """
    ref = rule_book_ref(origin.community)

    def decide(uow: UnitOfWork) -> Versioned[RuleBook]:
        uow.get(rule_ref(origin.community), NotFound())
        rules = rules_of(uow)
        rule = made(rules)
        decided = replace(
            rule, because=masked(rule.because), decided_by=origin.actor.subject, decided_at=uow.at
        )
        _put(uow, rules, rules.book.with_decided(decided, tomorrow_of(uow.at, rules.zone)))
        return uow.versioned(ref)

    return Work(origin, rule_refs(origin.community), decide)


def withdraw_rule(origin: Origin, version: int) -> Work[Versioned[RuleBook]]:
    """Take a rule back that has not begun.

    The work raises NotFound, RuleInForce.
    """
    ref = rule_book_ref(origin.community)

    def decide(uow: UnitOfWork) -> Versioned[RuleBook]:
        after = book_of(uow).without(version, uow.at)
        uow.put(ref, after)
        gone = next(rule for rule in after.rules if rule.version == version)
        starts_on = gone.starts_at.astimezone(rules_of(uow).zone).date()
        uow.announce(ref, PointsRuleWithdrawn(version=version, starts_on=starts_on, seal=gone.digest))
        return uow.versioned(ref)

    return Work(origin, rule_refs(origin.community), decide)


def _put(uow: UnitOfWork, rules: Rules, book: RuleBook) -> None:
    """Keep the versions of a rule, and tell staff of those that are new, of an old file the first, too."""
    ref = rule_book_ref(uow.origin.community)
    before = uow.find(ref) or RuleBook()
    uow.put(ref, book)
    for rule in book.rules:
        if before.version(rule.version) is None:
            fact = PointsRuleDecided(
                version=rule.version,
                starts_on=rules.day_of(rule.starts_at),
                because=rule.because,
                seal=rule.digest,
            )
            uow.announce(ref, fact)


def funded_before(uow: UnitOfWork, before: RuleOnRecord | None) -> int:
    """Return what files have approved so far; the unit of work has read the opening of the books.

    An earlier release kept no note of it: it is what stood on the issuing account when the books were opened
    or, where another approval opened them, what its file said.
    """
    open_books(uow)
    if before is None:
        return 0
    if before.funded_points is not None:
        return before.funded_points
    opened = uow.find(opening_ref(uow.origin.community))
    rule = file_of(before.text).points
    return opened.amount_points if opened else rule.budget_points if rule else 0


file_of = lru_cache(maxsize=16)(read_file_on_record)
"""The files of communities whose partners were at work lately; reading one takes longer than awarding."""


@lru_cache(maxsize=64)
def _holidays_of(deadlines: Deadlines) -> Callable[[date], bool]:
    free, worked = frozenset(deadlines.holidays), frozenset(deadlines.workdays)

    def is_holiday(day: date) -> bool:
        return day in free or (day not in worked and is_state_holiday(day))

    return is_holiday
