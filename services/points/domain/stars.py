"""The star (星级评定): 1 to 5 from what people said, what was promised and kept, and what was given back.

All figures are whole numbers, so the order in which ratings are read makes no difference, and the parts add
up to the score exactly. Few ratings say little: they are drawn to the community's mean as if some more people
had rated like everybody else (Bayesian average, as film and shop rankings have it).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from types import MappingProxyType

from services.contracts.literals import Satisfaction, Solved

WEIGHTS: Mapping[str, int] = MappingProxyType({"satisfaction": 70, "promises": 20, "give_back": 10})
"""Part → its share of the score, in hundredths."""
PART_NAMES: Mapping[str, str] = MappingProxyType(
    {"satisfaction": "居民满意度", "promises": "按时守诺", "give_back": "公益反哺"}
)
STEPS = ((84_000, 5), (74_000, 4), (60_000, 3), (45_000, 2), (0, 1))
"""From which score on, in hundred-thousandths, how many stars there are; all but give-back reaches five."""
RATERS_MIN = 5
"""Fewer people make no star."""
LIKE_EVERYBODY = 5
"""So many people more are thought to have rated like everybody, and so many promises kept like all."""
USUAL_SATISFACTION, USUAL_PROMISES = Fraction(800), Fraction(900)
"""Thousandths, in a community of which nothing is known."""
HALF_GIVEN_BACK_POINTS = 100
"""So many points given back within the year are worth half of that part, three times as many, 3/4."""
MONTHS = 12
_SATISFIED: Mapping[Satisfaction, int] = MappingProxyType(
    {"satisfied": 1000, "mostly": 600, "dissatisfied": 0}
)
_SOLVED: Mapping[Solved, int] = MappingProxyType({"solved": 1000, "partly": 500, "unsolved": 0})
_UNIT = 27_720
"""Divides by every number up to twelve: the k-th month of the same rater counts 1/k."""
_IN_WORDS = "零一二三四五"


@dataclass(frozen=True, slots=True)
class Voice:
    """A rating that counts: whose, in which month, and how good it was, in thousandths."""

    rater: str
    month: str
    value: int


@dataclass(frozen=True, slots=True)
class Deeds:
    """What counts for a partner's star within the year.

    Arguments:
        kept, promised: orders done in time, and all that it had.
        given_back_points: given to good causes; services that were done count as some.
    """

    voices: Sequence[Voice] = ()
    kept: int = 0
    promised: int = 0
    given_back_points: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score: its value in thousandths, its weight in hundredths, and a sentence."""

    name: str
    value: int
    weight: int
    because: str

    @property
    def score(self) -> int:
        """Return what it adds to the score, in hundred-thousandths."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class Star:
    """A star with its reasons.

    Arguments:
        stars: 1 to 5; 0: too few people have rated.
        score: sum of the parts, in hundred-thousandths.
        raters: people whose word counts.
    """

    stars: int
    score: int
    raters: int
    parts: tuple[Part, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Means:
    """How a community's partners do on the whole, in thousandths."""

    satisfaction: Fraction = USUAL_SATISFACTION
    promises: Fraction = USUAL_PROMISES


def value_of(satisfaction: Satisfaction, solved: Solved) -> int:
    """Return how good a rating is, in thousandths: six tenths are how content, four how far it is solved."""
    return (6 * _SATISFIED[satisfaction] + 4 * _SOLVED[solved]) // 10


def means_of(everybody: Iterable[Deeds]) -> Means:
    """Return how a community's partners do on the whole."""
    all_of_them = tuple(everybody)
    sums = [_weighed(deeds.voices) for deeds in all_of_them]
    value, weight = sum(one[0] for one in sums), sum(one[1] for one in sums)
    kept, promised = (sum(getattr(one, name) for one in all_of_them) for name in ("kept", "promised"))
    return Means(
        Fraction(value, weight) if weight else USUAL_SATISFACTION,
        Fraction(1000 * kept, promised) if promised else USUAL_PROMISES,
    )


def star_of(deeds: Deeds, means: Means) -> Star:
    """Return a partner's star."""
    raters = len({voice.rater for voice in deeds.voices})
    parts = (_satisfaction(deeds, means, raters), _promises(deeds, means), _give_back(deeds))
    score = sum(part.score for part in parts)
    if raters < RATERS_MIN:
        because = f"暂不评星：近 12 个月有 {raters} 人的评价计入，满 {RATERS_MIN} 人才评星"
        return Star(0, score, raters, parts, because)
    stars = next(stars for least, stars in STEPS if score >= least)
    sums = "，".join(f"{PART_NAMES[part.name]} {in_points(part.score)} 分" for part in parts)
    return Star(
        stars, score, raters, parts, f"{_IN_WORDS[stars]}星：{sums}，合计 {in_points(score)} 分（满分 100）"
    )


def in_points(score: int) -> str:
    """Return a score as people read it, of 100."""
    return f"{score // 1000}.{score % 1000 // 10:02}"


def _satisfaction(deeds: Deeds, means: Means, raters: int) -> Part:
    value, weight = _weighed(deeds.voices)
    more = LIKE_EVERYBODY * _UNIT * _UNIT
    drawn = (value + more * means.satisfaction) / (weight + more)
    mean = floor(means.satisfaction) / 10
    because = f"{raters} 人评价；人少时向全社区平均 {mean:.1f}% 靠拢，折算满意度 {floor(drawn) / 10:.1f}%"
    return _part("satisfaction", floor(drawn), because)


def _promises(deeds: Deeds, means: Means) -> Part:
    kept = 1000 * deeds.kept + LIKE_EVERYBODY * means.promises
    drawn = floor(kept / (deeds.promised + LIKE_EVERYBODY))
    because = f"接到 {deeds.promised} 件，按时办成 {deeds.kept} 件，折算守诺率 {drawn / 10:.1f}%"
    return _part("promises", drawn, because)


def _give_back(deeds: Deeds) -> Part:
    points = deeds.given_back_points
    because = f"近 12 个月反哺折合 {points} 积分" if points else "近 12 个月没有公益反哺"
    return _part("give_back", 1000 * points // (points + HALF_GIVEN_BACK_POINTS), because)


def _part(name: str, value: int, because: str) -> Part:
    return Part(name, value, WEIGHTS[name], f"{PART_NAMES[name]}：{because}")


def _weighed(voices: Iterable[Voice]) -> tuple[int, int]:
    """Return sum and weight of what people said, in whole units.

    Of a month a rater's mean counts once; the k-th month of the same rater counts 1/k.
    """
    months: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for voice in voices:
        months[voice.rater][voice.month].append(voice.value)
    value = weight = 0
    for by_month in months.values():
        count = len(by_month)
        units = sum(_UNIT // number for number in range(1, count + 1))
        means = sum(sum(values) // len(values) for values in by_month.values())
        value += units * means * (_UNIT // count)
        weight += units * _UNIT
    return value, weight
