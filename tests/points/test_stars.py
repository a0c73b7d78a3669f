"""The star: bounded, the same in whatever order it is read, not lowered by a good word, made of its parts."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.literals import Satisfaction, Solved
from services.points.domain.collusion import circles_of
from services.points.domain.giving import Pledge
from services.points.domain.months import begin_of, last_finished, month_of, moved, next_time_of_day
from services.points.domain.ratings import Outcome, Promise
from services.points.domain.standings import Facts, Standing, months_until, standings
from services.points.domain.star_records import (
    APPEALS_WITHIN,
    AppealDecided,
    AppealTooLate,
    StarClock,
    StarOnRecord,
    Verdict,
    appeal,
    proposed,
    star_on_record,
)
from services.points.domain.stars import (
    LIKE_EVERYBODY,
    RATERS_MIN,
    STEPS,
    WEIGHTS,
    Deeds,
    Means,
    Star,
    Voice,
    in_points,
    means_of,
    star_of,
    value_of,
)
from tests.support.raters import BEGIN, DAY, HERE, HONEST, Year

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
MONTHS = months_until("2026-12")
voices = st.builds(
    Voice, st.sampled_from([f"r{n}" for n in range(12)]), st.sampled_from(MONTHS), st.integers(0, 1000)
)
deeds = st.builds(
    lambda said, kept, missed, points: Deeds(tuple(said), kept, kept + missed, points),
    st.lists(voices, max_size=40),
    st.integers(0, 50),
    st.integers(0, 50),
    st.integers(0, 10_000),
)
others = st.lists(deeds, max_size=3)


def reckoned(own: Deeds, rest: list[Deeds]) -> Star:
    return star_of(own, means_of([own, *rest]))


@given(deeds, others)
def test_a_star_is_bounded_and_its_parts_add_up(own: Deeds, rest: list[Deeds]) -> None:
    star = reckoned(own, rest)
    assert 0 <= star.stars <= 5
    assert (star.stars == 0) == (len({voice.rater for voice in own.voices}) < RATERS_MIN)
    assert 0 <= star.score <= 100_000
    assert sum(part.score for part in star.parts) == star.score
    assert {part.name: part.weight for part in star.parts} == WEIGHTS
    assert all(0 <= part.value <= 1000 and part.because for part in star.parts)
    if star.stars:
        shown = [Fraction(in_points(part.score)) for part in star.parts]
        assert sum(shown) == Fraction(in_points(star.score)), "they add up as people read them, too"
        assert all(in_points(part.score) in star.because for part in star.parts)


@given(deeds, others, st.randoms())
def test_the_order_of_ratings_makes_no_difference(own: Deeds, rest: list[Deeds], dice: Random) -> None:
    shuffled = list(own.voices)
    dice.shuffle(shuffled)
    assert reckoned(replace(own, voices=tuple(shuffled)), rest) == reckoned(own, rest)


@given(deeds, others, voices)
def test_one_more_good_word_never_lowers_it(own: Deeds, rest: list[Deeds], more: Voice) -> None:
    better = replace(own, voices=(*own.voices, replace(more, value=1000)))
    before, after = reckoned(own, rest), reckoned(better, rest)
    assert after.score >= before.score
    assert after.stars >= before.stars


@given(deeds, others, voices)
def test_one_more_bad_word_never_raises_the_score(own: Deeds, rest: list[Deeds], more: Voice) -> None:
    worse = replace(own, voices=(*own.voices, replace(more, value=0)))
    assert reckoned(worse, rest).score <= reckoned(own, rest).score


@given(deeds, others, st.integers(1, 500))
def test_what_is_kept_or_given_back_never_lowers_it(own: Deeds, rest: list[Deeds], more: int) -> None:
    score = reckoned(own, rest).score
    kept = replace(own, kept=own.kept + more, promised=own.promised + more)
    assert reckoned(kept, rest).score >= score
    assert reckoned(replace(own, given_back_points=own.given_back_points + more), rest).score >= score
    assert reckoned(replace(own, promised=own.promised + more), rest).score <= score


def of(*values: int) -> Deeds:
    return Deeds(tuple(Voice(f"r{n}", MONTHS[0], value) for n, value in enumerate(values)))


@pytest.mark.parametrize("mean", [0, 500, 800, 1000])
def test_few_are_drawn_to_the_mean_and_many_speak_for_themselves(mean: int) -> None:
    means = Means(Fraction(mean))
    for value in (0, 1000):
        away = [abs(star_of(of(*[value] * count), means).parts[0].value - mean) for count in (0, 1, 5, 400)]
        whole = abs(value - mean)
        assert away[0] == 0
        assert away[1] <= whole / (1 + LIKE_EVERYBODY) + 1
        assert away == sorted(away)
        assert away[3] >= 0.98 * whole


def test_the_same_person_counts_once_a_month_and_less_with_every_month() -> None:
    means = Means(Fraction(0))

    def satisfaction(*said: tuple[str, int]) -> int:
        own = Deeds(tuple(Voice("friend", month, value) for month, value in said))
        return star_of(own, means).parts[0].value

    once = satisfaction((MONTHS[0], 1000))
    assert once == 1000 // (1 + LIKE_EVERYBODY)
    assert satisfaction(*[(MONTHS[0], 1000)] * 30) == once
    assert satisfaction((MONTHS[0], 1000), (MONTHS[0], 0)) == once // 2
    assert satisfaction((MONTHS[0], 1000), (MONTHS[1], 1000)) == 1500 * 1000 // (6500)
    whole_year = satisfaction(*[(month, 1000) for month in MONTHS])
    assert whole_year < star_of(of(*[1000] * 4), means).parts[0].value, "not as much as four people"


@pytest.mark.parametrize(
    ("score", "stars"), [(84_000, 5), (83_999, 4), (60_000, 3), (45_000, 2), (44_999, 1)]
)
def test_stars_begin_where_they_are_said_to(score: int, stars: int) -> None:
    assert next(found for least, found in STEPS if score >= least) == stars


def test_five_stars_can_be_had_without_giving_back_and_give_back_helps() -> None:
    good = Deeds(tuple(Voice(f"r{n}", MONTHS[0], 1000) for n in range(60)), 60, 60)
    assert star_of(good, Means()).stars == 5
    usual = of(*[850] * 60)
    assert star_of(usual, Means()).stars == 4
    assert star_of(replace(usual, given_back_points=300), Means()).stars == 5


@pytest.mark.parametrize(
    ("satisfaction", "solved", "value"),
    [
        ("satisfied", "solved", 1000),
        ("mostly", "solved", 760),
        ("mostly", "partly", 560),
        ("dissatisfied", "unsolved", 0),
        ("satisfied", "unsolved", 600),
    ],
)
def test_a_rating_is_as_good_as_both_its_answers(
    satisfaction: Satisfaction, solved: Solved, value: int
) -> None:
    assert value_of(satisfaction, solved) == value


class TestWhatCounts:
    def year(self) -> Year:
        year = Year(0)
        year.ratings.clear()
        for number in range(6):
            year.say(HONEST[0], f"r{number}", BEGIN + (40 + number) * DAY, ("satisfied", "solved"))
        return year

    def test_is_good_work_only_once_the_community_found_it_done(self) -> None:
        year = self.year()
        unverified = replace(year.facts(), promises=())
        standing = standings(unverified, "2026-12", {})[HONEST[0]]
        assert standing.star.raters == 0
        assert [(one.why, one.ratings) for one in standing.kept_out] == [("unverified", 6)]
        assert standings(year.facts(), "2026-12", {})[HONEST[0]].star.stars == 5

    def test_is_what_falls_into_the_twelve_months(self) -> None:
        year = self.year()
        raters = [
            standings(year.facts(), month, {})[HONEST[0]].star.raters
            for month in ("2026-01", "2026-02", "2027-01", "2027-02")
        ]
        assert raters == [0, 6, 6, 0]

    def test_are_promises_kept_late_and_never_answered(self) -> None:
        year = self.year()
        ways: tuple[Outcome, ...] = ("kept", "late", "unsigned", "again")
        order, day = year.ratings[0].order, BEGIN + DAY
        more = [Promise(f"p{n}", order, HONEST[0], how, day, 1) for n, how in enumerate(ways)]
        facts = replace(year.facts(), promises=[*year.facts().promises, *more])
        part = standings(facts, "2026-12", {})[HONEST[0]].star.parts[1]
        assert "接到 9 件，按时办成 7 件" in part.because

    def test_is_nothing_of_who_is_no_partner_any_more(self) -> None:
        year = self.year()
        facts = replace(year.facts(), partners=(HONEST[1],))
        assert set(standings(facts, "2026-12", {})) == {HONEST[1]}


class TestMonths:
    def test_begin_at_the_communitys_midnight(self) -> None:
        begin = begin_of("2026-03", HERE)
        assert begin == datetime(2026, 2, 28, 16, tzinfo=UTC)
        assert month_of(begin, HERE) == "2026-03"
        assert month_of(begin - timedelta(microseconds=1), HERE) == "2026-02"
        assert last_finished(begin, HERE) == "2026-02"
        assert last_finished(begin - timedelta(microseconds=1), HERE) == "2026-01"

    @given(st.integers(-500, 500))
    def test_are_moved_there_and_back(self, by: int) -> None:
        assert moved(moved("2026-03", by), -by) == "2026-03"

    def test_know_when_it_is_night_again_wherever_clocks_are_put_back(self) -> None:
        for zone in (HERE, ZoneInfo("Europe/Berlin")):
            at = AT
            for _ in range(400):
                following = next_time_of_day(at, time(3), zone)
                assert following.astimezone(zone).time() == time(3)
                assert timedelta() < following - at <= timedelta(hours=25)
                at = following


class TestAClock:
    def test_sets_no_star_for_a_month_before_anything_was_heard(self) -> None:
        assert StarClock(AT).months_due("2026-02") == ()

    def test_sets_each_month_that_was_missed_and_no_more_than_a_years(self) -> None:
        clock = StarClock(AT, "2026-02")
        assert clock.months_due("2026-02") == ()
        assert clock.months_due("2026-04") == ("2026-03", "2026-04")
        assert clock.months_due("2030-12") == months_until("2030-12")

    def test_reckons_again_from_the_first_month_that_it_was_asked_for(self) -> None:
        clock = StarClock(AT, "2026-04").again("2026-03", AT).again("2026-04", AT)
        assert clock.months_due("2026-04") == ("2026-03", "2026-04")
        assert clock.done("2026-04", AT) == StarClock(AT, "2026-04")


def kept(partner: str, score: int, stars: int, raters: int = 9) -> StarOnRecord:
    star = Star(stars, score, raters, (), "")
    return star_on_record(partner, "2026-12", Standing(star), None, AT)


def test_one_in_five_is_proposed_the_best_first_and_nobody_who_is_not_good() -> None:
    stars = [kept(f"p{n:02}", 70_000 + 1_000 * n, 4) for n in range(15)]
    assert [one.partner for one in proposed(stars)] == ["p14", "p13", "p12"]
    assert proposed([kept("p", 70_000, 3)]) == ()
    assert len(proposed([kept("p", 90_000, 5)])) == 1


def test_an_appeal_is_heard_for_thirty_days_and_decided_once() -> None:
    star = star_on_record("p", "2026-02", Standing(Star(3, 0, 9, (), "")), None, AT)
    filed = appeal(star, "请复核", AT + APPEALS_WITHIN)
    with pytest.raises(AppealTooLate):
        appeal(star, "请复核", AT + APPEALS_WITHIN + timedelta(microseconds=1))
    decided = filed.decided(Verdict(upheld=True, because="无误"), "staff-1", AT)
    assert decided.state == "upheld"
    with pytest.raises(AppealDecided):
        decided.decided(Verdict(upheld=False, because="改"), "staff-1", AT)


def test_what_was_set_first_is_remembered_when_it_changes() -> None:
    standing = Standing(Star(3, 0, 9, (), "三星"))
    first = star_on_record("p", "2026-02", standing, None, AT)
    again = star_on_record("p", "2026-02", standing, first, AT + DAY)
    assert (again.set_at, again.changed_at) == (AT, AT + DAY)
    assert first.says(standing)
    assert not first.says(Standing(Star(4, 0, 9, (), "四星")))


def test_what_was_given_within_the_year_counts_and_services_once_they_are_done() -> None:
    within, before = datetime(2026, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
    pledges = (
        Pledge("p1", "c1", "a", 30, "", within),
        Pledge("p2", "c1", "a", 0, "免费验光", within, delivered_at=within),
        Pledge("p3", "c1", "a", 0, "洗窗帘", within),
        Pledge("p4", "c1", "a", 500, "", before),
        Pledge("p5", "c1", "a", 40, "", within, taken_back_at=within),
    )
    facts = Facts(("a", "b"), (), (), circles_of({}, ()), HERE, pledges)
    found = standings(facts, "2026-12", {})
    said = [found[name].star.parts[-1].because for name in ("a", "b")]
    assert said == ["公益反哺：近 12 个月反哺折合 50 积分", "公益反哺：近 12 个月没有公益反哺"]
