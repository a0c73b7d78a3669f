"""A made-up year of a community in which some partners are honest, and others have their ratings made up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from services.contracts.ids import OrderId
from services.contracts.literals import Satisfaction, Solved
from services.points.domain.collusion import Circles, circles_of
from services.points.domain.ratings import Promise, RatingOnRecord, RelatedPerson, record_id
from services.points.domain.standings import Facts

HERE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 1, 1, tzinfo=HERE).astimezone(UTC)
LAST = "2026-12"
DAYS = 365
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
RESIDENTS = [f"r{n}" for n in range(400)]
HONEST = tuple(f"honest-{n}" for n in range(7))
SELF_RATED, FLOODED, DAILY = "self-rated", "flooded", "daily"
SWAPPED = ("swap-a", "swap-b")
RING = ("ring-a", "ring-b", "ring-c")
PARTNERS = (*HONEST, SELF_RATED, FLOODED, DAILY, *SWAPPED, *RING)
How = tuple[Satisfaction, Solved]
WELL: How = ("satisfied", "solved")
BADLY: How = ("dissatisfied", "unsolved")
HOW: Sequence[How] = (
    ("satisfied", "solved"),
    ("satisfied", "solved"),
    ("satisfied", "solved"),
    ("mostly", "solved"),
    ("mostly", "partly"),
    ("dissatisfied", "unsolved"),
)


@dataclass
class Year:
    """A year of ratings, drawn with one seed.

    Arguments:
        made_up: ids of the ratings that were made up.
    """

    seed: int
    ratings: list[RatingOnRecord] = field(default_factory=list)
    made_up: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self._honest()
        self._made_up()

    @property
    def people(self) -> dict[str, list[tuple[str, str]]]:
        """Return the partners' own people: two each, of whom one lives with somebody of the next partner."""
        return {name: [(f"{name}-boss", f"home-{name}"), (f"{name}-clerk", "")] for name in PARTNERS}

    @property
    def circles(self) -> Circles:
        """Return who belongs to whom, as the file and staff say."""
        people = self.people
        people["elsewhere"] = [("wife", f"home-{SELF_RATED}")]
        sister = RelatedPerson("x", SELF_RATED, "sister", "店主的妹妹", "staff-1", BEGIN)
        gone = RelatedPerson("y", HONEST[0], RESIDENTS[0], "看错了", "staff-1", BEGIN, "登记有误")
        return circles_of(people, [sister, gone])

    def facts(self, ratings: Iterable[RatingOnRecord] | None = None) -> Facts:
        """Return what stars are reckoned from; every order was done in time."""
        heard = self.ratings if ratings is None else list(ratings)
        done = [Promise(one.id, one.order, one.partner, "kept", one.at, 1) for one in heard]
        return Facts(PARTNERS, heard, done, self.circles, HERE)

    def say(self, partner: str, rater: str, at: datetime, how: How | None = None) -> str:
        """Let somebody rate; return the rating's id."""
        satisfaction, solved = how or self.dice.choice(HOW)
        order = OrderId(f"{len(self.ratings):032x}-1")
        own = record_id(order, partner)
        good = solved != "unsolved"
        self.ratings.append(
            RatingOnRecord(own, order, partner, rater, satisfaction, solved, good, at, len(self.ratings))
        )
        return own

    def _honest(self) -> None:
        for number, partner in enumerate(PARTNERS):
            pace = self.dice.uniform(0.2, 2.5)
            for day in range(DAYS):
                for _ in range(int(pace + self.dice.random())):
                    self.say(partner, self.dice.choice(RESIDENTS), self._in_hours(day))
            regular = self.dice.choice(RESIDENTS)
            for week in range(self.dice.randrange(52)):
                self.say(partner, regular, self._in_hours(7 * week), WELL)
            for day in self.dice.sample(range(DAYS), 4):
                self._eye_care_morning(partner, day)
            if 0 < number < len(HONEST):
                # Whoever works somewhere is a customer elsewhere; nobody returns it.
                for _ in range(3):
                    other = HONEST[self.dice.randrange(number)]
                    clerk = f"{partner}-clerk"
                    self.say(other, clerk, self._in_hours(self.dice.randrange(DAYS)))

    def _in_hours(self, day: int) -> datetime:
        return BEGIN + day * DAY + timedelta(minutes=self.dice.uniform(8 * 60, 20 * 60))

    def _eye_care_morning(self, partner: str, day: int) -> None:
        """Twenty people are served, and rate within two hours."""
        begin = BEGIN + day * DAY + timedelta(hours=9)
        for person in self.dice.sample(RESIDENTS, 20):
            self.say(partner, person, begin + timedelta(minutes=self.dice.uniform(0, 120)))

    def _made_up(self) -> None:
        for person in ("boss", "clerk", "boss", "clerk"):
            self._lie(SELF_RATED, f"{SELF_RATED}-{person}", self._in_hours(self.dice.randrange(DAYS)))
        for person in ("wife", "sister"):
            self._lie(SELF_RATED, person, self._in_hours(self.dice.randrange(DAYS)))
        begin = self._in_hours(self.dice.randrange(DAYS)) - 12 * timedelta(hours=1)  # at night
        for number in range(10):
            self._lie(FLOODED, f"puppet-{number}", begin + timedelta(seconds=self.dice.uniform(0, 59)))
        first = self.dice.randrange(DAYS - 60)
        for day in range(first, first + self.dice.randint(30, 60)):
            self._lie(DAILY, "faithful", self._in_hours(day))
        for ways in (SWAPPED, RING):
            first = self.dice.randrange(DAYS - 90)
            for giver, receiver in zip(ways, (*ways[1:], ways[0]), strict=True):
                for _ in range(self.dice.randint(1, 3)):
                    who = self.dice.choice(("boss", "clerk"))
                    self._lie(receiver, f"{giver}-{who}", self._in_hours(first + self.dice.randrange(89)))

    def _lie(self, partner: str, rater: str, at: datetime) -> None:
        self.made_up.add(self.say(partner, rater, at, ("satisfied", "solved")))
