"""Who says little shares parcels with others of the partition; who says much has parcels of its own."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.outbox import SEVERAL, SHARED_MAX, Parcel, outbox_rows_of
from services.contracts.catalogue import KINDS, SUBSCRIPTIONS, hears, partition_of, topic_of
from services.contracts.demands import DemandUrged, DemandWithdrawn
from services.contracts.envelope import Envelope, open_parcel
from services.contracts.ids import DemandId
from services.contracts.words import Actor, Message, Role

PARTITIONS = 4
AT = datetime(2026, 1, 31, tzinfo=UTC)
WHO = Actor(subject="r1", role=Role.RESIDENT)
FACTS: tuple[Message, ...] = (
    DemandUrged(demand=DemandId("d"), note="", times=1, round=1),
    DemandWithdrawn(demand=DemandId("d"), reason="", round=1),
)


def _envelope(community: str, number: int, fact: Message = FACTS[0]) -> Envelope:
    return Envelope(
        id=f"{community}-{number}",
        kind=fact.kind,
        community=community,
        stream="demands/d",
        version=number,
        at=AT,
        actor=WHO,
        correlation="c",
        body=fact,
    )


def _parcels(said: list[Envelope]) -> list[Parcel]:
    return [parcel for row in outbox_rows_of(said, PARTITIONS, AT) for parcel in row.parcels]


def _communities(parcel: Parcel) -> set[str]:
    return {row["community"] for row in open_parcel(parcel.body)}


def test_communities_of_a_partition_that_say_little_share_a_parcel() -> None:
    names = [f"c{n}" for n in range(40)]
    parcels = _parcels([_envelope(name, 1) for name in names])
    assert len(parcels) == PARTITIONS
    for parcel in parcels:
        assert parcel.community == SEVERAL
        assert {partition_of(name, PARTITIONS) for name in _communities(parcel)} == {
            int(parcel.routing_key.partition(".")[0].removeprefix("p"))
        }


def test_one_that_says_much_shares_with_nobody() -> None:
    loud, quiet = (
        "c0",
        next(f"c{n}" for n in range(1, 99) if partition_of(f"c{n}", 4) == partition_of("c0", 4)),
    )
    said = [_envelope(loud, n) for n in range(1, SHARED_MAX + 2)]
    parcels = _parcels([*said, _envelope(quiet, 1)])
    assert sorted((parcel.community, parcel.envelopes) for parcel in parcels) == [
        (loud, SHARED_MAX + 1),
        (quiet, 1),
    ]


def test_a_parcel_of_one_community_says_whose_it_is() -> None:
    (parcel,) = _parcels([_envelope("c0", 1), _envelope("c0", 2)])
    assert (parcel.community, parcel.envelopes) == ("c0", 2)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from([0, 1])), max_size=60))
def test_nothing_is_lost_and_what_a_community_says_stays_in_order(said: list[tuple[str, int]]) -> None:
    envelopes = [_envelope(name, n + 1, FACTS[which]) for n, (name, which) in enumerate(said)]
    told = [row for parcel in _parcels(envelopes) for row in open_parcel(parcel.body)]
    for community in "abcd":
        mine = [row["version"] for row in told if row["community"] == community]
        assert mine == [n + 1 for n, (name, _) in enumerate(said) if name == community]


def test_kinds_travel_together_where_the_same_services_hear_them() -> None:
    for kind in KINDS:
        topic = topic_of(kind)
        assert topic in (kind, f"{kind.partition('.')[0]}.several.v1")
        hearers = [service for service in SUBSCRIPTIONS if hears(service, kind)]
        assert [service for service in SUBSCRIPTIONS if hears(service, topic)] == hearers, kind


def test_what_somebody_hears_by_itself_keeps_its_own_name() -> None:
    assert topic_of("order.settled.v1") == "order.settled.v1"
    assert topic_of("order.dispatched.v1") == topic_of("order.accepted.v1") == "order.several.v1"
