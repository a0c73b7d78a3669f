"""A ranker of a county, and lessons for it."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from services.intake.community_file import parse_community_file
from services.matching.domain.lessons import Lesson, Teaching, retained
from services.matching.domain.matter import Matter, Ranking
from services.matching.domain.ranking import Ranker
from services.matching.routing.catalogue import catalogue_of
from services.matching.routing.experience import Learning

HERE = Path(__file__).parents[1] / "data"
TODAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
WANTED = 0.98


@cache
def ranker() -> Ranker:
    text = (HERE / "county.yaml").read_text(encoding="utf-8")
    return Ranker(catalogue_of(parse_community_file(text, "county.yaml")))


@cache
def messages() -> tuple[dict[str, str], ...]:
    lines = (HERE / "county_messages.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def lesson(
    number: int,
    text: str,
    provider: str,
    teaching: Teaching = Teaching.CHOSEN,
    title: str | None = None,
) -> Lesson:
    return Lesson(f"o{number}", text, title, None, provider, teaching, number, NOON)


def of_messages(rows: Sequence[dict[str, str]]) -> list[Lesson]:
    return [lesson(n, row["text"], row["provider"], title=row["title"]) for n, row in enumerate(rows, 1)]


def learn(lessons: Sequence[Lesson], wanted: float = WANTED) -> Learning:
    return Learning(ranker(), retained(list(lessons)), wanted, len(lessons), UTC)


def rank(experience: Learning | None, text: str, title: str | None = None) -> Ranking:
    return ranker().rank(Matter(text, title), {}, TODAY, experience=experience)


def first(ranking: Ranking) -> str:
    return ranking.candidates[0].provider
