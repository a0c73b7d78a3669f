"""Random lives of a points bank, works decided together in batches: what is kept agrees with itself, and
`sandan ledger verify` finds nothing wrong with what is honest.
"""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from services.chassis.batches import LOADS_MAX, _decide
from services.chassis.clock import new_id
from services.chassis.documents import Versioned
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.envelope import Envelope
from services.contracts.ids import DemandId, OrderId
from services.contracts.orders import OrderReturned
from services.contracts.refusal import Refused
from services.contracts.values import replace
from services.contracts.words import Actor, Effort, ProviderRef, Role
from services.points.commands import orders as orders_paid
from services.points.commands.verifying import verify
from services.points.domain.accounts import BUDGET
from services.points.domain.approvals import Approval
from services.points.domain.giving import GoodCause, Pledge
from services.points.domain.redemptions import OPEN, Redemption
from services.points.domain.rules import EarningRule
from services.points.domain.shop import Offer, Taken
from services.points.domain.transfers import Cause
from services.points.domain.waiting import Waiting
from services.points.handlers.awards import drop_waiting, pay_waiting
from services.points.handlers.bookings import book_room, cancel_booking
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.days import begin_days, close_day
from services.points.handlers.expiring import announce_expiry, expire_lots
from services.points.handlers.funding import approve
from services.points.handlers.giving import found_cause, pledge, spend
from services.points.handlers.holds import HoldRequest, capture_hold, place_hold, release_hold
from services.points.handlers.redemptions import end, expire_hold_of, fulfil, look_at_offer, redeem
from services.points.handlers.room_use import check_in, check_out, confirm_use, move_on
from services.points.handlers.rules import Rules, decide_rule, withdraw_rule
from services.points.handlers.services import Done, award_points
from services.points.handlers.shop import put_up, restock, take_down
from services.points.handlers.taking_back import settle_claim, take_back
from services.points.store.accounts import ACCOUNTS, HOLDS, TRANSFERS, WAITING_AWARDS, waiting_ref
from services.points.store.rooms import BOOKINGS
from services.points.store.services import CLAIMS, EARNED_DAYS, SERVICES
from services.points.store.shop import OFFERS, REDEMPTIONS, taken_refs
from tests.support.bank import COMMUNITY, DAY, told_of
from tests.support.deployment import jiwang
from tests.support.ledgers import books_of
from tests.support.rooms import RoomBank, a_person, a_request, publishing
from tests.support.shelves import Shelf, Shelves
from tests.support.stories import OPTICIAN

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PARTNERS = [one.id for one in jiwang().partners if one.working][:6]
CATEGORIES = ("视力健康", "家电维修", "别的")
EFFORTS = (Effort(), Effort(minutes=45), Effort(minutes=200, persons=3), Effort(persons=7, sessions=2))


class Life(RoomBank):
    """A bank, the orders that matching keeps, and somebody who does at random what people do."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.orders: dict[str, dict[str, Any]] = {}
        self.refused: Counter[str] = Counter()
        self.load(
            jiwang("jiwang", budget_points=400, expire_after_months=1, per_day_max=90, per_cause_max=60)
        )
        self.do(publishing("jiwang"))
        self.do(found_cause(self.origin, GoodCause("c1", "图书角", "", None, self.now)))
        self.do(begin_days(self.origin))

    def together(self, works: Sequence[Work[Any]]) -> list[Any]:
        """Decide works in one batch, as `Batches` does: all is read before anything is decided."""
        loaded = {ref: self.kept.get(ref, Versioned(None)) for work in works for ref in work.reads}
        for _ in range(LOADS_MAX):
            rest = [
                ref
                for work in works
                if work.more_reads is not None
                for ref in work.more_reads(UnitOfWork(work.origin, self.now, loaded))
                if ref not in loaded
            ]
            loaded.update({ref: self.kept.get(ref, Versioned(None)) for ref in rest})
        values, said = dict(loaded), list[Envelope]()
        outcomes = [_decide(work, values, said, self.now) for work in works]
        for ref, value in values.items():
            if value is not loaded.get(ref):
                assert ref in loaded or ref not in self.kept, (
                    f"{ref.collection.name} is there, and was not read"
                )
                self.kept[ref] = value
        self.said += said
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                self.refused[type(outcome).__name__] += 1
            elif isinstance(outcome, Exception):
                raise outcome
        return outcomes

    def any_of(self, collection: Any) -> Any:
        """Return one of a collection, as often as not one of the last."""
        found = list(self.all_of(collection))
        if not found:
            return None
        return self.random.choice(found[-6:] if self.random.random() < 0.6 else found)

    def order_settled(self) -> Work[Any]:
        number, partner = len(self.orders) + 1, self.random.choice(PARTNERS)
        order = f"d{number}-1"
        self.orders[order] = {
            "_id": f"{COMMUNITY}/{order}",
            "community": COMMUNITY,
            "id": order,
            "status": "settled",
            "provider": {"kind": "partner", "id": partner},
            "category": self.random.choice(CATEGORIES),
            "returned": 0,
        }
        return self.settled_again(order)

    def settled_again(self, order: str) -> Work[Any]:
        row, effort = self.orders[order], self.random.choice(EFFORTS)
        at = self.now - self.random.choice((0, 1, 5)) * HOUR
        row.update(
            status="settled", served_at=at, completed_at=at, accepted_at=at, effort=effort.model_dump()
        )
        provider = ProviderRef(id=row["provider"]["id"], name="店", kind="partner")
        done = Done(OrderId(order), provider, row["category"], at, effort, row["returned"], rated=True)
        return award_points(self.origin, done)

    def order_returned(self) -> Work[Any] | None:
        done = [order for order, row in self.orders.items() if row["status"] == "settled"]
        if not done:
            return None
        row = self.orders[self.random.choice(done)]
        row.update(status="in_progress", returned=row["returned"] + 1)
        fact = OrderReturned(
            order=OrderId(row["id"]),
            demand=DemandId("d1"),
            asked_by="r1",
            provider=ProviderRef(id=row["provider"]["id"], name="店", kind="partner"),
            reason="没做好",
            times=row["returned"],
        )
        return take_back(self.origin, fact)

    def order_redone(self) -> Work[Any] | None:
        open_orders = [order for order, row in self.orders.items() if row["status"] == "in_progress"]
        return self.settled_again(self.random.choice(open_orders)) if open_orders else None

    def hold_step(self) -> Work[Any] | None:
        hold = self.any_of(HOLDS)
        if hold is None or self.random.random() < 0.5:
            name = new_id()
            points, until = self.random.randint(1, 40), self.now + self.random.randint(1, 9) * DAY
            setting = HoldRequest(
                name, self.random.choice(PARTNERS), points, "用", Cause("correction", name), until
            )
            return place_hold(self.origin, setting)
        if hold.cause.kind != "correction":  # of a redemption: that is where it ends
            return None
        return self.random.choice((capture_hold, release_hold))(self.origin, hold.id)

    def shop_step(self) -> Work[Any] | None:
        offer = self.any_of(OFFERS)
        chance = self.random.random()
        if offer is None or chance < 0.1:
            name, left = new_id(), self.random.randint(0, 3)
            closes = self.now + self.random.randint(1, 20) * DAY if chance < 0.06 else None
            most = self.random.choice((None, 1, 3))
            price = self.random.randint(5, 40)
            return put_up(
                self.origin,
                Offer(name, "training", "培训", "", price, left, most, None, closes, 5, self.now),
            )
        if chance < 0.7:
            waits = self.random.random() < 0.8
            return redeem(self.origin, offer.id, new_id(), self.random.choice(PARTNERS), waits=waits)
        if chance < 0.9:
            return restock(self.origin, offer.id, self.random.choice((-1, 1, 1, 2, 8)))
        return take_down(self.origin, offer.id) if chance > 0.98 else None

    def redemption_step(self) -> Work[Any] | None:
        open_ones = [one for one in self.all_of(REDEMPTIONS) if one.state in OPEN]
        one: Redemption | None = self.random.choice(open_ones) if open_ones else self.any_of(REDEMPTIONS)
        if one is None:
            return None
        if self.random.random() < 0.4:
            return fulfil(self.origin, one.id, "", None)
        return end(self.origin, one.id, self.random.choice(("declined", "withdrawn")), "不办了")

    def giving_step(self) -> Work[Any]:
        chance = self.random.random()
        if chance < 0.2:
            return spend(self.origin, "c1", new_id(), self.random.randint(1, 20), "买图书")
        service = "义诊" if chance < 0.4 else ""
        points = 0 if service else self.random.randint(1, 30)
        return pledge(
            self.origin, Pledge(new_id(), "c1", self.random.choice(PARTNERS), points, service, self.now)
        )

    def staff_step(self) -> Work[Any] | None:
        chance = self.random.random()
        if chance < 0.4:
            until = self.now + self.random.randint(1, 30) * DAY if chance < 0.2 else None
            return approve(self.origin, Approval(new_id(), self.random.randint(20, 160), "核定", until))
        if chance < 0.6:
            waits = self.any_of(WAITING_AWARDS)
            return drop_waiting(self.origin, waits.award.id, "不给") if waits else None
        if chance < 0.7:
            return decide_rule(self.origin, partial(self._rule, days=self.random.randint(1, 4)))
        if chance < 0.75:
            return withdraw_rule(self.origin, self.random.randint(1, 6))
        wrong = self.any_of(TRANSFERS)
        return reverse_transfer(self.origin, wrong.id, "错了") if wrong else None

    def _rule(self, rules: Rules, days: int) -> EarningRule:
        day = rules.premises(()).zone
        starts = (self.now.astimezone(day) + days * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        return replace(
            rules.book.rules[0],
            starts_at=starts.astimezone(self.now.tzinfo),
            per_day_max=self.random.choice((60, 90, 200)),
            per_cause_max=self.random.choice((15, 60)),
            expire_after_months=self.random.choice((None, 1, 2)),
        )

    def room_step(self) -> Work[Any] | None:
        chance, booking = self.random.random(), self.any_of(BOOKINGS)
        if booking is None or chance < 0.4:
            begins = (self.now + self.random.randint(1, 30) * HOUR).replace(second=0, microsecond=0)
            by = a_person(COMMUNITY, self.random.choice(("r1", "r2")))
            rule = self.random.choice(("", "", "FREQ=DAILY;COUNT=3"))
            return book_room(by, a_request(begins, self.random.choice((1, 2, 13)), rule, skip_taken=True))
        by = a_person(COMMUNITY, booking.booked_by)
        if chance < 0.5:
            return cancel_booking(by, booking.id, "", rest=chance < 0.45)
        if self.random.random() < 0.3:
            by = a_person(COMMUNITY, OPTICIAN, Role.PARTNER)
        step: Callable[[Origin, str], Work[Any]] = self.random.choice((check_in, check_out, confirm_use))
        return step(by, booking.id)

    STEPS = (
        (order_settled, 8),
        (order_returned, 2),
        (order_redone, 3),
        (hold_step, 3),
        (shop_step, 8),
        (redemption_step, 5),
        (giving_step, 2),
        (staff_step, 4),
        (room_step, 4),
    )

    def live(self) -> None:
        """Let some time pass, and some things be done together."""
        self.now += self.random.choice(
            (MINUTE, HOUR, HOUR, 7 * HOUR, 6 * DAY if self.random.random() < 0.3 else HOUR)
        )
        steps, weights = zip(*self.STEPS, strict=True)
        many = self.random.choice((1, 1, 2, 5, 12))
        chosen = self.random.choices(steps, weights, k=many)
        self.together([work for step in chosen if (work := step(self)) is not None])
        if self.random.random() < 0.3:
            self.by_itself()

    def by_itself(self) -> None:
        """Do what is due, as the jobs do."""
        by = Origin(COMMUNITY, Actor(subject="points", role=Role.OPERATOR), "test", new_id())
        due = (
            (HOLDS, "due_at", expire_hold_of),
            (OFFERS, "look_at", look_at_offer),
            (ACCOUNTS, "announce_at", announce_expiry),
            (ACCOUNTS, "expires_at", expire_lots),
            (CLAIMS, "look_at", settle_claim),
            (BOOKINGS, "due_at", move_on),
        )
        for collection, field, step in due:
            found = [
                one.id for one in self.all_of(collection) if (at := getattr(one, field)) and at <= self.now
            ]
            self.together([step(by, name) for name in found])
        waits = sorted(
            (one for one in self.all_of(WAITING_AWARDS) if one.waits_since is not None),
            key=lambda one: one.number,
        )
        if waits:
            self.together([pay_waiting(by, [one.award.id for one in waits[:100]])])
        waiting = self.kept.get(waiting_ref(COMMUNITY))
        day = str((self.now + 8 * HOUR - DAY).date())
        self.together([close_day(by, day, self.accounts, (waiting.value if waiting else None) or Waiting())])

    def check(self) -> None:
        """What is kept in several places says the same in all of them."""
        assert sum(account.balance_points for account in self.accounts.values()) == 0
        redemptions: list[Redemption] = list(self.all_of(REDEMPTIONS))
        for offer in self.all_of(OFFERS):
            own = [one for one in redemptions if one.offer == offer.id]
            assert set(offer.waiting) == {one.id for one in own if one.state == "waiting"}
            assert not (offer.waiting and offer.has_some and offer.look_at is None), "nobody will look again"
            for partner in PARTNERS:
                mine = sum(one.partner == partner and one.state in (*OPEN, "fulfilled") for one in own)
                (ref,) = taken_refs(COMMUNITY, offer, partner)
                kept = self.kept.get(ref)
                assert ((kept.value if kept else None) or Taken()).count == mine
        for one in redemptions:
            if one.state == "ordered":
                assert next(hold for hold in self.holds if hold.id == one.hold).state == "open"
        owed: Counter[str] = Counter()
        for claim in self.all_of(CLAIMS):
            owed[claim.partner] += claim.amount_points if claim.look_at is not None else 0
        assert {name: one.owed_points for name, one in self.accounts.items() if one.owed_points} == +owed
        days: Counter[str] = Counter()
        for one in self.all_of(SERVICES):
            days[f"{one.partner}/{one.day}"] += one.amount_points if one.taken_back_at is None else 0
        kept_days = {
            ref.id: value.present.points for ref, value in self.kept.items() if ref.collection is EARNED_DAYS
        }
        assert {day: points for day, points in kept_days.items() if points} == +days
        slots = sorted(
            (one.begins_at, one.ends_at) for one in self.all_of(BOOKINGS) if one.state not in ("cancelled",)
        )
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(slots)), "booked twice"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_paid, "ON_THE_WAY_SECONDS", 0.0)


@pytest.mark.parametrize("seed", range(12))
async def test_a_random_life_agrees_with_itself_and_is_found_right(seed: int) -> None:
    life = Life(seed)
    for _ in range(120):
        life.live()
        life.check()
    life.now += 2 * HOUR
    matching = Shelves({"orders": Shelf(list(life.orders.values()))})
    stores = {"points": books_of(life), "notify": told_of(life), "matching": matching}
    found = await verify(stores, COMMUNITY, life.now)
    assert [str(one) for one in found.wrong] == []
    assert found.lines > 60
    assert life.balance(BUDGET) >= 0
