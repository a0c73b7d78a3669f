"""What was paid for orders is compared with what matching keeps of them, and with the rule that counted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.documents import to_document
from services.contracts.communities import CommunityLoaded
from services.contracts.ids import OrderId
from services.contracts.orders import OrderReturned
from services.contracts.words import Effort, ProviderRef
from services.points.commands import orders
from services.points.commands.claims import wrong_claims
from services.points.commands.orders import wrong_orders
from services.points.domain.transfers import Cause
from services.points.handlers.holds import HoldRequest, place_hold
from services.points.handlers.rules import keep_rule
from services.points.handlers.services import Done, award_id_of, award_points
from services.points.handlers.taking_back import take_back
from services.points.store.accounts import TRANSFERS, WAITING_AWARDS
from services.points.store.rules import RULE_BOOKS, RULES
from services.points.store.services import CLAIMS, SERVICES
from tests.support.bank import COMMUNITY, Bank
from tests.support.deployment import jiwang
from tests.support.shelves import Shelf, Shelves
from tests.support.stories import OPTICIAN

EYES = "视力健康"
UNSAID = Effort()
OF_POINTS = (TRANSFERS, WAITING_AWARDS, RULES, RULE_BOOKS, SERVICES, CLAIMS)


class Kept:
    """A community's bank and the orders that matching keeps."""

    def __init__(self, **rule: Any) -> None:
        self.bank = Bank()
        self.bank.do(keep_rule(self.bank.origin, CommunityLoaded(file=jiwang(**rule))))
        self.orders: list[dict[str, Any]] = []

    def settle(self, order: str, effort: Effort = UNSAID, *, pay: bool = True) -> None:
        """Settle an order of the optician's."""
        self.bank.now += timedelta(hours=1)
        served_at = self.bank.now
        provider = ProviderRef(id=OPTICIAN, name="医明眼镜店", kind="partner")
        if pay:
            done = Done(OrderId(order), provider, EYES, served_at, effort, 0, rated=True)
            self.bank.do(award_points(self.bank.origin, done))
        row = {"_id": f"{COMMUNITY}/{order}", "community": COMMUNITY, "id": order, "status": "settled"}
        self.orders.append(
            {
                **row,
                "provider": {"kind": "partner", "id": OPTICIAN},
                "accepted_at": served_at,
                "completed_at": served_at,
                "served_at": served_at,
                "category": EYES,
                "effort": effort.model_dump(),
                "returned": 0,
            }
        )

    def books(self) -> Shelves:
        """Return points' database."""
        books = Shelves()
        for collection in OF_POINTS:
            kept = [(ref, value) for ref, value in self.bank.kept.items() if ref.collection is collection]
            books.shelves[collection.name] = Shelf([to_document(ref, value) for ref, value in kept])
        return books

    async def wrong(self, alter: Callable[[Shelves], None] = lambda _: None) -> list[str]:
        """Return what is found, after the books were altered."""
        books = self.books()
        alter(books)
        matching = Shelves({"orders": Shelf(self.orders)})
        count, wrong = await wrong_orders(books, matching, COMMUNITY)
        assert count == len(self.orders)
        return [str(one) for one in wrong]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "ON_THE_WAY_SECONDS", 0.0)


async def test_what_was_paid_by_its_rule_is_right_whatever_rule_came_later() -> None:
    kept = Kept()
    kept.settle("d1-1")
    kept.settle("d2-1", Effort(persons=20))
    kept.bank.now += timedelta(hours=1)
    file = jiwang(points_by_category={EYES: 99})
    kept.bank.do(keep_rule(kept.bank.origin, CommunityLoaded(file=file)))
    kept.settle("d3-1")
    assert await kept.wrong() == []
    paid = {one.amount_points for one in kept.bank.transfers if one.kind == "award"}
    assert paid == {20, 99}


async def test_what_a_cap_of_the_day_cut_is_right() -> None:
    kept = Kept(per_day_max=30, per_cause_max=30)
    for number in range(4):
        kept.settle(f"d{number}-1")
    assert await kept.wrong() == []


async def test_what_waits_for_a_budget_is_right() -> None:
    kept = Kept(budget_points=0)
    kept.settle("d1-1")
    assert await kept.wrong() == []


async def test_what_was_never_paid_is_named() -> None:
    kept = Kept()
    kept.settle("d1-1", pay=False)
    assert await kept.wrong() == ["d1-1: is settled, and nothing was paid for it"]


def _with(kind: str, **changes: Any) -> Callable[[Shelves], None]:
    def alter(books: Shelves) -> None:
        for row in books.plain(kind).rows:
            if kind != TRANSFERS.name or row["kind"] == "award":
                row.update(changes)

    return alter


@pytest.mark.parametrize(
    ("alter", "says"),
    [
        (_with(TRANSFERS.name, amount_points=21), "was paid 21 points and not 20"),
        (_with(TRANSFERS.name, amount_points=19), "was paid 19 points and not 20"),
        (_with(TRANSFERS.name, rule_version=7), "was paid by version 7 of the rule and not 1"),
        (_with(SERVICES.name, partner="thief"), "is on record as another service than was reported"),
        (
            _with(
                SERVICES.name,
                service={"category": EYES, "inside_minutes": 0, "outside_minutes": 60},
            ),
            "is on record as another service than was reported",
        ),
    ],
)
async def test_what_was_paid_otherwise_is_named(alter: Callable[[Shelves], None], says: str) -> None:
    kept = Kept()
    kept.settle("d1-1")
    assert await kept.wrong(alter) == [f"d1-1: {says}"]


async def test_what_is_not_on_record_and_was_paid_is_named() -> None:
    kept = Kept()
    kept.settle("d1-1")
    gone = await kept.wrong(lambda books: books.shelves.update({SERVICES.name: Shelf([])}))
    assert gone == ["d1-1: was paid, and what was done for it is not on record"]


async def test_what_was_done_again_and_never_paid_is_named() -> None:
    kept = Kept()
    kept.settle("d1-1")
    provider = ProviderRef(id=OPTICIAN, name="医明眼镜店", kind="partner")
    who = {"order": OrderId("d1-1"), "demand": "d1", "asked_by": "r1", "provider": provider}
    kept.bank.do(take_back(kept.bank.origin, OrderReturned(**who, reason="又坏了", times=1)))
    kept.orders[0]["returned"] = 1
    assert await kept.wrong() == ["d1-1: is settled, and nothing was paid for it"]
    done = Done(OrderId("d1-1"), provider, EYES, kept.orders[0]["served_at"], UNSAID, 1, rated=True)
    kept.bank.do(award_points(kept.bank.origin, done))
    assert await kept.wrong() == []


async def test_a_debt_that_is_gone_from_the_books_is_named() -> None:
    kept = Kept()
    kept.settle("d1-1")
    bank = kept.bank
    until = bank.now + timedelta(days=9)
    bank.do(place_hold(bank.origin, HoldRequest("h1", OPTICIAN, 15, "x", Cause("correction", "h1"), until)))
    provider = ProviderRef(id=OPTICIAN, name="医明眼镜店", kind="partner")
    who = {"order": OrderId("d1-1"), "demand": "d1", "asked_by": "r1", "provider": provider}
    bank.do(take_back(bank.origin, OrderReturned(**who, reason="又坏了", times=1)))
    claims = list(bank.all_of(CLAIMS))
    assert len(claims) == 1
    books = kept.books()
    assert await wrong_claims(books, COMMUNITY, claims) == []
    books.shelves[CLAIMS.name] = Shelf([])
    (wrong,) = await wrong_claims(books, COMMUNITY, [])
    assert "was paid for what had to be done again" in str(wrong)
    met = [claim.settled() for claim in claims]
    found = await wrong_claims(books, COMMUNITY, met)
    assert "is said to be taken back" in str(found[0])


def test_each_time_that_it_is_done_has_an_award_of_its_own() -> None:
    ids = {award_id_of(COMMUNITY, OrderId("d1-1"), times) for times in (None, 1, 2)}
    assert len(ids) == 3
