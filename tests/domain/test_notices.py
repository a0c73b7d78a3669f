"""What people are told: every text fits its message, and everybody is told once."""

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contracts.catalogue import KINDS, SUBSCRIPTIONS
from services.contracts.orders import OrderCancelled, OrderDispatched, OrderUrged
from services.contracts.words import Proof, ProviderRef
from services.notify.domain.notice import STAFF, Following, person, provider
from services.notify.domain.texts import TEXTS
from services.notify.handlers import told

UNIT = ProviderRef(id="u1", name="某局", kind="unit")
OWN = ProviderRef(id="community", name="某社区", kind="community")


def dispatched(to: ProviderRef = UNIT) -> OrderDispatched:
    return OrderDispatched(
        order="d1-1",
        demand="d1",
        asked_by="r1",
        provider=to,
        category="照明",
        confidence=0.9,
        chosen_by="router",
        because="有路灯",
    )


WORDS = st.text(alphabet="办好了 abc", max_size=20)
st.register_type_strategy(Proof, st.builds(Proof, kind=st.just("photo"), ref=st.just("照片.jpg"), note=WORDS))


# What the generator ignores of a model, the model itself refuses.
@pytest.mark.filterwarnings("ignore:Ignoring unsupported")
@pytest.mark.parametrize("kind", TEXTS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_every_text_fits_every_message_of_its_kind(kind: str, data: st.DataObject) -> None:
    try:
        fact = data.draw(st.from_type(KINDS[kind]))
    except ValidationError:
        reject()
    for recipient, text in told(kind, fact, Following(("r2",))):
        assert recipient == STAFF or recipient.split(":")[0] in {"person", "provider"}
        assert text


@pytest.mark.parametrize("kind", TEXTS)
def test_notify_hears_what_it_has_a_text_for(kind: str) -> None:
    assert kind in KINDS
    assert any(kind.startswith(pattern.rstrip("#*")) for pattern in SUBSCRIPTIONS["notify"])


def test_the_one_who_asked_and_all_who_follow_are_told_each_once() -> None:
    heard = told("order.dispatched.v1", dispatched(), Following(("r2", "r1", "r3")))
    assert [recipient for recipient, _ in heard] == [
        provider("u1", "unit"),
        person("r1"),
        person("r2"),
        person("r3"),
    ]
    assert dict(heard)[person("r1")] == "您的诉求已下单给某局"


def test_where_the_community_takes_the_lead_its_staff_are_told() -> None:
    heard = dict(told("order.dispatched.v1", dispatched(OWN), Following()))
    assert set(heard) == {STAFF, person("r1")}


def test_an_urge_without_words_ends_without_a_colon() -> None:
    fact = OrderUrged(order="d1-1", demand="d1", asked_by="r1", provider=UNIT, note="", times=2)
    assert told("order.urged.v1", fact, Following()) == [(provider("u1", "unit"), "居民催办（第 2 次）")]


def test_an_urge_that_nobody_has_yet_reaches_staff() -> None:
    fact = OrderUrged(order="d1-1", demand="d1", asked_by="r1", provider=None, note="急", times=1)
    assert [recipient for recipient, _ in told("order.urged.v1", fact, Following())] == [STAFF]


@pytest.mark.parametrize("by_demand", [True, False])
def test_who_ended_a_demand_is_not_told_that_it_ended(by_demand: bool) -> None:
    fact = OrderCancelled(
        order="d1-1", demand="d1", asked_by="r1", provider=UNIT, reason="撤回", by_demand=by_demand
    )
    heard = dict(told("order.cancelled.v1", fact, Following(("r2",))))
    assert (person("r1") in heard) is not by_demand
    assert (person("r2") in heard) is not by_demand
    assert provider("u1", "unit") in heard


@given(st.lists(st.text(min_size=1, max_size=3), max_size=20), st.lists(st.text(min_size=1, max_size=3)))
def test_following_twice_is_following_once(first: list[str], second: list[str]) -> None:
    once = Following().joined_by(first).joined_by(second)
    assert once == once.joined_by(first).joined_by(second)
    assert set(once.people) == {*first, *second}
    assert len(once.people) == len(set(once.people))
