"""A community's experience: what lessons teach, what they must not, and what is left of them."""

import os
import pickle
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from subprocess import run
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.community_file import COMMUNITY_SELF
from services.matching.domain.lessons import LESSONS_MAX, Lesson, Teaching, retained
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.ranking import Ranker
from services.matching.routing.experience import Learning
from services.matching.routing.features import GRAMS, dimensions, features_of, grams_of
from tests.support.experience import HERE, WANTED, first, learn, lesson, messages, of_messages, rank, ranker

STRANGE = "咕噜咕噜的小蓝盒子又哼起来了"
"""Words that no office and no table of affairs knows."""
BUS = "公交车经常不到站，出租车拒载"


def taught(text: str, *providers: str, first: int = 1) -> list[Lesson]:
    return [lesson(number, text, provider) for number, provider in enumerate(providers, first)]


def scores(ranking: Ranking) -> dict[str, float]:
    return {candidate.provider: candidate.score for candidate in ranking.candidates}


def weights(experience: Learning) -> bytes:
    assert experience._known.weights is not None
    return experience._known.weights.tobytes()


def digest() -> str:
    """What the county's lessons make: the weights, then the rankings, each in one figure."""
    experience = learn(of_messages(messages()))
    told = [repr(rank(experience, row["text"], row["title"])) for row in messages()[:20]]
    return f"{sha256(weights(experience)).hexdigest()} {sha256(''.join(told).encode()).hexdigest()}"


@cache
def digest_elsewhere(**settings: str) -> str:
    """Return the digest that another process comes to, asked once for each environment."""
    code = "from tests.matching.test_experience import digest; print(digest())"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", **settings}
    command = [sys.executable, "-c", code]
    other = run(
        command, cwd=HERE.parents[1], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return other.stdout.strip()


@pytest.mark.parametrize("provider", ["housing", "transport", "health"])
def test_words_that_nobody_knew_are_learnt(provider: str) -> None:
    before = rank(None, STRANGE)
    after = rank(learn(taught(STRANGE, *[provider] * 5)), "那个" + STRANGE)
    assert before.confidence == 0
    assert first(after) == provider
    assert after.confidence > before.confidence


def test_what_was_learnt_is_said_as_experience_and_the_parts_add_up() -> None:
    experience = learn([*of_messages(messages()), *taught(STRANGE, *["health"] * 5, first=500)])
    for row in messages():
        for candidate in rank(experience, row["text"], row["title"]).candidates:
            assert abs(sum(part.value for part in candidate.parts) - candidate.score) < 1e-9
            assert all(part.because for part in candidate.parts)
    (best, *_) = rank(experience, STRANGE).candidates
    assert [part.value > 0 for part in best.parts if part.name == "经验"] == [True]


def test_more_of_the_same_lessons_make_surer() -> None:
    few, many = (rank(learn(taught(STRANGE, *["health"] * times)), STRANGE) for times in (5, 40))
    assert 0 < few.confidence < many.confidence <= 1


def test_enough_of_the_same_lessons_are_dispatched() -> None:
    assert rank(None, STRANGE).decision == "review"
    ranking = rank(learn(taught(STRANGE, *["health"] * 100)), STRANGE)
    assert (first(ranking), ranking.decision) == ("health", "dispatch")


def test_rounding_does_not_keep_four_hundred_like_lessons_from_being_dispatched() -> None:
    ranking = rank(learn(taught(STRANGE, *["health"] * 400)), STRANGE)
    assert (first(ranking), ranking.decision) == ("health", "dispatch")


def test_lessons_of_one_thing_leave_another_as_it_was() -> None:
    experience = learn(taught(STRANGE, *["health"] * 5))
    assert first(rank(experience, BUS)) == first(rank(None, BUS)) == "transport"


def test_a_ranking_names_the_lessons_it_rests_on() -> None:
    assert rank(learn(taught(STRANGE, *["health"] * 5)), BUS).lessons == 5
    assert rank(None, BUS).lessons == 0


def test_without_lessons_the_first_day_stays() -> None:
    empty = learn([])
    for row in messages()[:20]:
        alone, asked = rank(None, row["text"]), rank(empty, row["text"])
        assert (first(asked), asked.decision) == (first(alone), alone.decision)
        assert asked.confidence == pytest.approx(alone.confidence)
        assert scores(asked) == pytest.approx(scores(alone))


def test_the_same_lessons_make_the_same_experience_bit_for_bit() -> None:
    lessons = of_messages(messages())
    one, other = learn(lessons), learn(list(lessons))
    assert weights(one) == weights(other)
    for row in messages()[:20]:
        assert rank(one, row["text"]) == rank(other, row["text"])


@pytest.mark.slow
def test_the_order_in_which_lessons_are_read_changes_nothing() -> None:
    lessons = of_messages(messages())
    assert weights(learn(lessons)) == weights(learn(lessons[::-1]))


@pytest.mark.slow
def test_another_process_learns_the_same_bit_for_bit() -> None:
    assert digest_elsewhere() == digest_elsewhere(PYTHONHASHSEED="1")


@pytest.mark.slow
def test_weights_do_not_tell_how_many_threads_added_them_up() -> None:
    one, two = digest_elsewhere(OPENBLAS_NUM_THREADS="1"), digest_elsewhere(OPENBLAS_NUM_THREADS="2")
    assert one.split()[0] == two.split()[0]


@pytest.mark.slow
def test_rankings_do_not_tell_how_many_threads_added_them_up() -> None:
    assert digest_elsewhere(OPENBLAS_NUM_THREADS="1") == digest_elsewhere(OPENBLAS_NUM_THREADS="2")


def test_undone_lessons_count_not() -> None:
    good = of_messages(messages()[:40])
    undone = [one.taken_back() for one in taught(STRANGE, *["health"] * 20, first=100)]
    assert retained([*good, *undone]) == good
    with_them, without = learn([*good, *undone]), learn(good)
    assert weights(with_them) == weights(without)
    assert scores(rank(with_them, STRANGE)) == scores(rank(without, STRANGE))


def test_a_lesson_taken_back_stays_otherwise_as_it_was() -> None:
    (one,) = taught(STRANGE, "health")
    assert replace(one.taken_back(), undone=False) == one


def test_a_refusal_lowers_only_who_refused() -> None:
    refused = [lesson(n, BUS, "transport", Teaching.REFUSED) for n in range(1, 7)]
    experience = learn(refused)
    table = np.abs(np.frombuffer(weights(experience), dtype=np.float32)).reshape(-1, 7).sum(axis=0)
    lowered = {ranker().provider_ids[number] for number, total in enumerate(table.tolist()) if total > 1e-3}
    assert lowered == {"transport"}
    before, after = scores(rank(None, BUS)), scores(rank(experience, BUS))
    assert after["transport"] < before["transport"]
    falls = {provider: before[provider] - after.get(provider, 0.0) for provider in before}
    assert max(falls, key=falls.__getitem__) == "transport"


def test_a_refusal_makes_less_sure_than_a_choice() -> None:
    refused = learn([lesson(n, BUS, "transport", Teaching.REFUSED) for n in range(1, 30)])
    chosen = learn([lesson(n, BUS, "transport") for n in range(1, 30)])
    assert rank(refused, BUS).confidence < rank(chosen, BUS).confidence


@pytest.mark.slow
def test_a_few_wrong_lessons_among_many_right_ones_flip_nothing() -> None:
    right = [*of_messages(messages()), *taught(BUS, *["transport"] * 20, first=200)]
    wrong = taught(BUS, *["health"] * 3, first=300)
    assert first(rank(learn([*right, *wrong]), BUS)) == "transport"
    strange = taught(STRANGE, *["education"] * 20, *["health"] * 3, first=200)
    assert first(rank(learn([*of_messages(messages()), *strange]), STRANGE)) == "education"


@pytest.mark.parametrize("text", [STRANGE, BUS])
@pytest.mark.parametrize("each", [5, 60])
def test_lessons_that_contradict_each_other_leave_it_to_people(text: str, each: int) -> None:
    ranking = rank(learn(taught(text, *["transport", "health"] * each)), text)
    assert ranking.decision == "review"


def surest() -> dict[str, str]:
    """The message the catalogue alone is surest of, and right."""
    asked = [(rank(None, row["text"], row["title"]), row) for row in messages()]
    right = [(ranking.confidence, row) for ranking, row in asked if first(ranking) == row["provider"]]
    return max(right, key=lambda pair: pair[0])[1]


def kept_by_the_community(row: dict[str, str], times: int) -> list[Lesson]:
    return [lesson(n, row["text"], COMMUNITY_SELF, title=row["title"]) for n in range(501, 501 + times)]


@pytest.mark.parametrize("times", [5, 40])
def test_what_staff_keep_for_the_community_is_left_to_people(times: int) -> None:
    row = surest()
    others = of_messages([other for other in messages() if other is not row])
    before = rank(None, row["text"], row["title"])
    after = rank(learn([*others, *kept_by_the_community(row, times)]), row["text"], row["title"])
    assert COMMUNITY_SELF not in ranker().provider_ids
    assert after.confidence < before.confidence
    assert after.decision == "review"


def test_it_is_left_to_people_too_where_staff_taught_nothing_else() -> None:
    row = surest()
    before = rank(None, row["text"], row["title"])
    after = rank(learn(kept_by_the_community(row, 40)), row["text"], row["title"])
    assert after.confidence < before.confidence
    assert after.decision == "review"


def test_who_refused_it_forty_times_does_not_get_it_without_a_person() -> None:
    row = surest()
    refused = [lesson(n, row["text"], row["provider"], Teaching.REFUSED, row["title"]) for n in range(1, 41)]
    ranking = rank(learn(refused), row["text"], row["title"])
    assert (first(ranking), ranking.decision) != (row["provider"], "dispatch")


def test_nothing_but_unknown_providers_is_no_harm() -> None:
    ranking = rank(learn(taught(STRANGE, *["gone"] * 12)), STRANGE)
    assert ranking.decision == "review"
    assert len(ranking.candidates) >= 3


@pytest.mark.slow
def test_no_text_is_left_in_what_was_learnt() -> None:
    experience = learn([*of_messages(messages()), *taught(STRANGE, *["health"] * 5, first=500)])
    kept = pickle.dumps({name: value for name, value in vars(experience).items() if name != "_ranker"})
    assert weights(experience)[:64] in kept
    pieces = [STRANGE, STRANGE[:4], *(row["title"][:4] for row in messages())]
    for piece in pieces:
        for encoding in ("utf-8", "utf-16-le", "utf-32-le", "unicode-escape"):
            assert piece.encode(encoding) not in kept


def test_the_newest_lessons_are_retained_in_the_order_they_were_taught() -> None:
    lessons = [lesson(number, BUS, "transport") for number in range(1, LESSONS_MAX + 51)]
    kept = retained(lessons[::-1])
    assert [one.number for one in kept] == list(range(51, LESSONS_MAX + 51))


def test_undone_lessons_take_nobody_elses_place() -> None:
    lessons = [lesson(number, BUS, "transport") for number in range(1, LESSONS_MAX + 1)]
    undone = [one.taken_back() for one in taught(STRANGE, *["health"] * 30, first=LESSONS_MAX + 1)]
    assert retained([*undone, *lessons]) == lessons


texts = st.text(max_size=60)


@given(texts, st.none() | texts, st.none() | st.sampled_from(["east", "west"]))
def test_any_matter_has_numbers_within_bounds(text: str, title: str | None, place: str | None) -> None:
    indices, values = features_of(Matter(text, title, place), {}, 7, None)
    assert len(indices) == len(values) == len(set(indices.tolist()))
    assert all(0 <= index < dimensions(7) for index in indices.tolist())
    assert np.isfinite(values).all()
    assert float(values @ values) <= 1.0 + 0.5**2 + 0.2**2 + 1e-9


@given(texts)
def test_grams_are_hashes_each_once(text: str) -> None:
    found, times = grams_of(text)
    assert all(0 <= gram < GRAMS for gram in found.tolist())
    assert (np.diff(found) > 0).all()
    assert (times >= 1).all()


@pytest.mark.parametrize("text", ["", " ", "水", "水水", "水管", "水管坏", "😀", "\ud800"])
def test_the_shortest_texts_have_numbers_and_can_be_learnt(text: str) -> None:
    ranking = rank(learn(taught(text, "health", "health")), text)
    assert len(ranking.candidates) >= 3


def test_a_place_is_remembered_beside_the_words() -> None:
    here, there = (features_of(Matter(STRANGE, compound=place), {}, 7, None)[0] for place in ("a", "b"))
    assert len(set(here.tolist()) ^ set(there.tolist())) == 2


@pytest.mark.parametrize(
    ("zone", "day"), [("Asia/Shanghai", date(2026, 11, 2)), ("America/New_York", date(2026, 11, 1))]
)
def test_a_lessons_day_is_the_communitys_so_that_the_contracts_of_that_day_count(
    monkeypatch: pytest.MonkeyPatch, zone: str, day: date
) -> None:
    """17:30 on 1 November in Greenwich is the second in China already."""
    days: list[date] = []
    weigh = Ranker.evidence

    def evidence(self: Ranker, matter: Matter, on: date) -> Any:
        days.append(on)
        return weigh(self, matter, on)

    monkeypatch.setattr(Ranker, "evidence", evidence)
    late = replace(lesson(1, BUS, ranker().provider_ids[0]), at=datetime(2026, 11, 1, 17, 30, tzinfo=UTC))
    Learning(ranker(), [late], WANTED, 1, ZoneInfo(zone))
    assert days == [day]
