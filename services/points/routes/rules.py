"""The doors of the rule: its versions, another one from a day to come, and what it would have paid."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from services.chassis.clock import now
from services.chassis.documents import Versioned
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, post, show
from services.chassis.mongo import Store
from services.chassis.work import UnitOfWork, Work
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.points.domain.accounts import BUDGET, Account
from services.points.domain.rules import (
    EarningRule,
    Rate,
    RuleBook,
    RuleDayTaken,
    RuleInForce,
    RuleNotAhead,
    RuleOver,
    TooManyRules,
)
from services.points.domain.tryouts import Tryout
from services.points.handlers.rules import (
    NOT_DECIDED_YET,
    Rules,
    decide_rule,
    file_of,
    first_book,
    withdraw_rule,
)
from services.points.routes.rule_bodies import DecideRule, RuleBody, TryRule
from services.points.store.accounts import account_ref
from services.points.store.rules import rule_book_ref, rule_ref
from services.points.store.services import SERVICES
from services.points.views.rules import RuleList, TryoutView, rule_list, tryout_view

LOOKED_AT = 20_000
"""Services that a rule is tried out on at most: a county's in some years."""
PORTION = 1_000


@dataclass(frozen=True, slots=True)
class RuleRoutes:
    """The routes of rules over points' store.

    Arguments:
        clock: what time it is.
    """

    store: Store
    clock: Callable[[], datetime] = now

    async def list_rules(self, request: ApiRequest[None]) -> Reply:
        rules, revision = await self._rules(request.community)
        return show(rule_list(rules.book, revision, self.clock()), revision=revision)

    async def try_out(self, request: ApiRequest[TryRule]) -> Reply:
        rules, _ = await self._rules(request.community)
        body = request.body
        begins, ends = (_midnight(rules, day) for day in (body.from_on, body.until_on))
        tried = Tryout(_rule(body, begins, None, ""))
        complete = await self._read(request.community, begins, ends, tried)
        names = {partner.id: partner.name for partner in rules.file.partners}
        budget = (await self.store.find(account_ref(request.community, BUDGET))).value or Account(BUDGET)
        return show(tryout_view(tried, names, budget.balance_points, complete=complete))

    async def _read(self, community: str, begins: datetime, ends: datetime, tried: Tryout) -> bool:
        """Reckon the services of a period, portion by portion; return whether these were all."""
        rows, last, read = self.store.plain(SERVICES.name), begins, 0
        seen: set[str] = set()
        while read < LOOKED_AT:
            query = {"community": community, "served_at": {"$gte": last, "$lt": ends}}
            found = await rows.find(query, sort=("served_at", "_id"), limit=PORTION + len(seen))
            fresh = [row for row in found if row["_id"] not in seen]
            if not fresh:
                return True
            for row in fresh:
                tried.add(SERVICES.decode(row))
            last = fresh[-1]["served_at"]
            seen = {row["_id"] for row in found if row["served_at"] == last}
            read += len(fresh)
        return False

    async def _rules(self, community: str) -> tuple[Rules, int]:
        record, book = rule_ref(community), rule_book_ref(community)
        loaded = await self.store.load([record, book])
        kept = loaded[record].value
        if kept is None:
            raise NotFound
        return Rules(file_of(kept.text), loaded[book].value or first_book(kept)), loaded[book].revision

    def decide(self, request: ApiRequest[DecideRule]) -> Work[Reply]:
        body = request.body

        def made(rules: Rules) -> EarningRule:
            ends = _midnight(rules, body.ends_on) if body.ends_on else None
            return _rule(body, _midnight(rules, body.starts_on), ends, body.because)

        return self._step(request, decide_rule(request.origin(), made))

    def withdraw(self, request: ApiRequest[None]) -> Work[Reply]:
        number = request.path["version"]
        if not (number.isascii() and number.isdecimal()) or len(number) > 9:
            raise NotFound
        return self._step(request, withdraw_rule(request.origin(), int(number)))

    def _step(
        self, request: ApiRequest[DecideRule] | ApiRequest[None], work: Work[Versioned[RuleBook]]
    ) -> Work[Reply]:
        ref = rule_book_ref(request.community)
        seen = work.only_if(lambda uow: uow.expect(ref, request.if_match), ref)
        return seen.then(self._shown)

    def _shown(self, kept: Versioned[RuleBook], uow: UnitOfWork) -> Reply:
        return show(rule_list(kept.present, kept.revision, uow.at), revision=kept.revision)

    def table(self) -> tuple[Route, ...]:
        """Return every route of rules."""
        refuses = (RuleNotAhead, RuleOver, RuleDayTaken, TooManyRules)
        return (
            Route(
                "GET",
                "/points/rules",
                HOLDERS,
                self.list_rules,
                "List the versions of the rule (积分规则)",
                RuleList,
            ),
            post(
                "/points/rules",
                STAFF,
                self.decide,
                "Let a rule count from a day to come",
                takes=DecideRule,
                answers=RuleList,
                refuses=refuses,
            ),
            Route(
                "POST",
                "/points/rules/try",
                STAFF,
                self.try_out,
                "See what a rule would have paid; nothing is changed",
                TryoutView,
                body=TryRule,
                only_looks=True,
            ),
            Route(
                "POST",
                "/points/rules/{version}/withdraw",
                STAFF,
                self.withdraw,
                "Take a rule back that has not begun",
                RuleList,
                refusals=(RuleInForce,),
            ),
        )


def _midnight(rules: Rules, day: date) -> datetime:
    """Return when a day of the community begins."""
    return datetime.combine(day, time(), rules.zone).astimezone(UTC)


def _rule(body: RuleBody, starts_at: datetime, ends_at: datetime | None, because: str) -> EarningRule:
    rates = tuple(Rate(category, points, per) for category, points, per in body.all_rates)
    return EarningRule(
        NOT_DECIDED_YET,
        starts_at,
        ends_at,
        rates,
        body.off_hours_factor,
        body.per_cause_max,
        body.per_day_max,
        body.room_points_per_hour,
        body.pays_unrated,
        body.expire_after_months,
        because,
        "",
        starts_at,
    )
