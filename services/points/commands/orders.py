"""Orders of partners that were settled, beside what was paid for them and the rule that counted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.contracts.ids import OrderId
from services.contracts.words import Effort
from services.points.commands.rows import Books, Row, pages
from services.points.domain.rules import EarningRule
from services.points.domain.services import ServiceOnRecord
from services.points.domain.transfers import id_of
from services.points.domain.verification import Wrong
from services.points.handlers.rules import Rules, file_of, first_book
from services.points.handlers.services import EARNING, award_id_of, service_of
from services.points.store.accounts import TRANSFERS, WAITING_AWARDS
from services.points.store.rules import RULE_BOOKS, RULES
from services.points.store.services import SERVICES

ON_THE_WAY_SECONDS = 30.0
"""What was settled just now is paid within these."""
READ = ("id", "category", "served_at", "effort", "returned", "provider.id", "completed_at")


@dataclass(frozen=True, slots=True)
class _Paid:
    """What an order came to: points, and the rule that they were reckoned by."""

    award: str
    points: int
    rule: str
    version: int


async def wrong_orders(points: Books, matching: Books, community: str) -> tuple[int, list[Wrong]]:
    """Return how many orders of partners were accepted and settled since there is a rule, and what is wrong:
    those that earn and are not paid, and those that were paid what their rule does not say.
    """
    found = await _rules(points, community)
    if found is None:
        return 0, []
    rules, query = found
    count, unpaid, wrong = 0, [], []
    async for row in pages(matching.plain("orders"), query, "_id", READ):
        count += 1
        paid = await _paid(points, community, row)
        if paid is not None:
            wrong += await _reckoned(points, community, row, paid, rules)
        elif _earns(rules, row):
            unpaid.append(row)
    if unpaid:
        await asyncio.sleep(ON_THE_WAY_SECONDS)
    for row in unpaid:
        if await _paid(points, community, row) is None:
            wrong.append(Wrong(0, row["id"], "is settled, and nothing was paid for it"))
    return count, wrong


async def _rules(points: Books, community: str) -> tuple[Rules, Row] | None:
    """Return by what partners earn, and the orders that are asked about: none of before there was a rule."""
    where = {"community": community}
    kept = await points.plain(RULES.name).find(where, limit=1)
    if not kept:
        return None
    record = RULES.decode(kept[0])
    books = await points.plain(RULE_BOOKS.name).find(where, limit=1)
    book = RULE_BOOKS.decode(books[0]) if books else first_book(record)
    if record.since is None or not book.rules:
        return None
    since = book.rules[0].starts_at if books else record.since
    query = {**where, "status": "settled", "provider.kind": "partner", "accepted_at": {"$gt": since}}
    return Rules(file_of(record.text), book), query


def _earns(rules: Rules, row: Mapping[str, Any]) -> bool:
    served_at = row.get("served_at") or row["completed_at"]
    rule = rules.book.at(served_at)
    effort = Effort(**row.get("effort", {}))
    service = service_of(rules, row["provider"]["id"], row["category"], served_at, effort)
    return rule is not None and rule.earned(service).amount_points > 0


async def _paid(points: Books, community: str, row: Mapping[str, Any]) -> _Paid | None:
    """Return what an order came to: paid, waiting, given up, or nothing by a day's cap."""
    for award in await _awards(points, community, row):
        for transfer in (award, id_of(community, award, "late")):
            key = {"_id": f"{community}/{transfer}", "posted": True}
            for kept in await points.plain(TRANSFERS.name).find(key, limit=1):
                version = kept.get("rule_version", 0)
                return _Paid(award, kept["amount_points"], kept.get("rule", ""), version)
        for kept in await points.plain(WAITING_AWARDS.name).find({"_id": f"{community}/{award}"}, limit=1):
            waits = WAITING_AWARDS.decode(kept).award
            return _Paid(award, waits.amount_points, waits.rule, waits.rule_version)
        service = await _service(points, community, award)
        if service is not None and not service.amount_points:
            return _Paid(award, 0, EARNING, service.rule_version)
    return None


async def _awards(points: Books, community: str, row: Mapping[str, Any]) -> list[str]:
    """Return the awards that may have paid an order: that of the last time it was done.

    One that a release settled that did not say how often it had been sent back has the first one's id, which
    counts unless that was taken back.
    """
    order, times = OrderId(row["id"]), row.get("returned", 0)
    first, last = award_id_of(community, order), award_id_of(community, order, times)
    if first == last:
        return [first]
    service = await _service(points, community, first)
    gone = service is not None and service.taken_back_at is not None
    return [last] if gone else [last, first]


async def _service(points: Books, community: str, award: str) -> ServiceOnRecord | None:
    found = await points.plain(SERVICES.name).find({"_id": f"{community}/{award}"}, limit=1)
    return SERVICES.decode(found[0]) if found else None


async def _reckoned(
    points: Books, community: str, row: Mapping[str, Any], paid: _Paid, rules: Rules
) -> list[Wrong]:
    """Return what is wrong with what was paid, by the version of the rule that counted when it was done."""
    if paid.rule != EARNING:
        return []  # an earlier release reckoned it
    place = row["id"]
    served_at = row.get("served_at") or row["completed_at"]
    rule, service = rules.book.at(served_at), await _service(points, community, paid.award)
    if service is None or rule is None:
        return [Wrong(0, place, "was paid, and what was done for it is not on record")]
    if service.service.minutes != row.get("effort", {}).get("minutes", 0) or not _is_same(service, row):
        return [Wrong(0, place, "is on record as another service than was reported")]
    if paid.version != rule.version:
        return [Wrong(0, place, f"was paid by version {paid.version} of the rule and not {rule.version}")]
    due = rule.earned(service.service).amount_points
    if paid.points == due or (paid.points < due and await _is_capped(points, community, service, rule)):
        return []
    return [Wrong(0, place, f"was paid {paid.points} points and not {due}")]


def _is_same(kept: ServiceOnRecord, row: Mapping[str, Any]) -> bool:
    effort, service = row.get("effort", {}), kept.service
    reported = (row["provider"]["id"], row["category"], effort.get("persons", 0), effort.get("sessions", 0))
    return reported == (kept.partner, service.category, service.persons, service.sessions)


async def _is_capped(points: Books, community: str, kept: ServiceOnRecord, rule: EarningRule) -> bool:
    """Return whether a partner's services of a day came to what a day earns at most."""
    query = {"community": community, "partner": kept.partner, "day": kept.day}
    rows = await points.plain(SERVICES.name).find(query, fields=["amount_points"])
    return sum(int(row["amount_points"]) for row in rows) >= rule.per_day_max
