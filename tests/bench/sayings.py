"""Twenty thousand different texts, made of a grammar and labelled by matter, some like earlier ones."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

GRAMMAR = Path(__file__).with_name("grammar.yaml")
SEED = 20261127
DIFFERENT = 20_000
COMMUNITIES = 100
PEOPLE = 2_000
ALIKE_SHARE = 0.05
BURST = 200
BURST_MATTER = "heating"
BURST_AT = 0.4
"""Where in the load the burst begins, as a share of it."""
REMEMBERED = 40
"""So many of a community's newest sayings somebody else may say again in other words."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody says.

    Arguments:
        text: in their words; no two are equal.
        compound: where.
        matter: its label in the grammar.
        person: who says it, counted from 0; see `home_of`.
        like: it is like an earlier one of its community, or belongs to the burst.
    """

    text: str
    compound: str
    matter: str
    person: int
    like: bool = False


@dataclass(frozen=True, slots=True)
class _About:
    """What a saying was about, for whoever says the same in other words."""

    matter: str
    what: str
    compound: str


@cache
def grammar() -> Mapping[str, Any]:
    """Return the grammar as it stands in its file."""
    found: Mapping[str, Any] = yaml.safe_load(GRAMMAR.read_text())
    return found


class Speaker:
    """Says what no two say alike.

    Arguments:
        chance: where the choices come from.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._said: set[str] = set()
        self._matters: Mapping[str, Any] = grammar()["matters"]
        self._shares = [matter["share"] for matter in self._matters.values()]

    def matter(self) -> str:
        """Return a matter, the frequent ones more often."""
        return self._chance.choices(list(self._matters), self._shares)[0]

    def say(self, matter: str, what: str | None = None) -> tuple[str, str]:
        """Return a text that nobody has said yet, and what of the matter it is about.

        Arguments:
            what: the trouble or wish itself, as somebody else has put it; None chooses one.
        """
        while True:
            about = what or self._one(self._matters[matter]["what"])
            text = self._in_words(matter, about)
            if text not in self._said:
                self._said.add(text)
                return text, about

    def _in_words(self, matter: str, about: str) -> str:
        where = self._one(grammar()["where"])
        where = where.format(n=self._chance.randint(1, 30), m=self._chance.randint(1, 6))
        since = self._one(grammar()["since"]) if self._matters[matter].get("trouble") else ""
        wish = self._one(self._matters[matter]["wish"])
        opening, closing = self._one(grammar()["openings"]), self._one(grammar()["closings"])
        return f"{opening}{where}{about}{since}，{wish}{closing}"

    def _one(self, several: Sequence[str]) -> str:
        return self._chance.choice(several)


def home_of(person: int) -> int:
    """Return the number of a person's community; those of the burst are all at home in the first."""
    return person % COMMUNITIES if person < PEOPLE - BURST else 0


def sayings(compounds: Sequence[str], count: int = DIFFERENT) -> list[Saying]:
    """Return a load, always the same one: what is said in it, in order.

    The people take turns. One saying in twenty is like an earlier one of its community: the same trouble in
    the same place, in other words. In the midst of it two hundred people of one community speak of one
    trouble, one after the other.
    """
    chance = random.Random(SEED)
    speaker = Speaker(chance)
    began = round(count * BURST_AT)
    earlier: dict[int, list[_About]] = {}
    said: list[Saying] = []
    for n in range(count):
        if 0 <= n - began < BURST:
            said.append(_of_the_burst(speaker, compounds[0], n - began))
            continue
        person = (n if n < began else n - BURST) % (PEOPLE - BURST)
        said.append(_one(speaker, chance, compounds, person, earlier.setdefault(home_of(person), [])))
    return said


def _of_the_burst(speaker: Speaker, compound: str, number: int) -> Saying:
    what = grammar()["matters"][BURST_MATTER]["what"][0]
    text = speaker.say(BURST_MATTER, what)[0]
    return Saying(text, compound, BURST_MATTER, PEOPLE - BURST + number, like=True)


def _one(
    speaker: Speaker, chance: random.Random, compounds: Sequence[str], person: int, earlier: list[_About]
) -> Saying:
    if earlier and chance.random() < ALIKE_SHARE:
        about = chance.choice(earlier[-REMEMBERED:])
        return Saying(
            speaker.say(about.matter, about.what)[0], about.compound, about.matter, person, like=True
        )
    matter, compound = speaker.matter(), chance.choice(compounds)
    text, what = speaker.say(matter)
    earlier.append(_About(matter, what, compound))
    return Saying(text, compound, matter, person)
