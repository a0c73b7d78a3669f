"""What in a matter's words speaks for whom: an index compiled once per catalogue, read once per matter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import log
from operator import add
from sys import intern

from services.matching.domain.lexicon import OTHER, WEAK_WORD_WEIGHT, WORD_WEIGHT, Lexicon, Meaning
from services.matching.domain.providers import Catalogue, Provider
from services.matching.domain.stances import SCENE, STATED, WANTED, Stance, Telling

TEXT_CHARACTERS_MAX = 1_000
"""A matter says what it is about within this; the rest is not read."""

CONCEPT_WEIGHT_MAX = 1.5
"""Many words for one thing make it surer, but not surer than this."""
SURE_WEIGHT = 0.5
"""Concepts below this rest on weak or ambiguous words alone."""
VAGUE_BESIDE_PRECISE = 0.3
"""What a vague word still counts when something is also named precisely."""
STATED_BESIDE_WANTED = 0.6
"""What is only told counts this much beside what follows a mark of lack or wish."""
SCENE_BESIDE_NEED = 0.1
"""What a scene still counts beside a need."""

GRAM_SHARE_MAX = 1 / 3
"""An n-gram that more of the providers write than this tells nothing."""
BIGRAM_WEIGHT = 0.4
TRIGRAM_WEIGHT = 0.8
OVERLAP_FLOOR = 0.7
"""Overlap that any two Chinese sentences may have by chance."""
OVERLAP_HALF = 1.6
"""Overlap above the floor at which likeness reaches one half."""

ALIKE_REMEMBERED = 100_000
"""Small values that catalogues have in common are kept once."""

_COMMON = """
提供 服务 免费 居民 社区 小区 老人 老年 年人 儿童 孩子 上门 维修 安装 检修 更换 清洗 咨询 指导 办理 公益 讲座
介绍 进社 开展 组织 为居 我们 一个 没有 能不 不能 可以 怎么 什么 时候 需要 希望 帮忙 解决 问题 有人 家里 这里
那里 附近 现在 每天 晚上 早上 中午 不到 不了 一下 想问 请问 知道 处理 管理 设施 设备 活动 工作 生活 群众 单位
部门 有关 意见 建议 购买 代购 用品 定期 优惠 平价 名额 出入 入口 为社 为老 和定 等家 家庭 行动 不便 困难 学习
"""
COMMON_GRAMS = frozenset(_COMMON.split())

Weighted = tuple[tuple[int, float], ...]
"""Providers (by number) with a weight."""


@dataclass(frozen=True, slots=True)
class Offer:
    """How far one provider does what a concept asks, by its duties and by its resources (0..1)."""

    provider: int
    duty: float
    duty_index: int
    resource: float
    resource_index: int

    @property
    def best(self) -> float:
        return max(self.duty, self.resource)


@dataclass(slots=True)
class Asked:
    """A concept found in the matter: its weight, the word that names it most plainly, and its best stance."""

    weight: float
    word: str
    stance: Stance


@dataclass(slots=True)
class ConceptsRead:
    """What was read: concepts in the order of the text, likeness by provider, places that were named."""

    concepts: dict[int, Asked] = field(default_factory=dict)
    overlap: dict[int, float] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Word:
    """Something to recognise in a text: a word of the field, a name to step over, or one that is both."""

    text: str
    meanings: tuple[Meaning, ...] = ()
    place: str | None = None
    weight: float = 0.0
    scene: bool = False

    @classmethod
    def of(cls, text: str, meanings: tuple[Meaning, ...] = (), place: str | None = None) -> "_Word":
        """A word as it is read; a place's name that means something as well only sets a scene."""
        weight = max((meaning.weight for meaning in meanings), default=0.0)
        return cls(text, meanings, place, weight, place is not None or any(m.scene for m in meanings))


Mention = tuple[int, _Word]
"""Where in the text a word was found."""


class EvidenceIndex:
    """Everything that can be known before a matter arrives. `providers` are in the order of their ids."""

    def __init__(self, catalogue: Catalogue, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.providers = tuple(sorted(catalogue.providers, key=lambda provider: provider.id))
        self._shared = _words_of(lexicon)
        self._own = _own_words(catalogue, lexicon, self._shared)
        self._grams = _gram_weights(self.providers)
        self.offers = _offers(self.providers, lexicon)

    def read(self, text: str, title: str | None = None, place: str | None = None) -> ConceptsRead:
        """One pass over title and text: words and names by the longest first, n-grams where none is named.

        Arguments:
            place: id of the compound or venue it is known to come from; its names say nothing.
        """
        title = f"{''.join(title.split())}。" if title else ""
        text = title + "".join(text[:TEXT_CHARACTERS_MAX].split())
        text = text[:TEXT_CHARACTERS_MAX].lower()
        reading, word_end, name_end = ConceptsRead(), 0, 0
        own, shared, grams = self._own, self._shared, self._grams
        seen: set[str] = set()
        mentions: list[Mention] = []
        for at, pair in enumerate(map(add, text, text[1:])):
            if at < name_end:
                continue
            words = own.get(pair) or shared.get(pair)
            weighted = grams.get(pair)
            if words and at >= word_end:
                for spelling, word in words:
                    if text.startswith(spelling, at):
                        word_end = at + len(spelling)
                        if word.place is not None and word.place not in reading.places:
                            reading.places.append(word.place)
                        if word.meanings and (word.place is None or word.place != place):
                            mentions.append((at, word))
                        if word.scene or not word.meanings:
                            name_end = word_end
                        break
            if weighted and at >= name_end and pair not in seen:
                seen.add(pair)
                self._liken(reading, weighted, text[at : at + 3])
        self._weigh(reading, mentions, text, len(title))
        return reading

    def _liken(self, reading: ConceptsRead, weighted: Weighted, triple: str) -> None:
        overlap = reading.overlap
        for provider, weight in weighted:
            overlap[provider] = overlap.get(provider, 0.0) + weight
        for provider, weight in self._grams.get(triple, ()) if len(triple) == 3 else ():
            overlap[provider] = overlap.get(provider, 0.0) + weight

    def _weigh(
        self, reading: ConceptsRead, mentions: list[Mention], text: str, title_characters: int
    ) -> None:
        """Turn what was found into what is asked: every word by how it stands among the others."""
        if not mentions:
            return
        telling = Telling(text, title_characters)
        told: set[str] = set()
        named: dict[int, float] = {}
        for at, word in mentions:
            meanings, weight = word.meanings, word.weight
            if len(meanings) > 1:
                named = named or _named(mentions)
                meanings = _meant(word, named)
            if weight < SURE_WEIGHT and telling.is_object(at):
                weight = WORD_WEIGHT
            how = telling.stance(at, at + len(word.text), word.scene)
            weight = 0.0 if word.text in told else weight / len(meanings)
            told.add(word.text)
            for meaning in meanings:
                _ask(reading, word.text, meaning.concept, weight, how)
        if len(reading.concepts) > 1:
            self._weaken(reading)

    def _weaken(self, reading: ConceptsRead) -> None:
        """Down-weight context words where a concept is asked for, and vague words beside precise ones."""
        concepts, asked_for = self.lexicon.concepts, reading.concepts
        sure = [number for number, asked in asked_for.items() if asked.weight >= SURE_WEIGHT]
        needs = [number for number in sure if asked_for[number].stance is not SCENE]
        wanted = any(asked_for[number].stance is WANTED for number in needs)
        precise = {concepts[number].category for number in needs or sure if not concepts[number].general}
        for number, asked in asked_for.items():
            general = concepts[number].general and concepts[number].category in precise
            vague = general or (asked.weight < SURE_WEIGHT and bool(sure))
            if vague:
                asked.weight *= VAGUE_BESIDE_PRECISE
            if asked.stance is STATED and wanted and self.offers[number]:
                asked.weight *= STATED_BESIDE_WANTED
            elif asked.stance is SCENE and needs:
                asked.weight *= SCENE_BESIDE_NEED

    def category(self, reading: ConceptsRead) -> str:
        """The category most of the words belong to; the first named wins a tie."""
        weights: dict[str, float] = {}
        for number, asked in reading.concepts.items():
            category = self.lexicon.concepts[number].category
            weights[category] = weights.get(category, 0.0) + asked.weight
        return max(weights, key=lambda category: weights[category]) if weights else OTHER


def likeness(overlap: float) -> float:
    """Shared n-grams as a figure in 0..1 that never reaches 1."""
    above = overlap - OVERLAP_FLOOR
    return above / (above + OVERLAP_HALF) if above > 0 else 0.0


def _named(mentions: Sequence[Mention]) -> dict[int, float]:
    """How strongly all the words together name each concept."""
    named: dict[int, float] = {}
    for _, word in mentions:
        for meaning in word.meanings:
            named[meaning.concept] = named.get(meaning.concept, 0.0) + meaning.weight
    return named


def _meant(word: _Word, named: dict[int, float]) -> tuple[Meaning, ...]:
    """Which of its meanings a word has here: the one that all the words together name most."""
    most = max(named[meaning.concept] for meaning in word.meanings)
    return tuple(meaning for meaning in word.meanings if named[meaning.concept] == most)


def _ask(reading: ConceptsRead, word: str, concept: int, weight: float, how: Stance) -> None:
    """Count one more word for a concept; a second word for it makes it surer, by half.

    The same word again comes with weight 0: it says nothing new, but it may stand better.
    """
    asked = reading.concepts.get(concept)
    if asked is None:
        reading.concepts[concept] = Asked(weight, word, how)
        return
    less = min(weight, asked.weight)
    if weight > asked.weight:
        asked.weight, asked.word = weight, word
    asked.weight = min(CONCEPT_WEIGHT_MAX, asked.weight + less / 2)
    asked.stance = max(asked.stance, how)


Spelled = tuple[tuple[str, _Word], ...]
"""Words with their spellings, the longest first."""


@cache
def _words_of(lexicon: Lexicon) -> dict[str, Spelled]:
    """The lexicon's words by their first two characters; every community reads with the same."""
    return _by_start({word: _Word.of(word, meanings) for word, meanings in lexicon.words.items()})


def _own_words(catalogue: Catalogue, lexicon: Lexicon, shared: Mapping[str, Spelled]) -> dict[str, Spelled]:
    """A community's names by their first two characters, with the lexicon's words that begin alike."""
    words: dict[str, _Word] = {}
    for name, place in _names(catalogue):
        spelling = name.lower()
        meant = lexicon.words.get(spelling, ())
        known = words.setdefault(spelling, _Word.of(spelling, meant, place))
        if known.place is None and place is not None:
            words[spelling] = _Word.of(spelling, meant, place)
    starts = {spelling[:2] for spelling in words}
    beside = {spelling: word for start in starts for spelling, word in shared.get(start, ())}
    return _by_start({**beside, **words})


def _by_start(words: Mapping[str, _Word]) -> dict[str, Spelled]:
    """Words by their first two characters, the longest first."""
    starts: dict[str, list[str]] = {}
    for spelling in sorted(words, key=lambda spelling: (-len(spelling), spelling)):
        starts.setdefault(spelling[:2], []).append(spelling)
    return {
        start: tuple((spelling, words[spelling]) for spelling in found) for start, found in starts.items()
    }


def _names(catalogue: Catalogue) -> Iterator[tuple[str, str | None]]:
    """Names are no evidence: a shop called 明亮 does not do lamps. Two characters may be any word."""
    for place in catalogue.places:
        yield from ((name, place.id) for name in (place.name, *place.aliases) if len(name) >= 2)
    for provider in catalogue.providers:
        yield from ((name, None) for name in (provider.name, *provider.aliases) if len(name) >= 3)


def _gram_weights(providers: Sequence[Provider]) -> dict[str, Weighted]:
    """Bigrams and trigrams of what providers write, weighted by how few of them write it."""
    writers: dict[str, list[int]] = {}
    for number, provider in enumerate(providers):
        for gram in sorted(_provider_grams(provider)):
            writers.setdefault(gram, []).append(number)
    return {
        intern(gram): _weighted(tuple(numbers), len(gram), len(providers))
        for gram, numbers in writers.items()
        if len(numbers) <= max(1, len(providers) * GRAM_SHARE_MAX)
    }


@lru_cache(maxsize=ALIKE_REMEMBERED)
def _weighted(numbers: tuple[int, ...], size: int, providers: int) -> Weighted:
    """What the n-grams of a size weigh that the same providers write: of thousands few differ."""
    share = log(1 + providers / len(numbers)) / log(1 + providers)
    weight = share * (BIGRAM_WEIGHT if size == 2 else TRIGRAM_WEIGHT)
    return tuple((number, weight) for number in numbers)


def _provider_grams(provider: Provider) -> set[str]:
    offered = (resource.name for resource in provider.resources if resource.quantity > 0)
    return {gram for text in (*provider.duties, *offered) for gram in _grams(text.lower())}


def _grams(text: str) -> Iterator[str]:
    for size in (2, 3):
        for at in range(len(text) - size + 1):
            gram = text[at : at + size]
            if gram.isalnum() and gram[:2] not in COMMON_GRAMS and gram[-2:] not in COMMON_GRAMS:
                yield gram


@lru_cache(maxsize=ALIKE_REMEMBERED)
def _offer(number: int, duty: float, duty_index: int, resource: float, resource_index: int) -> Offer:
    """An offer, the same one for all communities: there are not many that differ."""
    return Offer(number, duty, duty_index, resource, resource_index)


def _offers(providers: Sequence[Provider], lexicon: Lexicon) -> tuple[tuple[Offer, ...], ...]:
    """For every concept, the providers that do it or something near it."""
    match = _matcher(lexicon)
    duties = [[lexicon.concepts_in(duty) for duty in p.duties] for p in providers]
    resources = [
        [lexicon.concepts_in(r.name) if r.quantity > 0 else {} for r in p.resources] for p in providers
    ]
    return tuple(
        tuple(
            _offer(number, *duty, *resource)
            for number in range(len(providers))
            for duty, resource in [(match(asked, duties[number]), match(asked, resources[number]))]
            if duty[0] > 0 or resource[0] > 0
        )
        for asked in range(len(lexicon.concepts))
    )


Matcher = Callable[[int, Sequence[dict[int, float]]], tuple[float, int]]


def _matcher(lexicon: Lexicon) -> Matcher:
    def best(asked: int, offered: Sequence[dict[int, float]]) -> tuple[float, int]:
        """The best match among several sentences and which one it was; (0, 0) where none matches."""
        found = (0.0, 0)
        for index, concepts in enumerate(offered):
            for concept, weight in concepts.items():
                matched = lexicon.match(asked, concept) * (weight if weight < WORD_WEIGHT else 1.0)
                found = max(found, (matched, -index))
        return found[0], -found[1]

    return best


def scope_cover(lexicon: Lexicon, scope: Sequence[str]) -> dict[int, float]:
    """For every concept that a contract's scope answers, how far it does."""
    match = _matcher(lexicon)
    named = [lexicon.concepts_in(sentence) for sentence in scope]
    matched = ((asked, match(asked, named)[0]) for asked in range(len(lexicon.concepts)))
    return {asked: value for asked, value in matched if value > WEAK_WORD_WEIGHT / 2}
