"""Which affairs of the county a text is about, and who answers for them: by duties, by name, by kinship."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from services.matching.domain.lexicon import WEAK_WORD_WEIGHT, lines_of, words_by_start
from services.matching.domain.providers import Provider
from services.matching.domain.taxonomy.affairs import AFFAIRS, FIELDS, KIN, USUAL

TITLE_FACTOR = 2.5
THEME_WEIGHT_MAX = 3.0
SHARES_REMEMBERED = 100_000

BY_DUTY = 1.0
BY_AFFAIR = 0.75
BY_NAME = 0.6
BY_NAME_LESS = 0.35
BY_KIN = (0.45, 0.3)
"""How much of an affair is somebody's: what the duties say counts more than what the name lets expect."""
OWNED = 0.3
"""From this on somebody answers for a theme, and its kin are not asked."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A line of words that mean one thing, in its affair and field."""

    affair: str
    name: str
    field: str


@dataclass(slots=True)
class ThemeHeard:
    """A theme that a text speaks of: how much, and the word that says it most plainly."""

    weight: float = 0.0
    word: str = ""
    word_weight: float = 0.0

    def hear(self, word: str, weight: float) -> None:
        """Count one more mention."""
        self.weight = min(THEME_WEIGHT_MAX, self.weight + weight)
        if weight > self.word_weight:
            self.word, self.word_weight = word, weight


Meanings = tuple[tuple[int, float], ...]
"""Themes (by number) with the weight a word has for each."""


class Affairs:
    """The affairs of a county: themes by number, words by spelling."""

    def __init__(self, written: str) -> None:
        field_of = {affair: name for name, affairs in FIELDS.items() for affair in affairs.split()}
        self.themes: list[Theme] = []
        words: dict[str, list[tuple[int, float]]] = {}
        for concept, spelled in lines_of(written):
            number = len(self.themes)
            self.themes.append(Theme(concept.category, concept.name, field_of[concept.category]))
            for word in spelled:
                bare = word.rstrip("?")
                weight = _plainness(bare) * WEAK_WORD_WEIGHT ** (len(word) - len(bare))
                words.setdefault(bare.lower(), []).append((number, weight))
        self.words: Mapping[str, Meanings] = {
            word: tuple((theme, weight / len(found)) for theme, weight in found)
            for word, found in words.items()
        }
        self._starts = words_by_start(self.words)
        self.by_affair: dict[str, list[int]] = {}
        for number, theme in enumerate(self.themes):
            self.by_affair.setdefault(theme.affair, []).append(number)

    def hear(self, text: str, title: str | None = None) -> dict[int, ThemeHeard]:
        """Return the themes a text speaks of; the same word again says less, in the title it says more."""
        heard: dict[int, ThemeHeard] = {}
        told: dict[str, int] = {}
        for part, factor in ((title or "", TITLE_FACTOR), (text, 1.0)):
            for word in self._words_in("".join(part.split()).lower()):
                times = told[word] = told.get(word, 0) + 1
                for theme, weight in self.words[word]:
                    heard.setdefault(theme, ThemeHeard()).hear(word, factor * weight / times)
        return heard

    def _words_in(self, text: str) -> Iterator[str]:
        end, starts = 0, self._starts
        for start in range(len(text) - 1):
            if start < end:
                continue
            for word in starts.get(text[start : start + 2], ()):
                if text.startswith(word, start):
                    end = start + len(word)
                    yield word
                    break


def _plainness(word: str) -> float:
    return {2: 0.8, 3: 1.0}.get(len(word), 1.25)


@cache
def county_affairs() -> Affairs:
    """The affairs of the field, read once per process."""
    return Affairs(AFFAIRS)


@dataclass(frozen=True, slots=True)
class Share:
    """How far a theme is a provider's (0..1), and the duty that says so (-1: its name or its kin do)."""

    provider: int
    part: float
    duty_index: int = -1


@lru_cache(maxsize=SHARES_REMEMBERED)
def _share(provider: int, part: float, duty_index: int) -> Share:
    """A share, the same one for all communities: there are not many that differ."""
    return Share(provider, part, duty_index)


def shares(providers: Sequence[Provider], affairs: Affairs) -> tuple[tuple[Share, ...], ...]:
    """For every theme, who answers for it."""
    owners = [_owned(provider, affairs) for provider in providers]
    _ask_kin(owners, affairs)
    return tuple(
        tuple(Share(number, *owned[theme]) for number, owned in enumerate(owners) if owned[theme][0] > 0)
        for theme in range(len(affairs.themes))
    )


Owned = list[tuple[float, int]]


def _ask_kin(owners: "list[Owned]", affairs: Affairs) -> None:
    """Where nobody answers for an affair, those do who answer for what is akin to it."""
    direct = {
        affair: [max(owned[theme][0] for theme in themes) for owned in owners]
        for affair, themes in affairs.by_affair.items()
    }
    for affair, kin in KIN.items():
        if max(direct[affair], default=0.0) >= OWNED:
            continue
        for part, near in zip(BY_KIN, kin.split(), strict=False):
            for owned, have in zip(owners, direct[near], strict=True):
                for theme in affairs.by_affair[affair]:
                    _own(owned, theme, part * have, -1)


def _owned(provider: Provider, affairs: Affairs) -> Owned:
    """What a provider answers for by duties and name: per theme how far, and the duty that says so."""
    owned: Owned = [(0.0, -1)] * len(affairs.themes)
    for affair, part in _usual(provider):
        for theme in affairs.by_affair[affair]:
            owned[theme] = max(owned[theme], (part, -1))
    for index, duty in enumerate(provider.duties):
        for theme, heard in affairs.hear(duty).items():
            part = min(1.0, heard.word_weight)
            _own(owned, theme, BY_DUTY * part, index)
            whole = BY_DUTY if affairs.themes[theme].name == "=" else BY_AFFAIR
            for other in affairs.by_affair[affairs.themes[theme].affair]:
                _own(owned, other, whole * part * 0.9, index)
    return owned


def _own(owned: Owned, theme: int, part: float, index: int) -> None:
    if part > owned[theme][0]:
        owned[theme] = (part, index)


def is_office(provider: Provider) -> bool:
    """Return whether a provider is, by its name, an office of the county."""
    return any(_usual(provider))


def _usual(provider: Provider) -> Iterator[tuple[str, float]]:
    names = " ".join((provider.name, *provider.aliases))
    for pattern, affairs in USUAL.items():
        if re.search(pattern, names):
            for affair in affairs.split():
                less = affair.endswith("*")
                yield affair.rstrip("*"), BY_NAME_LESS if less else BY_NAME
