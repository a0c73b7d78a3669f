"""What counts between those who can do it: hours, distance, stars, record, and who had little so far."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.circumstances import (
    DISTANCE_SHARE,
    FAIRNESS_SHARE,
    HOURS_SHARE,
    RECORD_SHARE,
    STAR_SHARE,
    Circumstances,
    distance_km,
)
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.providers import Catalogue, Contract, Location, Place, Provider
from services.matching.domain.ranking import Ranker
from services.matching.domain.record import BELIEVED_RATE, NO_RECORD, PROMPT_HOURS_HALF, Record
from services.matching.domain.weighing import PartName
from services.worktime.hours import Opening, is_open

TODAY = date(2026, 11, 2)
MONDAY = datetime(2026, 11, 2)  # noqa: DTZ001  # local time of the community
WORKING = (Opening(("mon", "tue"), time(8, 30), time(12)), Opening(("mon",), time(14), time(17, 30)))
EAST = Place("east", "东院", location=Location(34.0, 109.0))
DUTY = "疏通下水道和水管维修"
TEXT = "下水道堵了"


def provider(number: int, **changes: object) -> Provider:
    given_ = Provider(f"p{number:02}", f"第{number}号单位", "unit", (DUTY,), capacity=3)
    return replace(given_, **changes)  # type: ignore[arg-type]  # each test names real fields


def rank(now: Circumstances, *providers: Provider, contracts: tuple[Contract, ...] = ()) -> Ranking:
    known = Catalogue((EAST, Place("west", "西院")), providers, contracts)
    return Ranker(known).rank(Matter(TEXT, compound="east"), now.open_orders, now.on, circumstances=now)


def first(ranking: Ranking) -> str:
    return ranking.candidates[0].provider


def part(name: PartName, ranking: Ranking, provider_id: str) -> float:
    (found,) = (one for one in ranking.candidates if one.provider == provider_id)
    return sum(each.value for each in found.parts if each.name == name)


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        (Location(39.9042, 116.4074), Location(31.2304, 121.4737), 1067),
        (Location(0, 0), Location(0, 1), 111.2),
        (Location(0, 0), Location(1, 0), 111.2),
        (Location(0, 179.5), Location(0, -179.5), 111.2),
        (Location(90, 0), Location(-90, 0), 20_015),
    ],
)
def test_distances_are_those_of_the_globe(a: Location, b: Location, km: float) -> None:
    assert distance_km(a, b) == pytest.approx(km, rel=0.005)
    assert distance_km(b, a) == pytest.approx(distance_km(a, b))
    assert distance_km(a, a) == 0


where = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180))


@given(where, where)
def test_nothing_is_farther_than_half_round_the_globe(a: Location, b: Location) -> None:
    assert 0 <= distance_km(a, b) <= 20_016


@pytest.mark.parametrize(
    ("day", "clock", "is_it"),
    [
        (0, time(8, 29, 59), False),
        (0, time(8, 30), True),
        (0, time(11, 59, 59), True),
        (0, time(12), False),
        (0, time(14), True),
        (0, time(17, 30), False),
        (1, time(9), True),
        (1, time(15), False),
        (2, time(9), False),
        (6, time(9), False),
        (7, time(9), True),
    ],
)
def test_opening_is_included_and_closing_is_not(day: int, clock: time, is_it: bool) -> None:
    at = datetime.combine(MONDAY + timedelta(days=day), clock)
    assert is_open(WORKING, at) is is_it


def test_who_names_no_hours_is_always_there() -> None:
    assert is_open((), MONDAY)


def test_of_two_alike_the_one_that_is_open_goes_first() -> None:
    shut = provider(1, hours=(Opening(("sun",), time(8), time(9)),))
    there = provider(2, hours=WORKING)
    at = MONDAY.replace(hour=9)
    ranking = rank(Circumstances(TODAY, at=at), shut, there)
    assert first(ranking) == "p02"
    assert part(PartName.HOURS, ranking, "p02") == HOURS_SHARE
    assert part(PartName.HOURS, ranking, "p01") == 0
    assert first(rank(Circumstances(TODAY), shut, there)) == "p01"


def test_of_two_alike_the_nearer_one_goes_first() -> None:
    far, near = provider(1, location=Location(34.2, 109.0)), provider(2, location=Location(34.01, 109.0))
    ranking = rank(Circumstances(TODAY), far, near)
    assert first(ranking) == "p02"
    assert part(PartName.DISTANCE, ranking, "p02") > part(PartName.DISTANCE, ranking, "p01") > 0


def test_next_door_is_worth_the_whole_share() -> None:
    ranking = rank(Circumstances(TODAY), provider(1, location=EAST.location))
    assert part(PartName.DISTANCE, ranking, "p01") == DISTANCE_SHARE


def test_of_two_alike_the_one_with_more_stars_goes_first() -> None:
    ranking = rank(Circumstances(TODAY), provider(1, stars=3), provider(2, stars=5))
    assert first(ranking) == "p02"
    assert part(PartName.STAR, ranking, "p02") == STAR_SHARE
    assert part(PartName.STAR, ranking, "p01") == pytest.approx(STAR_SHARE * 3 / 5)


def test_of_two_alike_the_one_with_the_better_record_goes_first() -> None:
    bad = Record(offered=20, accepted=10, declined=10, accept_seconds=10 * 86_400, good=2, bad=8)
    good = Record(offered=20, accepted=20, accept_seconds=20 * 600, good=10)
    ranking = rank(Circumstances(TODAY, records={"p01": bad, "p02": good}), provider(1), provider(2))
    assert first(ranking) == "p02"
    assert part(PartName.RECORD, ranking, "p02") == pytest.approx(RECORD_SHARE * good.quality)


def test_of_two_alike_the_one_who_had_less_goes_first() -> None:
    much, little = Record(offered=40), Record(offered=2)
    ranking = rank(Circumstances(TODAY, records={"p01": much, "p02": little}), provider(1), provider(2))
    assert first(ranking) == "p02"
    assert FAIRNESS_SHARE > part(PartName.FAIRNESS, ranking, "p02") > part(PartName.FAIRNESS, ranking, "p01")


def test_who_had_nothing_yet_has_the_whole_of_fairness() -> None:
    now = Circumstances(TODAY, records={"p01": Record(offered=7)})
    ranking = rank(now, provider(1), provider(2))
    assert part(PartName.FAIRNESS, ranking, "p02") == FAIRNESS_SHARE
    assert first(ranking) == "p02"


def test_circumstances_never_outweigh_a_contract() -> None:
    everything = provider(1, stars=5, hours=WORKING, location=EAST.location)
    paired = provider(2, hours=(Opening(("sun",), time(8), time(9)),), location=Location(35.0, 110.0))
    now = Circumstances(
        TODAY,
        at=MONDAY.replace(hour=9),
        records={
            "p01": Record(offered=9, accepted=9, good=9),
            "p02": Record(offered=9, declined=9, bad=9),
        },
    )
    pairing = Contract("c1", "p02", ("east",), (), TODAY, TODAY)
    assert first(rank(now, everything, paired)) == "p01"
    assert first(rank(now, everything, paired, contracts=(pairing,))) == "p02"


def test_circumstances_never_outweigh_that_somebody_cannot_do_it() -> None:
    everything = provider(1, duties=("为老年人理发",), stars=5, hours=WORKING, location=EAST.location)
    now = Circumstances(TODAY, at=MONDAY.replace(hour=9), records={"p01": Record(9, 9, good=9)})
    assert first(rank(now, everything, provider(2))) == "p02"


def test_circumstances_make_nobody_surer() -> None:
    stars = provider(1, stars=5, hours=WORKING, location=EAST.location)
    plain = rank(Circumstances(TODAY), provider(1), provider(2))
    told = rank(
        Circumstances(TODAY, at=MONDAY.replace(hour=9), records={"p01": Record(9, 9)}), stars, provider(2)
    )
    assert (told.confidence, told.decision) == (plain.confidence, plain.decision)


def test_of_whom_nothing_is_known_something_is_believed() -> None:
    assert NO_RECORD.accept_rate == NO_RECORD.satisfaction == BELIEVED_RATE
    assert NO_RECORD.in_words == "还没有接单记录"


def test_a_first_bad_one_does_not_ruin_anybody() -> None:
    once = NO_RECORD.was_offered().did_decline()
    rated = NO_RECORD.was_rated(good=False)
    assert 0.5 < once.accept_rate < NO_RECORD.accept_rate
    assert 0.5 < rated.satisfaction < NO_RECORD.satisfaction
    assert once.quality > 0.8 * NO_RECORD.quality


def test_many_bad_ones_do() -> None:
    ruined = Record(offered=60, declined=60, bad=60)
    assert ruined.accept_rate < 0.06
    assert ruined.satisfaction < 0.06


def test_a_first_good_one_does_not_make_a_champion() -> None:
    once, often = NO_RECORD.did_accept(0).was_rated(good=True), Record(40, 40, good=40)
    assert NO_RECORD.quality < once.quality < often.quality


def test_who_accepts_sooner_has_the_better_record() -> None:
    soon, late = NO_RECORD.did_accept(600), NO_RECORD.did_accept(48 * 3600)
    assert soon.quality > late.quality
    half = NO_RECORD.did_accept(PROMPT_HOURS_HALF * 3600)
    assert half.accept_hours == PROMPT_HOURS_HALF
    assert 3 * half.quality == pytest.approx(half.accept_rate + half.satisfaction + 0.5)


def test_a_clock_that_runs_back_makes_nobody_better() -> None:
    assert NO_RECORD.did_accept(-999) == NO_RECORD.did_accept(0)


def test_a_record_is_told_in_words() -> None:
    told = NO_RECORD.did_accept(3600).did_accept(3 * 3600).did_decline().was_rated(good=True).in_words
    assert told == "接单 2/3，平均 2.0 小时接单，好评 1/1"


counts = st.integers(0, 200)
records = st.builds(Record, counts, counts, counts, st.floats(0, 1e7), counts, counts)


@given(records)
def test_quality_is_a_share_and_good_things_never_lower_it(record: Record) -> None:
    assert 0 <= record.quality <= 1
    assert record.was_rated(good=True).quality >= record.quality >= record.was_rated(good=False).quality
    assert record.did_decline().quality <= record.quality


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            provider,
            st.integers(0, 30),
            stars=st.integers(0, 5),
            hours=st.sampled_from([(), WORKING]),
            location=st.sampled_from([None, EAST.location, Location(34.1, 109.1)]),
        ),
        min_size=1,
        max_size=7,
        unique_by=lambda each: each.id,
    ),
    st.dictionaries(st.integers(0, 30).map(lambda n: f"p{n:02}"), records, max_size=9),
    st.none() | st.integers(0, 167).map(lambda hours: MONDAY + timedelta(hours=hours)),
)
def test_parts_add_up_whatever_the_circumstances(
    providers: list[Provider], known: dict[str, Record], at: datetime | None
) -> None:
    ranking = rank(Circumstances(TODAY, at=at, records=known), *providers)
    assert ranking.candidates
    for candidate in ranking.candidates:
        assert abs(sum(each.value for each in candidate.parts) - candidate.score) < 1e-9
        assert all(each.because for each in candidate.parts)
        named = [each.name for each in candidate.parts]
        assert len(named) == len(set(named))
