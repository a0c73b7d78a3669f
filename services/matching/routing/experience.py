"""A community's experience: what its lessons add to what the catalogue alone says.

Kernel ridge regression over the lessons: exact, the same for the same lessons whatever came between, and
with each lesson's forecast by all the others (leave one out) for free. From those forecasts come the trust in
the catalogue, the strength of smoothing, which lessons are doubted, and how sure is sure enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from services.matching.domain.affairs import ThemeHeard
from services.matching.domain.confidence import Scale, fit_scale, lowest_sure, sure_from
from services.matching.domain.lessons import DOUBTED_WEIGHT, Lesson, Teaching
from services.matching.domain.matter import Learnt, Matter
from services.matching.domain.ranking import Ranker
from services.matching.routing.features import GRAMS, Features, Indices, Values, dimensions, features_of

Matrix = NDArray[np.float64]
SMOOTHING = (0.2, 0.6, 1.5)
"""Candidates for the ridge parameter, tried by leave-one-out error."""
TRUST = (0.3, 0.6, 1.0)
"""Tried trusts in what the catalogue says."""
DOUBTED_BELOW = 0.02
"""A lesson whose provider the others foretell below this is doubted ..."""
DOUBTED_FOR = 0.6
"""... and another above this."""
DOUBT_FROM = 30
"""Fewer lessons than this doubt nobody."""
TRUST_HALF = 40.0
"""Lessons at which experience and catalogue count alike."""
SHARPNESS = 6.0
"""Inverse temperature of the softmax: a point of score makes a provider e to this power likelier."""
NOBODY_SAID = 0.25
"""Score of the class “no provider” in the softmax."""
SCORE_OF_FORECAST = 1.2
"""The score of somebody who is foretold for certain: as much as all that can be said in words."""
HOLDS_FROM = 8
HALF_A_MISTAKE = 0.5
"""The catalogue's own certainty is doubted from so many lessons on, and then for more than bad luck."""
ROUNDING = 1e-6
"""Weights are rounded to this, alike on every replica; the threshold is lowered by as much, so ties pass."""
CUT_FROM = 50
"""Lessons from which on a community's own forecasts tell how sure is sure enough."""
_NO_CONTRACTS = date.max
"""The day a lesson is read on that does not say when it was taught: no contract runs then."""


@dataclass(frozen=True, slots=True)
class _Lessons:
    """Lessons as numbers.

    Arguments:
        features: of each matter.
        alone, first: how sure the catalogue alone was, and of whom.
        said, targets: by provider, the chance it gave, and what the lesson says.
        judged: the number of the right one; -1 where the lesson does not say it.
        weights: what each lesson counts.
    """

    features: list[Features]
    alone: Values
    first: NDArray[np.int64]
    said: Matrix
    targets: Matrix
    judged: NDArray[np.int64]
    weights: Values


@dataclass(frozen=True, slots=True)
class _Fit:
    """One way to learn: its error in foretelling each lesson from the others, and what it foretells."""

    error: float
    trust: float
    dual: Matrix
    foretold: Matrix


class _Known:
    """What lessons say by n-gram, theme and place: only of those that some lesson has; the others are alike.

    Arguments:
        numbers: the lessons.
        rarity: how telling each n-gram is.
        weights: by n-gram, theme and place, what it says of each provider; None without lessons.
    """

    def __init__(self, numbers: _Lessons, rarity: Values, weights: NDArray[np.float32] | None) -> None:
        indices = [found for found, _ in numbers.features]
        seen = np.unique(np.concatenate(indices)) if indices else np.zeros(0, dtype=np.int64)
        size = GRAMS if weights is None else len(weights)
        self.rows = np.zeros(size, dtype=np.uint32)
        """By n-gram, theme and place, its row in the tables; row 0 stands for all that no lesson has."""
        self.rows[seen] = np.arange(1, len(seen) + 1)
        unseen = float(rarity.max()) if len(rarity) else 0.0
        self._rarity = np.concatenate(([unseen], rarity[seen[seen < GRAMS]]))
        self.weights: NDArray[np.float32] | None = None
        if weights is not None:
            self.weights = np.concatenate((np.zeros((1, weights.shape[1]), dtype=np.float32), weights[seen]))

    def __getitem__(self, grams: Indices, /) -> Values:
        """Return how telling n-grams are."""
        rarity: Values = self._rarity[self.rows[grams]]
        return rarity

    @property
    def size(self) -> int:
        """Return how many bytes it takes."""
        weights = self.weights.nbytes if self.weights is not None else 0
        return self.rows.nbytes + self._rarity.nbytes + weights


class Learning:
    """A community's experience, ready to be asked.

    Arguments:
        ranker: of the catalogue the lessons are read with.
        lessons: those that count, in the order in which they were taught.
        wanted: precision wanted of what is dispatched.
        version: number of the last change to the lessons.
        zone: the community's, in which a lesson's day is taken.
    """

    def __init__(
        self, ranker: Ranker, lessons: Sequence[Lesson], wanted: float, version: int, zone: tzinfo
    ) -> None:
        self.version = version
        self._zone = zone
        self._ranker = ranker
        self._themes = ranker.themes
        self._share = len(lessons) / (len(lessons) + TRUST_HALF)
        rarity = self._rarity_of(lessons)
        numbers = self._in_numbers(lessons, rarity)
        fit = _learn(numbers, dimensions(self._themes)) if lessons else None
        self._trust = fit.trust if fit else 1.0
        self._known = _Known(numbers, rarity, self._primal(numbers, fit) if fit else None)
        self._scale, self._sure_from, self._catalogue_holds = self._calibrate(numbers, fit, wanted)

    @property
    def size(self) -> int:
        """Return how many bytes it takes, roughly: what it keeps by n-gram."""
        return self._known.size

    def recall(self, matter: Matter, heard: Mapping[int, ThemeHeard], said: Sequence[float]) -> Learnt:
        """Return what experience says of a matter of which the catalogue alone says `said`, by provider."""
        forecasts = self._forecast(matter, heard, np.array(said))
        target = (1 - self._share) * np.array(said) + self._share * SCORE_OF_FORECAST * forecasts
        ordered = np.sort(forecasts)
        lead = float(ordered[-1] - ordered[-2]) if len(ordered) > 1 else float(ordered[-1])
        corrections = np.round(target - np.array(said), 6)
        return Learnt(
            corrections.tolist(),
            forecasts.tolist(),
            int(forecasts.argmax()),
            self._share,
            self._scale.of(lead),
            self._sure_from,
            self._catalogue_holds,
        )

    def sure_from(self) -> float:
        """Return the confidence from which on the wanted precision holds."""
        return self._sure_from

    def _forecast(self, matter: Matter, heard: Mapping[int, ThemeHeard], said: Values) -> Values:
        expected = self._trust * _chances(said)
        if self._known.weights is None:
            return expected
        indices, values = features_of(matter, heard, self._themes, self._known)
        learnt: Values = values @ self._known.weights[self._known.rows[indices]]
        return expected + learnt

    def _rarity_of(self, lessons: Sequence[Lesson]) -> Values:
        """How telling each n-gram is: rarer among the lessons, more so."""
        seen = np.zeros(GRAMS)
        for lesson in lessons:
            indices, _ = features_of(Matter(lesson.text, lesson.title), {}, 0, None)
            seen[indices] += 1
        rarity: Values = np.log((1 + len(lessons)) / (1 + seen)) + 1
        return rarity

    def _in_numbers(self, lessons: Sequence[Lesson], rarity: Values) -> _Lessons:
        count, providers = len(lessons), self._ranker.provider_ids
        number = {provider: index for index, provider in enumerate(providers)}
        said = np.zeros((count, len(providers)))
        targets = np.zeros((count, len(providers)))
        judged = np.full(count, -1, dtype=np.int64)
        alone = np.zeros(count)
        first = np.full(count, -1, dtype=np.int64)
        features: list[Features] = []
        for index, lesson in enumerate(lessons):
            matter = Matter(lesson.text, lesson.title, lesson.compound, lesson.wishes)
            on = lesson.at.astimezone(self._zone).date() if lesson.at else _NO_CONTRACTS
            evidence = self._ranker.evidence(matter, on)
            said[index] = _chances(np.array(evidence.said))
            alone[index], first[index] = evidence.alone, evidence.first
            features.append(features_of(matter, evidence.heard, self._themes, rarity))
            about = number.get(lesson.provider)
            if lesson.teaching is Teaching.REFUSED:
                targets[index] = said[index]
                if about is not None:
                    targets[index, about] = 0.0
            elif about is not None:
                targets[index, about] = 1.0
                judged[index] = about
        weights = np.array([lesson.weight for lesson in lessons])
        return _Lessons(features, alone, first, said, targets, judged, weights)

    def _primal(self, numbers: _Lessons, fit: _Fit) -> NDArray[np.float32]:
        matrix = _matrix(numbers.features, dimensions(self._themes))
        weights = np.asarray(matrix.T @ fit.dual)
        # On a grid, so that the order in which a machine adds up does not show.
        return np.round(weights, 6).astype(np.float32)

    def _calibrate(self, numbers: _Lessons, fit: _Fit | None, wanted: float) -> tuple[Scale, float, bool]:
        """What a lead is worth, from where on that is enough, and whether the catalogue's certainty holds.

        Every lesson is judged by what all the others foretell of it.
        """
        rows = np.flatnonzero(numbers.judged >= 0)
        holds = _catalogue_holds(numbers, wanted)
        if fit is None or not len(rows):
            return fit_scale((), ()), sure_from(wanted), holds
        foretold = np.sort(fit.foretold[rows], axis=1)
        leads = foretold[:, -1] - (foretold[:, -2] if foretold.shape[1] > 1 else 0.0)
        right = fit.foretold[rows].argmax(axis=1) == numbers.judged[rows]
        scale = fit_scale(leads.tolist(), right.tolist())
        if len(rows) < CUT_FROM:
            return scale, sure_from(wanted), holds
        learnt = np.array([scale.of(lead) for lead in leads.tolist()])
        sure = (1 - self._share) * numbers.alone[rows] + self._share * learnt
        return scale, lowest_sure(sure.tolist(), right.tolist(), wanted) - ROUNDING, holds


def _catalogue_holds(numbers: _Lessons, wanted: float) -> bool:
    """Whether what the catalogue alone was sure of has proved right, as far as lessons tell."""
    sure = (numbers.alone >= sure_from(wanted)) & (numbers.first >= 0)
    against = numbers.targets[np.arange(len(sure)), np.maximum(numbers.first, 0)] == 0.0
    told = sure & ((numbers.judged >= 0) | against)
    proved = int((told & (numbers.first == numbers.judged)).sum())
    return int(told.sum()) < HOLDS_FROM or (proved + HALF_A_MISTAKE) / int(told.sum()) >= wanted


def _chances(said: Values) -> Values:
    """Softmax over the providers and a class “no provider”; a score of 0 or less has no chance."""
    powers = np.exp(SHARPNESS * (said - NOBODY_SAID))
    chances: Values = np.where(said > 0, powers, 0.0) / (1.0 + np.where(said > 0, powers, 0.0).sum())
    return chances


def _matrix(features: Sequence[Features], size: int) -> csr_matrix:
    starts = np.concatenate(([0], np.cumsum([len(indices) for indices, _ in features])))
    indices = np.concatenate([indices for indices, _ in features])
    values = np.concatenate([values for _, values in features])
    return csr_matrix((values, indices, starts), shape=(len(features), size))


def _learn(numbers: _Lessons, size: int) -> _Fit:
    """The way to learn that would have foretold the lessons best; doubted ones count less."""
    matrix = _matrix(numbers.features, size)
    kernel = np.asarray((matrix @ matrix.T).todense())
    fit = _best_fit(kernel, numbers, numbers.weights)
    if len(numbers.judged) < DOUBT_FROM:
        return fit
    doubted = _doubted(numbers, fit)
    if not doubted.any():
        return fit
    return _best_fit(kernel, numbers, np.where(doubted, DOUBTED_WEIGHT * numbers.weights, numbers.weights))


def _doubted(numbers: _Lessons, fit: _Fit) -> NDArray[np.bool_]:
    """Lessons that all the others speak against: another is foretold clearly, theirs hardly at all."""
    rows = np.arange(len(numbers.judged))
    own = fit.foretold[rows, np.maximum(numbers.judged, 0)]
    clear = fit.foretold.max(axis=1) > DOUBTED_FOR
    doubted: NDArray[np.bool_] = (numbers.judged >= 0) & (own < DOUBTED_BELOW) & clear
    return doubted


def _best_fit(kernel: Matrix, numbers: _Lessons, weights: Values) -> _Fit:
    fits = [_fit(kernel, numbers, weights, smoothing) for smoothing in SMOOTHING]
    return min((fit for tried in fits for fit in tried), key=lambda fit: fit.error)


def _fit(kernel: Matrix, numbers: _Lessons, weights: Values, smoothing: float) -> list[_Fit]:
    """Solve once for every trust; leave-one-out forecasts come from the diagonal of the inverse."""
    # NumPy's inverse lets other threads go on meanwhile; SciPy's Cholesky held them up for a good while.
    inverse = np.linalg.inv(kernel + np.diag(smoothing / weights))
    diagonal = np.diag(inverse)[:, None]
    fits = []
    for trust in TRUST:
        dual = inverse @ (numbers.targets - trust * numbers.said)
        foretold = np.round(numbers.targets - dual / diagonal, 6)
        error = float((weights[:, None] * (foretold - numbers.targets) ** 2).sum())
        fits.append(_Fit(error, trust, dual, foretold))
    return fits
