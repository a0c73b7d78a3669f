"""Who is asked next when a provider declines."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.contracts.ids import DemandId, OrderId
from services.matching.domain.lifecycle import OrderStatus
from services.matching.domain.order import Order
from services.matching.domain.parts import Choice, Reason, Who
from services.matching.domain.providers import Provider
from services.matching.domain.succession import next_after_decline

TODAY = date(2026, 3, 2)


DUTY = Reason("职责", 0.4, "其职责有路灯维修")


ROOM = Reason("余力", 0.05, "手上没有工单")


CONTRACT = Reason("契约", 0.9, "结对共建")


def choice(name: str, *parts: Reason) -> Choice:
    return Choice(Who(name, name, "unit"), sum(part.value for part in parts), parts)


def order(*candidates: Choice, declined: tuple[str, ...] = ("a",)) -> Order:
    return Order(
        id=OrderId("d1-1"),
        demand=DemandId("d1"),
        text="路灯坏了",
        title=None,
        compound=None,
        asked_by="r1",
        category="公共照明",
        confidence=0.8,
        because="",
        candidates=candidates,
        status=OrderStatus.PROPOSED,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        declined=declined,
    )


def providers(*names: str, **changes: object) -> dict[str, Provider]:
    made = {name: Provider(name, name, "unit", ("路灯维修",), capacity=1) for name in names}
    return {name: replace(one, **changes) for name, one in made.items()}  # type: ignore[arg-type]  # real fields


def test_the_best_who_has_not_declined_is_asked() -> None:
    asked = order(choice("a", DUTY), choice("b", DUTY, ROOM), choice("c", DUTY))
    found = next_after_decline(asked, providers("a", "b", "c"), {}, TODAY)
    assert found is not None
    assert found.provider.id == "b"


def test_nobody_is_asked_twice() -> None:
    asked = order(choice("a", DUTY), choice("b", DUTY), declined=("a", "b"))
    assert next_after_decline(asked, providers("a", "b"), {}, TODAY) is None


@pytest.mark.parametrize("part", [ROOM, CONTRACT])
def test_free_hands_or_a_contract_alone_are_no_reason_to_ask(part: Reason) -> None:
    asked = order(choice("a", DUTY), choice("b", part))
    assert next_after_decline(asked, providers("a", "b"), {}, TODAY) is None


def test_who_is_full_is_passed_over() -> None:
    asked = order(choice("a", DUTY), choice("b", DUTY), choice("c", DUTY))
    found = next_after_decline(asked, providers("a", "b", "c"), {"b": 1}, TODAY)
    assert found is not None
    assert found.provider.id == "c"


@pytest.mark.parametrize("changes", [{"working": False}, {"kind": "partner"}, {"capacity": 0}])
def test_who_takes_no_orders_is_passed_over(changes: dict[str, object]) -> None:
    asked = order(choice("a", DUTY), choice("b", DUTY))
    assert next_after_decline(asked, providers("a", "b", **changes), {}, TODAY) is None


def test_who_is_gone_from_the_catalogue_is_passed_over() -> None:
    asked = order(choice("a", DUTY), choice("b", DUTY))
    assert next_after_decline(asked, providers("a"), {}, TODAY) is None
