"""The doors of series: a community's ledger from day to day, and what an account held."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.chassis.clock import now
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.points.domain.transfers import Transfer
from services.points.handlers.rules import Rules, file_of, first_book
from services.points.routes import access
from services.points.routes.bodies import Day
from services.points.store.accounts import TRANSFERS, account_ref, lines_of
from services.points.store.days import DAYS, day_ref
from services.points.store.rules import rule_ref
from services.points.views.series import VELOCITY_DAYS, BalanceList, BalanceView, DayList, day_list

LINES_MAX, PORTION = 5_000, 1_000
DAYS_MAX = 400


class SpanQuery(BaseModel):
    """Which days; the last 90 unless asked otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_on: Day | None = Field(default=None, description="the first day")
    until_on: Day | None = Field(default=None, description="the first day that is not shown")

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.from_on and self.until_on and not 0 < (self.until_on - self.from_on).days <= DAYS_MAX:
            raise ValueError("until_on: after from_on, and at most 400 days later")
        return self

    def days(self, today: date) -> tuple[date, date]:
        """Return the first day, and the first that is not shown."""
        until = self.until_on or (self.from_on + timedelta(days=90) if self.from_on else today + _ONE)
        return self.from_on or until - timedelta(days=90), until


_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SeriesRoutes:
    """The routes of series over points' store.

    Arguments:
        clock: what time it is.
    """

    store: Store
    clock: Callable[[], datetime] = now

    async def list_days(self, request: ApiRequest[None]) -> Reply:
        rules = await self._rules(request.community)
        first, until = request.query.days(rules.day_of(self.clock()))
        since = first - timedelta(days=VELOCITY_DAYS + 1)
        rows = self.store.plain(DAYS.name)
        span = {"$gte": day_ref(request.community, str(since)).key}
        span["$lt"] = day_ref(request.community, str(until)).key
        found = await rows.find({"_id": span}, sort="_id")
        earlier = {"$gte": f"{request.community}/", "$lt": span["$gte"]}
        before = await rows.find({"_id": earlier}, sort="-_id", limit=1)
        kept = [DAYS.decode(row) for row in (*before, *found)]
        return show(day_list(kept, first, until))

    async def list_balances(self, request: ApiRequest[None]) -> Reply:
        name = request.path["account"]
        kept = await self.store.find(account_ref(request.community, name))
        if kept.value is None or not access.is_for(request, name):
            raise NotFound
        rules = await self._rules(request.community)
        first, until = request.query.days(rules.day_of(self.clock()))
        lines, complete = await self._lines(request.community, name, rules, first)
        days: dict[date, list[Transfer]] = {}
        for line in lines:
            day = rules.day_of(line.at)
            if day < until:
                days.setdefault(day, []).append(line)
        items = [_balance(name, day, of_day) for day, of_day in sorted(days.items())]
        return show(BalanceList(items=items, complete=complete))

    async def _lines(
        self, community: str, name: str, rules: Rules, first: date
    ) -> tuple[list[Transfer], bool]:
        """Return the lines of an account since a day, the newest first, and whether these are all."""
        found: list[Transfer] = []
        before: int | None = None
        while len(found) < LINES_MAX:
            where = dict(lines_of(community, name, before=before))
            rows = await self.store.plain(TRANSFERS.name).find(where, sort="-number", limit=PORTION)
            lines = [TRANSFERS.decode(row) for row in rows]
            found += [line for line in lines if line.posted and rules.day_of(line.at) >= first]
            if len(lines) < PORTION or rules.day_of(lines[-1].at) < first:
                return found, True
            before = lines[-1].number
        return found, False

    async def _rules(self, community: str) -> Rules:
        kept = (await self.store.find(rule_ref(community))).value
        if kept is None:
            raise NotFound
        return Rules(file_of(kept.text), first_book(kept))

    def table(self) -> tuple[Route, ...]:
        """Return every route of series."""
        return (
            Route(
                "GET",
                "/points/series",
                STAFF,
                self.list_days,
                "Show how the ledger stood from day to day",
                DayList,
                query=SpanQuery,
            ),
            Route(
                "GET",
                "/points/accounts/{account}/series",
                HOLDERS,
                self.list_balances,
                "Show what an account held from day to day",
                BalanceList,
                query=SpanQuery,
            ),
        )


def _balance(name: str, day: date, lines: list[Transfer]) -> BalanceView:
    """Return a day of an account; `lines` are its lines of the day, the newest first."""
    last = lines[0]
    balance = last.debit_balance_points if last.debit == name else last.credit_balance_points
    return BalanceView(
        day=day,
        balance_points=balance,
        earned_points=sum(line.amount_points for line in lines if line.credit == name),
        spent_points=sum(line.amount_points for line in lines if line.debit == name),
    )
