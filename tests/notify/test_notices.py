"""What people are told: every text fits its message, and everybody is told once."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contracts.catalogue import KINDS, SUBSCRIPTIONS
from services.contracts.demands import DemandJoined, DemandOptedOut
from services.contracts.issues import IssueTopicDecided
from services.contracts.orders import OrderCancelled, OrderDispatched, OrderUrged
from services.contracts.spans import PORTION_MAX, Span
from services.contracts.words import Message, Proof, ProviderRef
from services.notify.domain.audiences import Told, told
from services.notify.domain.following import FEW, Following
from services.notify.domain.notices import STAFF, person, provider
from services.notify.domain.texts import ASKERS, CARRIED, LEFT, TEXTS, VOICES
from services.notify.settings import NotifySettings

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
    for recipient, text in told(kind, fact, Following(("r2",))).few:
        assert recipient == STAFF or recipient.split(":")[0] in {"person", "provider"}
        assert text


@pytest.mark.parametrize("kind", TEXTS)
def test_notify_hears_what_it_has_a_text_for(kind: str) -> None:
    assert kind in KINDS
    assert any(kind.startswith(pattern.rstrip("#*")) for pattern in SUBSCRIPTIONS["notify"])


def test_the_one_who_asked_and_all_who_follow_are_told_each_once() -> None:
    heard = told("order.dispatched.v1", dispatched(), Following(("r2", "r1", "r3"))).few
    assert [recipient for recipient, _ in heard] == [
        provider("u1", "unit"),
        person("r1"),
        person("r2"),
        person("r3"),
    ]
    assert dict(heard)[person("r1")] == "您的诉求已下单给某局"


def test_where_the_community_takes_the_lead_its_staff_are_told() -> None:
    heard = dict(told("order.dispatched.v1", dispatched(OWN), Following()).few)
    assert set(heard) == {STAFF, person("r1")}


def test_an_urge_without_words_ends_without_a_colon() -> None:
    fact = OrderUrged(order="d1-1", demand="d1", asked_by="r1", provider=UNIT, note="", times=2)
    assert told("order.urged.v1", fact, Following()).few == [(provider("u1", "unit"), "居民催办（第 2 次）")]


def test_an_urge_that_nobody_has_yet_reaches_staff() -> None:
    fact = OrderUrged(order="d1-1", demand="d1", asked_by="r1", provider=None, note="急", times=1)
    assert [recipient for recipient, _ in told("order.urged.v1", fact, Following()).few] == [STAFF]


@pytest.mark.parametrize("by_demand", [True, False])
def test_who_ended_a_demand_is_not_told_that_it_ended(by_demand: bool) -> None:
    fact = OrderCancelled(
        order="d1-1", demand="d1", asked_by="r1", provider=UNIT, reason="撤回", by_demand=by_demand
    )
    heard = dict(told("order.cancelled.v1", fact, Following(("r2",))).few)
    assert (person("r1") in heard) is not by_demand
    assert (person("r2") in heard) is not by_demand
    assert provider("u1", "unit") in heard


def crowd(count: int) -> tuple[str, ...]:
    """Return people, in an order that is not that of their names."""
    return tuple(f"r{(n * 7_919) % 10_007:05d}" for n in range(count))


MANY = Following((), 5, (Span("", 1),))


def test_of_many_who_follow_only_the_one_who_asked_is_told_at_once() -> None:
    found = told("order.dispatched.v1", dispatched(), MANY)
    assert [recipient for recipient, _ in found.few] == [provider("u1", "unit"), person("r1")]
    assert [(many.text, many.people) for many in found.many] == [("您的诉求已下单给某局", ())]


@pytest.mark.parametrize(("count", "later"), [(FEW, 0), (FEW + 1, 1)])
def test_a_few_are_told_at_once_and_one_more_makes_them_many(count: int, later: int) -> None:
    found = told("order.dispatched.v1", dispatched(), Following(crowd(count)))
    assert len(found.many) == later
    assert len(found.few) == (2 if later else 2 + count)


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        (
            "demand.joined.v1",
            lambda who: DemandJoined(demand="d1", merged="d2", carried=who, supporters=len(who)),
        ),
        ("demand.opted_out.v1", lambda who: DemandOptedOut(demand="d1", left=who, supporters=0)),
        (
            "issue.topic_decided.v1",
            lambda who: IssueTopicDecided(issue="i1", title="t", accepted=True, outcome="o", askers=who),
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, PORTION_MAX, PORTION_MAX + 1, 10_000])
def test_whom_a_fact_names_is_told_at_once_when_few_and_in_bounded_portions_when_many(
    kind: str, fact: Callable[[tuple[str, ...]], Message], count: int
) -> None:
    found = told(kind, fact(crowd(count)), Following())
    people = [recipient for recipient, _ in found.few if recipient.startswith("person:")]
    assert len(people) == (count if count <= FEW else 0)
    assert all(0 < len(many.people) <= PORTION_MAX for many in found.many)
    assert len(found.many) == (-(-count // PORTION_MAX) if count > FEW else 0)
    everybody = [*people, *(person(one) for many in found.many for one in many.people)]
    assert sorted(everybody) == sorted(map(person, crowd(count)))


def test_somebody_whom_a_fact_names_twice_is_told_once() -> None:
    fact = DemandOptedOut(demand="d1", left=crowd(50) * 2, supporters=0)
    (many,) = told("demand.opted_out.v1", fact, Following()).many
    assert len(many.people) == 50


@pytest.mark.parametrize("kind", TEXTS)
def test_nobody_can_be_in_two_audiences_that_are_told_later(kind: str) -> None:
    """Each telling tells its own people; what two of them had in common would be told twice."""
    assert len({ASKERS, CARRIED, LEFT, VOICES} & set(TEXTS[kind])) <= 1


@pytest.mark.parametrize("ended", [{"by_demand": True}, {"part": "路灯"}], ids=str)
def test_what_does_not_concern_those_who_follow_leaves_no_telling(ended: dict[str, Any]) -> None:
    fact = OrderCancelled(order="d1-1", demand="d1", asked_by="r1", provider=UNIT, reason="撤回", **ended)
    assert told("order.cancelled.v1", fact, MANY) == Told([(provider("u1", "unit"), "工单已取消：撤回")], [])


@pytest.mark.parametrize(("days", "hours"), [(1, 24.0), (3, 72.0), (30, 24.0 * 30)])
def test_a_notice_may_not_go_before_what_it_tells_may_be_said_again(days: int, hours: float) -> None:
    with pytest.raises(ValidationError, match="SANDAN_NOTICES_KEPT_DAYS"):
        NotifySettings(notices_kept_days=days, facts_kept_hours=hours)
    assert NotifySettings(notices_kept_days=days + 1, facts_kept_hours=hours).notices_kept_days == days + 1
    assert NotifySettings(notices_kept_days=0, facts_kept_hours=hours).notices_kept_days == 0
